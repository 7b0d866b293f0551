//! Names that a proto uses and nothing that it imports defines: where they are defined, or what was meant.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use aieffect_blueprint::{Code, Diagnostic, Findings, Known, Label, ProtoRoot, SourceText, Span, near_match};
use prost_reflect::DescriptorPool;
use prost_types::{DescriptorProto, FileDescriptorProto};

use crate::parsed::Texts;
use crate::reach::{Reach, below, is_well_known};

/// How many files are looked through for a name.
const MAX_FILES: usize = 500;
/// How many names are remembered.
const MAX_NAMES: usize = 100_000;
const NOTHING_KNOWN: &str = "define a `message` or an `enum` of this name, or import the file that does";
/// How many uses of a name are marked.
const MARKED: usize = 8;

/// A name that is not defined, as it is written, and everywhere it stands in its file.
#[derive(Debug, Clone)]
pub(crate) struct Undefined {
    pub(crate) name: String,
    pub(crate) spans: Vec<Span>,
}

/// Which files of a tree define which messages and enums.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    /// Full names with the path of their file, by the last part of the name.
    by_last: HashMap<String, Vec<(String, String)>>,
}

impl Definitions {
    pub(crate) fn of(texts: &mut Texts<'_>) -> Self {
        let mut definitions = Self::default();
        let mut count = 0;
        for (path, _) in texts.protos().iter().take(MAX_FILES) {
            let Some(parsed) = texts.parse(path).and_then(|id| texts.get(id).ok()) else { continue };
            for name in names(&parsed.descriptor).into_iter().take(MAX_NAMES - count) {
                count += 1;
                let last = name.rsplit('.').next().unwrap_or_default().to_owned();
                definitions.by_last.entry(last).or_default().push((name, path.to_owned()));
            }
        }
        definitions
    }

    /// The names that end like `name`, with their files.
    fn like(&self, name: &str) -> &[(String, String)] {
        let last = name.rsplit('.').next().unwrap_or_default();
        self.by_last.get(last).map_or(&[], Vec::as_slice)
    }
}

/// The full names of the messages and enums in a file.
fn names(file: &FileDescriptorProto) -> Vec<String> {
    let scope = file.package().to_owned();
    let mut names: Vec<String> = file.enum_type.iter().map(|each| joined(&scope, each.name())).collect();
    let mut open: Vec<(String, &DescriptorProto)> =
        file.message_type.iter().map(|message| (scope.clone(), message)).collect();
    while let Some((scope, message)) = open.pop() {
        let name = joined(&scope, message.name());
        names.extend(message.enum_type.iter().map(|each| joined(&name, each.name())));
        open.extend(message.nested_type.iter().map(|inner| (name.clone(), inner)));
        names.push(name);
    }
    names
}

fn joined(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

/// The file that uses the names.
pub(crate) struct User<'a> {
    source: &'a Arc<SourceText>,
    package: &'a str,
    root: &'a ProtoRoot,
    /// The paths of all files that its node reaches.
    reached: Vec<&'a str>,
}

/// What is to be done about a name; names with the same way out are one finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum WayOut {
    /// A file has it under this import path; its path, unless it is built in.
    Import { import: String, path: Option<String> },
    /// Another service's file has it.
    Share(String),
    /// The name alone is not enough.
    Qualify { full: String, import: Option<String> },
    /// Another type was meant, perhaps.
    Other(String),
}

impl<'a> User<'a> {
    /// The file at a position in a reach.
    pub(crate) fn of(
        file: usize,
        reach: &'a Reach,
        root: &'a ProtoRoot,
        texts: &'a Texts<'_>,
    ) -> Option<Self> {
        let parsed = texts.get(*reach.texts.get(file)?).ok()?;
        let reached = reach.files.iter().map(|file| file.path.as_str()).collect();
        let source = &reach.files.get(file)?.source;
        Some(Self { source, package: parsed.descriptor.package(), root, reached })
    }

