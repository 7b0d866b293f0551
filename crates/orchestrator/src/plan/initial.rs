//! Data given by hand for one run.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use aieffect_blueprint::{
    Code, Diagnostic, Document, Findings, Known, OperationId, Place, Reader, StepName, TransportKind,
};
use serde_json::{Map, Value};

use super::graph::Graph;

/// Plain keys are fields, given to every start step that knows them; keys `node:operation` name a step. An array has
/// data references, given to every start step that is controlled over HTTP.
#[derive(Debug, Clone, Default)]
pub struct InitialData {
    fields: Vec<Field>,
    steps: Vec<(StepName, Given, Place)>,
    references: Option<(Given, Place)>,
}

/// A field's name and value, and the object that it was written in.
pub(super) type Field = (String, Value, Place);

/// What a step is given by its name.
#[derive(Debug, Clone)]
enum Given {
    One(Map<String, Value>),
    /// The messages of a stream.
    Listed(Vec<(Map<String, Value>, Place)>),
}

/// What one step is given.
#[derive(Debug, Clone, Default)]
pub(super) struct StepData {
    pub(super) fields: Vec<Field>,
    /// The fields of each message of a stream, when it is given one, beside those that all have.
    pub(super) listed: Option<Vec<Vec<Field>>>,
    /// Fields that were meant by names that are nearly right, about which there are findings.
    pub(super) meant: Vec<String>,
}

impl InitialData {
    /// Reads the data: a JSON object, or an array.
    pub fn read(document: &Arc<Document>, findings: &mut Findings) -> Self {
        let mut data = Self::default();
        let root = Reader::root(document);
        if root.value().is_array() {
            data.references = Given::read(&root, findings).map(|given| (given, root.place()));
            return data;
        }
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
            if let Some(given) = Given::read(&value, findings) {
                data.steps.push((step, given, value.place()));
            }
        }
        data
    }

    /// The steps that it names.
    pub(super) fn steps(&self) -> HashSet<&StepName> {
        self.steps.iter().map(|(step, _, _)| step).collect()
    }

    /// What each of the steps at these positions is given. What no step knows is a finding.
    pub(super) fn distribute(
        &self,
        graph: &Graph<'_>,
        order: &[usize],
        findings: &mut Findings,
    ) -> BTreeMap<OperationId, StepData> {
        let mut given: BTreeMap<OperationId, StepData> = BTreeMap::new();
        if self.fields.is_empty() && self.steps.is_empty() && self.references.is_none() {
            return given;
        }
        let led_to = graph.is_led_to();
        self.distribute_fields(
            graph,
            order.iter().copied().filter(|step| !led_to[*step]),
            &mut given,
            findings,
        );
        if let Some((references, place)) = &self.references {
            let starts: Vec<usize> = order.iter().copied().filter(|step| !led_to[*step]).collect();
            let controlled = controlled_starts(graph, &starts);
            if controlled.is_empty() {
                findings.push(no_taker(place));
            }
            controlled.into_iter().for_each(|id| given.entry(id).or_default().add(references, place));
        }
        let steps: HashMap<_, _> = order.iter().map(|step| (graph.name(*step).to_string(), *step)).collect();
        let known = Known::new(steps.keys().map(String::as_str));
        for (name, what, place) in &self.steps {
            let Some(step) = steps.get(&name.to_string()).copied() else {
                findings.push(match graph.pipeline.find(name) {
                    Some(_) => uncalled_step(name, place),
                    None => unknown_step(name, place, &known),
                });
                continue;
            };
            let refused = match what {
                Given::Listed(_) if graph.is_controlled(step) => None,
                Given::Listed(_) if !graph.takes_stream(step) => Some(takes_one_request(name)),
                Given::Listed(_) if led_to[step] => Some(takes_from_links(name)),
                Given::Listed(_) | Given::One(_) => None,
            };
            if let Some(refused) = refused {
                findings.push(refused.at(place.label()));
                continue;
            }
            given.entry(graph.operations[step]).or_default().add(what, place);
        }
        given
    }

    fn distribute_fields(
        &self,
        graph: &Graph<'_>,
        starts: impl Iterator<Item = usize>,
        given: &mut BTreeMap<OperationId, StepData>,
        findings: &mut Findings,
    ) {
        let starts: Vec<usize> = starts.collect();
        let knowing = by_field(graph, starts.iter().copied());
        let known = Known::new(knowing.keys().map(String::as_str));
        let controlled = controlled_starts(graph, &starts);
        for (name, value, place) in &self.fields {
            for id in controlled.iter() {
                given.entry(*id).or_default().fields.push((name.clone(), value.clone(), place.clone()));
            }
            for id in knowing.get(name).into_iter().flatten() {
                given.entry(*id).or_default().fields.push((name.clone(), value.clone(), place.clone()));
            }
            if !knowing.contains_key(name) && controlled.is_empty() {
                let near = known.near_match(name, "fields of start steps");
                let no_field = "no start step takes any; name a step to reach it: {\"node:Operation\": {…}}";
                findings.push(unknown_field(name, place, near.unwrap_or_else(|| no_field.to_owned())));
                let meant = known.nearest(name).and_then(|near| Some((near, knowing.get(near)?)));
                for (near, id) in
                    meant.into_iter().flat_map(|(near, ids)| ids.iter().map(move |id| (near, id)))
                {
                    given.entry(*id).or_default().meant.push(near.to_owned());
                }
            }
        }
    }
}

