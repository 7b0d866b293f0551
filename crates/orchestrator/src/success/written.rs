//! Reading a condition: that it parses, that what it names is there, and that its cost has a bound.

use std::fmt;
use std::thread;

use aieffect_blueprint::{At, Code, Diagnostic, Findings, Label, Span, near_match};
use cel::{ParseErrors, Program};
use prost_reflect::{Kind, MessageDescriptor};

use super::files::{FILE_ROWS, FILE_SIZE};
use super::shape::Shape;
use super::{text, types};

/// The name of the response as a whole.
pub(super) const WHOLE: &str = "response";
/// Characters of a condition; what is longer is no condition but a program.
const MAX_LENGTH: usize = 1_000;
/// Brackets within brackets, each of which takes the parser up to 200 KiB of stack in a debug build.
const MAX_BRACKETS: usize = 20;
const PARSER_STACK: usize = 16 << 20;

const FUNCTIONS: [&str; 21] = [
    "all",
    "bool",
    "bytes",
    "contains",
    "double",
    "dyn",
    "endsWith",
    "exists",
    "exists_one",
    FILE_ROWS,
    FILE_SIZE,
    "filter",
    "has",
    "int",
    "map",
    "matches",
    "size",
    "startsWith",
    "string",
    "type",
    "uint",
];
const TYPES: [&str; 10] =
    ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];

/// The condition's program and what it names; `None` after a finding for each mistake.
pub(super) fn read(
    output: &MessageDescriptor,
    condition: &At<String>,
    findings: &mut Findings,
) -> Option<(Program, Shape)> {
    let writing = Writing { condition, output };
    match writing.parse() {
        Ok((program, shape)) => {
            let mut mistakes = writing.unknown_names(&shape);
            if mistakes.is_empty() {
                mistakes = writing.misfits(&program);
            }
            let sound = mistakes.is_empty();
            findings.extend(mistakes);
            sound.then_some((program, shape))
        }
        Err(diagnostic) => {
            findings.push(*diagnostic);
            None
        }
    }
}

/// The fields of a name such as `response.stats.count`; `None` for the response as a whole.
pub(super) fn path(name: &[String]) -> Option<&[String]> {
    let fields = match name {
        [root, fields @ ..] if root == WHOLE => fields,
        fields => fields,
    };
    (!fields.is_empty()).then_some(fields)
}

struct Writing<'a> {
    condition: &'a At<String>,
    output: &'a MessageDescriptor,
}

