//! What is said once a stack is written: what it holds, and what to type next.

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use aieffect_blueprint::{NodeName, Pipeline, Placement, Port};
use aieffect_compose::{
    ComposeFile, Confinement, Image, ImageName, PublishedPort, Role, Service, StackAccess, StackToken,
};

use super::context::is_built_from_it;
use super::machine::{Machine, images};
use super::places::Places;
use super::project::project;
use crate::compose_tool::TOOLS;
use crate::terminal::{say, word};

/// How far above the first port free ones are looked for.
const SEARCHED: u16 = 5000;

/// With `--output -`.
pub(super) fn nothing_written(places: &Places, file: &ComposeFile) {
    let mut parts = vec!["data/"];
    if file.orchestrator().is_some() {
        parts.push("results/");
    }
    let probed = file.services.iter().any(|service| service.health.is_some());
    if probed || is_built_from_it(file) {
        parts.push(".orchestrator/");
    }
    let package = places.package.display();
    say(&format!(
        "nothing is written: the file belongs into {package}, where it needs {}; `aieffect compose` without \
         `--output -` makes them",
        parts.join(" and ")
    ));
}

/// What an archive holds beside the package.
pub(super) fn left_out(names: &[String]) {
    const SHOWN: usize = 5;
    if names.is_empty() {
        return;
    }
    let mut shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    if names.len() > SHOWN {
        shown.push(format!("and {} more", names.len() - SHOWN));
    }
    say(&format!("left in the archive, since they are no part of a package: {}", shown.join(", ")));
}

pub(super) fn written<'a>(
    file: &ComposeFile,
    pipeline: &Pipeline,
    places: &Places,
    not_shared: &[PathBuf],
    machine: &Machine,
    access: &StackAccess,
    given: impl Iterator<Item = &'a Path>,
) {
    let services: Vec<&Service> =
        file.services.iter().filter(|service| service.role != Role::Orchestrator).collect();
    let and_orchestrator = if file.orchestrator().is_some() { " and the orchestrator" } else { "" };
    let plural = if services.len() == 1 { "" } else { "s" };
    say(&format!(
        "wrote {} with {} service{plural}{and_orchestrator}",
        places.file.display(),
        services.len()
    ));
    services.iter().for_each(|service| say(&format!("  {}", described(service))));
    elsewhere(pipeline);
    not_shared.iter().for_each(|path| warn_of_folder(path));
    warn_of_unreadable(file, given);
    if file.orchestrator().is_some() && !places.package_is_for_all() {
        let shown = word(&places.package.display().to_string());
        say(&format!(
            "warning: not every user can read {shown}, and the orchestrator does not run as you: chmod -R go+rX {shown}"
        ));
    }
    if services.iter().all(|service| service.health.is_none()) && !services.is_empty() {
        say(match access.tls_ca {
            Some(_) => "  no health checks, which would ask in plain text",
            None => {
                "  no health checks, since this `aieffect` is no static Linux program; `cargo xtask dist` makes one"
            }
        });
    }
    warn_of_ports(&services);
    warn_of_images(&machine.missing);
    next(file, places, machine, access);
}

/// Files that are given to the orchestrator, and that it cannot read.
fn warn_of_unreadable<'a>(file: &ComposeFile, given: impl Iterator<Item = &'a Path>) {
    let Some(Confinement::Strict { user }) = file.orchestrator().map(|service| service.confinement) else {
        return;
    };
    for path in given.filter(|path| !is_readable_by(user, path)) {
        let shown = word(&path.display().to_string());
        say(&format!(
            "warning: the orchestrator runs as user {user}, who cannot read {shown}: sudo chown {user} {shown}"
        ));
    }
}

fn is_readable_by(user: u32, path: &Path) -> bool {
    // What cannot be looked at could not be read before.
    path.metadata().is_ok_and(|found| {
        let read = if found.uid() == user {
            0o400
        } else if found.gid() == user {
            0o040
        } else {
            0o004
        };
        found.mode() & read != 0
    })
}

/// `meter1 at 127.0.0.1:50051`, with the further nodes that it serves.
fn described(service: &Service) -> String {
    let shown: Vec<String> = service.ports.iter().map(shown_port).collect();
    let others = match &service.role {
        Role::Nodes(nodes) => nodes.get(1..).unwrap_or_default(),
        Role::Orchestrator => &[],
    };
    let names: Vec<&str> = others.iter().map(NodeName::as_str).collect();
    let also = if names.is_empty() { String::new() } else { format!(", which is {} too", names.join(", ")) };
    format!("{} at {}{also}", service.key, shown.join(", "))
}

fn shown_port(port: &PublishedPort) -> String {
    std::net::SocketAddr::new(port.bind, port.host.get()).to_string()
}

fn elsewhere(pipeline: &Pipeline) {
    for node in pipeline.nodes().iter().filter(|node| node.placement == Placement::Remote) {
        say(&format!("  {} is not started: it runs at {}", node.name, node.address));
    }
}

