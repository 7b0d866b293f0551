//! From a pipeline to its stack.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use aieffect_blueprint::{
    Code, Diagnostic, Findings, Node, Pipeline, Placement, Port, ServiceName, StackHost, TransportKind,
    published,
};

use crate::hosts::{hosts, keys, orchestrator_key};
use crate::{
    BindMount, ComposeFile, Confinement, Error, HealthCheck, Image, ImageName, Orchestrator, PublishedPort,
    Restart, Role, Service, Setting, StackAccess, StackOptions, StackToken, Writing,
};

const DATA: &str = "/app/data";
const PACKAGE: &str = "/export";
const RESULTS: &str = "/results";
const PROBE: &str = "/opt/aieffect/aieffect";
/// The user of the product's own images.
const USER: u32 = 10001;

/// What the orchestrator is told by whoever starts the stack.
const INHERITED: [&str; 8] = [
    "AIEFFECT_INITIAL_DATA",
    "AIEFFECT_LOG_FORMAT",
    "AIEFFECT_LOG_LEVEL",
    "AIEFFECT_READY_TIMEOUT",
    "AIEFFECT_REDO",
    "AIEFFECT_RESULTS",
    "AIEFFECT_RESUME",
    "AIEFFECT_STRICT",
];

/// The stack of a package that resolved to `pipeline`: a service per host that is to be started, and the
/// orchestrator. `None` when a finding is an error. Nodes that run elsewhere get no service.
pub fn stack(pipeline: &Pipeline, options: &StackOptions) -> Result<(Option<ComposeFile>, Findings), Error> {
    check_paths(options)?;
    let mut findings = Findings::new();
    let hosts = hosts(pipeline, &mut findings);
    if options.orchestrator != Orchestrator::Absent {
        check_reach(pipeline, &mut findings);
    }
    check_not_empty(&hosts, pipeline, options, &mut findings);
    let ports = published(&hosts, options.base_port)?;
    let keys = keys(&hosts, pipeline);
    let services = hosts
        .iter()
        .zip(&keys)
        .zip(ports)
        .filter_map(|((host, key), ports)| service(host, key, ports, options, &mut findings));
    let mut services: Vec<Service> = services.collect();
    let key = orchestrator_key(&hosts, &keys);
    services.extend(key.and_then(|key| orchestrator(key, &keys, options)));
    let file = (!findings.has_errors()).then_some(ComposeFile { services });
    Ok((file, findings))
}

fn check_paths(options: &StackOptions) -> Result<(), Error> {
    let built = match &options.orchestrator {
        Orchestrator::Built(build) => [Some(&build.context), build.dockerfile.as_ref()],
        Orchestrator::Named(_) | Orchestrator::Absent => [None, None],
    };
    let access = options.access.files().map(|(path, ..)| path);
    let paths = [Some(&options.package), options.probe.as_ref()].into_iter().chain(built).flatten();
    paths.chain(access).try_for_each(|path| check_path(path))
}

/// An error for a path that cannot be mounted: with a colon, which ends it; with what YAML or its readers take for the end
/// of a line; or with what stands for bytes that are not UTF-8, which would name another folder.
pub fn check_path(path: &str) -> Result<(), Error> {
    let unsayable =
        |letter: char| matches!(letter, ':' | '\u{2028}' | '\u{2029}' | '\u{fffd}') || letter.is_control();
    if path.contains(unsayable) {
        return Err(Error::Path { path: path.to_owned() });
    }
    Ok(())
}

/// Nodes at this machine's own loopback are out of reach for the orchestrator's container.
fn check_reach(pipeline: &Pipeline, findings: &mut Findings) {
    for node in pipeline.nodes().iter().filter(|node| node.placement == Placement::Remote) {
        let host = node.address.host.trim_start_matches('[').trim_end_matches(']');
        let is_loopback = host.parse::<IpAddr>().map_or(host == "localhost", |host| host.is_loopback());
        if is_loopback {
            let message = format!(
                "`{}` answers at `{}`, which in the orchestrator's container is the container itself",
                node.name, node.address
            );
            findings.push(
                Diagnostic::warning(Code::LoopbackInStack, message)
                    .at(node.place.key("container_name").label())
                    .help(
                        "give it a bare host name in dockerinfo.json, so that the stack starts it, or the address \
                         of its machine; or add `--no-orchestrator` and run `aieffect orchestrate` here",
                    ),
            );
        }
    }
}

