//! What a link says about fields that are mapped by hand.

use aieffect_blueprint::FieldMapping;

/// How many field mappings of a link are shown.
const SHOWN_FIELDS: usize = 3;

/// A line for each of the first mappings, names as `shown` gives them, and one that counts the others.
pub(crate) fn lines(fields: &[FieldMapping], shown: impl Fn(&str) -> String) -> Vec<String> {
    let line = |field: &FieldMapping| match &field.source {
        Some(source) => format!("{} = {}", shown(&field.target), shown(source)),
        None => format!("no {}", shown(&field.target)),
    };
    let mut lines: Vec<String> = fields.iter().take(SHOWN_FIELDS).map(line).collect();
    if fields.len() > SHOWN_FIELDS {
        lines.push(format!("and {} more", fields.len() - SHOWN_FIELDS));
    }
    lines
}