    /// The findings about these names.
    pub(crate) fn findings(&self, undefined: &[Undefined], definitions: &Definitions) -> Findings {
        let mut together: BTreeMap<WayOut, Vec<&Undefined>> = BTreeMap::new();
        let mut alone = Vec::new();
        for each in undefined {
            match self.way_out(&each.name, definitions) {
                way @ (WayOut::Import { .. } | WayOut::Share(_)) => {
                    together.entry(way).or_default().push(each);
                }
                way => alone.push((way, vec![each])),
            }
        }
        together.into_iter().chain(alone).map(|(way, names)| self.finding(&way, &names)).collect()
    }

    fn way_out(&self, name: &str, definitions: &Definitions) -> WayOut {
        let wanted = self.meanings(name);
        let like = definitions.like(name);
        if let Some(path) = self.nearest_file(like.iter().filter(|(full, _)| wanted.contains(full))) {
            return match self.import_path(path) {
                Some(import) => WayOut::Import { import: import.to_owned(), path: Some(path.to_owned()) },
                None => WayOut::Share(path.to_owned()),
            };
        }
        if let Some(import) = well_known(name) {
            return WayOut::Import { import, path: None };
        }
        let ends = format!(".{}", name.trim_start_matches('.'));
        let longer: Vec<_> = like.iter().filter(|(full, _)| full.ends_with(&ends)).collect();
        if let Some(path) = self.nearest_file(longer.iter().copied())
            && let Some((full, _)) = longer.iter().find(|(_, other)| other == path)
        {
            let import = (!self.reached.contains(&path)).then(|| self.import_path(path)).flatten();
            return WayOut::Qualify { full: full.clone(), import: import.map(str::to_owned) };
        }
        let near = || self.near(name, definitions);
        WayOut::Other(meant(name).or_else(near).unwrap_or_else(|| NOTHING_KNOWN.to_owned()))
    }

    /// A name that is nearly the same, of those that are there.
    fn near(&self, name: &str, definitions: &Definitions) -> Option<String> {
        let is_there = |found: &&(String, String)| self.reached.contains(&found.1.as_str());
        let there = definitions.by_last.iter().filter(|(_, found)| found.iter().any(|each| is_there(&each)));
        let known = Known::new(there.map(|(last, _)| last.as_str()));
        let near = known.nearest(name.rsplit('.').next().unwrap_or_default())?;
        let full = definitions.by_last.get(near)?.iter().find(is_there).map(|(full, _)| full)?;
        let own = full.strip_prefix(self.package).map(|rest| rest.trim_start_matches('.'));
        Some(format!("did you mean `{}`?", own.unwrap_or(full)))
    }

    /// The full names that a name can stand for here, in the package and those around it.
    fn meanings(&self, name: &str) -> Vec<String> {
        if let Some(full) = name.strip_prefix('.') {
            return vec![full.to_owned()];
        }
        let ends = self.package.match_indices('.').map(|(at, _)| at).chain([self.package.len()]);
        let scopes = ends.map(|end| &self.package[..end]).filter(|scope| !scope.is_empty());
        scopes.map(|scope| joined(scope, name)).chain([name.to_owned()]).collect()
    }

    /// The file that is found first by an import; without one, any.
    fn nearest_file<'d>(&self, found: impl Iterator<Item = &'d (String, String)>) -> Option<&'d str> {
        let roots = &self.root.import_roots;
        let place = |path: &str| roots.iter().position(|root| below(root, path).is_some());
        found
            .map(|(_, path)| path.as_str())
            .min_by_key(|path| (!self.reached.contains(path), place(path).unwrap_or(usize::MAX)))
    }

    /// The path by which a file is imported; none for one that only the use case's top folder leads to and
    /// that is another service's, since images are built without it.
    fn import_path<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mut roots =
            self.root.import_roots.iter().filter(|root| !root.is_empty() || !path.starts_with("services/"));
        roots.find_map(|root| below(root, path))
    }

    fn finding(&self, way: &WayOut, names: &[&Undefined]) -> Diagnostic {
        let (are, it) = if names.len() == 1 { ("is", "it") } else { ("are", "them") };
        let listed: Vec<_> = names.iter().map(|each| format!("`{}`", each.name)).collect();
        let message = format!("{} {are} not defined", listed.join(", "));
        let help = match way {
            WayOut::Import { import, path } => {
                let because =
                    path.as_ref().map(|path| format!(": `{path}` defines {it}")).unwrap_or_default();
                format!("below `syntax`, write `import \"{import}\";`{because}")
            }
            WayOut::Share(path) => format!(
                "`{path}` defines {it}, in another service: move what both need to `shared/proto/`, and import it \
                 in both"
            ),
            WayOut::Qualify { full, import: None } => format!("write it as `{full}`"),
            WayOut::Qualify { full, import: Some(import) } => {
                format!("write it as `{full}`, and `import \"{import}\";` below `syntax`")
            }
            WayOut::Other(help) => help.clone(),
        };
        let finding = Diagnostic::error(Code::BadProto, message).help(help);
        let mut spans: Vec<_> = names.iter().flat_map(|each| &each.spans).copied().collect();
        spans.sort_unstable();
        spans
            .into_iter()
            .take(MARKED)
            .fold(finding, |finding, span| finding.at(Label::new(self.source, span, "")))
    }
}

