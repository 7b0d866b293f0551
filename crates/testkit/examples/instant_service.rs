//! A service that answers `/stage.Stage/Process` at once, for `cargo xtask bench`: the request's bytes, with
//! `success: true` (field 1) before them. It says on stderr which port it has.
#![allow(clippy::print_stderr, reason = "the port has to be told")]

use aieffect_testkit::{Bound, Protos, Reply};
use bytes::{BufMut, BytesMut};

const SUCCESS: [u8; 2] = [0x08, 0x01];

fn main() {
    let service = Bound::new(Protos::default()).on("/stage.Stage/Process", |call| {
        let mut response = BytesMut::with_capacity(SUCCESS.len() + call.bytes.len());
        response.put_slice(&SUCCESS);
        response.put_slice(&call.bytes);
        Reply::Bytes(response.freeze())
    });
    let server = service.start();
    eprintln!("listening on {}", server.port());
    loop {
        std::thread::park();
    }
}
