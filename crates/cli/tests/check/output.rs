//! How findings are said.

use serde_json::{Value, json};

use super::case::Case;
use super::example;

#[test]
fn every_use_case_of_the_repository_is_free_of_findings() {
    let root = aieffect_testkit::repo_root();
    let mut checked = 0;
    for entry in std::fs::read_dir(root.join("use-cases")).unwrap() {
        let path = entry.unwrap().path();
        let output = example::aieffect().arg("check").arg("--strict").arg(&path).output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(stdout.contains(": no findings; "), "{stdout}");
        assert_eq!(output.status.code(), Some(0));
        checked += 1;
    }
    assert!(checked >= 5);
}

#[test]
fn a_warning_is_an_error_only_when_strict() {
    let case = Case::use_case().replace(
        "connections.json",
        "\"parameters\": { \"day\": \"2024-06-01\" }",
        "\"attempts\": 2",
    );
    assert_eq!(case.findings(), ["AE0402 services/meter/proto/meter.proto:8:3"]);
    assert_eq!(case.check(&[]).code, 0);
    assert_eq!(case.check(&["--strict"]).code, 3);
}

#[test]
fn a_path_that_is_not_there_is_wrong_usage() {
    let checked = Case::use_case().check_path("energy_rport", &[]);
    insta::assert_snapshot!(checked.stderr, @r"
        help: give the folder of a use case, or a package as a folder or zip
        error: `energy_rport` does not exist
        ");
    assert_eq!((checked.code, checked.stdout.as_str()), (2, ""));
}

#[test]
fn json_has_every_finding_with_its_places() {
    let case =
        Case::use_case().replace("services/report/proto/report.proto", "int32 rows = 2;", "string rows = 2;");
    let checked = case.check(&["--format", "json"]);
    assert_eq!((checked.code, checked.stderr.as_str()), (3, ""));
    insta::assert_snapshot!(checked.stdout, @r#"
        {
          "errors": 1,
          "warnings": 0,
          "findings": [
            {
              "code": "AE0401",
              "severity": "error",
              "message": "`meter1:ReadMeter` cannot fill `rows` of `report1:WriteReport`: int32 does not fit string",
              "help": "make the types equal, or carry nothing with `\"fields\": {\"rows\": null}` on this link",
              "labels": [
                {
                  "file": "services/meter/proto/meter.proto",
                  "line": 13,
                  "column": 3,
                  "end_line": 13,
                  "end_column": 18,
                  "note": "this is offered"
                },
                {
                  "file": "services/report/proto/report.proto",
                  "line": 9,
                  "column": 3,
                  "end_line": 9,
                  "end_column": 19,
                  "note": "this is to be filled"
                },
                {
                  "file": "connections.json",
                  "line": 6,
                  "column": 7,
                  "end_line": 6,
                  "end_column": 8,
                  "note": "by this link"
                }
              ]
            }
          ]
        }
        "#);
}

#[test]
fn json_without_findings_is_an_empty_list() {
    let checked = Case::package().check(&["--format", "json", "--plan"]);
    let value: Value = serde_json::from_str(&checked.stdout).unwrap();
    assert_eq!(value["findings"], json!([]));
    assert_eq!((&value["errors"], &value["warnings"]), (&json!(0), &json!(0)));
    assert!(value["plan"].as_str().unwrap().contains("meter1:ReadMeter"));
    assert_eq!(checked.code, 0);
}

#[test]
fn a_plan_shows_what_fills_each_field() {
    let checked = Case::use_case().check(&["--plan"]);
    insta::assert_snapshot!(checked.stdout, @r"
    1. meter1:ReadMeter  unary
       calls   /Meter/ReadMeter on meter1:50051
       request Request (always the same)
         day  ← parameter

    2. report1:WriteReport  unary
       calls   /Report/WriteReport on report1:50051
       after   meter1:ReadMeter
       request Request (bytes handed on as they are)
         file  ← meter1:ReadMeter file
         rows  ← meter1:ReadMeter rows

    energy_report: no findings; 2 nodes, 2 steps, 1 link
    ");
}

/// Ten mistakes of ten kinds in one use case: each is said once, and nothing else is.
#[test]
fn ten_mistakes_are_ten_findings() {
    let connections = r#"{
  "pipeline": {
    "name": "Energy report",
    "startservice": "meter",
    "connections": [
      {
        "from_service": "metre",
        "from_method": "ReadMeter",
        "to_service": "report",
        "to_method": "WriteReport"
      },
      {
        "from_service": "meter",
        "from_method": "ReadMeter",
        "to_service": "report",
        "to_method": "WriteRepotr"
      },
      {
        "from_service": "meter",
        "from_method": "ReadMeter",
        "to_service": "report",
        "to_method": "WriteReport",
        "fields": { "file": "path" }
      }
    ],
    "operations": [
      {
        "service": "meter",
        "method": "ReadMeter",
        "parameters": { "day": 20240601 },
        "deadline": "soon",
        "expect": ["row > 0"]
      },
      {
        "service": "report",
        "method": "WriteReport",
        "success_field": "sucess"
      }
    ]
  }
}
"#;
    let case = Case::use_case()
        .write("connections.json", connections)
        .replace("services/report/proto/report.proto", "int32 rows = 2;", "string rows = 2;")
        .remove("services/report/Dockerfile");
    let mut findings = case.findings();
    findings.sort();
    assert_eq!(
        findings,
        [
            "AE0006 connections.json:4:5",
            "AE0008 connections.json:31:21",
            "AE0101 connections.json:7:25",
            "AE0102 connections.json:16:22",
            "AE0107 docker-compose.yml:5:12",
            "AE0401 services/meter/proto/meter.proto:13:3",
            "AE0408 connections.json:30:32",
            "AE0409 connections.json:23:29",
            "AE0412 connections.json:32:21",
            "AE0413 connections.json:37:26",
        ]
    );
    insta::assert_snapshot!(case.check(&[]).stdout, @r#"
    warning[AE0006]: `pipeline` has an unknown key `startservice`
     --> connections.json:4:5
      |
    3 |     "name": "Energy report",
    4 |     "startservice": "meter",
      |     ^^^^^^^^^^^^^^
    5 |     "connections": [
      |
      = help: did you mean `start_service`?

    warning[AE0107]: the Dockerfile of `report` is missing: `services/report/Dockerfile`
     --> docker-compose.yml:5:12
      |
    4 |   report:
    5 |     build: services/report
      |            ^^^^^^^^^^^^^^^
      |
      = help: images cannot be built without it; paths are relative to the compose file

    error[AE0101]: there is no service `metre`
     --> connections.json:7:25
      |
    6 |       {
    7 |         "from_service": "metre",
      |                         ^^^^^^^
    8 |         "from_method": "ReadMeter",
      |
      = help: did you mean `meter`?

    error[AE0102]: `report` has no operation `WriteRepotr`
      --> connections.json:16:22
       |
    15 |         "to_service": "report",
    16 |         "to_method": "WriteRepotr"
       |                      ^^^^^^^^^^^^^
    17 |       },
       |
       = help: did you mean `WriteReport`?

    error[AE0409]: the response `Reading` has no field `path`
      --> connections.json:23:29
       |
    22 |         "to_method": "WriteReport",
    23 |         "fields": { "file": "path" }
       |                             ^^^^^^
    24 |       }
       |
       = help: known fields: `file`, `rows`

    error[AE0408]: `day` is a string; 20240601 is not one
      --> connections.json:30:32
       |
    29 |         "method": "ReadMeter",
    30 |         "parameters": { "day": 20240601 },
       |                                ^^^^^^^^
    31 |         "deadline": "soon",
       |
       = help: write it in quotes

    error[AE0008]: `pipeline.operations[0].deadline` is no duration
      --> connections.json:31:21
       |
    30 |         "parameters": { "day": 20240601 },
    31 |         "deadline": "soon",
       |                     ^^^^^^
    32 |         "expect": ["row > 0"]
       |
       = help: write a number and a unit, such as "500ms", "30s", "5m" or "2h"

    error[AE0412]: the condition `row > 0` cannot be checked: `Reading` has no field `row`
      --> connections.json:32:21
       |
    31 |         "deadline": "soon",
    32 |         "expect": ["row > 0"]
       |                     ^^^
    33 |       },
       |
       = help: did you mean `rows`?

    error[AE0413]: the response `Result` has no field `sucess`
      --> connections.json:37:26
       |
    36 |         "method": "WriteReport",
    37 |         "success_field": "sucess"
       |                          ^^^^^^^^
    38 |       }
       |
       = help: did you mean `success`?

    error[AE0401]: `meter1:ReadMeter` cannot fill `rows` of `report1:WriteReport`: int32 does not fit
                   string
      --> services/meter/proto/meter.proto:13:3
       |
    12 |   string file = 1;
    13 |   int32 rows = 2;
       |   ^^^^^^^^^^^^^^^ this is offered
    14 | }
       |
      ::: services/report/proto/report.proto:9:3
       |
     8 |   string file = 1;
     9 |   string rows = 2;
       |   ^^^^^^^^^^^^^^^^ this is to be filled
    10 | }
       |
      ::: connections.json:18:7
       |
    17 |       },
    18 |       {
       |       ^ by this link
    19 |         "from_service": "meter",
       |
       = help: make the types equal, or carry nothing with `"fields": {"rows": null}` on this link

    energy_report: 8 errors, 2 warnings
    run `aieffect explain AE0413` for more on a finding
    "#);
}

