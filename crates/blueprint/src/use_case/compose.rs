//! The compose file of a use case, as far as `aieffect` acts on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::{Code, Diagnostic, Document, Findings, Place, Reader, ServiceName};

/// What the compose file says.
#[derive(Debug, Clone, Default)]
pub struct ComposeFile {
    /// The command under `x-aieffect.build`, run once before any service starts; empty when there is none.
    pub build: Vec<String>,
    /// The services, in the file's order.
    pub services: Vec<ComposeService>,
}

/// One service of the compose file.
#[derive(Debug, Clone)]
pub struct ComposeService {
    /// Its name.
    pub name: ServiceName,
    /// How its image is built, if it is.
    pub build: Option<ImageBuild>,
    /// The image's name, if it has one.
    pub image: Option<String>,
    /// `environment`; a name without a value is taken from where `aieffect` runs.
    pub environment: BTreeMap<String, Option<String>>,
    /// `env_file`, below the use case.
    pub env_files: Vec<EnvFile>,
    /// Bind mounts and volumes.
    pub mounts: Vec<Mount>,
    /// `working_dir`, which beats the image's.
    pub working_dir: Option<String>,
    /// `entrypoint`, which beats the image's.
    pub entrypoint: Option<Vec<String>>,
    /// `command`, which beats the image's.
    pub command: Option<Vec<String>>,
    /// `profiles`: a service that has some takes part only where one of them is asked for.
    pub profiles: Vec<String>,
    /// `x-aieffect.run`: the local command; empty when there is none.
    pub run: Vec<String>,
    /// Where the service stands.
    pub place: Place,
}

/// One entry of `env_file`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFile {
    /// Below the use case.
    pub path: String,
    /// Whether it has to be there; it does unless `required` is `false`.
    pub is_required: bool,
}

/// `build` of a compose service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageBuild {
    /// The context folder, below the use case.
    pub context: String,
    /// The Dockerfile, below the context.
    pub dockerfile: String,
    /// The stage to build, if not the last.
    pub target: Option<String>,
    /// Build arguments; one without a value is taken from where `aieffect` runs.
    pub args: BTreeMap<String, Option<String>>,
}

/// A mount, `source:target`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// A path, or a volume's name.
    pub source: String,
    /// The path in the container.
    pub target: String,
}

impl ComposeFile {
    /// Reads the document; keys that only Docker acts on are passed over.
    pub fn read(document: &Arc<Document>, findings: &mut Findings) -> Self {
        let root = Reader::root(document);
        if root.object(findings).is_none() {
            return Self::default();
        }
        let mut compose = Self::default();
        if let Some(extension) = root.get("x-aieffect").filter(|each| each.object(findings).is_some()) {
            extension.known_keys(&["build"], findings, Diagnostic::error);
            compose.build = command(&extension, "build", findings).unwrap_or_default();
        }
        let Some(services) = root.get("services") else { return compose };
        for (name, reader) in services.entries(findings) {
            match ServiceName::new(name) {
                Ok(name) => compose.services.extend(service(name, &reader, findings)),
                Err(error) => reader.refuse(Code::BadServiceName, error.to_string(), findings),
            }
        }
        compose
    }

    /// The service of that name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.services.iter().position(|service| service.name.as_str() == name)
    }
}

fn service(name: ServiceName, reader: &Reader<'_>, findings: &mut Findings) -> Option<ComposeService> {
    reader.object(findings)?;
    let extension = reader.get("x-aieffect").filter(|each| each.object(findings).is_some());
    if let Some(extension) = &extension {
        extension.known_keys(&["run", "optional"], findings, Diagnostic::error);
        crate::settings::not_yet(extension, "optional", "every service of the topology is started", findings);
    }
    Some(ComposeService {
        name,
        build: reader.get("build").and_then(|build| image_build(&build, findings)),
        image: reader.text_of("image", findings).map(|image| image.value),
        environment: pairs(reader, "environment", findings),
        env_files: env_files(reader),
        mounts: reader.items_of("volumes", findings).iter().filter_map(mount).collect(),
        working_dir: reader.text_of("working_dir", findings).map(|text| text.value),
        entrypoint: command(reader, "entrypoint", findings),
        command: command(reader, "command", findings),
        profiles: profiles(reader),
        run: extension.and_then(|extension| command(&extension, "run", findings)).unwrap_or_default(),
        place: reader.place(),
    })
}

