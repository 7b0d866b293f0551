//! Services that take their time, for `cargo xtask screenshots`: each answers with its request and `success: true` (field 1)
//! before it. How long that takes depends on the step, as does whether the first attempt is turned away. It says on stderr
//! which port it has.
#![allow(clippy::print_stderr, reason = "the port has to be told")]

use std::time::Duration;

use aieffect_testkit::{Bound, Protos, Received, Reply, Talk};
use bytes::{BufMut, Bytes, BytesMut};
use tokio::time::sleep;
use tonic::{Code, Status};

const SUCCESS: [u8; 2] = [0x08, 0x01];
const READINGS: u8 = 240;

fn main() {
    let service = Bound::new(Protos::default())
        .talk("/station.Station/Read", read)
        .on("/station.Station/Clean", |call| answer(&call, 2))
        .talk("/station.Station/Collect", collect)
        .on("/station.Station/Report", |call| answer(&call, 60))
        .on("/station.Station/Refuse", |_| {
            let text = "no model for station `north <2>`: train one first, or name another in `model`";
            Reply::status(Code::NotFound, text).after(sleep(Duration::from_millis(35)))
        });
    let server = service.start();
    eprintln!("listening on {}", server.port());
    loop {
        std::thread::park();
    }
}

fn said(call: &Received, header: &str) -> u64 {
    call.metadata.get(header).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// After some time, which is told by the name of the step and the number of the call.
fn answer(call: &Received, millis: u64) -> Reply {
    let name = call.metadata.get("aieffect-step").map_or("", String::as_str);
    let number = name.bytes().fold(7u64, |sum, byte| (sum * 31 + u64::from(byte)) % 9973);
    let seq = said(call, "aieffect-seq");
    let pause = Duration::from_micros((millis * 1000 * (20 + (number + 37 * seq) % 100)) / 60);
    if said(call, "aieffect-attempt") == 1 && (number + seq) % 41 == 3 {
        return Reply::status(Code::Unavailable, "the station is busy").after(sleep(pause / 2));
    }
    Reply::Bytes(with_success(&call.bytes)).after(sleep(pause))
}

async fn read(mut talk: Talk) -> Result<(), Status> {
    for number in 0..READINGS {
        sleep(Duration::from_millis(if number % 60 < 12 { 12 } else { 3 })).await;
        // `string station = 3; bytes samples = 4`.
        let mut reading = BytesMut::new();
        reading.put_slice(&[0x1a, 5]);
        reading.put_slice(b"north");
        reading.put_slice(&[0x22, 100]);
        reading.put_bytes(number, 100);
        talk.say(with_success(&reading)).await;
    }
    Ok(())
}

async fn collect(mut talk: Talk) -> Result<(), Status> {
    let mut last = Bytes::new();
    while let Some(message) = talk.next().await {
        last = message;
    }
    talk.say(with_success(&last)).await;
    Ok(())
}

fn with_success(message: &[u8]) -> Bytes {
    let mut response = BytesMut::with_capacity(SUCCESS.len() + message.len());
    response.put_slice(&SUCCESS);
    response.put_slice(message);
    response.freeze()
}
