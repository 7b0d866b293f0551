//! A source of a gibibyte and a slow sink, for `cargo xtask bench`: `/flow.Flow/Give` streams 1,024 messages of 1 MiB,
//! `/flow.Flow/Take` takes a stream at 50 MB/s and says how many messages came. It says on stderr which port it has.
#![allow(clippy::print_stderr, reason = "the port has to be told")]

use std::time::Duration;

use aieffect_testkit::{Bound, Protos, Talk};
use bytes::{BufMut, Bytes, BytesMut};
use tonic::Status;

const MESSAGES: usize = 1024;
const SIZE: usize = 1 << 20;
const BYTES_PER_SECOND: f64 = 50e6;

fn main() {
    let service = Bound::new(Protos::default()).talk("/flow.Flow/Give", give).talk("/flow.Flow/Take", take);
    let server = service.start();
    eprintln!("listening on {}", server.port());
    loop {
        std::thread::park();
    }
}

async fn give(mut talk: Talk) -> Result<(), Status> {
    let message = message();
    for _ in 0..MESSAGES {
        talk.say(message.clone()).await;
    }
    Ok(())
}

async fn take(mut talk: Talk) -> Result<(), Status> {
    let mut count: usize = 0;
    while let Some(message) = talk.next().await {
        count += 1;
        tokio::time::sleep(Duration::from_secs_f64(message.len() as f64 / BYTES_PER_SECOND)).await;
    }
    // `int32 count = 1`, of two bytes.
    let low = u8::try_from(count & 0x7f).unwrap_or_default();
    let high = u8::try_from(count >> 7).unwrap_or_default();
    talk.say(vec![0x08, low | 0x80, high]).await;
    Ok(())
}

/// `bytes data = 1`.
fn message() -> Bytes {
    let mut message = BytesMut::with_capacity(SIZE + 4);
    message.put_slice(&[0x0a, 0x80, 0x80, 0x40]);
    message.put_bytes(b'x', SIZE);
    message.freeze()
}