fn image_build(reader: &Reader<'_>, findings: &mut Findings) -> Option<ImageBuild> {
    let (context, dockerfile) = match reader.value() {
        Value::String(context) => (context.clone(), None),
        Value::Object(_) => (
            reader.text_of("context", findings).map_or_else(|| ".".to_owned(), |text| text.value),
            reader.text_of("dockerfile", findings).map(|text| text.value),
        ),
        _ => {
            reader.wrong_type("a string or an object", findings);
            return None;
        }
    };
    Some(ImageBuild {
        context,
        dockerfile: dockerfile.unwrap_or_else(|| "Dockerfile".to_owned()),
        target: reader.get("target").and_then(|target| target.text(findings)).map(|text| text.value),
        args: pairs(reader, "args", findings),
    })
}

/// A list of `NAME=value`, or an object.
fn pairs(reader: &Reader<'_>, key: &str, findings: &mut Findings) -> BTreeMap<String, Option<String>> {
    let Some(reader) = reader.get(key) else { return BTreeMap::new() };
    if reader.value().is_array() {
        let items = reader.items(findings);
        let texts = items.iter().filter_map(|item| item.text(findings));
        return texts
            .map(|text| match text.value.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (text.value, None),
            })
            .collect();
    }
    if !reader.value().is_object() {
        reader.wrong_type("an array or an object", findings);
        return BTreeMap::new();
    }
    let entries = reader.entries(findings).into_iter();
    entries.map(|(name, value)| (name.to_owned(), scalar(value.value()))).collect()
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn env_files(reader: &Reader<'_>) -> Vec<EnvFile> {
    let file = |value: &Value| {
        let path = value.as_str().or_else(|| value.get("path")?.as_str())?.to_owned();
        let is_required = value.get("required") != Some(&Value::Bool(false));
        Some(EnvFile { path, is_required })
    };
    match reader.value().get("env_file") {
        Some(Value::Array(items)) => items.iter().filter_map(file).collect(),
        Some(value) => file(value).into_iter().collect(),
        None => Vec::new(),
    }
}

