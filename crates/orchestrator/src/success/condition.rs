//! One condition of `expect`.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, LazyLock};

use aieffect_blueprint::{At, Findings};
use cel::{Context, Env, ExecutionError, Program, Value};
use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor, ReflectMessage};

use super::exposed::{self, Allowance};
use super::files::Files;
use super::shape::Shape;
use super::{DataFolder, Unsuccessful, text, written};
use crate::values;

const SHOWN_VALUE: usize = 60;
const SHOWN_WHY: usize = 300;

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A condition that parses, names what is there, and has a bound on its cost.
#[derive(Clone)]
pub(super) struct Condition {
    written: String,
    /// `file:line`.
    place: String,
    program: Arc<Program>,
    shape: Arc<Shape>,
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.written)
    }
}

impl Condition {
    /// Reads a condition. What is wrong with it is a finding for each mistake.
    pub(super) fn plan(
        output: &MessageDescriptor,
        condition: &At<String>,
        findings: &mut Findings,
    ) -> Option<Self> {
        let (program, shape) = written::read(output, condition, findings)?;
        let label = condition.place.label();
        let (line, _) = label.source.line_column(label.span.start);
        let place = format!("{}:{line}", label.source.name());
        let written = condition.value.clone();
        Some(Self { written, place, program: Arc::new(program), shape: Arc::new(shape) })
    }

    /// Fails when the condition is not true of the response, or cannot be told.
    pub(super) fn check(&self, response: &DynamicMessage, data: &DataFolder) -> Result<(), Unsuccessful> {
        let files = Files::of(data);
        match self.evaluate(response, &files) {
            Ok(Value::Bool(true)) => Ok(()),
            Ok(Value::Bool(false)) => {
                let (condition, place) = (self.shown(), self.place.clone());
                Err(Unsuccessful::Unmet { condition, place, seen: self.seen(response, &files) })
            }
            Ok(other) => Err(self.not_evaluated(&format!("it gives {}, not true or false", other.type_of()))),
            Err(why) => Err(self.not_evaluated(&why)),
        }
    }

    fn evaluate(&self, response: &DynamicMessage, files: &Files) -> Result<Value, String> {
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        files.add_to(&mut context).map_err(|error| error.to_string())?;
        self.add_fields(response, &mut context).map_err(|error| error.to_string())?;
        self.program.execute(&context).map_err(|error| in_words(&error))
    }

    /// Makes the fields that the condition looks at, and no others, known to it.
    fn add_fields(
        &self,
        response: &DynamicMessage,
        context: &mut Context<'_, '_>,
    ) -> Result<(), exposed::TooMuch> {
        let mut allowance = Allowance::of(self.shape.growth);
        let is_whole = |name: &Vec<String>| name.first().is_some_and(|root| root == written::WHOLE);
        let (of_whole, plain): (Vec<_>, Vec<_>) = self.shape.names.iter().partition(|name| is_whole(name));
        let plain: BTreeSet<_> = plain.into_iter().filter_map(|name| name.first()).collect();
        for field in plain.into_iter().filter_map(|name| response.descriptor().get_field_by_name(name)) {
            context.add_variable_from_value(field.name(), allowance.field(response, &field)?);
        }
        if !of_whole.is_empty() {
            let selected: Option<BTreeSet<_>> = of_whole.iter().map(|name| name.get(1)).collect();
            let looked_at = |field: &FieldDescriptor| {
                selected.as_ref().is_none_or(|selected| selected.iter().any(|name| *name == field.name()))
            };
            context.add_variable_from_value(written::WHOLE, allowance.whole(response, looked_at)?);
        }
        Ok(())
    }

    /// The values of what the condition names.
    fn seen(&self, response: &DynamicMessage, files: &Files) -> String {
        let fields = self.shape.names.iter().filter_map(|name| {
            let value = field_text(response, written::path(name)?)?;
            Some(format!("`{}` is {value}", name.join(".")))
        });
        let looked_up = files.looked_up();
        let seen: Vec<_> = fields.chain(looked_up).collect();
        text::brief(&seen.join(", "), SHOWN_WHY)
    }

    fn shown(&self) -> String {
        text::brief(&self.written, SHOWN_WHY)
    }

    fn not_evaluated(&self, why: &str) -> Unsuccessful {
        let (condition, place) = (self.shown(), self.place.clone());
        Unsuccessful::NotEvaluated { condition, place, why: text::brief(why, SHOWN_WHY) }
    }
}

/// What a field holds, as JSON and cut when long; the innermost field of the path that is one. `None` for the
/// response as a whole.
fn field_text(response: &DynamicMessage, path: &[String]) -> Option<String> {
    let (name, rest) = path.split_first()?;
    let field = response.descriptor().get_field_by_name(name)?;
    if field.supports_presence() && !response.has_field(&field) {
        return Some("not set".to_owned());
    }
    let value = response.get_field(&field);
    let inner = value.as_message().and_then(|inner| field_text(inner, rest));
    Some(inner.unwrap_or_else(|| values::brief(&value, field.kind(), SHOWN_VALUE)))
}

/// An error of CEL for a person.
fn in_words(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("there is no `{key}`"),
        ExecutionError::UndeclaredReference(name) => format!("there is no `{name}`"),
        ExecutionError::FunctionError { message, .. } => message.clone(),
        ExecutionError::NoSuchOverload(overload) if overload.function().trim_matches('_') == "." => {
            match overload.argument_types().first().map(String::as_str) {
                Some("null_type") => "it selects a field of a message that is not set".to_owned(),
                Some(other) => format!("it selects a field of {other}, which has none"),
                None => error.to_string(),
            }
        }
        ExecutionError::NoSuchOverload(overload) => format!(
            "{} does not take {}",
            operator(overload.function()),
            overload.argument_types().join(" and ")
        ),
        ExecutionError::UnsupportedBinaryOperator(name, left, right) => {
            format!("{} does not take {} and {}", operator(name), left.type_of(), right.type_of())
        }
        ExecutionError::ValuesNotComparable(left, right) => {
            format!("{} and {} cannot be compared", left.type_of(), right.type_of())
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "it divides by zero".to_owned()
        }
        ExecutionError::IndexOutOfBounds(_) => "an index is beyond the end of its list".to_owned(),
        ExecutionError::Overflow(operator_name, ..) => format!("{} overflows", operator(operator_name)),
        other => other.to_string(),
    }
}

/// `_+_` as people write it.
fn operator(function: &str) -> String {
    let plain = match function.trim_matches(['_', '@']) {
        "add" => "+",
        "sub" => "-",
        "mul" => "*",
        "div" => "/",
        "rem" => "%",
        plain => plain,
    };
    format!("`{}`", if plain.is_empty() { function } else { plain })
}
