//! Imports written into each node's own file: the text compiles again, and to the same wire format.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "these are tests, also outside the functions marked so"
)]

mod given;

use std::collections::BTreeMap;

use aieffect_blueprint::Findings;
use aieffect_export::ProtoLayout;
use given::{export, options, read_back, resolved, use_case};
use prost_reflect::{EnumDescriptor, Kind, MessageDescriptor, MethodDescriptor, ServiceDescriptor};

const LINKLESS: &str = r#""connections": []"#;

/// What a message is on the wire: numbers and types, all the way down, and no name of a type.
fn wire(message: &MessageDescriptor, seen: &mut BTreeMap<String, usize>) -> String {
    if let Some(number) = seen.get(message.full_name()) {
        return format!("#{number}");
    }
    let number = seen.len();
    seen.insert(message.full_name().to_owned(), number);
    let mut fields: Vec<_> = message.fields().collect();
    fields.sort_by_key(|field| field.number());
    let fields = fields.iter().map(|field| {
        let kind = match field.kind() {
            Kind::Message(inner) => wire(&inner, seen),
            Kind::Enum(entry) => values(&entry),
            kind => format!("{kind:?}"),
        };
        let options = field.options();
        let numeric =
            field.is_list() && !matches!(field.kind(), Kind::Message(_) | Kind::String | Kind::Bytes);
        let packed = match options.get_field_by_name("packed") {
            Some(packed) if options.has_field_by_name("packed") => packed.as_bool().unwrap(),
            _ => field.parent_file().syntax() == prost_reflect::Syntax::Proto3,
        };
        let shape = (field.cardinality(), numeric && packed, field.is_group(), field.is_map());
        let oneof = field
            .containing_oneof()
            .filter(|oneof| !oneof.is_synthetic())
            .map(|oneof| oneof.name().to_owned());
        let (name, json) = (field.name(), field.json_name());
        let default = field.field_descriptor_proto().default_value.clone();
        let deprecated = field.options().get_field_by_name("deprecated").map(|value| value.into_owned());
        format!("{}:{name}/{json} {kind} {shape:?} {oneof:?} {default:?} {deprecated:?}", field.number())
    });
    let fields: Vec<String> = fields.collect();
    let reserved: Vec<_> = message.reserved_ranges().collect();
    let names: Vec<_> = message.reserved_names().collect();
    format!("#{number}{{{} {reserved:?} {names:?}}}", fields.join("; "))
}

fn values(entry: &EnumDescriptor) -> String {
    let values: Vec<_> = entry.values().map(|value| format!("{}={}", value.name(), value.number())).collect();
    let reserved: Vec<_> = entry.reserved_ranges().collect();
    format!("<{} {reserved:?}>", values.join(","))
}

fn methods(services: impl Iterator<Item = ServiceDescriptor>) -> Vec<String> {
    let shown = |method: MethodDescriptor| {
        let mut seen = BTreeMap::new();
        let sides = [method.input(), method.output()].map(|message| wire(&message, &mut seen));
        let streams = (method.is_client_streaming(), method.is_server_streaming());
        let level = method.options().get_field_by_name("idempotency_level").map(|value| format!("{value:?}"));
        format!("{} {streams:?} {level:?}\n  {}\n  {}", method.full_name(), sides[0], sides[1])
    };
    services.flat_map(|service| service.methods().map(shown).collect::<Vec<_>>()).collect()
}

/// Exports service `a` self-contained, checks that its methods are the same on the wire, and gives the text.
fn check(files: &[(&str, &str)]) -> String {
    let use_case = use_case(files, LINKLESS);
    let (_, before) = resolved(&use_case);
    let (exported, findings) = export(&use_case, &options(ProtoLayout::SelfContained));
    assert_eq!(findings, Findings::new());
    let protos = exported.0.keys().filter(|name| name.ends_with(".proto")).count();
    assert_eq!(protos, 1, "imports are gone");
    let (_, after) = read_back(&exported);
    let text = exported.0["microservice/a1.proto"].clone();
    let services =
        |set: &aieffect_contract::ProtoSet| methods(set.proto_of(0).unwrap().root().unwrap().services());
    assert_eq!(services(&before), services(&after), "{text}");
    text
}

#[test]
fn a_file_without_imports_of_its_own_is_kept_letter_by_letter() {
    let text = "// mine\nsyntax = 'proto3';\nimport \"google/protobuf/empty.proto\";\nservice S { rpc R(google.protobuf.Empty) returns (google.protobuf.Empty) {} }\n";
    assert_eq!(check(&[("services/a/proto/a.proto", text)]), text);
}

