//! Values on their way through `aieffect orchestrate`: from service to service and to stdout, to the letter.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use aieffect_testkit::{Bound, Protos, Reply, Server};
use serde_json::json;
use support::Package;

const EVERY_KIND: &str = r#"syntax = "proto3";
package kinds;
service Kinds { rpc Give(Nothing) returns (Everything); }
message Nothing {}
enum Level { LEVEL_UNKNOWN = 0; LEVEL_HIGH = 1; }
message Inner { string name = 1; Inner next = 2; }
message Everything {
  double a_double = 1;
  float a_float = 2;
  int32 an_int32 = 3;
  int64 an_int64 = 4;
  uint32 a_uint32 = 5;
  uint64 a_uint64 = 6;
  sint32 a_sint32 = 7;
  sint64 a_sint64 = 8;
  fixed32 a_fixed32 = 9;
  fixed64 a_fixed64 = 10;
  sfixed32 an_sfixed32 = 11;
  sfixed64 an_sfixed64 = 12;
  bool a_bool = 13;
  string a_string = 14;
  bytes some_bytes = 15;
  Level level = 16;
  Level other_level = 17;
  Inner inner = 18;
  Inner unset_inner = 19;
  repeated int64 numbers = 20;
  repeated Inner inners = 21;
  map<string, double> by_name = 22;
  map<int64, Inner> by_number = 23;
  optional string set_but_empty = 24;
  optional string unset = 25;
  oneof choice { string text = 26; int64 number = 27; }
  string camelCase = 28;
  string empty = 29;
}
"#;

