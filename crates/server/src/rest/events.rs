//! A run's events: those so far as JSON, or as they happen by server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use aieffect_orchestrator::ports::Entry;
use axum::body::Body;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};

use super::Reader;
use super::documents::{Path, Query};
use super::problem::Problem;
use crate::events::shown;
use crate::runs::{Error, Following, Runs};

/// A connection without events is kept alive by a comment this often.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Events that are read together.
const PART: usize = 500;

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
        // That they can be read at all is known before anything is answered.
        let first = runs.next_events(&run, wanted.unwrap_or(0), PART).await?;
        return Ok(([(CONTENT_TYPE, "application/json")], so_far(runs, run, first)).into_response());
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

/// One document, which is never whole in memory. When a part cannot be read, the connection breaks off.
fn so_far(runs: Runs, run: String, first: Vec<(u64, Entry)>) -> Body {
    let parts = stream::try_unfold((Some(first), r#"{"events":["#), move |(part, before)| {
        let (runs, run) = (runs.clone(), run.clone());
        async move {
            let Some(part) = part else { return Ok::<_, Error>(None) };
            let mut text = String::new();
            let mut before = before;
            for (position, entry) in &part {
                text.push_str(before);
                text.push_str(&shown(*position, entry).to_string());
                before = ",";
            }
            let next = match part.last() {
                Some((last, _)) if part.len() == PART => {
                    Some(runs.next_events(&run, last.saturating_add(1), PART).await?)
                }
                _ => {
                    text.push_str(if before == "," { "]}" } else { r#"{"events":[]}"# });
                    None
                }
            };
            Ok(Some((text, (next, before))))
        }
    });
    Body::from_stream(parts)
}

/// Ends too when the events cannot be read, or the server stops: whoever wants more comes again.
fn follow(following: Following) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(following, |mut following| async move {
        let (position, entry) = following.next_event().await.ok()??;
        let event = Event::default().id(position.to_string()).data(shown(position, &entry).to_string());
        Some((Ok(event), following))
    })
}
