//! Long lists, a page at a time: [`Page`].

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aieffect_orchestrator::engine::RunId;
use aieffect_orchestrator::ports::{Place, RunStore};

use super::model::Model;
use super::{Error, RunView, Runs, State, blocking, labels};

const USUAL: usize = 50;
const LARGEST: usize = 500;

/// Which page of a list.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// How many at most.
    pub size: Option<usize>,
    /// What the page before ended with.
    pub token: Option<String>,
}

impl Page {
    /// Those of `all` that are wanted, from behind the token on, and the token of the next page when there is one. The token is
    /// the name of the last one on the page.
    pub(crate) fn of<T>(
        &self,
        all: Vec<T>,
        name: impl Fn(&T) -> &str,
        is_wanted: impl Fn(&T) -> bool,
    ) -> Result<(Vec<T>, Option<String>), Error> {
        let size = self.size()?;
        let begin = match &self.token {
            None => 0,
            Some(token) => {
                let last = all.iter().position(|one| name(one) == token);
                1 + last.ok_or_else(no_page)?
            }
        };
        let mut rest = all.into_iter().skip(begin).filter(is_wanted);
        let page: Vec<_> = rest.by_ref().take(size).collect();
        let next = rest.next().and_then(|_| Some(name(page.last()?).to_owned()));
        Ok((page, next))
    }

    fn size(&self) -> Result<usize, Error> {
        let size = self.size.unwrap_or(USUAL);
        if !(1..=LARGEST).contains(&size) {
            return Err(Error::NotUnderstood {
                reason: format!("`page_size` is a number from 1 to {LARGEST}"),
            });
        }
        Ok(size)
    }
}

impl Runs {
    /// The runs on a page, the latest first and without their steps, and the token of the next page.
    pub async fn list_page(
        &self,
        state: Option<State>,
        page: &Page,
    ) -> Result<(Vec<RunView>, Option<String>), Error> {
        let size = page.size()?;
        let behind = page.token.as_deref().map(place).transpose()?;
        let model = Arc::clone(&self.model);
        blocking(move || listed(&model, state, size, behind)).await
    }
}

/// Looks through runs, a part at a time, until the page is full.
fn listed(
    model: &Model,
    state: Option<State>,
    size: usize,
    mut behind: Option<Place>,
) -> Result<(Vec<RunView>, Option<String>), Error> {
    let most = if state.is_none() { size + 1 } else { LARGEST };
    let mut page: Vec<RunView> = Vec::new();
    let mut last = None;
    loop {
        let part = model.store.runs_behind(behind.as_ref(), most)?;
        let is_last = part.len() < most;
        for run in part {
            let here = Place { created: run.created, run: run.id.clone() };
            behind = Some(here.clone());
            if !run.labels.contains_key(labels::PACKAGE) {
                continue;
            }
            let view = model.brief(run);
            if state.is_some_and(|state| view.state != state) {
                continue;
            }
            if page.len() == size {
                return Ok((page, last.as_ref().map(token)));
            }
            page.push(view);
            last = Some(here);
        }
        if is_last {
            return Ok((page, None));
        }
    }
}

/// Microseconds since 1970, and the name.
fn token(last: &Place) -> String {
    let since = last.created.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{}.{}", since.as_micros(), last.run)
}

fn place(token: &str) -> Result<Place, Error> {
    let read = || {
        let (micros, run) = token.split_once('.')?;
        let since = Duration::from_micros(micros.parse().ok()?);
        Some(Place { created: SystemTime::UNIX_EPOCH.checked_add(since)?, run: RunId::new(run).ok()? })
    };
    read().ok_or_else(no_page)
}

fn no_page() -> Error {
    Error::NotUnderstood { reason: "`page_token` is of no page; begin anew without one".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(size: usize, token: Option<&str>) -> Result<(Vec<&'static str>, Option<String>), Error> {
        let page = Page { size: Some(size), token: token.map(str::to_owned) };
        page.of(vec!["a", "b", "odd", "c"], |name| name, |name| *name != "odd")
    }

    #[test]
    fn pages_follow_each_other_without_gaps() {
        assert_eq!(page(2, None).unwrap(), (vec!["a", "b"], Some("b".to_owned())));
        assert_eq!(page(2, Some("b")).unwrap(), (vec!["c"], None));
        assert_eq!(page(3, None).unwrap(), (vec!["a", "b", "c"], None));
        assert_eq!(page(1, Some("c")).unwrap(), (vec![], None));
    }

    #[test]
    fn a_page_that_cannot_be_is_refused() {
        for (size, token) in [(0, None), (501, None), (1, Some("z"))] {
            assert!(matches!(page(size, token), Err(Error::NotUnderstood { .. })));
        }
        for odd in ["", "odd", "1", "x.run-1", "1.no run", "-1.run-1", "99999999999999999999999999.run-1"] {
            assert!(matches!(place(odd), Err(Error::NotUnderstood { .. })), "{odd}");
        }
    }

    #[test]
    fn a_token_leads_back_to_its_place() {
        let created = SystemTime::UNIX_EPOCH + Duration::from_micros(1_763_700_000_123_456);
        let here = Place { created, run: RunId::new("run-0a1b").unwrap() };
        assert_eq!(place(&token(&here)).unwrap(), here);
    }
}
