//! Runs: `Runs`.

use std::sync::Arc;

use aieffect_api::v1;
use aieffect_blueprint::Mode;
use aieffect_orchestrator::plan::PlanOptions;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tonic::{Request, Response, Status};

use super::status::Problem;
use super::{Face, messages, page, pieces};
use crate::keys::Scope;
use crate::packages::Wanted;
use crate::runs::{self, Naming, ServiceKey};

const LONGEST_KEY: usize = 200;

#[tonic::async_trait]
impl v1::runs_server::Runs for Face {
    async fn start(
        &self,
        request: Request<v1::StartRunRequest>,
    ) -> Result<Response<v1::StartRunResponse>, Status> {
        let caller = self.admit(&request, Scope::Run)?;
        let mut request = request.into_inner();
        let service_key = service_key(&std::mem::take(&mut request.services_api_key));
        let (wanted, idempotency) = wanted(request)?;
        let caller = Arc::clone(caller.name());
        let request = runs::Request { wanted, caller, idempotency, service_key, naming: Naming::Run };
        let begun = self.runs.begin(request).await.map_err(Problem::from)?;
        let run = self.runs.view(begun.run.as_str()).await.map_err(Problem::from)?;
        Ok(Response::new(v1::StartRunResponse {
            run: Some(messages::run(run)),
            is_repeated: begun.is_repeated,
        }))
    }

    async fn get(&self, request: Request<v1::GetRunRequest>) -> Result<Response<v1::Run>, Status> {
        self.admit(&request, Scope::Read)?;
        let run = self.runs.view(&request.into_inner().run).await.map_err(Problem::from)?;
        Ok(Response::new(messages::run(run)))
    }

    async fn list(
        &self,
        request: Request<v1::ListRunsRequest>,
    ) -> Result<Response<v1::ListRunsResponse>, Status> {
        self.admit(&request, Scope::Read)?;
        let v1::ListRunsRequest { page_size, page_token, state } = request.into_inner();
        let state = v1::RunState::try_from(state)
            .map_err(|_| Problem::bad("`state` is none that a run can be in; see `RunState`"))?;
        let listed = self.runs.list_page(messages::wanted_state(state), &page(page_size, page_token)).await;
        let (runs, next) = listed.map_err(Problem::from)?;
        Ok(Response::new(v1::ListRunsResponse {
            runs: runs.into_iter().map(messages::run).collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }

    async fn cancel(
        &self,
        request: Request<v1::CancelRunRequest>,
    ) -> Result<Response<v1::CancelRunResponse>, Status> {
        self.admit(&request, Scope::Run)?;
        self.runs.cancel(&request.into_inner().run).await.map_err(Problem::from)?;
        Ok(Response::new(v1::CancelRunResponse {}))
    }

    async fn resume(
        &self,
        request: Request<v1::ResumeRunRequest>,
    ) -> Result<Response<v1::ResumeRunResponse>, Status> {
        self.admit(&request, Scope::Run)?;
        let v1::ResumeRunRequest { run, redo, services_api_key } = request.into_inner();
        self.runs.resume(&run, redo, service_key(&services_api_key)).await.map_err(Problem::from)?;
        Ok(Response::new(v1::ResumeRunResponse {}))
    }

    async fn delete(
        &self,
        request: Request<v1::DeleteRunRequest>,
    ) -> Result<Response<v1::DeleteRunResponse>, Status> {
        self.admit(&request, Scope::Admin)?;
        self.runs.forget(&request.into_inner().run).await.map_err(Problem::from)?;
        Ok(Response::new(v1::DeleteRunResponse {}))
    }

    type ResultsStream = BoxStream<'static, Result<v1::ResultsResponse, Status>>;

    async fn results(
        &self,
        request: Request<v1::ResultsRequest>,
    ) -> Result<Response<Self::ResultsStream>, Status> {
        self.admit(&request, Scope::Read)?;
        let results = self.runs.results(&request.into_inner().run).await.map_err(Problem::from)?;
        Ok(Response::new(pieces(Bytes::from(results), |json| v1::ResultsResponse { json })))
    }

    type StreamEventsStream = BoxStream<'static, Result<v1::RunEvent, Status>>;

    async fn stream_events(
        &self,
        request: Request<v1::StreamEventsRequest>,
    ) -> Result<Response<Self::StreamEventsStream>, Status> {
        self.admit(&request, Scope::Read)?;
        let v1::StreamEventsRequest { run, from } = request.into_inner();
        let following = self.runs.follow(&run, from).await.map_err(Problem::from)?;
        Ok(Response::new(follow(following)))
    }
}

fn wanted(request: v1::StartRunRequest) -> Result<(Wanted, Option<String>), Problem> {
    let mode = match v1::Mode::try_from(request.mode) {
        Ok(v1::Mode::Unspecified) => None,
        Ok(v1::Mode::Batch) => Some(Mode::Batch),
        Ok(v1::Mode::Live) => Some(Mode::Live),
        Err(_) => return Err(Problem::bad("`mode` is neither of the two that there are; see `Mode`")),
    };
    let key = request.idempotency_key;
    if key.len() > LONGEST_KEY || !key.is_ascii() {
        return Err(Problem::bad("`idempotency_key` is 1 to 200 characters of ASCII, or empty"));
    }
    let options = PlanOptions { mode, ..PlanOptions::default() };
    let wanted = Wanted { package: request.pipeline, initial_data: request.initial_data, options };
    Ok((wanted, Some(key).filter(|key| !key.is_empty())))
}

fn service_key(text: &str) -> Option<ServiceKey> {
    (!text.is_empty()).then(|| ServiceKey::new(text))
}

/// Ends after what goes wrong.
fn follow(following: runs::Following) -> BoxStream<'static, Result<v1::RunEvent, Status>> {
    let events = stream::unfold(Some(following), |following| async move {
        let mut following = following?;
        match following.next_event().await {
            Ok(event) => {
                event.map(|(position, entry)| (Ok(messages::event(position, &entry)), Some(following)))
            }
            Err(error) => Some((Err(Problem::from(error).into()), None)),
        }
    });
    events.boxed()
}
