//! Long lists, a page at a time: [`Page`].

use super::{Error, RunView, Runs, State};

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
        let wrong = |reason: String| Error::NotUnderstood { reason };
        let size = self.size.unwrap_or(USUAL);
        if !(1..=LARGEST).contains(&size) {
            return Err(wrong(format!("`page_size` is a number from 1 to {LARGEST}")));
        }
        let begin = match &self.token {
            None => 0,
            Some(token) => {
                let last = all.iter().position(|one| name(one) == token);
                1 + last
                    .ok_or_else(|| wrong("`page_token` is of no page; begin anew without one".to_owned()))?
            }
        };
        let mut rest = all.into_iter().skip(begin).filter(is_wanted);
        let page: Vec<_> = rest.by_ref().take(size).collect();
        let next = rest.next().and_then(|_| Some(name(page.last()?).to_owned()));
        Ok((page, next))
    }
}

impl Runs {
    /// The runs on a page, the latest first and without their steps, and the token of the next page.
    pub async fn list_page(
        &self,
        state: Option<State>,
        page: &Page,
    ) -> Result<(Vec<RunView>, Option<String>), Error> {
        let all = self.list().await?;
        page.of(all, |run| run.id.as_str(), |run| state.is_none_or(|state| run.state == state))
    }
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
    }
}
