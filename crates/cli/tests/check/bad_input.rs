//! What strangers send and is refused: a finding with a code and a place, exit 3, in bounded time and memory.

use std::fs::File;
use std::io::Write;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::case::Case;
use super::make;

fn check<const N: usize>(case: &Case, expected: [&str; N]) {
    assert_eq!(case.findings(), expected);
    assert_eq!(case.check(&[]).code, 3);
}

/// Checks `energy_report.zip` beside the case.
fn check_zip<const N: usize>(case: &Case, expected: [&str; N]) {
    assert_eq!(case.findings_of("energy_report.zip"), expected);
    assert_eq!(case.check_path("energy_report.zip", &[]).code, 3);
}

#[test]
fn proto_paths_that_leave_the_package() {
    for uri in [
        "/etc/passwd",
        "../report.proto",
        "microservice/../../report.proto",
        "microservice\\\\report1.proto",
        "C:/report.proto",
    ] {
        let case = Case::package().replace("blueprint.json", "microservice/report1.proto", uri);
        check(&case, ["AE0206 blueprint.json:28:20"]);
    }
}

#[test]
fn zip_entries_that_leave_the_package() {
    for name in
        ["../evil.proto", "/tmp/evil.proto", "microservice/../../evil.proto", "microservice\\evil.proto"]
    {
        let case = Case::package();
        let mut writer = ZipWriter::new(File::create(case.folder().join("energy_report.zip")).unwrap());
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(b"x").unwrap();
        writer.finish().unwrap();
        check_zip(&case, ["AE0208"]);
        assert!(!case.folder().parent().unwrap().join("evil.proto").exists());
    }
}

#[test]
fn a_zip_entry_that_is_a_link() {
    let case = Case::package();
    let mut writer = ZipWriter::new(File::create(case.folder().join("energy_report.zip")).unwrap());
    writer.add_symlink("microservice/meter1.proto", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    writer.finish().unwrap();
    check_zip(&case, ["AE0208"]);
}

#[test]
fn a_zip_bomb() {
    let case = Case::package();
    make::make("zip-bomb", case.folder(), &case.path("")).unwrap();
    check_zip(&case, ["AE0209"]);
}

#[test]
fn a_zip_that_is_cut_off() {
    let case = Case::package();
    make::make("cut-zip", case.folder(), &case.path("")).unwrap();
    check_zip(&case, ["AE0210"]);
}

#[test]
fn links_that_lead_out_of_the_folder() {
    let case = Case::package();
    make::make("outward-link", case.folder(), &case.path("")).unwrap();
    check(&case, ["AE0208"]);
    let case = Case::use_case().remove("connections.json");
    std::os::unix::fs::symlink("/etc/passwd", case.path("connections.json")).unwrap();
    check(&case, ["AE0208"]);
}

#[test]
fn a_link_that_leads_back_up_ends() {
    let case = Case::use_case();
    std::os::unix::fs::symlink("..", case.path("services/meter/proto/loop")).unwrap();
    assert_eq!(case.check(&[]).code, 0);
}

#[test]
fn a_proto_that_imports_a_missing_file() {
    let case = Case::package().replace(
        "microservice/report1.proto",
        "service Report",
        "import \"x.proto\";\nservice Report",
    );
    check(&case, ["AE0302 microservice/report1.proto:3:1"]);
}

#[test]
fn links_to_nothing() {
    let link = |container: &str, operation: &str| {
        Case::package().edit("blueprint.json", |blueprint| {
            let link = &mut blueprint["nodes"][0]["operation_signature_list"][0]["connected_to"][0];
            link["container_name"] = container.into();
            link["operation_signature"]["operation_name"] = operation.into();
        })
    };
    check(&link("report2", "WriteReport"), ["AE0203 blueprint.json:19:33"]);
    check(&link("report1", "WriteReports"), ["AE0203 blueprint.json:21:35"]);
}

#[test]
fn containers_of_one_name() {
    let case = Case::package().edit("blueprint.json", |blueprint| {
        let first = blueprint["nodes"][1].clone();
        blueprint["nodes"].as_array_mut().unwrap().push(first);
    });
    check(&case, ["AE0202 blueprint.json:47:25"]);
}

#[test]
fn a_blueprint_without_nodes() {
    check(&Case::package().write("blueprint.json", "{\"nodes\": []}"), ["AE0201 blueprint.json:1:11"]);
    check(&Case::package().write("blueprint.json", "{}"), ["AE0201 blueprint.json:1:1"]);
}

#[test]
fn nodes_without_an_address_or_a_port() {
    let case = |edit: fn(&mut serde_json::Value)| {
        Case::package().edit("dockerinfo.json", |info| edit(&mut info["docker_info_list"][1]))
    };
    check(&case(|entry| entry["container_name"] = "other".into()), ["AE0204 blueprint.json:27:25"]);
    check(&case(|entry| entry["ip_address"] = "".into()), ["AE0204 dockerinfo.json:9:25"]);
    check(&case(|entry| entry["port"] = 0.into()), ["AE0205 dockerinfo.json:11:15"]);
    check(&case(|entry| entry["port"] = 65536.into()), ["AE0205 dockerinfo.json:11:15"]);
    check(&case(|entry| entry["port"] = "http".into()), ["AE0205 dockerinfo.json:11:15"]);
    check(
        &case(|entry| drop(entry.as_object_mut().unwrap().remove("port"))),
        ["AE0205 dockerinfo.json:9:25"],
    );
}

#[test]
fn a_node_without_a_proto() {
    check(&Case::package().remove("microservice/report1.proto"), ["AE0207 blueprint.json:27:25"]);
}

#[test]
fn a_node_that_is_called_over_http_needs_no_proto() {
    let case = Case::package().remove("microservice/report1.proto").edit("execution.json", |execution| {
        execution["nodes"] = serde_json::json!({"report1": {"transport": "http-control"}});
    });
    assert_eq!(case.findings(), [""; 0]);
    let case = case.edit("execution.json", |execution| {
        execution["nodes"]["report1"]["transport"] = "container".into();
    });
    check(&case, ["AE0504 execution.json:12:20"]);
}

#[test]
fn a_cycle_that_no_source_reaches() {
    let case = Case::package().edit("blueprint.json", |blueprint| {
        let back = serde_json::json!({"container_name": "meter1", "operation_signature": {"operation_name": "ReadMeter"}});
        blueprint["nodes"][1]["operation_signature_list"][0]["connected_to"] = vec![back].into();
    });
    check(&case, ["AE0410 blueprint.json:18:13"]);
}

#[test]
fn json_nested_without_end() {
    let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    check(&Case::package().write("blueprint.json", &deep), ["AE0004 blueprint.json:1:128"]);
    check(&Case::use_case().write("connections.json", &deep), ["AE0004 connections.json:1:128"]);
    assert_eq!(Case::use_case().write("docker-compose.yml", &deep).findings().len(), 1);
}

#[test]
fn protos_nested_without_end() {
    let messages = "message M {".repeat(100_000);
    let options = format!("option (a) = {};", "{a:".repeat(100_000));
    let types = format!("message A {{ {} x = 1; }}", "a.".repeat(100_000));
    for text in [messages, options, types] {
        let findings = Case::package()
            .write("microservice/report1.proto", format!("syntax = \"proto3\";\n{text}"))
            .findings();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].starts_with("AE0306 microservice/report1.proto:2:"), "{findings:?}");
    }
}

