//! Whatever stands in a proto, compiling ends, and ends with findings that point into it.

use proptest::prelude::*;

use crate::testing::{compile, shown};

const WHOLE: &str = "syntax = \"proto3\";
package p.q; // ä
import \"google/protobuf/any.proto\";
import \"b.proto\";
option java_package = \"x\" 'y';
/* */ enum State { option allow_alias = true; UNKNOWN = 0; NONE = 0; OLD = -5 [deprecated = true]; reserved 7, 9 to 11; }
message Tree { repeated Tree children = 1 [packed = true]; map<string, Tree> by_name = 2; reserved 'gone';
  oneof kind { string leaf = 3; State state = 4; } message Inner { google.protobuf.Any any = 1; } Inner inner = 5; }
service A { rpc Get(stream Tree) returns (stream .p.q.Tree) { option deprecated = true; } rpc Put(Tree) returns (B); }
";
const OLD: &str = "import \"b.proto\"; message M { required string a = 1 [default = 'x\\n']; extensions 100 to max;
  optional group G = 2 { optional B b = 1; } extend M { optional double e = 100 [default = -1e3]; } }
extend google.protobuf.FieldOptions { optional M m = 50000; } import public 'google/protobuf/descriptor.proto';
message N { optional int32 n = 1 [(m) = { a: 'b' G { b <x: [1, 2]> } }]; }
";
const PIECES: [&str; 24] = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "<",
    ">",
    ";",
    "=",
    ".",
    "-",
    "\"",
    "'",
    "/*",
    "*/",
    "//",
    "\\",
    "message M {",
    "rpc",
    "import \"a.proto\";",
    "ä",
    "0",
    "99999999999999999999",
    "option (a).b = {",
];

fn look(text: &str) {
    let (node, findings) = compile(&[("a.proto", text), ("b.proto", "package p.q; message B {}")]);
    assert_eq!(node.is_none(), findings.has_errors());
    let _shown = shown(&findings);
}

/// A text with some of its bytes replaced by other parts of it, or by pieces of the language.
fn mutated() -> impl Strategy<Value = String> {
    let change = (any::<prop::sample::Index>(), 0..12_usize, prop::sample::select(PIECES.as_slice()));
    (prop::sample::select(vec![WHOLE, OLD]), prop::collection::vec(change, 1..6)).prop_map(
        |(text, changes)| {
            let mut letters: Vec<char> = text.chars().collect();
            for (at, removed, piece) in changes {
                let at = at.index(letters.len());
                let end = (at + removed).min(letters.len());
                letters.splice(at..end, piece.chars());
            }
            letters.into_iter().collect()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_change_to_a_proto_makes_compiling_panic(text in mutated()) {
        look(&text);
    }

    #[test]
    fn no_row_of_pieces_makes_compiling_panic(pieces in prop::collection::vec(prop::sample::select(PIECES.as_slice()), 0..40)) {
        look(&pieces.join(" "));
    }
}

#[test]
fn nesting_and_repetition_without_end_do_not_exhaust_the_stack() {
    let many = 100_000;
    for text in [
        "message M {".repeat(many),
        "optional group G = 1 {".repeat(many),
        format!("option (a) = {}", "{ a: ".repeat(many)),
        format!("option (a) = {{ a: {}", "[".repeat(many)),
        format!("option a = {}1;", "-".repeat(many)),
        format!("message M {{ optional {}a a = 1; }}", "a.".repeat(many)),
        format!("option {}a = 1;", "(a).".repeat(many)),
        format!("option java_package = {};", "'a' ".repeat(many)),
        "/*".repeat(many),
        "\"\n".repeat(many),
        "message ;".repeat(many / 10),
        "message M {}".repeat(many / 10),
    ] {
        look(&text);
    }
}

#[test]
fn a_file_with_thousands_of_mistakes_tells_the_first_and_their_number() {
    let fields: String = (1..=2000).map(|n| format!("optional Missing f{n} = {n};\n")).collect();
    let (_, findings) = compile(&[("a.proto", &format!("message M {{\n{fields}}}"))]);
    insta::assert_snapshot!(shown(&findings), @"
    error[AE0301] a.proto:2:10: name `Missing` is not defined
      a.proto:2:10 `Missing`
      help: the file has 1999 more mistakes
    ");
}