fn profiles(reader: &Reader<'_>) -> Vec<String> {
    let listed = reader.value().get("profiles").and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn mount(reader: &Reader<'_>) -> Option<Mount> {
    let text = |key| reader.value().get(key).and_then(Value::as_str).map(str::to_owned);
    if reader.value().is_object() {
        return Some(Mount { source: text("source")?, target: text("target")? });
    }
    let mut parts = split_mount(reader.value().as_str()?).into_iter();
    Some(Mount { source: parts.next()?.to_owned(), target: parts.next()?.to_owned() })
}

/// Splits at colons, but not at those of a `${NAME:-default}`.
fn split_mount(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// A command as a list, or as one text that is split at spaces as a shell would.
fn command(reader: &Reader<'_>, key: &str, findings: &mut Findings) -> Option<Vec<String>> {
    let reader = reader.get(key)?;
    if let Value::String(text) = reader.value() {
        return Some(split_words(text));
    }
    if !reader.value().is_array() {
        reader.wrong_type("a string or an array", findings);
        return None;
    }
    let items = reader.items(findings);
    Some(items.iter().filter_map(|item| item.plain_text(findings)).collect())
}

/// Splits at spaces outside quotes.
fn split_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in text.chars() {
        match (quote, letter) {
            (Some(open), letter) if open == letter => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SourceText;

    fn read(text: &str) -> (ComposeFile, Findings) {
        let document = Document::yaml(&SourceText::new("docker-compose.yml", text)).unwrap();
        let mut findings = Findings::new();
        (ComposeFile::read(&document, &mut findings), findings)
    }

    #[test]
    fn both_forms_of_build_environment_and_volumes_are_read() {
        let (compose, findings) = read(concat!(
            "x-env: &env { LOG: info, COUNT: 3 }\n",
            "services:\n",
            "  a:\n    build: ./services/a\n    environment: [GRPC_PORT=50051, HOME]\n",
            "    volumes: ['./data:/app/data:ro']\n    command: python 'my server.py'\n",
            "  b:\n    build: { context: ., dockerfile: services/b/Dockerfile, args: [X=1] }\n",
            "    environment: { <<: *env, EMPTY: }\n    volumes: [{type: bind, source: ./d, target: /d}]\n",
            "    x-aieffect: { run: [python3, server.py] }\n",
        ));
        assert_eq!(findings, Findings::new());
        let [a, b] = compose.services.as_slice() else { panic!("{compose:?}") };
        assert_eq!(a.build.as_ref().unwrap().dockerfile, "Dockerfile");
        assert_eq!(a.environment["HOME"], None);
        assert_eq!(a.mounts, [Mount { source: "./data".into(), target: "/app/data".into() }]);
        assert_eq!(a.command.as_deref().unwrap(), ["python", "my server.py"]);
        assert_eq!(b.build.as_ref().unwrap().args["X"].as_deref(), Some("1"));
        assert_eq!(b.environment["COUNT"].as_deref(), Some("3"));
        assert_eq!(b.environment["EMPTY"], None);
        assert_eq!(b.mounts[0].target, "/d");
        assert_eq!(b.run, ["python3", "server.py"]);
    }

    #[test]
    fn what_compose_files_hold_beside_is_read_without_complaint() {
        let (compose, findings) = read(concat!(
            "version: '3.8'\nname: x\nnetworks: { n: {} }\nvolumes: { v: }\n",
            "x-base: &base\n  environment: &env { A: 1.5, B: true }\n  image: i\n",
            "services:\n",
            "  a:\n    <<: *base\n    extends: { file: other.yml, service: b }\n    profiles: [dev]\n",
            "    ports: ['50051:50051', 80, { target: 1 }]\n    depends_on: { b: { condition: x } }\n",
            "    command: [serve, --port, 50051, true]\n    env_file: a.env\n    deploy: !reset null\n",
            "    volumes: ['${DATA:-./data}:/app/data', '/only', 'v:/v:ro']\n",
            "  b:\n    build: { dockerfile: services/b/Dockerfile }\n    env_file: [a.env, { path: b.env, required: false }]\n",
            "    command: ''\n    environment: !override { <<: [*env, { A: 2, D: }], B: no }\n",
            "    x-aieffect: { optional: false }\n",
        ));
        assert_eq!(findings, Findings::new());
        let [a, b] = compose.services.as_slice() else { panic!("{compose:?}") };
        let set = |service: &ComposeService, name: &str| service.environment[name].clone();
        assert_eq!(set(a, "A").as_deref(), Some("1.5"));
        assert_eq!(set(a, "B").as_deref(), Some("true"));
        assert_eq!(a.image.as_deref(), Some("i"));
        assert_eq!(a.command.as_deref().unwrap(), ["serve", "--port", "50051", "true"]);
        let files = |service: &ComposeService| -> Vec<_> {
            service.env_files.iter().map(|file| (file.path.clone(), file.is_required)).collect()
        };
        assert_eq!(files(a), [("a.env".to_owned(), true)]);
        assert_eq!((a.profiles.as_slice(), b.profiles.as_slice()), (&["dev".to_owned()][..], &[][..]));
        let mounts: Vec<_> =
            a.mounts.iter().map(|mount| (mount.source.as_str(), mount.target.as_str())).collect();
        assert_eq!(mounts, [("${DATA:-./data}", "/app/data"), ("v", "/v")]);
        assert_eq!(b.build.as_ref().unwrap().context, ".");
        assert_eq!(files(b), [("a.env".to_owned(), true), ("b.env".to_owned(), false)]);
        assert_eq!(b.command.as_deref(), Some(&[][..]));
        assert_eq!(
            (set(b, "A").as_deref(), set(b, "B").as_deref(), set(b, "D")),
            (Some("1.5"), Some("no"), None)
        );
    }

    #[test]
    fn what_is_of_the_wrong_type_is_reported() {
        let (_, findings) = read(concat!(
            "x-aieffect: [make]\nservices:\n",
            "  a: { build: 5, command: 7, environment: x, x-aieffect: run }\n  'b c': {}\n  d:\n",
        ));
        let shown: Vec<_> = findings.iter().map(|finding| finding.to_string()).collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        error[AE0005] docker-compose.yml:1:13: `x-aieffect` must be an object, not an array
        error[AE0005] docker-compose.yml:3:58: `services.a.x-aieffect` must be an object, not a string
        error[AE0005] docker-compose.yml:3:15: `services.a.build` must be a string or an object, not a number
        error[AE0005] docker-compose.yml:3:43: `services.a.environment` must be an array or an object, not a string
        error[AE0005] docker-compose.yml:3:27: `services.a.command` must be a string or an array, not a number
        error[AE0110] docker-compose.yml:4:10: `b c` is not a service name: 1 to 128 letters, digits, `_`, `-` or `.`, beginning with a letter, a digit or `_`
        error[AE0005] docker-compose.yml:5:4: `services.d` must be an object, not null
        "#);
    }

    #[test]
    fn an_unknown_key_of_our_own_is_an_error() {
        let (_, findings) = read("services:\n  a:\n    x-aieffect: { rum: [x] }\n");
        let finding = findings.iter().next().unwrap();
        assert_eq!(finding.code, Code::UnknownKey);
        assert_eq!(finding.help.as_deref(), Some("did you mean `run`?"));
        assert_eq!(finding.labels[0].position(), "docker-compose.yml:3:19");
    }
}
