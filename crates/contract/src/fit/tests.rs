use super::*;
use crate::testing::compiled;

/// Compares the field `x` of the message `S` in one proto with that of `T` in another.
fn misfit(source: &str, target: &str) -> Option<Misfit> {
    let field = |text: &str, message: &str| {
        let syntax = if text.starts_with("syntax") { "" } else { "syntax = \"proto3\";" };
        let proto = compiled(&format!("{syntax}{text}"));
        proto.pool().get_message_by_name(message).unwrap().get_field_by_name("x").unwrap()
    };
    fits(&field(source, "S"), &field(target, "T")).err()
}

fn reason(source: &str, target: &str) -> String {
    misfit(source, target).map(|misfit| misfit.reason).unwrap_or_default()
}

fn types(source: &str, target: &str) -> String {
    reason(&format!("message S {{ {source} x = 1; }}"), &format!("message T {{ {target} x = 7; }}"))
}

const SCALARS: [&str; 15] = [
    "double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64",
    "sfixed32", "sfixed64", "bool", "string", "bytes",
];

#[test]
fn a_scalar_fits_itself_and_three_wider_ones() {
    let wider = [("int32", "int64"), ("uint32", "uint64"), ("float", "double")];
    for source in SCALARS {
        for target in SCALARS {
            let expected = match source == target || wider.contains(&(source, target)) {
                true => String::new(),
                false => format!("{source} does not fit {target}"),
            };
            assert_eq!(types(source, target), expected);
        }
    }
}

#[test]
fn presence_does_not_matter() {
    assert_eq!(types("optional string", "string"), "");
    assert_eq!(types("string", "optional string"), "");
    let required = "syntax = \"proto2\"; message T { required string x = 1; }";
    assert_eq!(reason("message S { string x = 1; }", required), "");
    assert_eq!(reason("message S { oneof o { string x = 1; } }", required), "");
}

#[test]
fn repeated_fits_repeated_by_its_elements() {
    assert_eq!(types("repeated int32", "repeated int64"), "");
    assert_eq!(types("repeated string", "repeated int32"), "string does not fit int32");
    assert_eq!(types("repeated int32", "int32"), "repeated does not fit singular");
    assert_eq!(types("int32", "repeated int32"), "singular does not fit repeated");
    let unpacked = "syntax = \"proto2\"; message T { repeated int32 x = 1; }";
    assert_eq!(reason("message S { repeated int32 x = 1; }", unpacked), "");
}

#[test]
fn maps_fit_by_key_and_value() {
    assert_eq!(types("map<int32, float>", "map<int64, double>"), "");
    assert_eq!(types("map<string, float>", "map<int64, float>"), "key: string does not fit int64");
    assert_eq!(types("map<string, float>", "map<string, int32>"), "value: float does not fit int32");
    assert_eq!(types("map<string, string>", "repeated string"), "map does not fit repeated");
    let entries = "message T { message E { string key = 1; string value = 2; } repeated E x = 1; }";
    assert_eq!(reason("message S { map<string, string> x = 1; }", entries), "map does not fit repeated");
}

#[test]
fn messages_in_maps_are_compared_too() {
    let source = "message S { map<string, V> x = 1; } message V { string v = 1; }";
    let target = |inner| format!("message T {{ map<string, V> x = 1; }} message V {{ {inner} v = 1; }}");
    assert_eq!(reason(source, &target("string")), "");
    assert_eq!(reason(source, &target("bool")), "string does not fit bool");
}

#[test]
fn an_enum_fits_int32_and_nothing_else_fits_an_enum() {
    let source = "message S { E x = 1; } enum E { A = 0; }";
    let target = "message T { E x = 1; } enum E { A = 0; }";
    assert_eq!(reason(source, "message T { int32 x = 1; }"), "");
    assert_eq!(reason(source, "message T { int64 x = 1; }"), "enum `E` does not fit int64");
    assert_eq!(reason(source, "message T { string x = 1; }"), "enum `E` does not fit string");
    assert_eq!(reason("message S { int32 x = 1; }", target), "int32 does not fit enum `E`");
}

fn enum_reason(source: &str, target: &str) -> String {
    let (name, values) = source.split_once(':').unwrap();
    let source = format!("message S {{ {name} x = 1; }} enum {name} {{ {values} }}");
    let (name, values) = target.split_once(':').unwrap();
    reason(&source, &format!("message T {{ {name} x = 1; }} enum {name} {{ {values} }}"))
}

#[test]
fn an_enum_fits_one_that_has_all_its_values() {
    assert_eq!(enum_reason("E:A = 0; B = 1;", "E:A = 0; B = 1; C = 2;"), "");
    assert_eq!(
        enum_reason("E:A = 0; B = 1; C = 3;", "F:A = 0; B = 1;"),
        "enum `F` does not have the value `C = 3`"
    );
    assert_eq!(enum_reason("E:A = 0; B = 1;", "F:A = 0; C = 1;"), "in enum `F` 1 is `C`, not `B`");
    assert_eq!(enum_reason("E:A = 0; B = 1;", "E:A = 0; B = 2;"), "enum `E` does not have the value `B = 1`");
    assert_eq!(enum_reason("E:A = 0; N = -1;", "E:A = 0; N = -1;"), "");
}