#[test]
fn what_is_used_of_imports_moves_into_the_file_and_package() {
    let text = check(&[
        (
            "services/a/proto/a.proto",
            r#"syntax = "proto3";
            package case.a;
            import "common.proto";
            import "google/protobuf/timestamp.proto";
            service Analyzer {
              rpc Analyze(stream Request) returns (case.common.Report) { option idempotency_level = IDEMPOTENT; }
              rpc Watch(case.common.Series) returns (stream Request) { option deprecated = true; }
            }
            message Request {
              reserved 4, 10 to 12, 100 to max;
              reserved "old";
              case.common.Series series = 1;
              map<string, case.common.Reading> by_name = 2 [json_name = "names"];
              oneof choice { int32 a = 5 [deprecated = true]; case.common.Unit unit = 6; }
              optional double factor = 7;
              repeated int32 unpacked = 8 [packed = false];
              google.protobuf.Timestamp at = 9;
              enum Kind { option allow_alias = true; KIND_NONE = 0; KIND_NULL = 0; KIND_SOME = -3; reserved 7 to 9; }
              Kind kind = 3;
              Request parent = 13;
            }"#,
        ),
        (
            "shared/proto/common.proto",
            r#"syntax = "proto3";
            package case.common;
            import public "deeper.proto";
            message Series { repeated Reading readings = 1; }
            message Report { message Row { Series series = 1; Unit unit = 2; } repeated Row rows = 1; }
            message NotUsed { int32 x = 1; }
            enum Unit { UNIT_NONE = 0; UNIT_KW = 1 [deprecated = true]; }"#,
        ),
        (
            "shared/proto/deeper.proto",
            "syntax = \"proto3\";\npackage case.common;\nmessage Reading { double value = 1; Reading previous = 2; }\n",
        ),
    ]);
    insta::assert_snapshot!(text, @r#"
    syntax = "proto3";

    package case.a;

    import "google/protobuf/timestamp.proto";

    service Analyzer {
      rpc Analyze(stream Request) returns (Report) {
        option idempotency_level = IDEMPOTENT;
      }
      rpc Watch(Series) returns (stream Request) {
        option deprecated = true;
      }
    }

    message Request {
      reserved 4;
      reserved 10 to 12;
      reserved 100 to max;
      reserved "old";
      enum Kind {
        option allow_alias = true;
        reserved 7 to 9;
        KIND_NONE = 0;
        KIND_NULL = 0;
        KIND_SOME = -3;
      }
      Series series = 1;
      map<string, Reading> by_name = 2 [json_name = "names"];
      oneof choice {
        int32 a = 5 [deprecated = true];
        Unit unit = 6;
      }
      optional double factor = 7;
      repeated int32 unpacked = 8 [packed = false];
      google.protobuf.Timestamp at = 9;
      Request.Kind kind = 3;
      Request parent = 13;
    }

    // `case.common.Series` of `common.proto`.
    message Series {
      repeated Reading readings = 1;
    }

    // `case.common.Report` of `common.proto`.
    message Report {
      message Row {
        Series series = 1;
        Unit unit = 2;
      }
      repeated Report.Row rows = 1;
    }

    // `case.common.Unit` of `common.proto`.
    enum Unit {
      UNIT_NONE = 0;
      UNIT_KW = 1 [deprecated = true];
    }

    // `case.common.Reading` of `deeper.proto`.
    message Reading {
      double value = 1;
      Reading previous = 2;
    }
    "#);
}

#[test]
fn names_that_clash_are_told_apart() {
    let text = check(&[
        (
            "services/a/proto/a.proto",
            r#"syntax = "proto3";
            import "one.proto";
            import "two.proto";
            service S { rpc R(Status) returns (Both); }
            message Status { one.Status inner = 1; two.Status other = 2; }
            enum Level { UNKNOWN = 0; }
            message Both {
              message Reading { int32 x = 1; }
              one.Level level = 1;
              two.Level level2 = 2;
              one.Reading far = 3;
              Reading near = 4;
              one.google g = 5;
            }"#,
        ),
        (
            "services/a/proto/one.proto",
            "syntax = \"proto3\";\npackage one;\nmessage Status { string text = 1; }\nenum Level { UNKNOWN = 0; LOW = 1; }\nmessage Reading { float v = 1; Level l = 2; }\nmessage google { int32 x = 1; }",
        ),
        (
            "services/a/proto/two.proto",
            "syntax = \"proto3\";\npackage two;\nmessage Status { int32 code = 1; }\nenum Level { UNKNOWN = 0; HIGH = 5; }",
        ),
    ]);
    insta::assert_snapshot!(text, @r#"
    syntax = "proto3";

    service S {
      rpc R(Status) returns (Both);
    }

    message Status {
      OneStatus inner = 1;
      TwoStatus other = 2;
    }

    message Both {
      message Reading {
        int32 x = 1;
      }
      LevelEnum.Level level = 1;
      TwoLevelEnum.Level level2 = 2;
      .Reading far = 3;
      Both.Reading near = 4;
      Onegoogle g = 5;
    }

    enum Level {
      UNKNOWN = 0;
    }

    // `one.Status` of `one.proto`.
    message OneStatus {
      string text = 1;
    }

    // `one.Reading` of `one.proto`.
    message Reading {
      float v = 1;
      LevelEnum.Level l = 2;
    }

    // `one.google` of `one.proto`.
    message Onegoogle {
      int32 x = 1;
    }

    // `one.Level` of `one.proto`.
    message LevelEnum {
      enum Level {
        UNKNOWN = 0;
        LOW = 1;
      }
    }

    // `two.Status` of `two.proto`.
    message TwoStatus {
      int32 code = 1;
    }

    // `two.Level` of `two.proto`.
    message TwoLevelEnum {
      enum Level {
        UNKNOWN = 0;
        HIGH = 5;
      }
    }
    "#);
}

#[test]
fn proto2_keeps_what_only_it_can_say() {
    let text = check(&[
        (
            "services/a/proto/a.proto",
            r#"syntax = "proto2";
            package a;
            import "b.proto";
            service S { rpc R(In) returns (b.Out); }
            message In {
              required string id = 1 [default = "a\"\\\n\303\244"];
              optional double f = 2 [default = -inf];
              optional b.Mode mode = 3 [default = FAST];
              optional bytes raw = 4 [default = "\001\377"];
              repeated int32 packed = 5 [packed = true];
              optional group Inner = 6 { optional int32 x = 1; repeated b.Out outs = 2; }
              extensions 100 to 199, 1000 to max;
              optional float g = 7 [default = 1e10];
              optional bool h = 8 [default = true];
              optional int64 i = 9 [default = -9223372036854775808];
            }
            extend In { optional b.Out more = 100; }"#,
        ),
        (
            "services/a/proto/b.proto",
            r#"syntax = "proto3";
            package b;
            enum Mode { SLOW = 0; FAST = 1; }
            message Out { repeated int32 numbers = 1; string name = 2; optional int32 some = 3; oneof o { int32 p = 4; } }"#,
        ),
    ]);
    insta::assert_snapshot!(text, @r#"
    syntax = "proto2";

    package a;

    service S {
      rpc R(In) returns (Out);
    }

    message In {
      extensions 100 to 199;
      extensions 1000 to max;
      required string id = 1 [default = "a\"\\\012\303\244"];
      optional double f = 2 [default = -inf];
      optional Mode mode = 3 [default = FAST];
      optional bytes raw = 4 [default = "\001\377"];
      repeated int32 packed = 5 [packed = true];
      optional group Inner = 6 {
        optional int32 x = 1;
        repeated Out outs = 2;
      }
      optional float g = 7 [default = 10000000000];
      optional bool h = 8 [default = true];
      optional int64 i = 9 [default = -9223372036854775808];
    }

    extend In {
      optional Out more = 100;
    }

    // `b.Out` of `b.proto`.
    message Out {
      repeated int32 numbers = 1 [packed = true];
      optional string name = 2;
      optional int32 some = 3;
      oneof o {
        int32 p = 4;
      }
    }

    // `b.Mode` of `b.proto`.
    enum Mode {
      SLOW = 0;
      FAST = 1;
    }
    "#);
}

#[test]
fn options_of_others_are_left_out_with_what_defines_them() {
    let text = check(&[
        (
            "services/a/proto/a.proto",
            r#"syntax = "proto3";
            import "google/api/tags.proto";
            option (google.api.owner) = "me";
            service S { rpc R(In) returns (In) { option (google.api.http) = { get: "/v1/in" }; } }
            message In { string name = 1 [(google.api.tag) = "t", deprecated = true]; }"#,
        ),
        (
            "shared/proto/google/api/tags.proto",
            r#"syntax = "proto3";
            package google.api;
            import "google/protobuf/descriptor.proto";
            extend google.protobuf.FileOptions { string owner = 50000; }
            extend google.protobuf.FieldOptions { string tag = 50001; }
            extend google.protobuf.MethodOptions { Http http = 72295728; }
            message Http { string get = 2; }"#,
        ),
    ]);
    insta::assert_snapshot!(text, @r#"
    syntax = "proto3";

    service S {
      rpc R(In) returns (In);
    }

    message In {
      string name = 1 [deprecated = true];
    }
    "#);
}

#[test]
fn what_proto3_cannot_say_is_a_finding() {
    let files = [
        (
            "services/a/proto/a.proto",
            "syntax = \"proto3\";\nimport \"b.proto\";\nservice S { rpc R(Old) returns (Old); }",
        ),
        (
            "services/a/proto/b.proto",
            "syntax = \"proto2\";\nmessage Old {\n  optional int32 x = 1 [default = 3];\n  optional group G = 2 { }\n  enum E { ONE = 1; }\n}",
        ),
    ];
    let (_, findings) = export(&use_case(&files, LINKLESS), &options(ProtoLayout::SelfContained));
    let lines: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    insta::assert_snapshot!(lines, @"
    error[AE0301] services/a/proto/b.proto:3:3: a default value cannot be inlined into `a.proto`
    error[AE0301] services/a/proto/b.proto:4:3: a group cannot be inlined into `a.proto`
    error[AE0301] services/a/proto/b.proto:2:9: an enum that does not begin with 0 cannot be inlined into `a.proto`
    ");
    let (_, findings) = export(&use_case(&files, LINKLESS), &options(ProtoLayout::Imports));
    assert_eq!(findings, Findings::new());
}
