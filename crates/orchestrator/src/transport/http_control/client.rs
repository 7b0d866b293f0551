//! Requests and their answers, over connections that are kept for a moment.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aieffect_blueprint::Address;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderValue, LOCATION, USER_AGENT};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::connection::Connection;
use crate::run::{Direction, Failure};
use crate::transport::grpc::{Access, MESSAGE_LIMIT, Trouble};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const OURSELVES: HeaderValue = HeaderValue::from_static(concat!("aieffect/", env!("CARGO_PKG_VERSION")));
/// Idle connections that are kept for one address.
const KEPT: usize = 64;

/// Makes requests.
#[derive(Debug, Default)]
pub(super) struct Client {
    access: Access,
    idle: Mutex<HashMap<Address, Vec<Connection>>>,
}

/// What a service answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// Where it would redirect to.
    pub(super) location: Option<String>,
    pub(super) body: Bytes,
}

/// How a request went wrong.
#[derive(Debug)]
pub(super) enum Broken {
    /// Nothing of it was sent.
    Unsent(String),
    /// It was, or may have been.
    Sent(String),
    /// The answer is over the limit.
    TooLarge,
}

impl Broken {
    pub(super) fn failure(self) -> Failure {
        match self {
            Self::Unsent(reason) => Failure::NeverReached { reason },
            Self::Sent(reason) => Failure::Lost { reason },
            Self::TooLarge => {
                Failure::TooLarge { direction: Direction::Response, limit: MESSAGE_LIMIT as u64, size: None }
            }
        }
    }
}

impl Client {
    pub(super) fn new(access: Access) -> Self {
        Self { access, idle: Mutex::default() }
    }

    pub(super) fn access(&self) -> &Access {
        &self.access
    }

    /// Makes a request; one with a body is a POST of JSON.
    pub(super) async fn request(
        &self,
        address: &Address,
        path: &str,
        headers: &HeaderMap,
        body: Option<Bytes>,
    ) -> Result<Answer, Broken> {
        let mut connection = match self.take(address) {
            Some(connection) => connection,
            None => self.connect(address).await?,
        };
        let request = build(&connection, path, headers, body, &self.access)
            .map_err(|error| Broken::Unsent(error.to_string()))?;
        let response = match connection.sender.try_send_request(request).await {
            Ok(response) => response,
            Err(mut error) => {
                // One that was kept had been closed before anything was written.
                let Some(request) = error.take_message() else { return Err(sent(&error.into_error())) };
                connection = self.connect(address).await?;
                let again = connection.sender.send_request(request).await;
                again.map_err(|error| sent(&error))?
            }
        };
        let answer = read(response).await?;
        self.keep(address, connection).await;
        Ok(answer)
    }

    async fn connect(&self, address: &Address) -> Result<Connection, Broken> {
        // Held until it is known whether the connection comes about.
        let _admission = self.access.admit(address).map_err(|refusal| Broken::Unsent(refusal.to_string()))?;
        Connection::make(address, &self.access).await.map_err(unsent)
    }

    fn take(&self, address: &Address) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let of_address = idle.get_mut(address)?;
        std::iter::from_fn(|| of_address.pop()).find(Connection::is_fresh)
    }

    async fn keep(&self, address: &Address, mut connection: Connection) {
        if connection.sender.ready().await.is_err() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let of_address = idle.entry(address.clone()).or_default();
        of_address.retain(Connection::is_fresh);
        if of_address.len() < KEPT {
            of_address.push(connection.rested());
        }
    }
}

fn build(
    connection: &Connection,
    path: &str,
    headers: &HeaderMap,
    body: Option<Bytes>,
    access: &Access,
) -> Result<Request<Full<Bytes>>, http::Error> {
    let method = if body.is_some() { Method::POST } else { Method::GET };
    let has_body = body.is_some();
    let mut request =
        Request::builder().method(method).uri(path).body(Full::new(body.unwrap_or_default()))?;
    let all = request.headers_mut();
    all.extend(headers.clone());
    all.insert(HOST, HeaderValue::from_str(connection.authority.as_str())?);
    all.insert(USER_AGENT, OURSELVES);
    all.insert(ACCEPT, JSON);
    if has_body {
        all.insert(CONTENT_TYPE, JSON);
    }
    access.authorize(all);
    Ok(request)
}

async fn read(response: http::Response<Incoming>) -> Result<Answer, Broken> {
    let (parts, body) = response.into_parts();
    let location =
        parts.headers.get(LOCATION).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let collected = Limited::new(body, MESSAGE_LIMIT).collect().await.map_err(|error| match error
        .downcast_ref::<LengthLimitError>(
    ) {
        Some(_) => Broken::TooLarge,
        None => Broken::Sent(innermost(&*error)),
    })?;
    Ok(Answer { status: parts.status, location, body: collected.to_bytes() })
}

fn unsent(trouble: Trouble) -> Broken {
    match trouble {
        Trouble::Lasting(reason) | Trouble::Passing(reason) => Broken::Unsent(reason),
    }
}

fn sent(error: &hyper::Error) -> Broken {
    match error.is_canceled() {
        true => Broken::Unsent(innermost(error)),
        false => Broken::Sent(innermost(error)),
    }
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((what, _)) => what.to_lowercase(),
        None => text,
    }
}

/// Whether something at the address answers a request in HTTP/1.1, whatever it answers.
pub(crate) async fn try_once(address: &Address, access: &Access) -> Result<(), Trouble> {
    let mut connection = Connection::make(address, access).await?;
    let request = build(&connection, "/health", &HeaderMap::new(), None, access)
        .map_err(|error| Trouble::Lasting(error.to_string()))?;
    match connection.sender.send_request(request).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_parse() => {
            Err(Trouble::Passing("what answers there does not speak HTTP/1.1".to_owned()))
        }
        Err(error) => Err(Trouble::Passing(innermost(&error))),
    }
}
