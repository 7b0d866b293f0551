//! A service that misbehaves on purpose, as a process of its own.
//!
//! `GRPC_PORT=50051 fault_service <behaviour> [<argument>...] <file.proto>...` serves every method of the protos:
//!
//! | behaviour | each call |
//! |---|---|
//! | `echo` | answers with the request's fields that the response has too, and `success: true` if it has that |
//! | `success-false` | answers `success: false`, with a message |
//! | `big <MiB>` | answers with so much in the first text or bytes field |
//! | `answer <file.json>` | answers with what the file holds |
//! | `status <CODE> [<TEXT>]` | answers with that number as its status |
//! | `status-then-serve <CODE> <N>` | answers so N times, then echoes |
//! | `meet <N> <folder>` | leaves a file in the folder and one in `DATA_DIR`, waits until N are in the folder, and answers with the names in `DATA_DIR` |
//! | `hang` | never answers |
//! | `die-mid-call` | ends the process |
//! | `exit-before-listen` | (the process ends at its start, with a line on stderr) |
//! | `refuse-then-serve <ms>` | echoes, but begins to listen that late |
//! | `not-serving <ms>` | echoes, but its health service says NOT_SERVING so long |
#![expect(clippy::panic, reason = "a fixture that is called wrongly has no better answer")]

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use aieffect_testkit::{Bound, Health, Protos, Received, Reply};
use serde_json::{Map, Value};
use tonic::Code;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (files, words): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|word| word.ends_with(".proto"));
    let behaviour = words.first().map_or("echo", |word| word.as_str());
    let arguments: Vec<String> = words.iter().skip(1).map(ToString::to_string).collect();
    if behaviour == "exit-before-listen" {
        log("cannot open model.bin: no such file");
        return ExitCode::from(3);
    }
    let texts: Vec<(String, String)> = files.iter().map(|file| read(Path::new(file))).collect();
    let protos =
        Protos::new(&texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect::<Vec<_>>());
    let port = std::env::var("GRPC_PORT").map_or(0, |port| u16::try_from(number(&port)).unwrap_or(0));
    let mut service = Bound::on_port_of_all(protos.clone(), port);
    for path in protos.paths() {
        let (behaviour, arguments, protos) = (behaviour.to_owned(), arguments.clone(), protos.clone());
        service = service.on(&path, move |call| answer(&behaviour, &arguments, &protos, &call));
    }
    let pause = || Duration::from_millis(number(&arguments[0]));
    if behaviour == "not-serving" {
        service = service.health(Health::NotServing);
    }
    if behaviour == "refuse-then-serve" {
        std::thread::sleep(pause());
    }
    let server = service.start();
    log(&format!("listening on {}", server.port()));
    if behaviour == "not-serving" {
        std::thread::sleep(pause());
        server.set_health(Health::Serving);
    }
    loop {
        std::thread::park();
    }
}

fn answer(behaviour: &str, arguments: &[String], protos: &Protos, call: &Received) -> Reply {
    let size = |index: usize| usize::try_from(number(&arguments[index])).unwrap_or(usize::MAX);
    let status =
        |text: &str| Reply::status(Code::from(i32::try_from(number(&arguments[0])).unwrap_or(2)), text);
    let as_told = "as it was told to";
    log(&format!("called {}", call.path));
    match behaviour {
        "hang" => Reply::Hang,
        "die-mid-call" => {
            log("segmentation fault (as if)");
            std::process::abort();
        }
        "status" => status(arguments.get(1).map_or(as_told, String::as_str)),
        "status-then-serve" if call.earlier < size(1) => status(as_told),
        "big" => big(protos, &call.path, size(0) << 20).into(),
        "answer" => json(Path::new(&arguments[0])).into(),
        "meet" => meet(size(0), Path::new(&arguments[1])).into(),
        "success-false" => {
            let mut response = echo(protos, call);
            response.insert("success".into(), false.into());
            if has(protos, &call.path, "message") {
                response.insert("message".into(), "it did not work".into());
            }
            Value::Object(response).into()
        }
        "echo" | "refuse-then-serve" | "not-serving" | "status-then-serve" => {
            Value::Object(echo(protos, call)).into()
        }
        unknown => panic!("no behaviour `{unknown}`"),
    }
}

fn echo(protos: &Protos, call: &Received) -> Map<String, Value> {
    let Some(method) = protos.method(&call.path) else { return Map::new() };
    let (input, output) = (method.input(), method.output());
    let same = |field: &prost_reflect::FieldDescriptor| {
        input
            .get_field_by_name(field.name())
            .is_some_and(|other| other.kind() == field.kind() && other.cardinality() == field.cardinality())
    };
    let shared = output.fields().filter(same);
    let mut response: Map<String, Value> = shared
        .filter_map(|field| Some((field.name().to_owned(), call.json.get(field.name())?.clone())))
        .collect();
    if has(protos, &call.path, "success") {
        response.insert("success".into(), true.into());
    }
    response
}

fn big(protos: &Protos, path: &str, size: usize) -> Value {
    let method = protos.method(path);
    let fields = method.iter().flat_map(|method| method.output().fields().collect::<Vec<_>>());
    for field in fields {
        let single = !field.is_list() && !field.is_map();
        let text = match field.kind() {
            prost_reflect::Kind::String if single => "x".repeat(size),
            // Four letters of base64 are three bytes.
            prost_reflect::Kind::Bytes if single => "AAAA".repeat(size / 3),
            _ => continue,
        };
        return Value::Object(Map::from_iter([(field.name().to_owned(), text.into())]));
    }
    panic!("the response of {path} has no text and no bytes");
}

/// Waits for so many to have come here; each leaves a trace in its own data folder.
fn meet(size: usize, place: &Path) -> Value {
    let data = std::env::var_os("DATA_DIR").unwrap_or_default();
    let data = Path::new(&data);
    let trace = format!("left-by-{}", std::process::id());
    write(&data.join(&trace));
    write(&place.join(&trace));
    while names(place).len() < size {
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut found = names(data);
    found.sort_unstable();
    serde_json::json!({"success": true, "text": found.join(" ")})
}

fn names(folder: &Path) -> Vec<String> {
    match std::fs::read_dir(folder) {
        Ok(entries) => {
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
        }
        Err(error) => panic!("{}: {error}", folder.display()),
    }
}

fn write(file: &Path) {
    if let Err(error) = std::fs::write(file, "") {
        panic!("{}: {error}", file.display());
    }
}

fn json(file: &Path) -> Value {
    match serde_json::from_str(&read(file).1) {
        Ok(value) => value,
        Err(error) => panic!("{}: {error}", file.display()),
    }
}

fn has(protos: &Protos, path: &str, field: &str) -> bool {
    protos.method(path).is_some_and(|method| method.output().get_field_by_name(field).is_some())
}

fn read(file: &Path) -> (String, String) {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match std::fs::read_to_string(file) {
        Ok(text) => (name, text),
        Err(error) => panic!("{}: {error}", file.display()),
    }
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

/// A line on stderr. Whoever reads it may have gone, which is no reason to stop serving.
fn log(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
