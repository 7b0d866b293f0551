use std::sync::Arc;

use aieffect_blueprint::{Findings, OperationId};
use insta::assert_snapshot;

use super::ProtoSet;
use crate::testing::{compile, compiled, pipeline, shown, tree};

fn findings(files: &[(&str, &str)]) -> String {
    let (node, findings) = compile(files);
    assert_eq!(node.is_none(), findings.has_errors());
    shown(&findings)
}

const ECHO: &str = "syntax = \"proto3\";\nmessage Text { string text = 1; }\nservice Echo {\n  rpc Say(Text) returns (Text);\n}\n";

fn id(node: usize, operation: usize) -> OperationId {
    OperationId { node, operation }
}

/// The findings of a package with one node `a` of this proto and one operation.
fn bound(signature: &str, proto: &str) -> (ProtoSet, Findings) {
    let protos = tree(&[("microservice/a.proto", proto)]);
    ProtoSet::compile(&pipeline(&[("a", &[signature])], &protos), &protos)
}

#[test]
fn an_operation_is_bound_with_path_shape_and_messages() {
    let proto = "syntax = 'proto3'; package p.q; message In {} message Out {}
        service One {
          rpc
            Up ( stream In )
            returns ( Out ) { option deprecated = true; }
          rpc Down(In) returns (stream Out) {}
        }
        service Two { rpc Both(stream p.q.In) returns (stream .p.q.Out); rpc Plain(In) returns (Out); }";
    for (name, path, shape) in [
        ("Up", "/p.q.One/Up", "ClientStream"),
        ("Down", "/p.q.One/Down", "ServerStream"),
        ("Both", "/p.q.Two/Both", "Bidirectional"),
        ("Plain", "/p.q.Two/Plain", "Unary"),
    ] {
        let (set, findings) = bound(&format!("\"operation_name\": \"{name}\""), proto);
        assert_eq!(shown(&findings), "");
        let operation = set.operation(id(0, 0)).unwrap();
        assert_eq!((operation.path.as_str(), format!("{:?}", operation.shape).as_str()), (path, shape));
        assert_eq!(operation.input.full_name(), "p.q.In");
        assert_eq!(operation.output.full_name(), "p.q.Out");
    }
}