#[test]
fn protos_that_import_each_other() {
    let case = Case::package()
        .replace("microservice/report1.proto", "service Report", "import \"meter1.proto\";\nservice Report")
        .replace("microservice/meter1.proto", "service Meter", "import \"report1.proto\";\nservice Meter");
    let findings = case.findings();
    assert!(findings.iter().all(|finding| finding.starts_with("AE0301 microservice/")), "{findings:?}");
    assert_eq!(case.check(&[]).code, 3);
}

#[test]
fn texts_that_are_not_utf8() {
    for name in ["blueprint.json", "dockerinfo.json", "execution.json", "microservice/report1.proto"] {
        let findings = Case::package().write(name, b"// \xff\xfe").findings();
        assert_eq!(findings, [format!("AE0003 {name}:1:4")]);
    }
}

#[test]
fn a_file_that_is_no_package() {
    let case = Case::package();
    std::fs::write(case.folder().join("energy_report.zip"), "no zip").unwrap();
    check_zip(&case, ["AE0210"]);
    assert_eq!(case.check_path("energy_report_package/blueprint.json", &[]).code, 3);
    assert_eq!(case.findings_of("energy_report_package/blueprint.json"), ["AE0001"]);
}

#[test]
fn values_of_every_wrong_type_are_findings_and_no_panic() {
    for wrong in
        ["null", "true", "1", "1e999", "\"x\"", "[]", "{}", "[null]", "{\"nodes\": {}}", "{\"pipeline\": []}"]
    {
        for name in ["blueprint.json", "dockerinfo.json", "execution.json"] {
            let checked = Case::package().write(name, wrong).check(&[]);
            assert_eq!(checked.code, 3, "{name}: {wrong}\n{}", checked.stdout);
        }
        let checked = Case::use_case().write("connections.json", wrong).check(&[]);
        assert_eq!(checked.code, 3, "{wrong}\n{}", checked.stdout);
    }
}
