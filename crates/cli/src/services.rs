//! How the services of a use case are to be started on this machine.

use std::collections::BTreeSet;

use aieffect_blueprint::{Code, Diagnostic, Findings, Placement, ServiceName, Severity};
use aieffect_layout::Opened;
use aieffect_local::LocalPlan;
use aieffect_orchestrator::plan::Plan;

use crate::load::Loaded;

/// How the services of the planned nodes are started. Without a plan all are looked at, for their findings.
pub(crate) fn plan(loaded: &Loaded, plan: Option<&Plan>) -> (Option<LocalPlan>, Findings) {
    let Some(Opened::UseCase(use_case, root)) = &loaded.source else { return (None, Findings::new()) };
    let pipeline = loaded.resolved.as_ref().map(|resolved| &resolved.pipeline);
    let folders: BTreeSet<ServiceName> = match (plan, pipeline) {
        (Some(plan), Some(pipeline)) => {
            let planned: BTreeSet<_> = plan.nodes.iter().map(|node| &node.name).collect();
            let nodes = pipeline.nodes().iter().filter(|node| planned.contains(&node.name));
            nodes.filter_map(|node| started(&node.placement)).collect()
        }
        _ => use_case.services.iter().map(|service| service.folder.clone()).collect(),
    };
    let folders: Vec<_> = folders.into_iter().collect();
    LocalPlan::new(use_case, root, &folders)
}

/// What `run` would refuse in the Dockerfiles, as warnings: the use case itself is fine, and so is its package.
/// Nothing while there are errors: a compose file that does not parse makes every Dockerfile look wrong.
pub(crate) fn foreseen(loaded: &Loaded, planned: Option<&Plan>) -> Findings {
    if loaded.findings.has_errors() {
        return Findings::new();
    }
    let (_, found) = plan(loaded, planned);
    let of_dockerfiles = [Code::InstructionNotPlayed, Code::CopySourceMissing, Code::BadDockerfile];
    let foreseen = found.into_iter().filter(|finding| of_dockerfiles.contains(&finding.code));
    foreseen
        .map(|mut finding| {
            finding.severity = Severity::Warning;
            finding
        })
        .collect()
}

/// Findings about the use case and about starting it. A warning that starting makes an error is told once.
pub(crate) fn joined(of_use_case: Findings, of_starting: Findings) -> Findings {
    let is_told = |finding: &Diagnostic| {
        finding.severity == Severity::Warning
            && of_starting.iter().any(|other| other.code == finding.code && other.message == finding.message)
    };
    let mut joined: Findings = of_use_case.into_iter().filter(|finding| !is_told(finding)).collect();
    joined.extend(of_starting);
    joined
}

/// The folder of the service that a node is; none for one that runs elsewhere.
pub(crate) fn started(placement: &Placement) -> Option<ServiceName> {
    match placement {
        Placement::Started(folder) => Some(folder.clone()),
        Placement::Remote => None,
    }
}
