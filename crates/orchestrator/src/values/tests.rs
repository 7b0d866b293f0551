mod check;
mod round_trip;
mod shown;

use aieffect_testkit::Protos;
use prost_reflect::MessageDescriptor;

/// Message `M` of a proto.
fn message(source: &str) -> MessageDescriptor {
    Protos::new(&[("test.proto", source)]).message("M")
}

const KINDS: &str = r#"
    syntax = "proto3";
    import "google/protobuf/any.proto";
    import "google/protobuf/duration.proto";
    import "google/protobuf/field_mask.proto";
    import "google/protobuf/struct.proto";
    import "google/protobuf/timestamp.proto";
    import "google/protobuf/wrappers.proto";
    enum Color { RED = 0; GREEN = 1; }
    message Inner { int32 count = 1; Inner next = 2; repeated string names = 3; }
    message M {
        int32 num_records = 1; int64 wide = 2; uint32 small = 3; uint64 large = 4;
        float ratio = 5; double exact = 6; bool flag = 7; string text = 8; bytes raw = 9;
        Color color = 10; Inner inner = 11; repeated int32 numbers = 12; map<string, Inner> by_name = 13;
        map<int32, Color> by_number = 14; optional int32 maybe = 15; repeated Inner inners = 16;
        map<bool, string> by_flag = 17; repeated Color colors = 18; repeated double doubles = 19;
        oneof choice { string left = 20; int32 right = 21; }
        google.protobuf.Timestamp when = 30; google.protobuf.Duration pause = 31;
        google.protobuf.Struct open = 32; google.protobuf.Value anything = 33; google.protobuf.Any packed = 34;
        google.protobuf.DoubleValue wrapped = 35; google.protobuf.BoolValue truth = 36;
        google.protobuf.FieldMask mask = 37; google.protobuf.BytesValue blob = 38;
        repeated google.protobuf.Timestamp times = 39;
    }
"#;