/// The file of Google's that defines a name.
fn well_known(name: &str) -> Option<String> {
    let pool = DescriptorPool::global();
    let name = name.trim_start_matches('.');
    let message = pool.get_message_by_name(name).map(|message| message.parent_file());
    let file = message.or_else(|| pool.get_enum_by_name(name).map(|found| found.parent_file()))?;
    Some(file.name().to_owned()).filter(|file| is_well_known(file))
}

/// What other languages call a type of protos.
fn meant(name: &str) -> Option<String> {
    let types = match name.to_ascii_lowercase().as_str() {
        "int" | "integer" | "short" | "byte" => "`int32` or `int64`",
        "long" | "bigint" => "`int64`",
        "str" | "text" | "char" | "varchar" => "`string`",
        "boolean" => "`bool`",
        "float64" | "real" | "number" | "decimal" => "`double`",
        "float32" => "`float`",
        "datetime" | "timestamp" | "date" => {
            return Some(
                "did you mean `google.protobuf.Timestamp`, with `import \"google/protobuf/timestamp.proto\";`?"
                    .to_owned(),
            );
        }
        _ => {
            const SCALARS: [&str; 15] = [
                "bool", "bytes", "double", "fixed32", "fixed64", "float", "int32", "int64", "sfixed32",
                "sfixed64", "sint32", "sint64", "string", "uint32", "uint64",
            ];
            return near_match(name, "types", SCALARS).filter(|help| help.starts_with("did you mean"));
        }
    };
    Some(format!("did you mean {types}?"))
}

#[cfg(test)]
mod tests {
    use aieffect_blueprint::{Findings, ProtoRoot};
    use insta::assert_snapshot;

    use crate::proto_set::Compiler;
    use crate::testing::{shown, tree};

    /// What is said of the service `a` of a use case with these files.
    fn said(root: &str, others: &[(&str, &str)]) -> String {
        let root = format!("syntax = \"proto3\";\npackage a.b;\n{root}");
        let files: Vec<_> =
            [("services/a/proto/a.proto", root.as_str())].iter().chain(others).copied().collect();
        let roots = ["services/a/proto", "services/a", "shared/proto", ""];
        let root = ProtoRoot { file: files[0].0.to_owned(), import_roots: roots.map(str::to_owned).to_vec() };
        let mut findings = Findings::new();
        Compiler::new(&tree(&files)).node(&root, &mut findings);
        shown(&findings)
    }

    const COMMON: &str =
        "syntax = \"proto3\"; package common; message Row { message Part {} } enum Kind { NONE = 0; }";

