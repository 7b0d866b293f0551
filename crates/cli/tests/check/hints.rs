//! What a new user runs into, and what is said about it: the place that is meant and a way out that works.

use serde_json::Value;

use super::case::Case;
use super::example;

/// The findings as lines: code, places, message, help.
fn said(case: &Case) -> String {
    let checked = case.check(&["--format", "json"]);
    let value: Value = serde_json::from_str(&checked.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = String::new();
    for finding in value["findings"].as_array().unwrap() {
        let label = |label: &Value| format!("{}:{}:{}", text(&label["file"]), label["line"], label["column"]);
        let places: Vec<_> = finding["labels"].as_array().unwrap().iter().map(label).collect();
        lines += &format!("{} {}\n", text(&finding["code"]), places.join(" "));
        lines += &format!("  {}\n  help: {}\n", text(&finding["message"]), text(&finding["help"]));
    }
    lines
}

#[test]
fn a_start_service_that_nothing_is_linked_to_is_shown_where_it_is_spoken_of() {
    let connections = r#"{"pipeline": {
  "start_service": "meter",
  "connections": [
    {"from_service": "report", "from_method": "WriteReport", "to_service": "report", "to_method": "Archive"}
  ],
  "operations": [
    {"service": "meter", "method": "ReadMeter", "parameters": {"day": "2024-06-01"}},
    {"service": "report", "method": "WriteReport", "parameters": {"file": "", "rows": 0}}
  ]
}}"#;
    let archive = "  rpc WriteReport(Request) returns (Result);\n  rpc Archive(Result) returns (Result);";
    let case = Case::use_case().write("connections.json", connections).replace(
        "services/report/proto/report.proto",
        "  rpc WriteReport(Request) returns (Result);",
        archive,
    );
    insta::assert_snapshot!(said(&case), @r#"
    AE0411 connections.json:2:20 connections.json:7:36
      `meter1:ReadMeter` is not called, though its service is `start_service`
      help: `start_service` calls nothing by itself: link it, or name it in the initial data: {"meter1:ReadMeter": {}}
    "#);
    let case = case.replace("connections.json", "  \"start_service\": \"meter\",\n", "");
    assert!(
        said(&case).starts_with("AE0411 connections.json:6:36\n  `meter1:ReadMeter` is not called\n"),
        "{}",
        said(&case)
    );
}

#[test]
fn a_misspelt_parameter_is_said_alone() {
    let case =
        Case::use_case().replace("connections.json", "\"day\": \"2024-06-01\"", "\"dya\": \"2024-06-01\"");
    insta::assert_snapshot!(said(&case), @"
    AE0407 connections.json:17:25
      `Request` has no field `dya`
      help: did you mean `day`?
    ");
}

#[test]
fn an_import_that_was_removed_is_said_once_with_its_file() {
    let proto = "syntax = \"proto3\";\nservice Report {\n  rpc WriteReport(common.Request) returns (common.Result);\n}\n";
    let common = "syntax = \"proto3\";\npackage common;\nmessage Request { string file = 1; int32 rows = 2; }\nmessage Result { bool success = 1; }\n";
    let case = Case::use_case()
        .write("services/report/proto/report.proto", proto)
        .write("shared/proto/common.proto", common);
    insta::assert_snapshot!(said(&case), @r#"
    AE0301 services/report/proto/report.proto:3:19 services/report/proto/report.proto:3:44
      `common.Request`, `common.Result` are not defined
      help: below `syntax`, write `import "common.proto";`: `shared/proto/common.proto` defines them
    "#);
}

#[test]
fn a_missing_semicolon_is_said_alone() {
    let case =
        Case::use_case().replace("services/report/proto/report.proto", "string file = 1;", "string file = 1");
    insta::assert_snapshot!(said(&case), @"
    AE0301 services/report/proto/report.proto:8:18
      a `;` is missing here
      help: each field, value, option, import and `rpc` ends with `;`
    ");
}

#[test]
fn a_condition_that_compares_what_cannot_be_compared_is_found_with_its_place() {
    let case = Case::use_case().replace(
        "connections.json",
        "\"parameters\": { \"day\"",
        "\"expect\": [\"rows > 'many'\"],\n        \"parameters\": { \"day\"",
    );
    insta::assert_snapshot!(said(&case), @"
    AE0412 connections.json:17:20
      the condition `rows > 'many'` cannot be checked: `rows` is a whole number and 'many' is a text, which `>` does not compare
      help:
    ");
}

#[test]
fn what_replaces_a_dockerfile_says_who_prepares_its_packages() {
    let case = Case::use_case().replace(
        "services/report/Dockerfile",
        "WORKDIR /app\n",
        "WORKDIR /app\nRUN apt-get install -y gnuplot\n",
    );
    insta::assert_snapshot!(said(&case), @r#"
    AE0601 services/report/Dockerfile:3:1
      `RUN apt-get install -y gnuplot` is not played locally
      help: say in docker-compose.yml how to start it from the service's folder; nothing of its Dockerfile is played then, so its packages and protos are prepared by `x-aieffect.build`:
      x-aieffect:
        build:
          - sh
          - -ec
          - |
            cd services/report
            python3 -m venv .venv
            .venv/bin/pip install -r requirements.txt
      services:
        report:
          x-aieffect:
            run: [".venv/bin/python", "server.py"]
    "#);
}

#[test]
fn indentation_is_shown_with_the_lines_around_it() {
    let case = Case::use_case().replace(
        "docker-compose.yml",
        "    build: services/report\n",
        "      build: services/report\n    image: x\n",
    );
    insta::assert_snapshot!(said(&case), @"
    AE0004 docker-compose.yml:6:5 docker-compose.yml:4:3 docker-compose.yml:5:7
      `docker-compose.yml` is not valid YAML: line 6 begins in another column than the lines it could belong to
      help: lines that belong together begin in one column, and deeper lines belong to the line above them; indent with spaces, not tabs
    ");
}

#[test]
fn an_export_says_what_is_in_the_package_and_ends_its_own_document_with_a_line_break() {
    let case = Case::use_case();
    let mut command = example::aieffect();
    let output =
        command.current_dir(case.folder()).args(["export", "energy_report", "out"]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        stderr,
        "wrote out: 2 nodes, 2 protos, settings in execution.json\nnext: aieffect check out, then aieffect compose out\n"
    );
    let execution = std::fs::read_to_string(case.folder().join("out/execution.json")).unwrap();
    assert!(execution.ends_with("}\n"), "{execution}");
}
