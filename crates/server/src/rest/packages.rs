//! Packages: `/pipelines`.

use aieffect_blueprint::PackageFiles;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::documents::{Answer, NodeJson, PackageBody, PackageJson, Path, Query, media_type, parsed};
use super::problem::{self, OTHER_MEDIA_TYPE, Problem};
use super::{Admin, Reader, Receiving, Runner};
use crate::packages::{self, Refusal};
use crate::runs::{Page, Runs};

/// Takes a zip, or documents as JSON.
pub(super) async fn put(
    _: Runner,
    // Before the body is read, and until it has been taken.
    _receiving: Receiving,
    State(runs): State<Runs>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = body?;
    let files = match media_type(&headers).as_str() {
        "application/json" => Some(files(&body)?),
        "application/zip" | "application/x-zip-compressed" | "application/octet-stream" => None,
        _ => {
            let detail = "a package is an application/zip, or its documents as application/json";
            return Err(Problem::new(OTHER_MEDIA_TYPE, detail));
        }
    };
    let taken = runs.with_packages(move |packages| match &files {
        Some(files) => packages.put_files(files),
        None => packages.put_zip(&body),
    });
    let (package, found) = taken.await?;
    let place = format!("/api/v1/pipelines/{}", package.digest);
    let mut answer = json!(PackageJson::from(package));
    answer["findings"] = problem::findings(&found).into();
    Ok((StatusCode::CREATED, [(LOCATION, place)], Answer(answer)).into_response())
}

fn files(body: &[u8]) -> Result<PackageFiles, Problem> {
    let body: PackageBody = parsed(body)?;
    let documents = [
        ("blueprint.json", Some(body.blueprint)),
        ("dockerinfo.json", Some(body.dockerinfo)),
        ("execution.json", body.execution),
    ];
    let documents = documents.into_iter().filter_map(|(name, document)| Some((name, document?.to_string())));
    packages::files(documents, body.protos).map_err(|error| Problem::bad(error.to_string()))
}

/// The latest first.
pub(super) async fn list(
    _: Reader,
    State(runs): State<Runs>,
    mut query: Query,
) -> Result<Answer<Value>, Problem> {
    let token = query.take("page_token");
    let size = query.number("page_size")?.map(|size| usize::try_from(size).unwrap_or(usize::MAX));
    query.finish()?;
    let (page, next) = runs.list_packages(Page { size, token }).await?;
    let page: Vec<PackageJson> = page.into_iter().map(PackageJson::from).collect();
    Ok(Answer(json!({ "pipelines": page, "next_page_token": next })))
}

pub(super) async fn get(
    _: Reader,
    State(runs): State<Runs>,
    Path(digest): Path<String>,
) -> Result<Answer<PackageJson>, Problem> {
    let wanted = digest.clone();
    let package = runs.with_packages(move |packages| packages.get(&wanted)).await?;
    Ok(Answer(package.ok_or(Refusal::Unknown { digest })?.into()))
}

pub(super) async fn zip(
    _: Reader,
    State(runs): State<Runs>,
    Path(digest): Path<String>,
) -> Result<Response, Problem> {
    let wanted = digest.clone();
    let zip = runs.with_packages(move |packages| packages.zip(&wanted)).await?;
    let zip = zip.ok_or(Refusal::Unknown { digest })?;
    Ok(([(CONTENT_TYPE, "application/zip")], zip).into_response())
}

/// How its nodes are, asked now.
pub(super) async fn nodes(
    _: Reader,
    State(runs): State<Runs>,
    Path(digest): Path<String>,
) -> Result<Answer<Value>, Problem> {
    let nodes = runs.health(&digest).await?.into_iter().map(NodeJson::from);
    Ok(Answer(json!({ "nodes": nodes.collect::<Vec<_>>() })))
}

pub(super) async fn remove(
    _: Admin,
    State(runs): State<Runs>,
    Path(digest): Path<String>,
) -> Result<StatusCode, Problem> {
    runs.remove_package(&digest).await?;
    Ok(StatusCode::NO_CONTENT)
}
