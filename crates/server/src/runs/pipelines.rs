//! What runs are made from, beside the runs.

use std::sync::{Arc, PoisonError};

use aieffect_orchestrator::ports::{Place, RunStore};
use aieffect_orchestrator::store::StoredRun;
use futures_util::{StreamExt, stream};

use super::{Error, Page, Runs, blocking, labels};
use crate::packages::{KeptPackage, Packages, Refusal};

/// Runs that are looked at together.
const PART: usize = 200;

/// Nodes that are asked at once.
const ASKED_AT_ONCE: usize = 16;

/// How a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeHealth {
    /// Its name.
    pub name: String,
    /// Where it is said to answer.
    pub address: String,
    /// Why it does not answer.
    pub trouble: Option<String>,
    /// Why runs do not call it now.
    pub refused: Option<String>,
}

impl Runs {
    /// Does something with the packages, on a thread that may wait for a disk.
    pub async fn with_packages<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Packages) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Error> {
        let model = Arc::clone(&self.model);
        blocking(move || Ok(work(&model.packages)?)).await
    }

    /// The packages on a page, the latest first, and the token of the next page.
    pub async fn list_packages(&self, page: Page) -> Result<(Vec<KeptPackage>, Option<String>), Error> {
        let model = Arc::clone(&self.model);
        blocking(move || {
            let packages = &model.packages;
            let (digests, next) = page.of(packages.digests()?, |digest| digest, |_| true)?;
            // One that is taken away meanwhile is left out.
            Ok((digests.iter().filter_map(|digest| packages.listed(digest)).collect(), next))
        })
        .await
    }

    /// Takes a package away that no run is made from.
    pub async fn remove_package(&self, digest: &str) -> Result<(), Error> {
        let (model, digest) = (Arc::clone(&self.model), digest.to_owned());
        blocking(move || {
            // No run of it begins between the look and the removal.
            let _alone = model.beginning.write().unwrap_or_else(PoisonError::into_inner);
            let mut place = None;
            loop {
                let part = model.store.runs_behind(place.as_ref(), PART)?;
                let Some(last) = part.last() else { break };
                place = Some(Place { created: last.created, run: last.id.clone() });
                let is_of_it = |run: &StoredRun| run.labels.get(labels::PACKAGE) == Some(&digest);
                if let Some(run) = part.into_iter().find(is_of_it) {
                    return Err(Error::InUse { run: run.id });
                }
            }
            match model.packages.remove(&digest)? {
                true => Ok(()),
                false => Err(Refusal::Unknown { digest: digest.chars().take(80).collect() }.into()),
            }
        })
        .await
    }

    /// Asks the nodes of a package, now, whether they answer.
    pub async fn health(&self, digest: &str) -> Result<Vec<NodeHealth>, Error> {
        let digest = digest.to_owned();
        let nodes = self.with_packages(move |packages| packages.nodes(&digest)).await?;
        self.model.check_endpoints(&nodes)?;
        let reason = |reason| Error::BadServiceKey { reason };
        let health = (self.model.means)(None).map_err(reason)?.health;
        let (health, breakers) = (&health, &self.model.breakers);
        let asked = nodes.into_iter().map(|node| async move {
            let trouble = health.ready(&node).await.err();
            NodeHealth {
                name: node.name.to_string(),
                address: node.address.to_string(),
                trouble: trouble.map(|trouble| trouble.to_string()),
                // Once it has been asked: had it answered, nothing were refused any more.
                refused: breakers.refusal(&node.address).map(|refusal| refusal.to_string()),
            }
        });
        Ok(stream::iter(asked).buffered(ASKED_AT_ONCE).collect().await)
    }
}
