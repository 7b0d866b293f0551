//! The commands of a `RUN` that can be played.

use aieffect_blueprint::Label;

use super::shell::{self, Word};
use super::{PipStep, ProtocStep, Step};
use crate::container_path::join;
use crate::dockerfile::{exec_form, flags};

/// What a `RUN` comes to, or `None` when any part of it is not understood.
pub(super) fn read(
    rest: &str,
    dir: &str,
    label: &Label,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Option<Vec<Step>> {
    let (flags, command) = flags(rest);
    if !flags.iter().all(|flag| flag.starts_with("--mount=type=cache")) {
        return None;
    }
    let commands = match exec_form(command) {
        Some(words) => vec![words.into_iter().map(Word::Literal).collect()],
        None => shell::commands(command, lookup)?,
    };
    let steps: Option<Vec<_>> = commands.iter().map(|words| step(words, dir, label)).collect();
    Some(steps?.into_iter().flatten().collect())
}

fn step(words: &[Word], dir: &str, label: &Label) -> Option<Vec<Step>> {
    let texts: Vec<&str> = words.iter().map(Word::text).collect();
    match texts.as_slice() {
        ["true" | ":"] => Some(Vec::new()),
        ["set", options @ ..] => options.iter().all(|option| option.starts_with('-')).then(Vec::new),
        ["mkdir", folders @ ..] => make_dirs(folders, dir),
        ["rm", "-rf" | "-fr" | "-r", paths @ ..] => {
            paths.iter().all(|path| is_image_cache(path)).then(Vec::new)
        }
        ["pip" | "pip3", "cache", "purge"] => Some(Vec::new()),
        // Every service has a virtual environment of its own here.
        [python, "-m", "venv", path] if is_python(python) && !path.starts_with('-') => Some(Vec::new()),
        ["." | "source", script] if script.ends_with("/bin/activate") => Some(Vec::new()),
        [pip, "install", args @ ..] if is_pip(pip) => pip_step(args, dir, label),
        [python, "-m", "pip", "install", args @ ..] if is_python(python) => pip_step(args, dir, label),
        [python, "-m", "grpc_tools.protoc", ..] if is_python(python) => {
            Some(vec![Step::Protoc(ProtocStep { args: words[3..].to_vec(), dir: dir.to_owned() })])
        }
        _ => None,
    }
}

/// Whether only the size of an image depends on a path.
fn is_image_cache(path: &str) -> bool {
    ["/root/.cache", "/var/cache/", "/var/lib/apt/lists", "/tmp/"].iter().any(|cache| path.starts_with(cache))
}

/// Whether a program is Python under one of its names, also that of a virtual environment in the image.
pub(crate) fn is_python(program: &str) -> bool {
    is_versioned(program, "python")
}

fn is_pip(program: &str) -> bool {
    is_versioned(program, "pip")
}

fn is_versioned(program: &str, name: &str) -> bool {
    let (dir, file) = program.rsplit_once('/').unwrap_or(("", program));
    let version = file.strip_prefix(name);
    let is_version = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (dir.is_empty() || dir.ends_with("/bin")) && version.is_some_and(is_version)
}

fn make_dirs(args: &[&str], dir: &str) -> Option<Vec<Step>> {
    let (options, folders): (Vec<&str>, Vec<&str>) = args.iter().partition(|arg| arg.starts_with('-'));
    let known = options.iter().all(|option| matches!(*option, "-p" | "-v" | "-pv" | "-vp" | "--parents"));
    // The shell would expand braces, and a folder named so would surprise.
    let plain = folders.iter().all(|folder| !folder.contains(['{', '*', '?', '[']));
    (known && plain && !folders.is_empty())
        .then(|| folders.iter().map(|folder| Step::MakeDir(join(dir, folder))).collect())
}

/// The arguments without those that have no meaning in a virtual environment. A package that lies in the tree
/// is not played: the environment is shared by services, which differ in their files.
fn pip_step(args: &[&str], dir: &str, label: &Label) -> Option<Vec<Step>> {
    let (mut kept, mut files) = (Vec::new(), Vec::new());
    let mut args = args.iter().copied();
    while let Some(arg) = args.next() {
        let (option, joined) = split_option(arg);
        match option {
            "--no-cache-dir" | "--user" | "--break-system-packages" | "--disable-pip-version-check" => {
                continue;
            }
            "--root-user-action" if joined.is_some() => continue,
            "--root-user-action" => {
                args.next();
                continue;
            }
            "-e" | "--editable" | "-t" | "--target" | "--prefix" | "--root" => return None,
            "-r" | "--requirement" | "-c" | "--constraint" => {
                let file = joined.or_else(|| args.next())?;
                files.push(join(dir, file));
                kept.extend([option.to_owned(), file.to_owned()]);
                continue;
            }
            _ => {}
        }
        if is_local(arg) {
            return None;
        }
        kept.push(arg.to_owned());
        if takes_value(arg) {
            kept.push(args.next()?.to_owned());
        }
    }
    Some(vec![Step::Pip(PipStep { args: kept, files, dir: dir.to_owned(), label: label.clone() })])
}

/// `--option=value` and `-rvalue` in two.
fn split_option(arg: &str) -> (&str, Option<&str>) {
    if let Some((option, value)) = arg.split_once('=').filter(|(option, _)| option.starts_with("--")) {
        return (option, Some(value));
    }
    let short = ["-r", "-c", "-e", "-t"].into_iter().find(|option| arg.starts_with(option));
    match short {
        Some(option) if arg.len() > option.len() && !arg.starts_with("--") => (option, Some(&arg[2..])),
        _ => (arg, None),
    }
}

fn takes_value(arg: &str) -> bool {
    let options = [
        "-i",
        "--index-url",
        "--extra-index-url",
        "-f",
        "--find-links",
        "--trusted-host",
        "--timeout",
        "--default-timeout",
        "--retries",
        "--proxy",
        "--cert",
        "--only-binary",
        "--no-binary",
        "--progress-bar",
        "--upgrade-strategy",
    ];
    options.contains(&arg)
}

fn is_local(arg: &str) -> bool {
    let archive = [".whl", ".tar.gz", ".zip"].into_iter().any(|end| arg.ends_with(end));
    arg.starts_with('.') || arg.starts_with('/') || (archive && !arg.contains("://"))
}

#[cfg(test)]
mod tests {
    use aieffect_blueprint::SourceText;

    use super::*;

    fn read(rest: &str) -> Option<String> {
        let label = Label::whole(&SourceText::new("Dockerfile", ""));
        let steps = super::read(rest, "/app", &label, &|_| None)?;
        let shown = steps.iter().map(|step| match step {
            Step::MakeDir(dir) => format!("mkdir {dir}"),
            Step::Copy(_) => "copy".to_owned(),
            Step::Pip(pip) => format!("pip {} reading {:?}", pip.args.join(" "), pip.files),
            Step::Protoc(protoc) => {
                let args: Vec<_> = protoc.args.iter().map(Word::text).collect();
                format!("protoc {} in {}", args.join(" "), protoc.dir)
            }
        });
        Some(shown.collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn what_partners_run_is_understood() {
        let check = |rest, expected: &str| assert_eq!(read(rest).as_deref(), Some(expected), "{rest}");
        check(
            "pip install --no-cache-dir -r requirements.txt",
            r#"pip -r requirements.txt reading ["/app/requirements.txt"]"#,
        );
        check("pip3 install --user grpcio==1.60 'protobuf>4'", "pip grpcio==1.60 protobuf>4 reading []");
        check(
            "python3.11 -m pip install -U pip && pip install -r/req.txt",
            r#"pip -U pip reading []; pip -r /req.txt reading ["/req.txt"]"#,
        );
        check("pip install --index-url https://x/simple a", "pip --index-url https://x/simple a reading []");
        check(r#"["pip", "install", "a"]"#, "pip a reading []");
        check(
            "python -m grpc_tools.protoc -I. --python_out=. a.proto",
            "protoc -I. --python_out=. a.proto in /app",
        );
        check("python -m venv /opt/venv && . /opt/venv/bin/activate", "");
        check("/opt/venv/bin/pip install a && rm -rf /root/.cache", "pip a reading []");
        check("mkdir -p data /var/x && true", "mkdir /app/data; mkdir /var/x");
        check("--mount=type=cache,target=/root/.cache set -eux && pip install a", "pip a reading []");
    }

    #[test]
    fn anything_else_is_not() {
        let texts = [
            "apt-get update",
            "pip install a && make",
            "pip install .",
            "pip install -e .",
            "pip install ./x.whl",
            "pip download a",
            "pip install -r",
            "mkdir -m 700 a",
            "mkdir",
            "./pip install a",
            "rm -rf /app",
            "python -m venv --system-site-packages /v",
            "curl x | sh",
            "--mount=type=bind,target=. pip install a",
            "python setup.py",
        ];
        for text in texts {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
