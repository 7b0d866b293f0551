//! The port of a service that is controlled over HTTP. Its image has a fixed one, since a container has its own; here
//! several would meet on it.

use std::ffi::OsString;
use std::path::Path;

use aieffect_blueprint::Port;

use crate::environment::Environment;

/// Servers that take their port by `--port`.
const SERVERS: [&str; 2] = ["uvicorn", "fastapi"];
const OPTION: &str = "--port";

/// Tells it by the variables that such services read: `PORT`, and `UVICORN_PORT`, which uvicorn itself does.
pub(crate) fn tell(environment: &mut Environment, port: Port) {
    environment.set("PORT", port.to_string());
    environment.set("UVICORN_PORT", port.to_string());
}

/// Puts the port in the place of the one that a server is started with. Any other command is left as it is.
pub(crate) fn listen_on(command: &mut [OsString], port: Port) {
    let texts: Vec<String> = command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let is_shell = texts.first().is_some_and(|word| name(word) == "sh" || name(word) == "bash");
    if let (true, [_, flag, text]) = (is_shell, texts.as_slice()) {
        if flag == "-c" && text.split_whitespace().any(is_server) {
            command[2] = in_text(text, port).into();
        }
        return;
    }
    if !texts.iter().any(|word| is_server(word)) {
        return;
    }
    for (index, word) in texts.iter().enumerate() {
        if word == OPTION
            && let Some(value) = command.get_mut(index + 1)
        {
            *value = port.to_string().into();
        }
        if word.strip_prefix(OPTION).is_some_and(|rest| rest.starts_with('=')) {
            command[index] = format!("{OPTION}={port}").into();
        }
    }
}

fn is_server(word: &str) -> bool {
    SERVERS.contains(&name(word))
}

fn name(word: &str) -> &str {
    Path::new(word).file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// A number behind the option; a variable there is the shell's to fill.
fn in_text(text: &str, port: Port) -> String {
    let Some((before, after)) = text.split_once(OPTION) else { return text.to_owned() };
    let value = after.trim_start_matches([' ', '=']);
    let end = value.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(value.len());
    if end == 0 {
        return text.to_owned();
    }
    format!("{before}{OPTION} {port}{}", &value[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(command: &[&str], expected: &[&str]) {
        let mut words: Vec<OsString> = command.iter().map(OsString::from).collect();
        listen_on(&mut words, Port::new(20_001).unwrap());
        assert_eq!(words, expected.iter().map(OsString::from).collect::<Vec<_>>());
    }

    #[test]
    fn a_server_listens_where_it_is_told_to() {
        let own = ["uvicorn", "server:app", "--host", "0.0.0.0", "--port", "8080"];
        check(&own, &["uvicorn", "server:app", "--host", "0.0.0.0", "--port", "20001"]);
        check(
            &["python", "-m", "uvicorn", "a:b", "--port=80"],
            &["python", "-m", "uvicorn", "a:b", "--port=20001"],
        );
        check(&["/venv/bin/fastapi", "run", "--port", "1"], &["/venv/bin/fastapi", "run", "--port", "20001"]);
        check(
            &["/bin/sh", "-c", "exec uvicorn a:b --port 8080 --workers 2"],
            &["/bin/sh", "-c", "exec uvicorn a:b --port 20001 --workers 2"],
        );
    }

    #[test]
    fn whatever_finds_its_port_by_itself_is_left_alone() {
        for command in [
            &["uvicorn", "a:b"][..],
            &["uvicorn", "a:b", "--port"],
            &["python", "server.py", "--port", "8080"],
            &["/bin/sh", "-c", "uvicorn a:b --port $PORT"],
            &["/bin/sh", "-c", "python server.py --port 8080"],
        ] {
            let expected: Vec<&str> =
                command.iter().map(|word| if *word == "--port" { "--port" } else { word }).collect();
            check(command, &expected);
        }
    }
}
