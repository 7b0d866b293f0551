//! A proto that most services here are happy with.

/// The proto of a service whose one operation `Do` takes and gives `text`; its package is `name`.
pub(crate) fn step_proto(name: &str) -> String {
    format!(
        r#"syntax = "proto3";
package {name};
service Step {{
  rpc Do(Request) returns (Response);
}}
message Request {{
  string text = 1;
}}
message Response {{
  bool success = 1;
  string message = 2;
  string text = 3;
}}
"#
    )
}