fn check_not_empty(
    hosts: &[StackHost<'_>],
    pipeline: &Pipeline,
    options: &StackOptions,
    findings: &mut Findings,
) {
    let Some(first) = pipeline.nodes().first() else { return };
    if hosts.is_empty() && options.orchestrator == Orchestrator::Absent {
        findings.push(
            Diagnostic::error(
                Code::NothingToStart,
                "every node runs elsewhere, so there is nothing to start",
            )
            .at(first.place.key("container_name").label().with_note("this one, say"))
            .help("leave out `--no-orchestrator`, or give nodes bare host names in dockerinfo.json"),
        );
    }
}

fn service(
    host: &StackHost<'_>,
    key: &ServiceName,
    ports: Vec<(Port, Port)>,
    options: &StackOptions,
    findings: &mut Findings,
) -> Option<Service> {
    let node = host.nodes[0];
    let image = image(node, findings)?;
    let port = node.address.port;
    let mut mounts = vec![BindMount {
        source: format!("{}/data", options.package),
        target: DATA,
        writing: Writing::Allowed,
    }];
    let probe = options.probe.iter();
    mounts.extend(probe.map(|probe| BindMount {
        source: probe.clone(),
        target: PROBE,
        writing: Writing::Denied,
    }));
    Some(Service {
        key: key.clone(),
        role: Role::Nodes(host.nodes.iter().map(|node| node.name.clone()).collect()),
        image: Image::Named(image),
        command: Vec::new(),
        environment: environment(host, node),
        mounts,
        ports: ports
            .into_iter()
            .map(|(container, host)| PublishedPort { bind: options.bind, host, container })
            .collect(),
        aliases: Some(host.name.clone()).filter(|name| name != key).into_iter().collect(),
        depends_on: Vec::new(),
        restart: Restart::UnlessStopped,
        confinement: Confinement::Usual,
        health: options.probe.is_some().then(|| health(port, node.transport.kind())),
    })
}

/// What a service is told. The port of one that is controlled over HTTP stands also where such services look for it.
fn environment(host: &StackHost<'_>, node: &Node) -> Vec<(Cow<'static, str>, Setting)> {
    let text = |text: String| Setting::Text(text);
    let mut environment = vec![
        ("GRPC_PORT".into(), text(node.address.port.to_string())),
        ("SERVICE_NAME".into(), text(node.name.to_string())),
        ("DATA_DIR".into(), text(DATA.to_owned())),
    ];
    let over_http = host.nodes.iter().find(|node| node.transport.kind() == TransportKind::HttpControl);
    if let Some(node) = over_http {
        environment.push(("PORT".into(), text(node.address.port.to_string())));
        environment.push(("UVICORN_PORT".into(), text(node.address.port.to_string())));
    }
    environment
}

fn image(node: &Node, findings: &mut Findings) -> Option<ImageName> {
    let written = node.image.as_str();
    ImageName::new(written)
        .map_err(|error| {
            let message = match written.trim() {
                "" => format!("the node `{}` has no image to be started from", node.name),
                written => {
                    let shown: String = written.chars().take(120).flat_map(char::escape_debug).collect();
                    format!("`{shown}`, the image of `{}`, is no image name: {error}", node.name)
                }
            };
            findings.push(
                Diagnostic::error(Code::NoImageToStart, message).at(node.place.key("image").label()).help(
                    "write the image's name as `docker pull` takes it, such as `registry.example.org/meter:1.0`",
                ),
            );
        })
        .ok()
}

fn health(port: Port, transport: TransportKind) -> HealthCheck {
    let mut command = vec![PROBE.to_owned(), "probe".to_owned(), format!("127.0.0.1:{port}")];
    // Over gRPC is what it asks first.
    if transport == TransportKind::HttpControl {
        command.extend(["--transport".to_owned(), transport.as_str().to_owned()]);
    }
    HealthCheck {
        command,
        interval: Duration::from_secs(5),
        timeout: Duration::from_secs(5),
        retries: 3,
        start_period: Duration::from_secs(60),
    }
}

fn orchestrator(key: ServiceName, services: &[ServiceName], options: &StackOptions) -> Option<Service> {
    let image = match &options.orchestrator {
        Orchestrator::Absent => return None,
        Orchestrator::Named(image) => Image::Named(image.clone()),
        Orchestrator::Built(build) => Image::Built(build.clone()),
    };
    let below_results = |name: &str| Setting::Text(format!("{RESULTS}/{name}"));
    let places = [
        ("AIEFFECT_OUTPUT", below_results("results.json")),
        ("AIEFFECT_REPORT", below_results("report.html")),
        ("AIEFFECT_STORE", below_results("store")),
    ];
    let access = options.access.files();
    let access = access.map(|(_, place, variable)| (variable, Setting::Text(place.to_owned())));
    let inherited = INHERITED.into_iter().map(|name| (name, Setting::Inherited));
    let environment = places.into_iter().chain(access).chain(inherited);
    let mut mounts = vec![
        BindMount { source: options.package.clone(), target: PACKAGE, writing: Writing::Denied },
        BindMount {
            source: format!("{}/results", options.package),
            target: RESULTS,
            writing: Writing::Allowed,
        },
    ];
    mounts.extend(options.access.files().map(|(path, target, _)| BindMount {
        source: path.clone(),
        target,
        writing: Writing::Denied,
    }));
    Some(Service {
        key,
        role: Role::Orchestrator,
        image,
        command: vec!["orchestrate".to_owned(), PACKAGE.to_owned()],
        environment: environment
            .map(|(name, value)| (name.into(), value))
            .chain(token(&options.access))
            .collect(),
        mounts,
        ports: Vec::new(),
        aliases: Vec::new(),
        depends_on: services.to_vec(),
        restart: Restart::No,
        confinement: Confinement::Strict { user: USER },
        health: None,
    })
}

/// The variable that has the token, and the one that says which that is.
fn token(access: &StackAccess) -> Vec<(Cow<'static, str>, Setting)> {
    match &access.token {
        Some(StackToken::Variable(name)) => vec![
            ("AIEFFECT_TOKEN_ENV".into(), Setting::Text(name.clone())),
            (name.clone().into(), Setting::Inherited),
        ],
        Some(StackToken::File(_)) | None => Vec::new(),
    }
}