#[test]
fn a_thousand_mistakes_are_counted_and_the_last_are_shown() {
    let connection = r#"{"from_service": "x", "from_method": "a", "to_service": "y", "to_method": "b"}"#;
    let text = format!("{{\"pipeline\": {{\"connections\": [{}]}}}}", vec![connection; 1000].join(",\n"));
    let checked = Case::use_case().write("connections.json", text).check(&[]);
    assert!(checked.stdout.starts_with("1800 more findings stand before these;"), "{}", checked.stdout);
    assert!(checked.stdout.contains("energy_report: 2000 errors\n"));
}

#[test]
fn one_missing_dockerfile_of_several_services_is_one_finding() {
    let compose = "services:\n  meter:\n    build: { context: ., dockerfile: Dockerfile }\n  report:\n    build: { context: ., dockerfile: Dockerfile }\n";
    let case = Case::use_case().write("docker-compose.yml", compose);
    assert_eq!(case.findings(), ["AE0107 docker-compose.yml:3:38"]);
    assert!(case.check(&[]).stdout.contains("the Dockerfile of `meter`, `report` is missing: `Dockerfile`"));
}

#[test]
fn a_text_that_ends_too_early_is_marked_at_its_end() {
    let case = Case::use_case().write("connections.json", "{\"pipeline\": {");
    insta::assert_snapshot!(case.check(&[]).stdout, @r#"
    error[AE0004]: `connections.json` is not valid JSON: the `{` of line 1 is not closed
     --> connections.json:1:14
      |
    1 | {"pipeline": {
      |              ^^ the file ends here
      |              |
      |              opened here
      |
      = help: add `}}` at the end, or close it where it should end

    energy_report: 1 error
    run `aieffect explain AE0004` for more on a finding
    "#);
}
