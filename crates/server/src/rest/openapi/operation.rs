//! One operation: [`Operation`].

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::Callers;
use crate::keys::Scope;
use crate::kind::Kind;
use crate::rest::problem::Told;

/// An operation that is being described.
pub(super) struct Operation {
    fields: Map<String, Value>,
    parameters: Vec<Value>,
    responses: BTreeMap<u16, Value>,
    problems: BTreeMap<u16, Vec<&'static str>>,
    scope: Option<Scope>,
}

impl Operation {
    /// Under a name for generated clients.
    pub(super) fn new(tag: &str, id: &str, summary: &str) -> Self {
        let mut fields = Map::new();
        fields.insert("tags".to_owned(), json!([tag]));
        fields.insert("operationId".to_owned(), id.into());
        fields.insert("summary".to_owned(), summary.into());
        Self {
            fields,
            parameters: Vec::new(),
            responses: BTreeMap::new(),
            problems: BTreeMap::new(),
            scope: None,
        }
    }

    pub(super) fn about(mut self, text: &str) -> Self {
        self.fields.insert("description".to_owned(), text.into());
        self
    }

    /// Wants a key for that, where there are keys, and the store.
    pub(super) fn for_scope(self, scope: Scope) -> Self {
        let told = [Kind::Forbidden, Kind::Store, Kind::Stopping];
        Self { scope: Some(scope), ..self.fails(told) }
    }

    /// The same, without what the native API tells problems with.
    pub(super) fn for_scope_told_otherwise(self, scope: Scope) -> Self {
        Self { scope: Some(scope), ..self }
    }

    pub(super) fn path(self, name: &str, schema: &Value, about: &str) -> Self {
        let parameter =
            json!({"name": name, "in": "path", "required": true, "schema": schema, "description": about});
        self.parameter(parameter)
    }

    pub(super) fn query(self, name: &str, schema: &Value, about: &str) -> Self {
        self.parameter(json!({"name": name, "in": "query", "schema": schema, "description": about}))
    }

    pub(super) fn header(self, name: &str, schema: &Value, about: &str) -> Self {
        self.parameter(json!({"name": name, "in": "header", "schema": schema, "description": about}))
    }

    fn parameter(mut self, parameter: Value) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// A body, by its media types.
    pub(super) fn takes(mut self, body: &Value) -> Self {
        self.fields.insert("requestBody".to_owned(), body.clone());
        self
    }

    /// A response, by its media types; without any it has no body.
    pub(super) fn answers(mut self, status: u16, about: &str, content: &Value) -> Self {
        let mut response = json!({ "description": about });
        if !content.is_null() {
            response["content"] = content.clone();
        }
        self.responses.insert(status, response);
        self
    }

    /// The response of that status says where what it is about is.
    pub(super) fn says_where(mut self, status: u16) -> Self {
        if let Some(response) = self.responses.get_mut(&status) {
            let location =
                json!({"description": "Where it is", "required": true, "schema": {"type": "string"}});
            response["headers"] = json!({ "Location": location });
        }
        self
    }

    /// What may be wrong.
    pub(super) fn fails<T: Into<Told>>(mut self, problems: impl IntoIterator<Item = T>) -> Self {
        for Told { status, code } in problems.into_iter().map(Into::into) {
            let codes = self.problems.entry(status.as_u16()).or_default();
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        self
    }

    pub(super) fn written(mut self, callers: Callers) -> Value {
        if let Some(scope) = self.scope.filter(|_| callers == Callers::Known) {
            let about = self.fields.get("description").and_then(Value::as_str).unwrap_or_default();
            let about = format!("{about} Wants a key that is good for `{}`.", scope.as_str());
            self.fields.insert("description".to_owned(), about.trim_start().into());
            self.fields.insert("security".to_owned(), json!([{"bearer": []}]));
            if !self.problems.is_empty() {
                self = self.fails([Kind::Unauthorized]);
            }
        }
        if callers == Callers::Anybody {
            self.responses.remove(&StatusCode::UNAUTHORIZED.as_u16());
        }
        let mut written = self.fields;
        if !self.parameters.is_empty() {
            written.insert("parameters".to_owned(), self.parameters.into());
        }
        let problems = self.problems.into_iter().map(|(status, codes)| (status, problem(status, &codes)));
        let responses = self.responses.into_iter().chain(problems).collect::<BTreeMap<_, _>>();
        let responses: Map<String, Value> =
            responses.into_iter().map(|(status, response)| (status.to_string(), response)).collect();
        written.insert("responses".to_owned(), responses.into());
        written.into()
    }
}

/// The response of a status, with its codes.
fn problem(status: u16, codes: &[&'static str]) -> Value {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let said: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
    let schema = json!({
        "$ref": "#/components/schemas/Problem",
        "properties": {"status": {"const": status}, "code": {"enum": codes}},
    });
    let mut response = json!({
        "description": format!("{}: {}", reason.unwrap_or("Problem"), said.join(", ")),
        "content": {"application/problem+json": {"schema": schema}},
    });
    let header =
        |about: &str, schema: Value| json!({"description": about, "required": true, "schema": schema});
    match status {
        401 => {
            response["headers"] = json!({"WWW-Authenticate": header("`Bearer`", json!({"const": "Bearer"}))});
        }
        429 | 503 => {
            let seconds = header("Seconds to wait", json!({"type": "integer", "minimum": 1}));
            response["headers"] = json!({"Retry-After": seconds});
        }
        _ => {}
    }
    response
}

/// JSON of one of the schemas, with an example.
pub(super) fn json_of(schema: &str, example: &Value) -> Value {
    json!({"application/json": {"schema": referred(schema), "example": example}})
}

/// One of the schemas.
pub(super) fn referred(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}
