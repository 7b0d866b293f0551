use aieffect_blueprint::{Findings, SourceText};

use super::lines;
use crate::testing::{compiled, shown};

/// Codes and marked texts of a file that compiles.
fn check(text: &str, expected: &[&str]) {
    compiled(text);
    let found = inspect(text);
    let short = |finding: &aieffect_blueprint::Diagnostic| {
        let label = &finding.labels[0];
        format!("{} {}", label.position(), &text[label.span.start..label.span.end])
    };
    let found: Vec<_> = found.iter().map(|finding| format!("{} {}", finding.code, short(finding))).collect();
    assert_eq!(found, expected);
}

fn inspect(text: &str) -> Findings {
    let mut findings = Findings::new();
    lines::inspect(&SourceText::new("a.proto", text), &mut findings);
    findings
}

const PLAIN: &str = r#"// A package; import "x"; enum E { A = 0; }
syntax = "proto3";
/* service Other {} 'x' */
service S {
  rpc Do(A) returns (A);
  rpc Twice(A)
    returns (A);
}

message A {
  string package = 1;
  string enum = 2;
  map<string, string> import = 3;
  message Inner {
    int32 service = 1;
  }
  rpc rpc = 4;
}
message rpc {
}
"#;

#[test]
fn what_only_looks_like_it_is_fine() {
    check(PLAIN, &[]);
    check(&PLAIN.replace('\n', "\r\n"), &[]);
    check("", &[]);
}

#[test]
fn statements_of_files_that_it_cannot_take_are_marked_whole() {
    check(
        "syntax = 'proto3';\npackage a\n  .b ;\n",
        &["AE0807 a.proto:1:1 syntax = 'proto3';", "AE0801 a.proto:2:1 package a\n  .b ;"],
    );
    check(
        "import \"google/protobuf/empty.proto\";\n",
        &["AE0802 a.proto:1:1 import \"google/protobuf/empty.proto\";"],
    );
}

#[test]
fn an_import_that_no_export_inlines_has_another_way_around() {
    let help = |import: &str| inspect(import).into_iter().next().unwrap().help.unwrap();
    assert!(help("import \"common.proto\";").contains("--self-contained"));
    assert!(help("import public 'google/protobuf/empty.proto';").contains("an empty message"));
}

#[test]
fn enums_are_found_at_any_depth() {
    check(
        "enum E {\n  A = 0;\n}\nmessage M {\n  enum F {\n    enum = 0;\n  }\n  optional F f = 1;\n}\n",
        &["AE0803 a.proto:1:1 enum E", "AE0803 a.proto:5:3 enum F"],
    );
}

#[test]
fn each_service_but_the_first_is_one_too_many() {
    let found = inspect("service A {\n}\nservice B {\n}\n");
    insta::assert_snapshot!(shown(&found), @"
    error[AE0804] a.proto:3:9: the designer takes one `service` in a file
      a.proto:3:9 `B` this is one more
      a.proto:1:9 `A` this is the first
      help: move its operations into the first one, or make a service folder of its own for it
    ");
}

#[test]
fn braces_after_an_rpc_are_one_finding_whatever_is_in_them() {
    check(
        "message A {\n}\nservice S {\n  rpc B(A) returns (A) {}\n  rpc C(A) returns (A) { option deprecated = true; }\n  rpc D(A) returns (A) {\n    option idempotency_level = IDEMPOTENT;\n  }\n}\n",
        &[
            "AE0805 a.proto:4:24 {}",
            "AE0805 a.proto:5:24 { option deprecated = true; }",
            "AE0805 a.proto:6:24 {\n    option idempotency_level = IDEMPOTENT;\n  }",
        ],
    );
}

#[test]
fn braces_stand_where_lines_end_and_alone() {
    check("message A {}\n", &["AE0806 a.proto:1:11 {}"]);
    check("message A { optional int32 a = 1; }\n", &["AE0806 a.proto:1:11 { optional int32 a = 1; }"]);
    check("message A\n{\n}\n", &[]);
    check("message A { // why\n}\n", &["AE0806 a.proto:1:11 {"]);
    check("message A {\n  optional int32 a = 1; }\n", &["AE0806 a.proto:2:25 }"]);
    check("message A {\n} message B {\n}\n", &["AE0806 a.proto:2:1 }"]);
    check("message A {\n}", &[]);
    check("message A {   \n\t}  \n", &[]);
}

#[test]
fn a_single_long_line_takes_no_time() {
    let text = "message A {} ".repeat(20_000);
    let begun = std::time::Instant::now();
    assert_eq!(inspect(&text).len(), 20_000);
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}
