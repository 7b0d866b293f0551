//! Which images a use case needs, and how the compose file comes to each.

use aieffect_blueprint::{
    Code, ComposeService, Diagnostic, Findings, ImageBuild, Node, Pipeline, Placement, UseCase,
};
use serde::Serialize;

/// One image to be made.
#[derive(Debug, Serialize)]
pub(crate) struct Image {
    /// The service in the compose file.
    pub(crate) service: String,
    /// The name that the package gives the image.
    pub(crate) image: String,
    /// The Dockerfile, as seen from the use case; empty when only the compose tool can tell.
    pub(crate) dockerfile: String,
    /// How the image comes by its name.
    pub(crate) named: Named,
}

/// How an image comes by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Named {
    /// It is built under it.
    Built,
    /// It has a name already, or may have one from what it `extends`: only the compose tool knows, after variables.
    Asked,
}

/// The images of the nodes that have a service in the compose file. A node that shares another's address, or runs
/// elsewhere, needs none; for any other it is a finding.
pub(crate) fn images(use_case: &UseCase, pipeline: &Pipeline, findings: &mut Findings) -> Vec<Image> {
    if use_case.compose.services.is_empty() {
        findings.push(
            Diagnostic::error(
                Code::NoImageToBuild,
                "no compose file with services says how images are built",
            )
            .at(use_case.topology.place.label())
            .help(
                "add a `docker-compose.yml` with a service per folder, each with `build: services/<folder>`",
            ),
        );
        return Vec::new();
    }
    pipeline.nodes().iter().filter_map(|node| image(use_case, node, findings)).collect()
}

fn image(use_case: &UseCase, node: &Node, findings: &mut Findings) -> Option<Image> {
    let folder = use_case.services.iter().find(|service| service.folder == node.service)?;
    let Some(compose) = use_case.compose_service(folder) else {
        if node.placement == Placement::Started(node.service.clone()) {
            findings.push(nowhere(use_case, node));
        }
        return None;
    };
    let extends = has_key(compose, "extends");
    if compose.build.is_none() && compose.image.is_none() && !extends {
        findings.push(
            Diagnostic::error(
                Code::NoImageToBuild,
                format!("`{}` has neither `build` nor `image`", compose.name),
            )
            .at(compose.place.key_label())
            .help(format!("add `build: services/{}`, or the `image` that it is", folder.folder)),
        );
        return None;
    }
    let named = if extends || compose.image.is_some() { Named::Asked } else { Named::Built };
    let dockerfile = compose.build.as_ref().and_then(|build| dockerfile(compose, build)).unwrap_or_default();
    Some(Image { service: compose.name.to_string(), image: node.image.to_string(), dockerfile, named })
}

fn nowhere(use_case: &UseCase, node: &Node) -> Diagnostic {
    let document = use_case.compose.services.first().map(|service| service.place.document());
    let file = document.map_or("docker-compose.yml", |document| document.source().name());
    let message = format!("`services/{}` belongs to no service of `{file}`", node.service);
    Diagnostic::error(Code::NoImageToBuild, message)
        .at(node.place.label())
        .help(format!("add it to `{file}`, with `build: services/{}`", node.service))
}

/// Where the Dockerfile lies, when that can be told without a shell, the network, or what `extends` adds.
fn dockerfile(compose: &ComposeService, build: &ImageBuild) -> Option<String> {
    let inline = compose.place.document().value();
    let written = inline.get("services")?.get(compose.name.as_str())?.get("build")?;
    let is_remote = build.context.contains("://") || build.context.starts_with("git@");
    let is_open = build.context.contains('$') || build.dockerfile.contains('$');
    if is_remote || is_open || written.get("dockerfile_inline").is_some() || has_key(compose, "extends") {
        return None;
    }
    if build.dockerfile.starts_with('/') {
        return Some(build.dockerfile.clone());
    }
    let context = build.context.trim_end_matches('/');
    Some(match context {
        "" if build.context.starts_with('/') => format!("/{}", build.dockerfile),
        "" | "." => build.dockerfile.clone(),
        context => format!("{context}/{}", build.dockerfile),
    })
}

fn has_key(compose: &ComposeService, key: &str) -> bool {
    let services = compose.place.document().value().get("services");
    let entry = services.and_then(|services| services.get(compose.name.as_str()));
    entry.is_some_and(|entry| entry.get(key).is_some())
}
