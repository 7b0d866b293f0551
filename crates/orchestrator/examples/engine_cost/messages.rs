//! The messages, as generated code would have them, and their protos.

use prost::Message;

/// How large a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    Small,
    Large,
}

pub(crate) const GIVEN: &str = r#"
syntax = "proto3";
package b;
service S { rpc Give(Nothing) returns (stream Given); }
message Nothing {}
message Row { int64 time = 1; double megawatts = 2; string region = 3; string note = 4; }
message Given { string name = 1; int64 number = 2; double value = 3; repeated Row rows = 4; }
"#;

pub(crate) const TAKEN_SAME: &str = r#"
syntax = "proto3";
package b;
service S { rpc TakeAll(stream Given) returns (Nothing); rpc Take(Given) returns (Nothing); }
message Nothing {}
message Row { int64 time = 1; double megawatts = 2; string region = 3; string note = 4; }
message Given { string name = 1; int64 number = 2; double value = 3; repeated Row rows = 4; }
"#;

pub(crate) const TAKEN_RENUMBERED: &str = r#"
syntax = "proto3";
package b;
service S { rpc TakeAll(stream Taken) returns (Nothing); rpc Take(Taken) returns (Nothing); }
message Nothing {}
message Row { int64 time = 1; double megawatts = 2; string region = 3; string note = 4; }
message Taken { repeated Row rows = 1; double value = 2; int64 number = 3; string name = 4; }
"#;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Nothing {}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Row {
    #[prost(int64, tag = "1")]
    pub time: i64,
    #[prost(double, tag = "2")]
    pub megawatts: f64,
    #[prost(string, tag = "3")]
    pub region: String,
    #[prost(string, tag = "4")]
    pub note: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Given {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(int64, tag = "2")]
    pub number: i64,
    #[prost(double, tag = "3")]
    pub value: f64,
    #[prost(message, repeated, tag = "4")]
    pub rows: Vec<Row>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Taken {
    #[prost(message, repeated, tag = "1")]
    pub rows: Vec<Row>,
    #[prost(double, tag = "2")]
    pub value: f64,
    #[prost(int64, tag = "3")]
    pub number: i64,
    #[prost(string, tag = "4")]
    pub name: String,
}

impl From<Given> for Taken {
    fn from(given: Given) -> Self {
        let Given { name, number, value, rows } = given;
        Self { rows, value, number, name }
    }
}

/// The message that the source gives.
pub(crate) fn given(size: Size) -> Given {
    let row = |time, note: &str| Row {
        time,
        megawatts: time as f64 / 3.0,
        region: "north-west".to_owned(),
        note: note.to_owned(),
    };
    let rows = match size {
        Size::Small => vec![row(1_767_225_600, "as the meter had it")],
        Size::Large => {
            let note = "a reading of a quarter of an hour, as the meter had it, without any correction made";
            (0..9_000).map(|time| row(time, note)).collect()
        }
    };
    Given { name: "wind generation, MW".to_owned(), number: 1 << 40, value: 0.1, rows }
}
