//! Descriptors as the text of a `.proto` file.

mod field;
mod names;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::ops::RangeInclusive;

use prost_reflect::{
    DynamicMessage, EnumDescriptor, FileDescriptor, MessageDescriptor, MethodDescriptor, ServiceDescriptor,
    Syntax, Value,
};

pub(crate) use self::names::Names;
use crate::inline::Moved;

/// The largest field number.
const LAST_FIELD: u32 = (1 << 29) - 1;

/// The root's file with the moved types in it.
pub(crate) fn file(
    root: &FileDescriptor,
    moved: &[Moved],
    imports: &BTreeSet<String>,
    names: &Names,
) -> String {
    let mut printer = Printer { names, syntax: root.syntax(), text: String::new(), depth: 0 };
    let syntax = if root.syntax() == Syntax::Proto2 { "proto2" } else { "proto3" };
    printer.line(&format!("syntax = \"{syntax}\";"));
    if !root.package_name().is_empty() {
        printer.line("");
        printer.line(&format!("package {};", root.package_name()));
    }
    printer.gap(!imports.is_empty());
    imports.iter().for_each(|import| printer.line(&format!("import \"{import}\";")));
    root.services().for_each(|service| printer.service(&service));
    root.messages().for_each(|message| {
        printer.line("");
        printer.message(&message, message.name(), message.name());
    });
    root.enums().for_each(|entry| {
        printer.line("");
        printer.enumeration(&entry, entry.name());
    });
    printer.extensions(root.extensions(), "");
    moved.iter().for_each(|entry| printer.moved(entry));
    printer.text
}

struct Printer<'a> {
    names: &'a Names,
    syntax: Syntax,
    text: String,
    depth: usize,
}

impl Printer<'_> {
    fn line(&mut self, line: &str) {
        if !line.is_empty() {
            // Into memory: cannot fail.
            let _ = write!(self.text, "{:indent$}{line}", "", indent = self.depth * 2);
        }
        self.text.push('\n');
    }

    fn gap(&mut self, wanted: bool) {
        if wanted {
            self.line("");
        }
    }

    fn open(&mut self, line: &str) {
        self.line(&format!("{line} {{"));
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.line("}");
    }

    fn moved(&mut self, moved: &Moved) {
        self.line("");
        match moved {
            Moved::Message(message, name) => {
                self.origin(message.full_name(), &message.parent_file());
                self.message(message, name, name);
            }
            Moved::Enum(entry, name) => {
                self.origin(entry.full_name(), &entry.parent_file());
                self.enumeration(entry, name);
            }
            Moved::WrappedEnum(entry, name) => {
                self.origin(entry.full_name(), &entry.parent_file());
                self.open(&format!("message {name}"));
                self.enumeration(entry, entry.name());
                self.close();
            }
        }
    }

    fn origin(&mut self, full_name: &str, file: &FileDescriptor) {
        let file: String = file.name().chars().filter(|letter| !letter.is_control()).collect();
        self.line(&format!("// `{full_name}` of `{file}`."));
    }

    fn service(&mut self, service: &ServiceDescriptor) {
        self.line("");
        self.open(&format!("service {}", service.name()));
        if flag(&service.options(), "deprecated") {
            self.line("option deprecated = true;");
        }
        service.methods().for_each(|method| self.method(&method));
        self.close();
    }

    fn method(&mut self, method: &MethodDescriptor) {
        let stream = |streams| if streams { "stream " } else { "" };
        let input = self.names.reference(method.input().full_name(), "");
        let output = self.names.reference(method.output().full_name(), "");
        let (takes, gives) = (stream(method.is_client_streaming()), stream(method.is_server_streaming()));
        let line = format!("rpc {}({takes}{input}) returns ({gives}{output})", method.name());
        let mut options = Vec::new();
        if flag(&method.options(), "deprecated") {
            options.push("option deprecated = true;".to_owned());
        }
        match number(&method.options(), "idempotency_level") {
            Some(1) => options.push("option idempotency_level = NO_SIDE_EFFECTS;".to_owned()),
            Some(2) => options.push("option idempotency_level = IDEMPOTENT;".to_owned()),
            Some(_) | None => {}
        }
        if options.is_empty() {
            self.line(&format!("{line};"));
        } else {
            self.open(&line);
            options.iter().for_each(|option| self.line(option));
            self.close();
        }
    }

    /// A message under a new name; `path` is that name with those of the messages around it.
    fn message(&mut self, message: &MessageDescriptor, name: &str, path: &str) {
        self.open(&format!("message {name}"));
        self.body(message, path);
        self.close();
    }

    fn body(&mut self, message: &MessageDescriptor, path: &str) {
        if flag(&message.options(), "deprecated") {
            self.line("option deprecated = true;");
        }
        let ranges = message.reserved_ranges().map(|range| range.start..=range.end.saturating_sub(1));
        self.ranges("reserved", ranges, LAST_FIELD);
        self.reserved_names(message.reserved_names());
        if self.syntax == Syntax::Proto2 {
            let ranges = message.extension_ranges().map(|range| range.start..=range.end.saturating_sub(1));
            self.ranges("extensions", ranges, LAST_FIELD);
        }
        message.child_enums().for_each(|entry| self.enumeration(&entry, entry.name()));
        let groups: BTreeSet<String> = message
            .fields()
            .filter(|field| field.is_group())
            .filter_map(|field| Some(field.kind().as_message()?.full_name().to_owned()))
            .collect();
        for child in message.child_messages() {
            if !child.is_map_entry() && !groups.contains(child.full_name()) {
                self.message(&child, child.name(), &format!("{path}.{}", child.name()));
            }
        }
        self.fields(message, path);
        self.extensions(message.child_extensions(), path);
    }

    fn enumeration(&mut self, entry: &EnumDescriptor, name: &str) {
        self.open(&format!("enum {name}"));
        if flag(&entry.options(), "allow_alias") {
            self.line("option allow_alias = true;");
        }
        if flag(&entry.options(), "deprecated") {
            self.line("option deprecated = true;");
        }
        self.ranges("reserved", entry.reserved_ranges(), i32::MAX);
        self.reserved_names(entry.reserved_names());
        // In the order they are written: the first is the default.
        for raw in &entry.enum_descriptor_proto().value {
            let value = entry.get_value_by_name(raw.name());
            let deprecated = value.is_some_and(|value| flag(&value.options(), "deprecated"));
            let options = if deprecated { " [deprecated = true]" } else { "" };
            self.line(&format!("{} = {}{options};", raw.name(), raw.number()));
        }
        self.close();
    }

    fn ranges<T: Copy + PartialEq + std::fmt::Display>(
        &mut self,
        keyword: &str,
        ranges: impl Iterator<Item = RangeInclusive<T>>,
        last: T,
    ) {
        for range in ranges {
            let (start, end) = range.into_inner();
            if start == end {
                self.line(&format!("{keyword} {start};"));
            } else if end == last {
                self.line(&format!("{keyword} {start} to max;"));
            } else {
                self.line(&format!("{keyword} {start} to {end};"));
            }
        }
    }

    fn reserved_names<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        for name in names {
            self.line(&format!("reserved \"{name}\";"));
        }
    }
}

/// A set option that is true.
fn flag(options: &DynamicMessage, name: &str) -> bool {
    matches!(options.get_field_by_name(name).as_deref(), Some(Value::Bool(true)))
}

/// The number of an option that is an enum's value, when it is set.
fn number(options: &DynamicMessage, name: &str) -> Option<i32> {
    options.has_field_by_name(name).then(|| options.get_field_by_name(name)?.as_enum_number())?
}
