//! Data given by hand for one run.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use aieffect_blueprint::{
    Code, Diagnostic, Document, Findings, Known, OperationId, Pipeline, Place, Reader, StepName,
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
    /// Fields that were meant by names that are nearly right, about which there are findings.
    pub(super) meant: Vec<String>,
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
        let starts = steps.iter().copied().filter(|id| !linked.contains(id));
        let knowing = by_field(protos, starts);
        let known = Known::new(knowing.keys().map(String::as_str));
        for (name, value, place) in &self.fields {
            for id in knowing.get(name).into_iter().flatten() {
                given.entry(*id).or_default().fields.push((name.clone(), value.clone(), place.clone()));
            }
            if !knowing.contains_key(name) {
                findings.push(unknown_field(name, place, &known));
                let meant = known.nearest(name).and_then(|near| Some((near, knowing.get(near)?)));
                for (near, id) in
                    meant.into_iter().flat_map(|(near, ids)| ids.iter().map(move |id| (near, id)))
                {
                    given.entry(*id).or_default().meant.push(near.to_owned());
                }
            }
        }
        let ids: HashMap<_, _> = steps.iter().map(|id| (pipeline.step_name(*id).to_string(), *id)).collect();
        let known = Known::new(ids.keys().map(String::as_str));
        for (name, fields, place) in &self.steps {
            let Some(id) = ids.get(&name.to_string()) else {
                findings.push(unknown_step(name, place, &known));
                continue;
            };
            let data = given.entry(*id).or_default();
            data.fields.retain(|(plain, _, _)| !fields.contains_key(plain));
            let own = fields.iter().map(|(field, value)| (field.clone(), value.clone(), place.clone()));
            data.fields.extend(own);
        }
        given
    }
}

/// Which of these steps have a field of each name.
fn by_field(
    protos: &ProtoSet,
    starts: impl Iterator<Item = OperationId>,
) -> BTreeMap<String, Vec<OperationId>> {
    let mut knowing: BTreeMap<String, Vec<OperationId>> = BTreeMap::new();
    for id in starts {
        for field in protos.operation(id).into_iter().flat_map(|bound| bound.input.fields()) {
            knowing.entry(field.name().to_owned()).or_default().push(id);
        }
    }
    knowing
}

fn unknown_field(name: &str, place: &Place, known: &Known<'_>) -> Diagnostic {
    Diagnostic::error(Code::BadInitialData, format!("no start step has a field `{name}`"))
        .at(place.key(name).key_label())
        .help_if(known.near_match(name, "fields of start steps"))
}

fn unknown_step(name: &StepName, place: &Place, known: &Known<'_>) -> Diagnostic {
    let name = name.to_string();
    Diagnostic::error(Code::UnknownStep, format!("there is no step `{name}`"))
        .at(place.key_label())
        .help_if(known.near_match(&name, "steps"))
}
