//! What a stored run says about who began it, and from what.

use std::collections::BTreeMap;

use aieffect_blueprint::Mode;
use aieffect_orchestrator::plan::PlanOptions;
use aieffect_orchestrator::store::StoredRun;

use super::Request;
use crate::packages::Wanted;

/// The digest of its package. A run without this is not the server's.
pub(super) const PACKAGE: &str = "package";
/// The name of the key that began it.
pub(super) const CALLER: &str = "caller";
/// What its caller named the request that began it.
pub(super) const IDEMPOTENCY: &str = "idempotency-key";
/// There where services are shown a key; the key is nowhere.
pub(super) const SERVICE_KEY: &str = "service-key";
/// `batch` or `live`, where the request said so.
const MODE: &str = "mode";

/// What a run is made from.
pub(super) fn of(request: &Request) -> BTreeMap<String, String> {
    let wanted = &request.wanted;
    let mut labels = BTreeMap::from([
        (PACKAGE.to_owned(), wanted.package.clone()),
        (CALLER.to_owned(), request.caller.to_string()),
    ]);
    labels.extend(request.idempotency.as_ref().map(|key| (IDEMPOTENCY.to_owned(), key.clone())));
    labels.extend(request.service_key.as_ref().map(|_| (SERVICE_KEY.to_owned(), "wanted".to_owned())));
    labels.extend(wanted.options.mode.map(|mode| (MODE.to_owned(), mode.as_str().to_owned())));
    labels
}

/// What a run was made from.
pub(super) fn wanted(run: &StoredRun) -> Wanted {
    let mode = run
        .labels
        .get(MODE)
        .and_then(|mode| [Mode::Batch, Mode::Live].into_iter().find(|known| known.as_str() == mode));
    Wanted {
        package: run.labels.get(PACKAGE).cloned().unwrap_or_default(),
        initial_data: run.initial_data.clone(),
        options: PlanOptions { mode, ..PlanOptions::default() },
    }
}

/// The mode that it was planned in.
pub(super) fn mode(run: &StoredRun) -> Mode {
    if run.mode == Mode::Live.as_str() { Mode::Live } else { Mode::Batch }
}

pub(super) fn caller(run: &StoredRun) -> &str {
    run.labels.get(CALLER).map_or("", String::as_str)
}
