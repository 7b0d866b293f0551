//! Data given by hand for one run.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use aieffect_blueprint::{
    Code, Diagnostic, Document, Findings, OperationId, Pipeline, Place, Reader, StepName, near_match,
};
use aieffect_contract::ProtoSet;
use serde_json::{Map, Value};

/// Plain keys are fields, given to every start step that knows them; keys `node:operation` name a step.
#[derive(Debug, Clone, Default)]
pub struct InitialData {
    fields: Vec<(String, Value, Place)>,
    steps: Vec<(StepName, Map<String, Value>, Place)>,
}

/// What one step is given: fields, each with the object that it was written in.
#[derive(Debug, Clone, Default)]
pub(super) struct StepData {
    pub(super) fields: Vec<(String, Value, Place)>,
}

impl InitialData {
    /// Reads the data: a JSON object.
    pub fn read(document: &Arc<Document>, findings: &mut Findings) -> Self {
        let mut data = Self::default();
        let root = Reader::root(document);
        for (key, value) in root.entries(findings) {
            if !key.contains(':') {
                data.fields.push((key.to_owned(), value.value().clone(), root.place()));
                continue;
            }
            let step = match key.parse() {
                Ok(step) => step,
                Err(error) => {
                    let error: aieffect_blueprint::NameError = error;
                    findings.push(
                        Diagnostic::error(Code::BadInitialData, error.to_string())
                            .at(value.place().key_label()),
                    );
                    continue;
                }
            };
            if value.value().is_array() {
                let message = format!("`{key}` is given an array, but takes one request");
                findings.push(
                    Diagnostic::error(Code::BadInitialData, message)
                        .at(value.place().label())
                        .help("give it an object with the request's fields"),
                );
            } else if let Some(fields) = value.object(findings) {
                data.steps.push((step, fields.clone(), value.place()));
            }
        }
        data
    }

    /// The steps that it names.
    pub(super) fn steps(&self) -> HashSet<&StepName> {
        self.steps.iter().map(|(step, _, _)| step).collect()
    }

    /// What each step is given. What no step knows is a finding.
    pub(super) fn distribute(
        &self,
        pipeline: &Pipeline,
        protos: &ProtoSet,
        steps: &[OperationId],
        findings: &mut Findings,
    ) -> BTreeMap<OperationId, StepData> {
        let mut given: BTreeMap<OperationId, StepData> = BTreeMap::new();
        if self.fields.is_empty() && self.steps.is_empty() {
            return given;
        }
        let linked: HashSet<_> = pipeline.links().iter().map(|link| link.to).collect();
        let starts: Vec<_> = steps.iter().copied().filter(|id| !linked.contains(id)).collect();
        for (name, value, place) in &self.fields {
            let knows = |id: &&OperationId| {
                protos.operation(**id).is_some_and(|bound| bound.input.get_field_by_name(name).is_some())
            };
            let mut knowing = starts.iter().filter(knows).peekable();
            if knowing.peek().is_none() {
                findings.push(unknown_field(name, place, protos, &starts));
            }
            for id in knowing {
                given.entry(*id).or_default().fields.push((name.clone(), value.clone(), place.clone()));
            }
        }
        let ids: HashMap<_, _> = steps.iter().map(|id| (pipeline.step_name(*id), *id)).collect();
        for (name, fields, place) in &self.steps {
            let Some(id) = ids.get(name) else {
                findings.push(unknown_step(name, place, &ids));
                continue;
            };
            let data = given.entry(*id).or_default();
            for (field, value) in fields {
                data.fields.retain(|(other, _, _)| other != field);
                data.fields.push((field.clone(), value.clone(), place.clone()));
            }
        }
        given
    }
}

fn unknown_field(name: &str, place: &Place, protos: &ProtoSet, starts: &[OperationId]) -> Diagnostic {
    let bound = starts.iter().filter_map(|id| protos.operation(*id));
    let known: BTreeSet<String> = bound
        .flat_map(|bound| bound.input.fields().map(|field| field.name().to_owned()).collect::<Vec<_>>())
        .collect();
    Diagnostic::error(Code::BadInitialData, format!("no start step has a field `{name}`"))
        .at(place.key(name).key_label())
        .help_if(near_match(name, "fields of start steps", known.iter().map(String::as_str)))
}

fn unknown_step(name: &StepName, place: &Place, ids: &HashMap<StepName, OperationId>) -> Diagnostic {
    let known: Vec<_> = ids.keys().map(StepName::to_string).collect();
    Diagnostic::error(Code::UnknownStep, format!("there is no step `{name}`"))
        .at(place.key_label())
        .help_if(near_match(&name.to_string(), "steps", known.iter().map(String::as_str)))
}
