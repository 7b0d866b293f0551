//! A run's events: those so far as JSON, or as they happen by server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use http::header::ACCEPT;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::Reader;
use super::documents::{Answer, Path, Query};
use super::problem::Problem;
use crate::events::shown;
use crate::runs::{Following, Runs};

/// A connection without events is kept alive by a comment this often.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) async fn get(
    _: Reader,
    State(runs): State<Runs>,
    Path(run): Path<String>,
    mut query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // The position of the first one that is wanted.
    let wanted = query.number("from")?;
    query.finish()?;
    let last = headers.get("last-event-id").map(|id| id.to_str().ok().and_then(|id| id.parse::<u64>().ok()));
    let after_last = match last {
        None => None,
        Some(Some(id)) => Some(id.saturating_add(1)),
        Some(None) => return Err(Problem::bad("`Last-Event-ID` is the number of the last event that came")),
    };
    let accepts = headers.get(ACCEPT).and_then(|kinds| kinds.to_str().ok()).unwrap_or_default();
    if !accepts.contains("text/event-stream") {
        let events = runs.events(&run, wanted.unwrap_or(0)).await?;
        let events: Vec<Value> = events.iter().map(|(position, entry)| shown(*position, entry)).collect();
        return Ok(Answer(json!({ "events": events })).into_response());
    }
    // That the run is there is said before the first event.
    let mut following = runs.follow(&run, after_last.or(wanted).unwrap_or(0)).await?;
    if following.is_over().await? {
        // Whoever came again for more need not come once more.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let events = follow(following);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

/// Ends too when the events cannot be read, or the server stops: whoever wants more comes again.
fn follow(following: Following) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(following, |mut following| async move {
        let (position, entry) = following.next_event().await.ok()??;
        let event = Event::default().id(position.to_string()).data(shown(position, &entry).to_string());
        Some((Ok(event), following))
    })
}
