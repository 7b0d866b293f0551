//! Runs: `/runs`.

use std::sync::Arc;

use aieffect_blueprint::Mode;
use aieffect_orchestrator::plan::PlanOptions;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::documents::{Answer, Json, JsonOrNothing, ModeWord, Path, Query, ResumeBody, RunBody, RunJson};
use super::problem::Problem;
use super::{Admin, Reader, Runner};
use crate::packages::Wanted;
use crate::runs::{Naming, Page, Request, Runs, ServiceKey, State as RunState};

const LONGEST_KEY: usize = 200;

pub(super) async fn begin(
    Runner(caller): Runner,
    State(runs): State<Runs>,
    headers: HeaderMap,
    Json(body): Json<RunBody>,
) -> Result<Response, Problem> {
    let idempotency = headers.get("idempotency-key").map(|key| key.to_str().unwrap_or_default().to_owned());
    if idempotency.as_ref().is_some_and(|key| key.is_empty() || key.len() > LONGEST_KEY) {
        return Err(Problem::bad("`Idempotency-Key` is 1 to 200 characters of ASCII"));
    }
    let mode = body.mode.map(|mode| match mode {
        ModeWord::Batch => Mode::Batch,
        ModeWord::Live => Mode::Live,
    });
    let wanted = Wanted {
        package: body.pipeline,
        initial_data: body
            .initial_data
            .filter(|data| !data.is_null())
            .map_or_else(String::new, |data| data.to_string()),
        options: PlanOptions { mode, ..PlanOptions::default() },
    };
    let request = Request {
        wanted,
        caller: Arc::clone(caller.name()),
        idempotency,
        service_key: body.services_api_key.as_deref().map(ServiceKey::new),
        naming: Naming::Run,
    };
    let begun = runs.begin(request).await?;
    let run = RunJson::from(runs.view(begun.run.as_str()).await?);
    let place = format!("/api/v1/runs/{}", begun.run);
    let status = if begun.is_repeated { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, [(LOCATION, place)], Answer(run)).into_response())
}

/// The latest first.
pub(super) async fn list(
    _: Reader,
    State(runs): State<Runs>,
    mut query: Query,
) -> Result<Answer<Value>, Problem> {
    let (state, token) = (query.take("state"), query.take("page_token"));
    let size = query.number("page_size")?.map(|size| usize::try_from(size).unwrap_or(usize::MAX));
    query.finish()?;
    let wanted = state.as_deref().map(|word| {
        let found = RunState::ALL.into_iter().find(|state| state.as_str() == word);
        found.ok_or_else(|| {
            let known = RunState::ALL.map(RunState::as_str).join(", ");
            Problem::bad(format!("`{word}` is no state of a run; there are {known}"))
        })
    });
    let wanted = wanted.transpose()?;
    let (page, next) = runs.list_page(wanted, &Page { size, token }).await?;
    let page: Vec<RunJson> = page.into_iter().map(RunJson::from).collect();
    Ok(Answer(json!({ "runs": page, "next_page_token": next })))
}

pub(super) async fn get(
    _: Reader,
    State(runs): State<Runs>,
    Path(run): Path<String>,
) -> Result<Answer<RunJson>, Problem> {
    Ok(Answer(runs.view(&run).await?.into()))
}

pub(super) async fn cancel(
    _: Runner,
    State(runs): State<Runs>,
    Path(run): Path<String>,
) -> Result<StatusCode, Problem> {
    runs.cancel(&run).await?;
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn resume(
    _: Runner,
    State(runs): State<Runs>,
    Path(run): Path<String>,
    JsonOrNothing(body): JsonOrNothing<ResumeBody>,
) -> Result<StatusCode, Problem> {
    let service_key = body.services_api_key.as_deref().map(ServiceKey::new);
    runs.resume(&run, body.redo, service_key).await?;
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn forget(
    _: Admin,
    State(runs): State<Runs>,
    Path(run): Path<String>,
) -> Result<StatusCode, Problem> {
    runs.forget(&run).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn results(
    _: Reader,
    State(runs): State<Runs>,
    Path(run): Path<String>,
) -> Result<Response, Problem> {
    let results = runs.results(&run).await?;
    Ok(([(CONTENT_TYPE, "application/json")], results).into_response())
}