fn warn_of_folder(path: &Path) {
    let shown = word(&path.display().to_string());
    say(&format!(
        "warning: {shown} was there already, and not every user can write to it; containers do not run as you: \
         chmod 777 {shown}"
    ));
}

/// A port that is taken now may be free by the time that the stack comes up, so it is no error.
fn warn_of_ports(services: &[&Service]) {
    let ports: Vec<PublishedPort> = services.iter().flat_map(|service| service.ports.clone()).collect();
    let taken: Vec<String> = ports.iter().filter(|port| is_taken(port)).map(shown_port).collect();
    let [first, others @ ..] = taken.as_slice() else { return };
    let shown = if others.is_empty() { format!("{first} is") } else { format!("{} are", taken.join(", ")) };
    let advice = match free_base(&ports) {
        Some(base) => format!("else `--base-port {base}` takes free ones"),
        None => "else `--base-port` takes others".to_owned(),
    };
    say(&format!("warning: {shown} taken already, by this stack if it is up; {advice}"));
}

/// `up` asks a registry for an image that is not here, and what it then says reads as if the network were down.
fn warn_of_images(missing: &[ImageName]) {
    let names: Vec<String> = missing.iter().map(|image| format!("`{image}`")).collect();
    let (images, them) = match names.as_slice() {
        [] => return,
        [name] => (format!("image {name}"), "it"),
        names => (format!("images {}", names.join(", ")), "them"),
    };
    say(&format!(
        "warning: this machine has no {images}; the use case's `build_and_tag.sh` makes {them}, else `up` asks a \
         registry for {them}"
    ));
}

fn is_taken(port: &PublishedPort) -> bool {
    let listening = TcpListener::bind((port.bind, port.host.get()));
    // An address that this machine does not have may be that of the machine that the stack is for.
    listening.is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse)
}

/// The next port from which on as many are free.
fn free_base(ports: &[PublishedPort]) -> Option<Port> {
    let (first, needed) = (ports.first()?, u16::try_from(ports.len()).ok()?);
    let start = first.host.get().checked_add(needed)?;
    let bases = start..start.saturating_add(SEARCHED).min(u16::MAX - needed);
    let is_free = |base: &u16| {
        let all = (*base..base + needed).filter_map(Port::new);
        all.into_iter().all(|host| !is_taken(&PublishedPort { host, ..*first }))
    };
    bases.into_iter().find(is_free).and_then(Port::new)
}

fn next(file: &ComposeFile, places: &Places, machine: &Machine, access: &StackAccess) {
    let project = project(&places.full_file());
    let named = project.as_ref().map(|project| format!("-p {} ", project.name)).unwrap_or_default();
    let tool = machine.tool.unwrap_or(TOOLS[0]);
    let compose = format!("{} {named}-f {}", tool.command, word(&places.file.display().to_string()));
    let down = tell(file, places, &compose, access);
    say(&format!("clean up: {compose} {down}"));
    if let Some(images) = made_images(file) {
        say(&format!("          {} image rm {images}", tool.engine));
    }
    if let Some(project) = project {
        say(&format!("          {}", project.why));
    }
    if machine.tool.is_none() {
        say(
            "no compose tool answers here, and `aieffect doctor` says how to get one; with Compose 1.29, write \
             `docker-compose` for `docker compose`",
        );
    }
}

/// Says how to start the stack and to see what it does. Gives back the command that ends it.
fn tell(file: &ComposeFile, places: &Places, compose: &str, access: &StackAccess) -> &'static str {
    let Some(orchestrator) = file.orchestrator() else {
        say(&format!("start:    {compose} up --detach"));
        say(&format!("logs:     {compose} logs --follow"));
        return "down";
    };
    // Without a name of its own a tool takes the image that is there, however old.
    let is_unnamed = matches!(&orchestrator.image, Image::Built(build) if build.name.is_none());
    let build = if is_unnamed { " --build" } else { "" };
    let (key, results) = (&orchestrator.key, places.results().join("results.json"));
    say(&format!("run:      {compose} up{build} --abort-on-container-exit --exit-code-from {key}"));
    say(&format!("          ends with the pipeline's exit code; results also in {}", results.display()));
    say("          AIEFFECT_INITIAL_DATA='{…}' before it gives initial data");
    if let Some(StackToken::Variable(name)) = &access.token {
        say(&format!("          the token is taken from {name} there"));
    }
    say(&format!("logs:     {compose} logs <service>"));
    if is_unnamed { "down --rmi local" } else { "down" }
}

/// The images that were made for this package, which no `down` takes away: those of its services, and of the
/// orchestrator where it is this program.
fn made_images(file: &ComposeFile) -> Option<String> {
    let orchestrator = file.orchestrator().and_then(|service| match &service.image {
        Image::Built(build) => build.name.as_ref(),
        Image::Named(_) => None,
    });
    let names: Vec<&str> = images(file).into_iter().chain(orchestrator).map(ImageName::as_str).collect();
    (!names.is_empty()).then(|| names.join(" "))
}
