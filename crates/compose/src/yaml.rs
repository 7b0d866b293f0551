//! The stack as the text of a compose file, for Compose 1.29 as for version 2.
//!
//! The former reads YAML 1.1, the latter 1.2, and both replace variables: so what only one of them takes for text
//! is quoted, and every `$` doubled.

mod quotes;

use std::time::Duration;

use serde::ser::{Serialize, SerializeMap, Serializer};

use self::quotes::quote_for_both;
use crate::{
    BindMount, Build, ComposeFile, Confinement, HealthCheck, Image, PublishedPort, Restart, Service, Setting,
    Writing,
};

/// How the file's first line begins: a file with this line is ours to write anew.
pub const MARK: &str = "# Made by `aieffect compose`";

impl ComposeFile {
    /// The text of the compose file. The same stack gives the same bytes.
    pub fn to_yaml(&self) -> String {
        let services = self.services.iter().map(|service| (service.key.to_string(), document(service)));
        let network = NetworkDoc { driver: "bridge" };
        let document = FileDoc {
            services: Entries(services.collect()),
            networks: Entries(vec![(Self::NETWORK.to_owned(), network)]),
        };
        // Into memory, with keys that are texts, there is nothing that can fail.
        let text = serde_yaml::to_string(&document).unwrap_or_default();
        format!(
            "{MARK}, which writes it anew; changes belong into a file of their own.\n{}",
            quote_for_both(&text)
        )
    }
}

/// Pairs in their own order.
struct Entries<T>(Vec<(String, T)>);

impl<T> Entries<T> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Serialize> Serialize for Entries<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[derive(serde::Serialize)]
struct FileDoc {
    services: Entries<ServiceDoc>,
    networks: Entries<NetworkDoc>,
}

#[derive(serde::Serialize)]
struct NetworkDoc {
    driver: &'static str,
}

#[derive(serde::Serialize)]
struct ServiceDoc {
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build: Option<BuildDoc>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    command: Vec<String>,
    environment: Entries<Option<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    volumes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tmpfs: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ports: Vec<String>,
    networks: Entries<MemberDoc>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
    restart: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    init: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_only: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cap_drop: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    security_opt: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    healthcheck: Option<HealthDoc>,
}

#[derive(serde::Serialize)]
struct BuildDoc {
    context: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    dockerfile: Option<String>,
    #[serde(skip_serializing_if = "Entries::is_empty")]
    args: Entries<String>,
}

#[derive(serde::Serialize)]
struct MemberDoc {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
}

#[derive(serde::Serialize)]
struct HealthDoc {
    test: Vec<String>,
    interval: String,
    timeout: String,
    retries: u32,
    start_period: String,
}

fn document(service: &Service) -> ServiceDoc {
    let (image, build) = match &service.image {
        Image::Named(image) => (Some(literal(image.as_str())), None),
        Image::Built(build) => {
            (build.name.as_ref().map(|name| literal(name.as_str())), Some(build_doc(build)))
        }
    };
    let member = MemberDoc { aliases: service.aliases.iter().map(ToString::to_string).collect() };
    let strict = match service.confinement {
        Confinement::Usual => None,
        Confinement::Strict { user } => Some(user),
    };
    ServiceDoc {
        image,
        build,
        command: service.command.iter().map(|word| literal(word)).collect(),
        environment: Entries(
            service.environment.iter().map(|(name, value)| (name.to_string(), setting(value))).collect(),
        ),
        volumes: service.mounts.iter().map(mount).collect(),
        tmpfs: strict.map(|_| "/tmp").into_iter().collect(),
        ports: service.ports.iter().map(port).collect(),
        networks: Entries(vec![(ComposeFile::NETWORK.to_owned(), member)]),
        depends_on: service.depends_on.iter().map(ToString::to_string).collect(),
        restart: match service.restart {
            Restart::No => "no",
            Restart::UnlessStopped => "unless-stopped",
        },
        init: strict.is_none().then_some(true),
        user: strict.map(|user| format!("{user}:{user}")),
        read_only: strict.map(|_| true),
        cap_drop: strict.map(|_| "ALL").into_iter().collect(),
        security_opt: strict.map(|_| "no-new-privileges:true").into_iter().collect(),
        healthcheck: service.health.as_ref().map(health),
    }
}

/// A text in which nothing is a variable.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

fn build_doc(build: &Build) -> BuildDoc {
    BuildDoc {
        context: literal(&build.context),
        dockerfile: build.dockerfile.as_deref().map(literal),
        // A name without a value would do, but Compose 1.29 makes an empty text of one that is not set.
        args: Entries(
            build
                .bases
                .iter()
                .map(|(name, image)| ((*name).to_owned(), format!("${{{name}:-{image}}}")))
                .collect(),
        ),
    }
}

fn setting(setting: &Setting) -> Option<String> {
    match setting {
        Setting::Text(text) => Some(literal(text)),
        Setting::Inherited => None,
    }
}

fn mount(mount: &BindMount) -> String {
    let mode = match mount.writing {
        Writing::Allowed => "",
        Writing::Denied => ":ro",
    };
    literal(&format!("{}:{}{mode}", mount.source, mount.target))
}

fn port(port: &PublishedPort) -> String {
    let bind = if port.bind.is_ipv6() { format!("[{}]", port.bind) } else { port.bind.to_string() };
    format!("{bind}:{}:{}", port.host, port.container)
}

fn health(check: &HealthCheck) -> HealthDoc {
    let seconds = |duration: Duration| format!("{}s", duration.as_secs());
    let command = check.command.iter().map(|word| literal(word));
    HealthDoc {
        test: ["CMD".to_owned()].into_iter().chain(command).collect(),
        interval: seconds(check.interval),
        timeout: seconds(check.timeout),
        retries: check.retries,
        start_period: seconds(check.start_period),
    }
}
