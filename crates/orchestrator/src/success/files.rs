//! The functions of conditions that look at the run's files.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use cel::{Context, DeclarationError, ExecutionError};

use super::folder::FileError;
use super::{DataFolder, text};

/// Their names.
pub(super) const FILE_ROWS: &str = "file_rows";
pub(super) const FILE_SIZE: &str = "file_size";
/// Files that one evaluation may look at.
const MAX_FILES: usize = 100;

/// A data folder and what one evaluation has asked of it; a question asked again is not looked up again.
pub(super) struct Files {
    folder: Arc<DataFolder>,
    answers: Arc<Mutex<Answers>>,
}

type Answers = BTreeMap<(&'static str, String), Result<i64, String>>;
type Look = fn(&DataFolder, &str) -> Result<u64, FileError>;

impl Files {
    pub(super) fn of(folder: &DataFolder) -> Self {
        Self { folder: Arc::new(folder.clone()), answers: Arc::default() }
    }

    /// Makes the functions known to conditions.
    pub(super) fn add_to(&self, context: &mut Context<'_, '_>) -> Result<(), DeclarationError> {
        self.add(FILE_ROWS, DataFolder::file_rows, context)?;
        self.add(FILE_SIZE, DataFolder::file_size, context)
    }

    /// What was asked and answered, such as `file_rows("out.csv")` is 0.
    pub(super) fn looked_up(&self) -> Vec<String> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = answers.iter().filter_map(|(question, answer)| Some((question, answer.as_ref().ok()?)));
        known.map(|((function, name), answer)| format!("`{function}({name:?})` is {answer}")).collect()
    }

    fn add(
        &self,
        function: &'static str,
        look: Look,
        context: &mut Context<'_, '_>,
    ) -> Result<(), DeclarationError> {
        let (folder, answers) = (Arc::clone(&self.folder), Arc::clone(&self.answers));
        context.add_function(function, move |name: Arc<String>| {
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            if answers.len() >= MAX_FILES {
                return Err(ExecutionError::function_error(function, "it looks at too many files"));
            }
            let answer = answers.entry((function, name.as_str().to_owned())).or_insert_with(|| {
                let found = look(&folder, &name).map_err(|error| text::brief(&error.to_string(), 300))?;
                Ok(i64::try_from(found).unwrap_or(i64::MAX))
            });
            answer.clone().map_err(|why| ExecutionError::function_error(function, why))
        })
    }
}