#[test]
fn an_operation_that_the_proto_does_not_have_is_reported_with_the_near_match() {
    let (set, findings) = bound("\"operation_name\": \"Sya\"", ECHO);
    assert!(set.operation(id(0, 0)).is_none());
    assert_snapshot!(shown(&findings), @r#"
    error[AE0304] blueprint.json:2:46: `a` has no operation `Sya` in its proto
      blueprint.json:2:46 `"Sya"`
      help: did you mean `Say`?
    "#);
}

#[test]
fn one_operation_in_two_services_is_reported_with_both() {
    let (set, findings) = bound(
        "\"operation_name\": \"Say\"",
        &format!("{ECHO}service Other {{\n  rpc Say(Text) returns (Text);\n}}\n"),
    );
    assert!(set.operation(id(0, 0)).is_none());
    assert_snapshot!(shown(&findings), @r"
    error[AE0305] microservice/a.proto:7:7: `Say` is an operation of `Echo` and of `Other`
      microservice/a.proto:7:7 `Say` again here
      microservice/a.proto:4:7 `Say` first here
      help: rename one of them: a pipeline knows operations by their own name only
    ");
}

#[test]
fn stream_flags_that_disagree_are_a_warning_and_the_proto_wins() {
    let flags = |input, output| {
        format!(
            "\"operation_name\": \"Say\", \"input_message_stream\": {input}, \"output_message_stream\": {output}"
        )
    };
    assert_eq!(shown(&bound(&flags(false, false), ECHO).1), "");
    let (set, findings) = bound(&flags(true, false), ECHO);
    assert_eq!(set.operation(id(0, 0)).unwrap().shape, crate::CallShape::Unary);
    assert!(!findings.has_errors());
    assert_snapshot!(shown(&findings), @r"
    warning[AE0307] blueprint.json:2:77: the stream flags of `a:Say` disagree: input is said to be a stream and is a single message
      blueprint.json:2:77 `true` said here
      microservice/a.proto:4:7 `Say` defined here
      help: the proto is followed; export the package again to set the flags right
    ");
    assert_snapshot!(shown(&bound(&flags(true, true), ECHO).1), @r"
    warning[AE0307] blueprint.json:2:77: the stream flags of `a:Say` disagree: input is said to be a stream and is a single message, output is said to be a stream and is a single message
      blueprint.json:2:77 `true` said here
      microservice/a.proto:4:7 `Say` defined here
      help: the proto is followed; export the package again to set the flags right
    ");
}

#[test]
fn two_nodes_may_define_different_messages_of_one_name() {
    let other = ECHO.replace("string text", "int32 number");
    let protos = tree(&[("microservice/a.proto", ECHO), ("microservice/b.proto", &other)]);
    let say: &[&str] = &["\"operation_name\": \"Say\""];
    let (set, findings) = ProtoSet::compile(&pipeline(&[("a", say), ("b", say)], &protos), &protos);
    assert_eq!(shown(&findings), "");
    let field = |node| set.operation(id(node, 0)).unwrap().input.get_field(1).unwrap().name().to_owned();
    assert_eq!([field(0), field(1)], ["text", "number"]);
}

#[test]
fn nodes_with_equal_protos_share_a_pool_and_are_labelled_by_their_own_file() {
    let protos = tree(&[("microservice/a.proto", ECHO), ("microservice/b.proto", ECHO)]);
    let say: &[&str] = &["\"operation_name\": \"Say\""];
    let (set, _) = ProtoSet::compile(&pipeline(&[("a", say), ("b", say)], &protos), &protos);
    let [a, b] = [0, 1].map(|node| set.proto_of(node).unwrap());
    assert!(Arc::ptr_eq(&a.linked, &b.linked));
    let input = &set.operation(id(1, 0)).unwrap().input;
    let label = set.field_label(id(1, 0), &input.get_field(1).unwrap());
    assert_eq!(label.position(), "microservice/b.proto:2:16");
    assert_eq!(set.message_label(id(0, 0), input).position(), "microservice/a.proto:2:9");
}

#[test]
fn equal_texts_that_import_different_files_are_compiled_apart() {
    let root = "syntax = \"proto3\"; import \"m.proto\"; service E { rpc Say(M) returns (M); }";
    let message = |field: &str| format!("syntax = \"proto3\"; message M {{ string {field} = 1; }}");
    let (one, other) = (message("one"), message("other"));
    let protos = tree(&[
        ("microservice/a.proto", root),
        ("microservice/a/m.proto", &one),
        ("microservice/b.proto", root),
        ("microservice/b/m.proto", &other),
    ]);
    let say: &[&str] = &["\"operation_name\": \"Say\""];
    let (set, findings) = ProtoSet::compile(&pipeline(&[("a", say), ("b", say)], &protos), &protos);
    assert_eq!(shown(&findings), "");
    let field = |node| set.operation(id(node, 0)).unwrap().input.get_field(1).unwrap().name().to_owned();
    assert_eq!([field(0), field(1)], ["one", "other"]);
    let files: Vec<_> = set.proto_of(1).unwrap().files().iter().map(|file| file.path.as_str()).collect();
    assert_eq!(files, ["microservice/b/m.proto", "microservice/b.proto"]);
}

#[test]
fn a_node_without_its_file_is_passed_over_and_the_others_are_compiled() {
    let protos = tree(&[("microservice/a.proto", ECHO), ("microservice/b.proto", ECHO)]);
    let say: &[&str] = &["\"operation_name\": \"Say\""];
    let pipeline = pipeline(&[("a", say), ("b", say)], &protos);
    let (set, findings) = ProtoSet::compile(&pipeline, &tree(&[("microservice/b.proto", ECHO)]));
    assert_eq!(shown(&findings), "");
    assert!(set.operation(id(0, 0)).is_none() && set.operation(id(1, 0)).is_some());
}

#[test]
fn what_protos_in_the_wild_hold_is_read() {
    compiled(
        "\u{feff}message Proto2 { required string a = 1 [default = 'x']; repeated group G = 2 { optional int32 b = 1; } extensions 100 to max; }",
    );
    compiled(
        "syntax = 'proto3'; /* ä */ option java_package = \"x\"; // end
        import \"google/protobuf/empty.proto\"; import public \"google/protobuf/any.proto\";
        enum State { option allow_alias = true; UNKNOWN = 0; NONE = 0; OLD = 5 [deprecated = true]; reserved 7, 9 to 11; }
        message Tree { repeated Tree children = 1; map<string, Tree> by_name = 2; oneof kind { string leaf = 3; State state = 4; }
          message Inner { google.protobuf.Any any = 1; } Inner inner = 5; optional bool flag = 6; reserved 8; reserved 'gone'; }
        service A { rpc Get(google.protobuf.Empty) returns (Tree) {} } service B { rpc Put(Tree) returns (google.protobuf.Empty) { ; } }",
    );
    compiled("");
}

#[test]
fn a_field_is_marked_whole_or_by_name_when_it_takes_several_lines() {
    let proto = compiled("syntax = \"proto2\";\nmessage M {\n  /* ä */ optional string a = 1;\n}");
    let message = proto.pool().get_message_by_name("M").unwrap();
    let label = proto.field_label(&message.get_field(1).unwrap());
    assert_eq!(label.position(), "a.proto:3:11");
    assert_eq!(&label.source.text()[label.span.start..label.span.end], "optional string a = 1;");

    let proto = compiled("message M {\n  optional group G = 1 {\n  }\n}");
    let message = proto.pool().get_message_by_name("M").unwrap();
    assert_eq!(proto.field_label(&message.get_field(1).unwrap()).position(), "a.proto:2:18");
}

#[test]
fn the_insides_of_a_map_are_marked_at_its_field() {
    let proto = compiled("syntax = \"proto3\";\nmessage M {\n  map<string, int32> m = 1;\n}");
    let entry = proto.pool().get_message_by_name("M.MEntry").unwrap();
    assert_eq!(proto.field_label(&entry.map_entry_key_field()).source.name(), "a.proto");
}

#[test]
fn a_syntax_error_is_reported_in_the_users_file() {
    assert_snapshot!(findings(&[("a.proto", "syntax = \"proto3\";\nmessage M {\n  string = 1;\n}\n")]), @"
    error[AE0301] a.proto:3:10: expected an identifier, but found `=`
      a.proto:3:10 `=` found here
      help: a field is written `type name = 1;`, each with a number of its own
    ");
    assert_snapshot!(findings(&[("a.proto", "message M {\n  ")]), @"
    error[AE0301] a.proto:1:12: the `{` of line 1 is not closed
      a.proto:1:12 `` the file ends here
      a.proto:1:11 `{` opened here
      help: add the `}` that is missing
    ");
    assert_snapshot!(findings(&[("a.proto", "syntax = \"proto4\";")]), @r#"
    error[AE0301] a.proto:1:10: unknown syntax `proto4`
      a.proto:1:10 `"proto4"` defined here
      help: possible values are `proto2` and `proto3`
    "#);
}

#[test]
fn every_unknown_name_is_reported_with_bytes_counted_as_bytes() {
    let text =
        "syntax = \"proto3\";\nmessage M {\n  /* äöü */ Nn a = 1;\n  Missing b = 1;\n}\nmessage N {}\n";
    assert_snapshot!(findings(&[("a.proto", text)]), @"
    error[AE0301] a.proto:4:15: field number `1` is already used
      a.proto:4:15 `1` defined again here
      a.proto:3:20 `1` first defined here
    error[AE0301] a.proto:3:13: `Nn` is not defined
      a.proto:3:13 `Nn`
      help: did you mean `N`?
    error[AE0301] a.proto:4:3: `Missing` is not defined
      a.proto:4:3 `Missing`
      help: define a `message` or an `enum` of this name, or import the file that does
    ");
}

#[test]
fn what_is_wrong_is_marked_before_what_it_clashes_with() {
    let texts = [
        "package a;\npackage b;",
        "message M {}\nenum M { A = 0; }",
        "message M {\n  reserved 1 to 3;\n  optional int32 a = 2;\n}",
        "message M {\n  optional int32 a = 5;\n  extensions 4 to 6;\n}",
        "enum E {\n  A = 1;\n  reserved 1;\n}",
        "message M {}\nservice S {\n  rpc Go(S) returns (M);\n}",
        "message M {\n  optional int32 a_b = 1;\n  optional int32 aB = 2;\n}",
    ];
    let all = texts.map(|text| findings(&[("a.proto", &format!("syntax = \"proto2\";\n{text}"))]));
    assert_snapshot!(all.concat(), @r"
    error[AE0301] a.proto:3:1: multiple package names specified
      a.proto:3:1 `package b;` …and again here
      a.proto:2:1 `package a;` defined here…
    error[AE0301] a.proto:3:6: name `M` is defined twice
      a.proto:3:6 `M` defined again here
      a.proto:2:9 `M` first defined here
    error[AE0301] a.proto:4:22: field number `2` conflicts with reserved range `1 to 3`
      a.proto:4:22 `2` defined here
      a.proto:3:12 `1 to 3` reserved range defined here
    error[AE0301] a.proto:3:22: field number `5` conflicts with extension range `4 to 6`
      a.proto:3:22 `5` defined here
      a.proto:4:14 `4 to 6` extension range defined here
    error[AE0301] a.proto:4:12: enum number `1` conflicts with reserved range `1 to 1`
      a.proto:4:12 `1` reserved range defined here
    error[AE0301] a.proto:4:10: `S` is not a message type
      a.proto:4:10 `S` found here
      a.proto:3:9 `S` defined here
    error[AE0301] a.proto:4:18: a field with JSON name `` is already defined
      a.proto:4:18 `aB` defined again here
      a.proto:3:18 `a_b` first defined here
    ");
}

#[test]
fn an_error_in_an_imported_file_is_reported_there() {
    let root = "syntax = \"proto3\"; import \"m.proto\";";
    assert_snapshot!(findings(&[("a.proto", root), ("lib/m.proto", "syntax = \"proto3\"; message M { X x = 1; }")]), @"
    error[AE0301] lib/m.proto:1:32: `X` is not defined
      lib/m.proto:1:32 `X`
      help: define a `message` or an `enum` of this name, or import the file that does
    ");
    assert_snapshot!(findings(&[("a.proto", root), ("lib/m.proto", "massage M {}")]), @"
    error[AE0301] lib/m.proto:1:1: expected `enum`, `extend`, `import`, `message`, `option`, `service`, `package` or `;`, but found `massage`
      lib/m.proto:1:1 `massage` found here
      help: did you mean `message`?
    ");
}

#[test]
fn a_missing_import_is_reported_with_where_it_was_looked_for() {
    let root = "syntax = \"proto3\";\nimport \"shared/meter.proto\";\nimport \"x/none.proto\";\n";
    assert_snapshot!(findings(&[("a.proto", root), ("lib/shared/metre.proto", ECHO)]), @r#"
    error[AE0302] a.proto:2:1: `shared/meter.proto` is imported, but is not there
      a.proto:2:1 `import "shared/meter.proto";` imported here
      help: looked for it in `lib/`, the top folder; did you mean `shared/metre.proto`?
    error[AE0302] a.proto:3:1: `x/none.proto` is imported, but is not there
      a.proto:3:1 `import "x/none.proto";` imported here
      help: looked for it in `lib/`, the top folder; known protos: `shared/metre.proto`
    "#);
    let library = [("a.proto", "import \"google/protobuf/timestmp.proto\";"), ("library/x.proto", "")];
    assert_snapshot!(findings(&library), @r#"
    error[AE0302] a.proto:1:1: `google/protobuf/timestmp.proto` is imported, but is not there
      a.proto:1:1 `import "google/protobuf/timestmp.proto";` imported here
      help: looked for it in `lib/`, the top folder; did you mean `google/protobuf/timestamp.proto`?
    "#);
    assert_snapshot!(findings(&[("a.proto", "import \"/etc/passwd\";")]), @r#"
    error[AE0301] a.proto:1:8: the path of an import is not allowed
      a.proto:1:8 `"/etc/passwd"` defined here
      help: imports may not contain backslashes, repeated forward slashes, `.` or `..` components
    "#);
    assert_snapshot!(findings(&[("a.proto", "import \"../b.proto\";"), ("b.proto", "")]), @r#"
    error[AE0301] a.proto:1:8: the path of an import is not allowed
      a.proto:1:8 `"../b.proto"` defined here
      help: imports may not contain backslashes, repeated forward slashes, `.` or `..` components
    "#);
}

#[test]
fn a_root_may_import_another_file_of_its_own_name() {
    let protos = tree(&[
        ("microservice/a.proto", "import \"a.proto\"; service E { rpc Say(M) returns (M); }"),
        ("microservice/a/a.proto", "message M {}"),
    ]);
    let say: &[&str] = &["\"operation_name\": \"Say\""];
    let (set, findings) = ProtoSet::compile(&pipeline(&[("a", say)], &protos), &protos);
    assert_eq!(shown(&findings), "");
    let imports: Vec<_> = set.proto_of(0).unwrap().files().iter().map(|file| file.import.as_str()).collect();
    assert_eq!(imports, ["a.proto", "microservice/a.proto"]);
}

#[test]
fn imports_in_a_circle_are_reported() {
    let import = |path: &str| format!("import \"{path}\";");
    let (a, b) = (import("b.proto"), import("a.proto"));
    assert_snapshot!(findings(&[("a.proto", &a), ("b.proto", &b)]), @r#"
    error[AE0301] b.proto:1:1: imports go in a circle: a.proto → b.proto → a.proto
      b.proto:1:1 `import "a.proto";` this import closes it
      help: move what both files need to a third one
    "#);
    assert_snapshot!(findings(&[("a.proto", &b)]), @r#"
    error[AE0301] a.proto:1:1: imports go in a circle: a.proto → a.proto
      a.proto:1:1 `import "a.proto";` this import closes it
      help: move what both files need to a third one
    "#);
}

#[test]
fn one_file_under_two_import_paths_is_reported() {
    let root = "import \"lib/m.proto\";\nimport \"m.proto\";";
    assert_snapshot!(findings(&[("a.proto", root), ("lib/m.proto", "message M {}")]), @r#"
    error[AE0301] a.proto:2:1: `lib/m.proto` is imported as `lib/m.proto` and as `m.proto`
      a.proto:2:1 `import "m.proto";` imported here
      help: import it as `lib/m.proto` everywhere
    "#);
}

#[test]
fn one_import_twice_is_reported() {
    assert_snapshot!(findings(&[("a.proto", "import \"m.proto\";\nimport \"m.proto\";"), ("lib/m.proto", "")]), @r#"
    error[AE0301] a.proto:2:1: `m.proto` is imported twice
      a.proto:2:1 `import "m.proto";` this one
      a.proto:1:1 `import "m.proto";` and this one
      help: leave one of them out
    "#);
}

#[test]
fn an_edition_is_reported() {
    assert_snapshot!(findings(&[("a.proto", "// new\nedition = \"2023\";\nmessage M {}")]), @r#"
    error[AE0303] a.proto:2:1: the proto is of an edition, which cannot be read yet
      a.proto:2:1 `edition` instead of `syntax`
      help: write `syntax = "proto3";` and leave out the features of editions
    "#);
}

#[test]
fn a_chain_of_imports_longer_than_the_stack_is_a_finding() {
    let files: Vec<_> =
        (0..1100).map(|n| (format!("f{n}.proto"), format!("import \"f{}.proto\";", n + 1))).collect();
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    assert_snapshot!(findings(&files), @r#"
    error[AE0306] f999.proto:1:1: a proto imports more than 1000 files
      f999.proto:1:1 `import "f1000.proto";` one too many
    "#);
}

#[test]
fn a_users_own_copy_of_a_well_known_file_is_not_read() {
    let (node, findings) = compile(&[
        (
            "a.proto",
            "import \"google/protobuf/empty.proto\"; message M { optional google.protobuf.Empty e = 1; }",
        ),
        ("google/protobuf/empty.proto", "wrong"),
    ]);
    assert_eq!(shown(&findings), "");
    assert_eq!(node.unwrap().files().len(), 1);
}

#[test]
fn where_parts_are_is_found_once_for_a_file_however_many_are_marked() {
    let fields: String = (1..=500).map(|nth| format!("int32 f{nth} = {nth};\n")).collect();
    let node = compiled(&format!("syntax = \"proto3\";\nmessage M {{\n{fields}}}\n"));
    let before = crate::location::MADE.get();
    let message = node.pool().get_message_by_name("M").unwrap();
    let marked: Vec<_> = message.fields().map(|field| node.field_label(&field).position()).collect();
    assert_eq!((marked.len(), marked[499].as_str()), (500, "a.proto:502:1"));
    assert_eq!(crate::location::MADE.get() - before, 1);
}
