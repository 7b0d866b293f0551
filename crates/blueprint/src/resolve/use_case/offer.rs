//! What the services of a use case offer, found by the names that `connections.json` uses.

use std::collections::HashMap;

use super::Endpoint;
use crate::diagnostic::Known;
use crate::resolve::Interfaces;
use crate::use_case::ServiceNames;
use crate::{At, Code, Diagnostic, Findings, Interface, Severity, UseCase, near_match};

pub(super) struct Offer<'a> {
    use_case: &'a UseCase,
    names: ServiceNames<'a>,
    known: Known<'a>,
    interfaces: Vec<Option<&'a Interface>>,
    operations: HashMap<(usize, &'a str), usize>,
}

impl<'a> Offer<'a> {
    pub(super) fn new(use_case: &'a UseCase, interfaces: &'a Interfaces) -> Self {
        let names = ServiceNames::new(use_case);
        let interfaces: Vec<_> =
            use_case.services.iter().map(|service| interfaces.get(&service.folder)).collect();
        let mut operations = HashMap::new();
        for (service, interface) in interfaces.iter().enumerate() {
            for (operation, signature) in interface.iter().flat_map(|each| &each.operations).enumerate() {
                operations.entry((service, signature.operation.as_str())).or_insert(operation);
            }
        }
        Self { use_case, known: names.known(), names, interfaces, operations }
    }

    /// What a service offers; `None` when its protos have a finding of their own.
    pub(super) fn interface(&self, service: usize) -> Option<&'a Interface> {
        self.interfaces.get(service).copied().flatten()
    }

    /// The service of that name, if there is one.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.names.find(name)
    }

    /// The service of that name; a finding when there is none.
    pub(super) fn service(
        &self,
        name: &At<String>,
        severity: Severity,
        findings: &mut Findings,
    ) -> Option<usize> {
        let found = self.find(&name.value);
        if found.is_none() {
            let message = format!("there is no service `{}`", name.value);
            let finding = Diagnostic::error(Code::UnknownService, message);
            findings.push(
                Diagnostic { severity, ..finding }
                    .at(name.place.label())
                    .help_if(self.known.near_match(&name.value, "services")),
            );
        }
        found
    }

    /// The operation of that name; silent when the service's protos have a finding of their own.
    pub(super) fn operation(
        &self,
        service: usize,
        name: &At<String>,
        findings: &mut Findings,
    ) -> Option<Endpoint> {
        let interface = self.interface(service)?;
        let found = self.operations.get(&(service, name.value.as_str()));
        if found.is_none() {
            let known = interface.operations.iter().map(|each| each.operation.as_str());
            let message = format!("`{}` has no operation `{}`", self.compose_name(service), name.value);
            findings.push(
                Diagnostic::error(Code::UnknownOperation, message)
                    .at(name.place.label())
                    .help_if(near_match(&name.value, "operations", known)),
            );
        }
        found.map(|operation| Endpoint { service, operation: *operation })
    }

    /// The name by which users know a service.
    pub(super) fn compose_name(&self, service: usize) -> &'a str {
        self.use_case.compose_name(&self.use_case.services[service]).as_str()
    }

    /// `service:operation`, as users know them.
    pub(super) fn shown(&self, end: Endpoint) -> String {
        let operation = self.interface(end.service).and_then(|each| each.operations.get(end.operation));
        let operation = operation.map_or("", |signature| signature.operation.as_str());
        format!("{}:{operation}", self.compose_name(end.service))
    }
}
