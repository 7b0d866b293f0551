//! What a link offers: by name, and by its `fields`.

use std::collections::HashMap;

use aieffect_blueprint::{Findings, Place};
use prost_reflect::{FieldDescriptor, MessageDescriptor};

use super::super::offer::{Offer, Parts, Presence, SourcePath, expand, singular_message};
#[cfg(test)]
use super::super::wire::work;
use super::Incoming;
use super::mapping::{self, Mapping};
use super::report::Report;

/// What a link offers.
#[derive(Default)]
pub(super) struct LinkOffer {
    pub(super) parts: Parts,
    /// Request fields that it was meant to fill and cannot: there is a finding for each.
    pub(super) tried: Vec<String>,
    /// Whether its `fields` say that something is not carried.
    is_silenced: bool,
}

impl LinkOffer {
    /// Whether it fills nothing, and nobody said that this is meant.
    pub(super) fn is_nothing(&self) -> bool {
        self.parts.fields.is_empty() && self.tried.is_empty() && !self.is_silenced
    }
}

/// What the incoming link at `input` offers.
pub(super) fn offer(report: &Report<'_>, input: usize, findings: &mut Findings) -> LinkOffer {
    let incoming = &report.incoming[input];
    let mut mappings = mapping::read(report, incoming, findings);
    // The inner ones last: they speak of parts of what the outer ones carry.
    mappings.sort_by_key(|mapping| mapping.target.len());
    let unread = incoming.link.fields.len() - mappings.len();
    let mut linking = Linking { report, input, incoming, tried: Vec::new(), findings };
    if unread > 0 {
        linking.tried.extend(incoming.link.fields.iter().map(|entry| first(&entry.target)));
    }
    let mut parts = linking.by_name(&incoming.operation.output, report.input, &Said::of(&mappings), &[], &[]);
    for mapping in &mappings {
        linking.map(&mut parts, mapping);
    }
    let is_silenced = mappings.iter().any(|mapping| mapping.source.is_none());
    LinkOffer { parts, tried: linking.tried, is_silenced }
}

fn first(path: &str) -> String {
    path.split('.').next().unwrap_or_default().to_owned()
}

struct Linking<'a> {
    report: &'a Report<'a>,
    input: usize,
    incoming: &'a Incoming<'a>,
    tried: Vec<String>,
    findings: &'a mut Findings,
}

/// What the link's `fields` say of a request field, and of those within it by their numbers.
#[derive(Default)]
struct Said {
    of_itself: bool,
    within: HashMap<u32, Said>,
}

impl Said {
    /// Of the whole request.
    fn of(mappings: &[Mapping]) -> Self {
        let mut request = Self::default();
        for mapping in mappings {
            let mut said = &mut request;
            for field in &mapping.target {
                #[cfg(test)]
                work::count();
                said = said.within.entry(field.number()).or_default();
            }
            said.of_itself = true;
        }
        request
    }
}

impl Linking<'_> {
    /// Fields of one name, apart from those that `fields` speak of. `at` leads to `target` in the request,
    /// `from` to `source` in the response.
    fn by_name(
        &mut self,
        source: &MessageDescriptor,
        target: &MessageDescriptor,
        said: &Said,
        at: &[FieldDescriptor],
        from: &[FieldDescriptor],
    ) -> Parts {
        let place = &self.incoming.link.place;
        let mut parts = Parts::default();
        for field in target.fields() {
            let Some(given) = source.get_field_by_name(field.name()) else { continue };
            let at = [at, std::slice::from_ref(&field)].concat();
            let path =
                SourcePath { input: self.input, fields: [from, std::slice::from_ref(&given)].concat() };
            #[cfg(test)]
            work::count();
            let said = said.within.get(&field.number());
            if said.is_some_and(|said| said.of_itself) {
                continue;
            }
            let inner = singular_message(&given).zip(singular_message(&field));
            if let (Some(said), Some((source, target))) = (said, inner) {
                let mut inner = self.by_name(&source, &target, said, &at, &path.fields);
                inner.present_with.push(Presence::Carried(path));
                parts.fields.insert(field.number(), Offer::Parts(inner));
            } else if self.fits(&given, &at, place) {
                parts.fields.insert(field.number(), Offer::Carried(path));
            }
        }
        parts
    }

    fn map(&mut self, parts: &mut Parts, mapping: &Mapping) {
        let Some(source) = &mapping.source else {
            remove(parts, &mapping.target);
            return;
        };
        let Some(from) = source.last() else { return };
        if self.fits(from, &mapping.target, &mapping.place) {
            let carried = Offer::Carried(SourcePath { input: self.input, fields: source.clone() });
            insert(parts, &mapping.target, carried);
        }
    }

    fn fits(&mut self, from: &FieldDescriptor, to: &[FieldDescriptor], place: &Place) -> bool {
        let fits = self.report.check_types(self.input, from, to, place, self.findings);
        if !fits {
            self.tried.extend(to.first().map(|field| field.name().to_owned()));
        }
        fits
    }
}

fn remove(parts: &mut Parts, path: &[FieldDescriptor]) {
    let Some((first, rest)) = path.split_first() else { return };
    let Some(offer) = parts.fields.remove(&first.number()) else { return };
    if let (false, Some(message)) = (rest.is_empty(), singular_message(first)) {
        let mut inner = expand(&message, offer);
        remove(&mut inner, rest);
        parts.fields.insert(first.number(), Offer::Parts(inner));
    }
}

fn insert(parts: &mut Parts, path: &[FieldDescriptor], offer: Offer) {
    let Some((first, rest)) = path.split_first() else { return };
    let below = parts.fields.remove(&first.number());
    let offer = match singular_message(first).filter(|_| !rest.is_empty()) {
        None => offer,
        Some(message) => {
            let mut inner = below.map(|below| expand(&message, below)).unwrap_or_default();
            insert(&mut inner, rest, offer);
            Offer::Parts(inner)
        }
    };
    parts.fields.insert(first.number(), offer);
}