impl Given {
    fn read(value: &Reader<'_>, findings: &mut Findings) -> Option<Self> {
        if !value.value().is_array() {
            return value.object(findings).cloned().map(Self::One);
        }
        let items = value.items(findings);
        let messages: Vec<_> =
            items.iter().filter_map(|item| Some((item.object(findings)?.clone(), item.place()))).collect();
        Some(Self::Listed(messages))
    }
}

impl StepData {
    /// Adds what is given by the step's name, which beats what is given to all.
    fn add(&mut self, given: &Given, place: &Place) {
        match given {
            Given::One(fields) => {
                self.fields.retain(|(plain, _, _)| !fields.contains_key(plain));
                self.fields.extend(fields_of(fields, place));
            }
            Given::Listed(messages) => {
                self.listed = Some(messages.iter().map(|(fields, place)| fields_of(fields, place)).collect());
            }
        }
    }
}

fn fields_of(fields: &Map<String, Value>, place: &Place) -> Vec<Field> {
    fields.iter().map(|(field, value)| (field.clone(), value.clone(), place.clone())).collect()
}

/// Those of these steps that take parameters of any name.
fn controlled_starts(graph: &Graph<'_>, starts: &[usize]) -> Vec<OperationId> {
    starts.iter().filter(|step| graph.is_controlled(**step)).map(|step| graph.operations[*step]).collect()
}

/// Which of these steps have a field of each name.
fn by_field(graph: &Graph<'_>, starts: impl Iterator<Item = usize>) -> BTreeMap<String, Vec<OperationId>> {
    let mut knowing: BTreeMap<String, Vec<OperationId>> = BTreeMap::new();
    for step in starts {
        let typed = graph.bound(step).filter(|bound| bound.transport == TransportKind::Grpc);
        for field in typed.into_iter().flat_map(|bound| bound.input.fields()) {
            knowing.entry(field.name().to_owned()).or_default().push(graph.operations[step]);
        }
    }
    knowing
}

fn no_taker(place: &Place) -> Diagnostic {
    let message = "an array of data references is given, and no start step is controlled over HTTP";
    Diagnostic::error(Code::BadInitialData, message)
        .at(place.label())
        .help("give an object: its keys are fields of start steps, or name steps: {\"node:Operation\": {…}}")
}

fn unknown_field(name: &str, place: &Place, help: String) -> Diagnostic {
    Diagnostic::error(Code::BadInitialData, format!("no start step has a field `{name}`"))
        .at(place.key(name).key_label())
        .help(help)
}

fn unknown_step(name: &StepName, place: &Place, known: &Known<'_>) -> Diagnostic {
    let name = name.to_string();
    Diagnostic::error(Code::UnknownStep, format!("there is no step `{name}`"))
        .at(place.key_label())
        .help_if(known.near_match(&name, "steps"))
}

fn uncalled_step(name: &StepName, place: &Place) -> Diagnostic {
    let message = format!("`{name}` is given initial data, but is never called in live mode");
    Diagnostic::error(Code::BadInitialData, message)
        .at(place.key_label())
        .help("messages set calls going there, and none leads to this operation; remove the key")
}

fn takes_one_request(name: &StepName) -> Diagnostic {
    let message = format!("`{name}` is given an array, but takes one request");
    Diagnostic::error(Code::BadInitialData, message).help("give it an object with the request's fields")
}

fn takes_from_links(name: &StepName) -> Diagnostic {
    let message = format!("`{name}` is given an array, but its links give it the messages of its stream");
    Diagnostic::error(Code::BadInitialData, message)
        .help("give it an object: its fields go into every message")
}
