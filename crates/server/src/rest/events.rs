//! A run's events: those so far as JSON, or as they happen by server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use aieffect_orchestrator::ports::Entry;
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use http::HeaderMap;
use http::header::ACCEPT;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::Reader;
use super::documents::{Answer, Query};
use super::problem::Problem;
use crate::runs::Runs;
use crate::time;

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
    let accepts = headers.get(ACCEPT).and_then(|kinds| kinds.to_str().ok()).unwrap_or_default();
    if !accepts.contains("text/event-stream") {
        let events = runs.events(&run, wanted.unwrap_or(0)).await?;
        let events: Vec<Value> = events.iter().map(|(position, entry)| shown(*position, entry)).collect();
        return Ok(Answer(json!({ "events": events })).into_response());
    }
    let last = headers.get("last-event-id").map(|id| id.to_str().ok().and_then(|id| id.parse::<u64>().ok()));
    let after_last = match last {
        None => None,
        Some(Some(id)) => Some(id.saturating_add(1)),
        Some(None) => return Err(Problem::bad("`Last-Event-ID` is the number of the last event that came")),
    };
    // That the run is there is said before the first event.
    let news = runs.news(&run).await?;
    let from = after_last.or(wanted).unwrap_or(0);
    let events = follow(Following { runs, run, next: from, news, read: VecDeque::new(), is_last: false });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

/// A reader, at its own speed: what has not been read is in the store.
struct Following {
    runs: Runs,
    run: String,
    next: u64,
    /// Gone once nobody works on the run.
    news: Option<watch::Receiver<u64>>,
    read: VecDeque<(u64, Entry)>,
    /// Whether what is read now is all there will be.
    is_last: bool,
}

fn follow(following: Following) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(following, |mut following| async move {
        let (position, entry) = following.next_event().await?;
        let event = Event::default().id(position.to_string()).data(shown(position, &entry).to_string());
        Some((Ok(event), following))
    })
}

impl Following {
    /// The next event; `None` once there are no more, or they cannot be read.
    async fn next_event(&mut self) -> Option<(u64, Entry)> {
        loop {
            if let Some(event) = self.read.pop_front() {
                self.next = event.0 + 1;
                return Some(event);
            }
            if self.is_last {
                return None;
            }
            // What happens from here on is news.
            if let Some(news) = &mut self.news {
                news.mark_unchanged();
            }
            self.read = self.runs.events(&self.run, self.next).await.ok()?.into();
            if !self.read.is_empty() {
                continue;
            }
            match &mut self.news {
                None => return None,
                Some(news) => {
                    if news.changed().await.is_err() {
                        self.news = None;
                        self.is_last = true;
                        self.read = self.runs.events(&self.run, self.next).await.ok()?.into();
                    }
                }
            }
        }
    }
}

fn shown(position: u64, entry: &Entry) -> Value {
    let mut event = serde_json::to_value(&entry.event).unwrap_or_default();
    if let Value::Object(fields) = &mut event {
        fields.insert("position".to_owned(), position.into());
        fields.insert("at".to_owned(), time::shown(entry.at).into());
    }
    event
}