#[test]
fn a_message_with_fields_of_every_kind_is_printed_to_the_letter() {
    let protos = Protos::new(&[("kinds.proto", EVERY_KIND)]);
    let server = Bound::new(protos)
        .on("/kinds.Kinds/Give", |_| {
            json!({
                "a_double": 0.1, "a_float": 0.1, "an_int32": i32::MIN, "an_int64": i64::MIN.to_string(),
                "a_uint32": u32::MAX, "a_uint64": u64::MAX.to_string(), "a_sint32": -1,
                "a_sint64": i64::MAX.to_string(), "a_fixed32": 7, "a_fixed64": u64::MAX.to_string(),
                "an_sfixed32": -7, "an_sfixed64": i64::MIN.to_string(), "a_bool": true,
                "a_string": "q\"b\\n\nz\u{1b}é", "some_bytes": "AP/+", "level": "LEVEL_HIGH",
                "other_level": 77, "inner": {"name": "x", "next": {}}, "numbers": ["9007199254740993", "0"],
                "inners": [{"name": "y"}, {}], "by_name": {"inf": "Infinity", "b": 0.5},
                "by_number": {"-5": {"name": "z"}}, "set_but_empty": "", "number": "0", "camelCase": "kept",
            })
        })
        .start();
    let package = Package::new().node("k1", server.port(), EVERY_KIND, &["Give"]).written();
    let ended = package.orchestrate().output();
    ended.succeeds();
    insta::assert_snapshot!(ended.stdout.replace(",\"", ",\n\""), @r#"
    {
      "k1:Give": {"a_double":0.1,
    "a_float":0.1,
    "an_int32":-2147483648,
    "an_int64":-9223372036854775808,
    "a_uint32":4294967295,
    "a_uint64":18446744073709551615,
    "a_sint32":-1,
    "a_sint64":9223372036854775807,
    "a_fixed32":7,
    "a_fixed64":18446744073709551615,
    "an_sfixed32":-7,
    "an_sfixed64":-9223372036854775808,
    "a_bool":true,
    "a_string":"q\"b\\n\nz\u001bé",
    "some_bytes":"AP/+",
    "level":"LEVEL_HIGH",
    "other_level":77,
    "inner":{"name":"x",
    "next":{"name":""}},
    "numbers":[9007199254740993,0],
    "inners":[{"name":"y"},{"name":""}],
    "by_name":{"b":0.5,
    "inf":"Infinity"},
    "by_number":{"-5":{"name":"z"}},
    "set_but_empty":"",
    "number":0,
    "camelCase":"kept",
    "empty":""}
    }
    "#);
}

fn extremes(numbers: [u32; 6], name: &str) -> String {
    let [a, b, c, d, e, f] = numbers;
    format!(
        r#"syntax = "proto3";
package {name};
service Pass {{ rpc Do(Values) returns (Values); }}
message Values {{
  repeated double doubles = {a};
  repeated float floats = {b};
  repeated int64 signed = {c};
  repeated uint64 unsigned = {d};
  Deep deep = {e};
  bytes raw = {f};
}}
message Deep {{
  sint64 least = {a};
  fixed64 most = {b};
  double nothing = {c};
  Level level = {d};
}}
enum Level {{ LOW = 0; HIGH = 1; }}
"#
    )
}

#[test]
fn extreme_values_pass_unchanged_between_messages_that_number_their_fields_differently() {
    let (first, second) = (extremes([1, 2, 3, 4, 5, 6], "one"), extremes([15, 14, 300, 2, 1, 7], "two"));
    let values = json!({
        "doubles": ["NaN", "Infinity", "-Infinity", -0.0, 5e-324, f64::MAX],
        "floats": ["NaN", "-Infinity", f32::MAX, 1e-45],
        "signed": [i64::MIN.to_string(), i64::MAX.to_string(), "0"],
        "unsigned": [u64::MAX.to_string(), "0"],
        "deep": {"least": i64::MIN.to_string(), "most": u64::MAX.to_string(), "nothing": "NaN", "level": 9},
        "raw": "AAECA/8=",
    });
    let source =
        Bound::new(Protos::new(&[("one.proto", &first)])).on("/one.Pass/Do", move |_| values.clone()).start();
    let target = Bound::new(Protos::new(&[("two.proto", &second)]))
        .on("/two.Pass/Do", |call| Reply::Bytes(call.bytes))
        .start();
    let package = Package::new()
        .node("one", source.port(), &first, &["Do"])
        .node("two", target.port(), &second, &["Do"])
        .link("one:Do", "two:Do")
        .written();
    let ended = package.orchestrate().output();
    ended.succeeds();
    let results = ended.results();
    assert_eq!(results["one:Do"], results["two:Do"]);
    let line = ended.stdout.lines().nth(2).unwrap().to_owned();
    insta::assert_snapshot!(line.replace(",\"", ",\n\""), @r#"
      "two:Do": {"deep":{"level":9,
    "most":18446744073709551615,
    "least":-9223372036854775808,
    "nothing":"NaN"},
    "unsigned":[18446744073709551615,0],
    "raw":"AAECA/8=",
    "floats":["NaN",
    "-Infinity",3.4028235e+38,1e-45],
    "doubles":["NaN",
    "Infinity",
    "-Infinity",-0.0,5e-324,1.7976931348623157e+308],
    "signed":[-9223372036854775808,9223372036854775807,0]}
    "#);
}

const LARGE: &str = r#"syntax = "proto3";
package large;
service Large { rpc Pass(Message) returns (Message); }
message Message { bytes data = 1; string note = 2; }
"#;
const MIB: usize = 1024 * 1024;

fn large_server(size: usize) -> Server {
    let mut message = vec![0x0a];
    prost::encoding::encode_varint(size as u64, &mut message);
    message.resize(message.len() + size, 0);
    let message = bytes::Bytes::from(message);
    // Without its proto, the server does not read what it is sent.
    Bound::new(Protos::default()).on("/large.Large/Pass", move |_| Reply::Bytes(message.clone())).start()
}

/// Two steps that each answer with `size` bytes, the second given what the first answers.
fn two_large_steps(size: usize) -> (Package, [Server; 2]) {
    let servers = [large_server(size), large_server(size)];
    let package = Package::new()
        .node("one", servers[0].port(), LARGE, &["Pass"])
        .node("two", servers[1].port(), LARGE, &["Pass"])
        .link("one:Pass", "two:Pass")
        .written();
    (package, servers)
}

#[test]
fn answers_of_64_mib_pass_from_step_to_step_in_bounded_memory() {
    let size = 64 * MIB;
    let (package, servers) = two_large_steps(size);
    let ended = package.orchestrate().args(["--results", "none"]).memory_limit(600 * MIB).output();
    ended.succeeds();
    assert_eq!(ended.stdout, "");
    assert!(servers[1].calls_of("/large.Large/Pass")[0].bytes.len() > size);
}

#[test]
fn large_results_are_printed_in_bounded_memory() {
    let size = 12 * MIB;
    let (package, _servers) = two_large_steps(size);
    let ended = package.orchestrate().memory_limit(300 * MIB).output();
    ended.succeeds();
    let results = ended.results();
    for step in ["one:Pass", "two:Pass"] {
        assert_eq!(results[step]["data"].as_str().unwrap(), "A".repeat(size / 3 * 4));
    }
}

/// A limit, not a wish: prost-reflect takes -0.0 for the default and leaves it out. See docs/adr/0004.
#[test]
fn a_negative_zero_keeps_its_sign_where_bytes_are_carried() {
    let proto = |number: u32| {
        format!(
            "syntax = \"proto3\";\npackage z;\nservice Z {{ rpc Do(M) returns (M); }}\nmessage M {{ double x = {number}; }}\n"
        )
    };
    let negative_zero = bytes::Bytes::from_static(&[0x09, 0, 0, 0, 0, 0, 0, 0, 0x80]);
    let one =
        Bound::new(Protos::default()).on("/z.Z/Do", move |_| Reply::Bytes(negative_zero.clone())).start();
    let two = Bound::new(Protos::default()).on("/z.Z/Do", |call| Reply::Bytes(call.bytes)).start();
    let package = Package::new()
        .node("one", one.port(), &proto(1), &["Do"])
        .node("two", two.port(), &proto(2), &["Do"])
        .link("one:Do", "two:Do")
        .written();
    let ended = package.orchestrate().output();
    ended.succeeds();
    assert_eq!(ended.stdout, "{\n  \"one:Do\": {\"x\":-0.0},\n  \"two:Do\": {\"x\":-0.0}\n}\n");
}