    #[test]
    fn the_file_that_defines_what_is_not_imported_is_named_once() {
        let text = "message M {\n  common.Row row = 1;\n  common.Row.Part part = 2;\n  repeated common.Row rows = 3;\n  .common.Kind kind = 4;\n}";
        assert_snapshot!(said(text, &[("shared/proto/common.proto", COMMON)]), @r#"
        error[AE0301] services/a/proto/a.proto:4:3: `common.Row`, `common.Row.Part`, `.common.Kind` are not defined
          services/a/proto/a.proto:4:3 `common.Row`
          services/a/proto/a.proto:5:3 `common.Row.Part`
          services/a/proto/a.proto:6:12 `common.Row`
          services/a/proto/a.proto:7:3 `.common.Kind`
          help: below `syntax`, write `import "common.proto";`: `shared/proto/common.proto` defines them
        "#);
        assert_snapshot!(said("message M { Own own = 1; }", &[
            ("services/a/proto/own.proto", "package a; message Own {}"),
            ("services/b/proto/own.proto", "package a; message Own {}"),
        ]), @r#"
        error[AE0301] services/a/proto/a.proto:3:13: `Own` is not defined
          services/a/proto/a.proto:3:13 `Own`
          help: below `syntax`, write `import "own.proto";`: `services/a/proto/own.proto` defines it
        "#);
        assert_snapshot!(said("message M { google.protobuf.Timestamp at = 1; }", &[]), @r#"
        error[AE0301] services/a/proto/a.proto:3:13: `google.protobuf.Timestamp` is not defined
          services/a/proto/a.proto:3:13 `google.protobuf.Timestamp`
          help: below `syntax`, write `import "google/protobuf/timestamp.proto";`
        "#);
    }

    #[test]
    fn what_only_another_service_defines_is_to_be_shared() {
        let text = "message M { common.Row row = 1; }";
        assert_snapshot!(said(text, &[("services/b/proto/common.proto", COMMON)]), @"
        error[AE0301] services/a/proto/a.proto:3:13: `common.Row` is not defined
          services/a/proto/a.proto:3:13 `common.Row`
          help: `services/b/proto/common.proto` defines it, in another service: move what both need to `shared/proto/`, and import it in both
        ");
    }

    #[test]
    fn a_name_without_its_package_is_completed() {
        let others = [("shared/proto/common.proto", COMMON)];
        assert_snapshot!(said("import \"common.proto\";\nmessage M { Row row = 1; }", &others), @"
        error[AE0301] services/a/proto/a.proto:4:13: `Row` is not defined
          services/a/proto/a.proto:4:13 `Row`
          help: write it as `common.Row`
        ");
        assert_snapshot!(said("message M { Row row = 1; }", &others), @r#"
        error[AE0301] services/a/proto/a.proto:3:13: `Row` is not defined
          services/a/proto/a.proto:3:13 `Row`
          help: write it as `common.Row`, and `import "common.proto";` below `syntax`
        "#);
    }

    #[test]
    fn types_of_other_languages_are_translated() {
        let text = "message Missed {}\nmessage M {\n  int a = 1;\n  str b = 2;\n  in32 c = 3;\n  Timestamp d = 4;\n  Misset e = 5;\n  What g = 7;\n  int f = 6;\n}";
        assert_snapshot!(said(text, &[]), @r#"
        error[AE0301] services/a/proto/a.proto:5:3: `int` is not defined
          services/a/proto/a.proto:5:3 `int`
          services/a/proto/a.proto:11:3 `int`
          help: did you mean `int32` or `int64`?
        error[AE0301] services/a/proto/a.proto:6:3: `str` is not defined
          services/a/proto/a.proto:6:3 `str`
          help: did you mean `string`?
        error[AE0301] services/a/proto/a.proto:7:3: `in32` is not defined
          services/a/proto/a.proto:7:3 `in32`
          help: did you mean `int32`?
        error[AE0301] services/a/proto/a.proto:8:3: `Timestamp` is not defined
          services/a/proto/a.proto:8:3 `Timestamp`
          help: did you mean `google.protobuf.Timestamp`, with `import "google/protobuf/timestamp.proto";`?
        error[AE0301] services/a/proto/a.proto:9:3: `Misset` is not defined
          services/a/proto/a.proto:9:3 `Misset`
          help: did you mean `Missed`?
        error[AE0301] services/a/proto/a.proto:10:3: `What` is not defined
          services/a/proto/a.proto:10:3 `What`
          help: define a `message` or an `enum` of this name, or import the file that does
        "#);
    }
}
