//! The files of a new use case.

use std::collections::BTreeMap;

use handlebars::Handlebars;
use serde::Serialize;

use crate::service::Service;
use crate::{Chain, Template, UseCaseName};

/// Texts of files by their paths below the use case's folder, with `/` between.
pub type Files = BTreeMap<String, String>;

/// What belongs to the whole use case: a path, and the template's text.
const SHARED: [(&str, &str); 3] = [
    ("README.md", include_str!("../templates/README.md.hbs")),
    (".gitignore", include_str!("../templates/gitignore.hbs")),
    ("connections.json", include_str!("../templates/connections.json.hbs")),
];
const PYTHON: [(&str, &str); 1] =
    [("docker-compose.yml", include_str!("../templates/python/docker-compose.yml.hbs"))];
const RUST: [(&str, &str); 4] = [
    ("docker-compose.yml", include_str!("../templates/rust/docker-compose.yml.hbs")),
    ("Dockerfile", include_str!("../templates/rust/Dockerfile.hbs")),
    (".dockerignore", include_str!("../templates/rust/dockerignore.hbs")),
    ("Cargo.toml", include_str!("../templates/rust/Cargo.toml.hbs")),
];

/// What each service has: a path below its folder, and the template's text. The proto is named after the service.
const PROTO: &str = include_str!("../templates/service.proto.hbs");
const PYTHON_SERVICE: [(&str, &str); 3] = [
    ("server.py", include_str!("../templates/python/server.py.hbs")),
    ("requirements.txt", include_str!("../templates/python/requirements.txt.hbs")),
    ("Dockerfile", include_str!("../templates/python/Dockerfile.hbs")),
];
const RUST_SERVICE: [(&str, &str); 3] = [
    ("src/main.rs", include_str!("../templates/rust/main.rs.hbs")),
    ("build.rs", include_str!("../templates/rust/build.rs.hbs")),
    ("Cargo.toml", include_str!("../templates/rust/service.Cargo.toml.hbs")),
];

/// What the templates of the whole use case can name.
#[derive(Serialize)]
struct Whole<'a> {
    name: &'a str,
    title: String,
    language: &'static str,
    is_python: bool,
    is_single: bool,
    count: usize,
    first: &'a Service,
    services: &'a [Service],
    links: Vec<Link<'a>>,
}

#[derive(Serialize)]
struct Link<'a> {
    from: &'a Service,
    to: &'a Service,
}

/// The files of a use case whose services stand in a chain; `data/` is made by a file that keeps it.
///
/// # Errors
///
/// A template that does not fit its values, which the tests rule out.
pub fn use_case(
    name: &UseCaseName,
    template: Template,
    chain: &Chain,
) -> Result<Files, handlebars::RenderError> {
    let services = chain.0.as_slice();
    let Some(first) = services.first() else { return Ok(Files::new()) };
    let whole = Whole {
        name: name.as_str(),
        title: name.title(),
        language: match template {
            Template::Python => "Python",
            Template::Rust => "Rust",
        },
        is_python: template == Template::Python,
        is_single: services.len() == 1,
        count: services.len(),
        first,
        services,
        links: services
            .windows(2)
            .filter_map(|pair| Some(Link { from: pair.first()?, to: pair.get(1)? }))
            .collect(),
    };
    let (own, of_service): (&[_], &[_]) = match template {
        Template::Python => (&PYTHON, &PYTHON_SERVICE),
        Template::Rust => (&RUST, &RUST_SERVICE),
    };
    let renderer = renderer();
    let mut files = Files::from([("data/.gitkeep".to_owned(), String::new())]);
    for (path, text) in SHARED.iter().chain(own) {
        files.insert((*path).to_owned(), renderer.render_template(text, &whole)?);
    }
    for service in services {
        let folder = format!("services/{}", service.folder);
        let proto = format!("{folder}/proto/{}.proto", service.folder);
        files.insert(proto, renderer.render_template(PROTO, service)?);
        for (path, text) in of_service {
            files.insert(format!("{folder}/{path}"), renderer.render_template(text, service)?);
        }
    }
    Ok(files)
}

/// Values are put in as they are, since names are checked before; a name that is missing is an error.
fn renderer() -> Handlebars<'static> {
    let mut renderer = Handlebars::new();
    renderer.register_escape_fn(handlebars::no_escape);
    renderer.set_strict_mode(true);
    renderer
}

#[cfg(test)]
mod tests;