impl Writing<'_> {
    fn parse(&self) -> Result<(Program, Shape), Box<Diagnostic>> {
        let source = self.condition.value.as_str();
        let refused = |why: &dyn fmt::Display| {
            let shorter = "write a simpler condition, or several";
            Box::new(self.finding(why, self.condition.place.label()).help(shorter))
        };
        if source.chars().count() > MAX_LENGTH {
            return Err(refused(&format!("it is longer than {MAX_LENGTH} characters")));
        }
        if bracket_depth(source) > MAX_BRACKETS {
            return Err(refused(&format!("it has more than {MAX_BRACKETS} brackets within brackets")));
        }
        let compiled = compile(source).map_err(|why| refused(&why))?;
        let program = compiled.map_err(|errors| {
            let first = errors.errors.first();
            let why = first.map_or_else(|| "it is no expression".to_owned(), |error| syntax(&error.msg));
            let column = first.and_then(|error| usize::try_from(error.pos.1).ok()).filter(|at| *at > 0);
            let label = match column {
                Some(column) => self.label_at(column - 1, 0),
                None => self.condition.place.label(),
            };
            let help = match column {
                Some(column) if source.chars().nth(column - 1) == Some('=') => {
                    Some("compare with `==`".to_owned())
                }
                column => column.map(|column| format!("it stops making sense at character {column}")),
            };
            Box::new(self.finding(&why, label).help_if(help))
        })?;
        let shape = Shape::of(program.expression()).map_err(|refusal| refused(&refusal))?;
        Ok((program, shape))
    }

    fn unknown_names(&self, shape: &Shape) -> Findings {
        let names = shape.names.iter().filter_map(|name| self.unknown_name(name));
        let functions = shape.functions.iter().filter_map(|function| self.unknown_function(function));
        names.chain(functions).collect()
    }

    fn misfits(&self, program: &Program) -> Findings {
        let mistakes = types::mistakes(self.output, program.expression()).into_iter();
        let findings = mistakes.map(|types::Mistake { why, help, word }| {
            let label = word.map_or_else(|| self.condition.place.label(), |word| self.label_of(&word));
            self.finding(&why, label).help_if(help)
        });
        findings.collect()
    }

    fn unknown_name(&self, name: &[String]) -> Option<Diagnostic> {
        if let [only] = name
            && TYPES.contains(&only.as_str())
        {
            return None;
        }
        let mut message = self.output.clone();
        let mut fields = path(name)?.iter().peekable();
        while let Some(name) = fields.next() {
            let Some(field) = message.get_field_by_name(name) else {
                let known: Vec<_> = message.fields().map(|field| field.name().to_owned()).collect();
                let why = format!("`{}` has no field `{}`", message.full_name(), text::brief(name, 80));
                let help = near_match(name, "fields", known.iter().map(String::as_str));
                return Some(self.finding(&why, self.label_of(name)).help_if(help));
            };
            let below = fields.peek()?;
            message = match field.kind() {
                // Keys of maps are not known before, and well-known types are not seen as their fields.
                Kind::Message(_) if field.is_map() => return None,
                Kind::Message(inner) if field.is_list() => {
                    let why =
                        format!("`{name}` is a list of `{}`, so it has no `{below}`", inner.full_name());
                    let help = format!("write `{name}[0].{below}`, or `{name}.all(x, x.{below} …)`");
                    return Some(self.finding(&why, self.label_of(name)).help(help));
                }
                Kind::Message(inner) if is_open(&inner) => return None,
                Kind::Message(inner) => inner,
                _ => {
                    let why = format!("`{name}` is no message, so it has no `{below}`");
                    return Some(self.finding(&why, self.label_of(name)));
                }
            };
        }
        None
    }

    fn unknown_function(&self, function: &str) -> Option<Diagnostic> {
        let is_operator = function.bytes().any(|byte| !byte.is_ascii_alphanumeric() && byte != b'_');
        if is_operator || FUNCTIONS.contains(&function) {
            return None;
        }
        let why = format!("there is no function `{}`", text::brief(function, 80));
        Some(self.finding(&why, self.label_of(function)).help_if(near_match(
            function,
            "functions",
            FUNCTIONS,
        )))
    }

    fn finding(&self, why: &dyn fmt::Display, label: Label) -> Diagnostic {
        let condition = text::brief(&self.condition.value, 80);
        Diagnostic::error(
            Code::BadExpectation,
            format!("the condition `{condition}` cannot be checked: {why}"),
        )
        .at(label)
    }

    /// Marks a word of the condition.
    fn label_of(&self, word: &str) -> Label {
        let is_part =
            |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let source = self.condition.value.as_str();
        let bytes = source.as_bytes();
        let found = source.match_indices(word).find(|(at, _)| {
            let before = at.checked_sub(1).and_then(|before| bytes.get(before));
            !is_part(before) && !is_part(bytes.get(at + word.len()))
        });
        match found {
            Some((at, _)) => self.label_at(source[..at].chars().count(), word.chars().count()),
            None => self.condition.place.label(),
        }
    }

    /// Marks characters of the condition, where the document has it letter by letter.
    fn label_at(&self, character: usize, length: usize) -> Label {
        let label = self.condition.place.label();
        let source = self.condition.value.as_str();
        let text = label.source.text().get(label.span.start..label.span.end).unwrap_or_default();
        if text.get(1..text.len().saturating_sub(1)) != Some(source) {
            return label;
        }
        let byte = |nth: usize| source.char_indices().nth(nth).map_or(source.len(), |(at, _)| at);
        let start = label.span.start + 1;
        let span = Span { start: start + byte(character), end: start + byte(character + length) };
        Label { span, ..label }
    }
}

/// Parses on a thread of its own, since the parser needs more stack than threads usually have. The outer error
/// is that of the thread.
fn compile(source: &str) -> Result<Result<Program, ParseErrors>, &'static str> {
    let parser = thread::Builder::new().name("condition".to_owned()).stack_size(PARSER_STACK);
    thread::scope(|scope| {
        let parsing = parser.spawn_scoped(scope, || Program::compile(source));
        let parsing = parsing.map_err(|_| "there is no thread left to parse it on")?;
        parsing.join().map_err(|_| "the parser of conditions gave up on it")
    })
}

/// What the parser says, without the list of every token that it would have taken.
fn syntax(said: &str) -> String {
    let said = said.strip_prefix("Syntax error: ").unwrap_or(said);
    let said = said.split(" expecting ").next().unwrap_or_default();
    if said == "mismatched input '<EOF>'" {
        return "it ends too early".to_owned();
    }
    text::brief(&said.replace("'<EOF>'", "its end"), 160)
}

/// Whether conditions see something else than the message's fields.
fn is_open(message: &MessageDescriptor) -> bool {
    matches!(message.full_name(), "google.protobuf.Struct" | "google.protobuf.Value")
}

fn bracket_depth(source: &str) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}