#[test]
fn an_enums_own_name_before_its_values_is_passed_over() {
    assert_eq!(enum_reason("JobStatus:JOB_STATUS_OK = 0;", "State:STATE_OK = 0;"), "");
    assert_eq!(enum_reason("Job_status:JOB_STATUS_OK = 0;", "State:OK = 0;"), "");
    assert_eq!(enum_reason("E:E_A = 0; E_ = 1;", "E:A = 0; E_ = 1;"), "");
    assert_eq!(enum_reason("State:STATED = 0;", "E:D = 0;"), "in enum `E` 0 is `D`, not `STATED`");
}

#[test]
fn one_common_name_of_a_number_is_enough() {
    assert_eq!(enum_reason("E:option allow_alias = true; A = 0; B = 0;", "E:B = 0;"), "");
    assert_eq!(enum_reason("E:B = 0;", "E:option allow_alias = true; A = 0; B = 0;"), "");
}

#[test]
fn messages_fit_by_the_names_of_their_fields() {
    let source = "message S { In x = 1; } message In { int32 a = 1; string b = 2; string only_here = 3; }";
    assert_eq!(reason(source, "message T { Other x = 1; } message Other { string b = 1; int64 a = 5; }"), "");
    assert_eq!(reason(source, "message T { Empty x = 1; } message Empty {}"), "");
    assert_eq!(reason(source, "message T { string x = 1; }"), "message `In` does not fit string");
}

#[test]
fn the_innermost_pair_is_named() {
    let misfit = misfit(
        "message S { In x = 1; } message In { repeated Leaf leaves = 1; } message Leaf { string v = 1; }",
        "message T { In x = 1; message In { repeated Leaf leaves = 1; message Leaf { int32 v = 4; } } }",
    );
    let misfit = misfit.unwrap();
    let names = [misfit.source_field.full_name(), misfit.target_field.full_name()];
    assert_eq!(names, ["Leaf.v", "T.In.Leaf.v"]);
    assert_eq!(misfit.to_string(), "string does not fit int32");
}

#[test]
fn types_that_contain_themselves_are_compared_once() {
    let source =
        "message S { S x = 1; Node n = 2; } message Node { repeated Node children = 1; int32 v = 2; }";
    let target = |v| {
        format!(
            "message T {{ T x = 1; Tree n = 2; }} message Tree {{ {v} v = 1; repeated Tree children = 2; }}"
        )
    };
    assert_eq!(reason(source, &target("int64")), "");
    assert_eq!(reason(source, &target("uint32")), "int32 does not fit uint32");
}

#[test]
fn a_chain_of_types_longer_than_the_stack_is_compared() {
    let chain = |first: &str, last: &str| {
        let mut text = format!("message {first} {{ M0 x = 1; }}");
        for n in 0..10_000 {
            text += &format!("message M{n} {{ M{} m = 1; }}", n + 1);
        }
        text + &format!("message M10000 {{ {last} m = 1; }}")
    };
    assert_eq!(reason(&chain("S", "string"), &chain("T", "bytes")), "string does not fit bytes");
}

#[test]
fn a_group_is_no_message() {
    let group = |name: &str, field: &str| {
        format!(
            "syntax = \"proto2\"; message {name} {{ optional group X = 1 {{ optional {field} v = 1; }} }}"
        )
    };
    assert_eq!(reason(&group("S", "int32"), &group("T", "int64")), "");
    assert_eq!(reason(&group("S", "int32"), &group("T", "string")), "int32 does not fit string");
    assert_eq!(
        reason("message S { X x = 1; message X { int32 v = 1; } }", &group("T", "int32")),
        "message `S.X` does not fit group `T.X`"
    );
}

#[test]
fn two_fields_into_one_oneof_do_not_fit_unless_they_exclude_each_other() {
    let target = "message T { In x = 1; message In { oneof kind { string a = 1; int32 b = 2; } } }";
    let source = |inner| format!("message S {{ In x = 1; message In {{ {inner} }} }}");
    assert_eq!(reason(&source("string a = 1;"), target), "");
    assert_eq!(reason(&source("oneof o { string a = 1; int32 b = 2; bool c = 3; }"), target), "");
    let both = "`a` and `b` may both be set, and the oneof `kind` takes one";
    assert_eq!(reason(&source("string a = 1; int32 b = 2;"), target), both);
    assert_eq!(reason(&source("string a = 1; oneof o { int32 b = 2; bool c = 3; }"), target), both);
}

#[test]
fn well_known_types_fit_across_pools() {
    let import = "import \"google/protobuf/struct.proto\"; import \"google/protobuf/timestamp.proto\";";
    let with = |message: &str, field: &str| format!("{import} message {message} {{ {field} x = 1; }}");
    assert_eq!(reason(&with("S", "google.protobuf.Struct"), &with("T", "google.protobuf.Struct")), "");
    assert_eq!(
        reason(&with("S", "google.protobuf.Timestamp"), &with("T", "string")),
        "message `google.protobuf.Timestamp` does not fit string"
    );
}
