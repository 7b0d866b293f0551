//! Compose files of packages, ordinary and odd, as text and as the real tool takes them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod given;

use aieffect_blueprint::Port;
use aieffect_compose::{
    Build, Confinement, Image, ImageName, MARK, Orchestrator, Restart, Role, Setting, StackAccess,
    StackOptions, StackToken,
};
use given::{Node, configured, file, findings, made, options, read};

const TWO: [Node<'static>; 2] =
    [("meter1", "case-meter:latest", "meter1", 50051), ("report1", "case-report:latest", "report1", 8080)];

#[test]
fn a_package_becomes_a_service_per_node_and_the_orchestrator() {
    let yaml = file(&TWO, &options()).to_yaml();
    insta::assert_snapshot!(yaml, @r#"
    # Made by `aieffect compose`, which writes it anew; changes belong into a file of their own.
    services:
      meter1:
        image: case-meter:latest
        environment:
          GRPC_PORT: '50051'
          SERVICE_NAME: meter1
          DATA_DIR: /app/data
        volumes:
        - ./data:/app/data
        - ./.orchestrator/aieffect:/opt/aieffect/aieffect:ro
        ports:
        - '127.0.0.1:50051:50051'
        networks:
          ai-effect-pipeline: {}
        restart: unless-stopped
        init: true
        healthcheck:
          test:
          - CMD
          - /opt/aieffect/aieffect
          - probe
          - '127.0.0.1:50051'
          interval: '5s'
          timeout: '5s'
          retries: 3
          start_period: '60s'
      report1:
        image: case-report:latest
        environment:
          GRPC_PORT: '8080'
          SERVICE_NAME: report1
          DATA_DIR: /app/data
        volumes:
        - ./data:/app/data
        - ./.orchestrator/aieffect:/opt/aieffect/aieffect:ro
        ports:
        - '127.0.0.1:50052:8080'
        networks:
          ai-effect-pipeline: {}
        restart: unless-stopped
        init: true
        healthcheck:
          test:
          - CMD
          - /opt/aieffect/aieffect
          - probe
          - '127.0.0.1:8080'
          interval: '5s'
          timeout: '5s'
          retries: 3
          start_period: '60s'
      orchestrator:
        image: aieffect-orchestrator:0123456789ab
        build:
          context: ./.orchestrator
        command:
        - orchestrate
        - /export
        environment:
          AIEFFECT_OUTPUT: /results/results.json
          AIEFFECT_REPORT: /results/report.html
          AIEFFECT_STORE: /results/store
          AIEFFECT_INITIAL_DATA: null
          AIEFFECT_LOG_FORMAT: null
          AIEFFECT_LOG_LEVEL: null
          AIEFFECT_READY_TIMEOUT: null
          AIEFFECT_REDO: null
          AIEFFECT_RESULTS: null
          AIEFFECT_RESUME: null
          AIEFFECT_STRICT: null
        volumes:
        - .:/export:ro
        - ./results:/results
        tmpfs:
        - /tmp
        networks:
          ai-effect-pipeline: {}
        depends_on:
        - meter1
        - report1
        restart: 'no'
        user: '10001:10001'
        read_only: true
        cap_drop:
        - ALL
        security_opt:
        - no-new-privileges:true
    networks:
      ai-effect-pipeline:
        driver: bridge
    "#);
    configured(&yaml);
}

#[test]
fn the_same_package_gives_the_same_bytes() {
    assert_eq!(file(&TWO, &options()).to_yaml(), file(&TWO, &options()).to_yaml());
    assert!(file(&TWO, &options()).to_yaml().starts_with(MARK));
}

#[test]
fn the_orchestrator_may_be_absent_an_image_or_built_elsewhere() {
    let stack = |orchestrator| file(&TWO, &StackOptions { orchestrator, ..options() });
    let without = stack(Orchestrator::Absent);
    assert_eq!(without.orchestrator(), None);
    assert_eq!(without.services.len(), 2);
    configured(&without.to_yaml());
    let image = ImageName::new("registry.example.org/aieffect:1").unwrap();
    let named = stack(Orchestrator::Named(image.clone()));
    assert_eq!(named.orchestrator().unwrap().image, Image::Named(image));
    configured(&named.to_yaml());
    let build = Build {
        context: "./.orchestrator".into(),
        dockerfile: Some("crates/cli/Dockerfile".into()),
        bases: vec![("RUST_IMAGE", ImageName::new("rust:1-slim").unwrap())],
        name: None,
    };
    let yaml = stack(Orchestrator::Built(build)).to_yaml();
    let (_, built) = yaml.split_once("  orchestrator:\n").unwrap();
    insta::assert_snapshot!(built.split_once("    command").unwrap().0, @r#"
    build:
      context: ./.orchestrator
      dockerfile: crates/cli/Dockerfile
      args:
        RUST_IMAGE: ${RUST_IMAGE:-rust:1-slim}
    "#);
    configured(&yaml);
}

#[test]
fn the_orchestrator_may_do_next_to_nothing() {
    let stack = file(&TWO, &options());
    let orchestrator = stack.orchestrator().unwrap();
    assert_eq!(orchestrator.confinement, Confinement::Strict { user: 10001 });
    assert_eq!(orchestrator.restart, Restart::No);
    assert!(orchestrator.ports.is_empty());
}

#[test]
fn a_service_over_http_is_told_its_port_and_asked_over_http() {
    let yaml = file(&[("http_meter1", "i", "meter", 8080)], &options()).to_yaml();
    let variables = "GRPC_PORT: '8080'\n      SERVICE_NAME: http_meter1\n      DATA_DIR: /app/data\n      PORT: '8080'\n      UVICORN_PORT: '8080'\n";
    assert!(yaml.contains(variables), "{yaml}");
    assert!(yaml.contains("- '127.0.0.1:8080'\n      - --transport\n      - http-control\n"), "{yaml}");
    configured(&yaml);
}

#[test]
fn without_a_static_binary_there_is_no_health_check() {
    let yaml = file(&TWO, &StackOptions { probe: None, ..options() }).to_yaml();
    assert!(!yaml.contains("healthcheck") && !yaml.contains("/opt/aieffect"), "{yaml}");
    configured(&yaml);
}

#[test]
fn nodes_that_share_an_address_are_one_service_named_after_its_owner() {
    let nodes = [
        ("view1", "case-view", "data-store", 50051),
        ("data_store1", "case-store", "data-store", 50051),
        ("report1", "case-report", "report1", 50051),
    ];
    let stack = file(&nodes, &options());
    let roles: Vec<_> = stack.services.iter().map(|service| (service.key.as_str(), &service.role)).collect();
    let nodes_of = |names: &[&str]| Role::Nodes(names.iter().map(|name| name.parse().unwrap()).collect());
    assert_eq!(
        roles,
        [
            ("data_store1", &nodes_of(&["data_store1", "view1"])),
            ("report1", &nodes_of(&["report1"])),
            ("orchestrator", &Role::Orchestrator),
        ]
    );
    assert_eq!(stack.services[0].image, Image::Named(ImageName::new("case-store").unwrap()));
    assert_eq!(stack.services[0].aliases, ["data-store".parse().unwrap()]);
    assert_eq!(findings(&nodes, &options()), "");
    let yaml = stack.to_yaml();
    assert!(yaml.contains("        aliases:\n        - data-store\n"), "{yaml}");
    configured(&yaml);
}

#[test]
fn a_node_that_runs_elsewhere_gets_no_service() {
    let nodes = [
        TWO[0],
        ("a1", "", "10.0.0.7", 1),
        ("b1", "no image at all", "meter.example.org", 2),
        ("c1", "x", "localhost", 3),
        ("d1", "x", "::1", 4),
    ];
    let stack = file(&nodes, &options());
    let keys: Vec<_> = stack.services.iter().map(|service| service.key.as_str()).collect();
    assert_eq!(keys, ["meter1", "orchestrator"]);
    insta::assert_snapshot!(findings(&nodes, &options()), @r#"
    warning[AE0704] blueprint.json:40:25: `c1` answers at `localhost:3`, which in the orchestrator's container is the container itself
    warning[AE0704] blueprint.json:52:25: `d1` answers at `[::1]:4`, which in the orchestrator's container is the container itself
    "#);
    assert_eq!(findings(&nodes, &StackOptions { orchestrator: Orchestrator::Absent, ..options() }), "");
}

#[test]
fn a_stack_with_nothing_to_start_is_an_error() {
    let nodes = [("a1", "x", "10.0.0.7", 1)];
    let absent = StackOptions { orchestrator: Orchestrator::Absent, ..options() };
    insta::assert_snapshot!(findings(&nodes, &absent), @"error[AE0706] blueprint.json:4:25: every node runs elsewhere, so there is nothing to start");
    configured(&file(&nodes, &options()).to_yaml());
}

#[test]
fn names_that_already_mean_another_service_are_avoided() {
    let check = |nodes: &[Node<'_>], expected: &[&str]| {
        let stack = file(nodes, &options());
        let keys: Vec<_> = stack.services.iter().map(|service| service.key.as_str()).collect();
        assert_eq!(keys, expected);
        let mut hosts: Vec<_> = nodes.iter().map(|node| node.2.to_lowercase()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        // Each host is the name of one service alone.
        for host in hosts {
            let named = stack.services.iter().filter(|service| {
                let names = service.aliases.iter().chain([&service.key]);
                names.into_iter().any(|name| name.as_str().to_lowercase() == host)
            });
            assert_eq!(named.count(), 1, "{host}");
        }
        configured(&stack.to_yaml());
    };
    let node = |name: &'static str, host: &'static str| (name, "x", host, 50051);
    check(&[node("Data1", "a"), node("data1", "b")], &["Data1", "b", "orchestrator"]);
    check(&[node("x", "y"), node("y", "x")], &["y", "x", "orchestrator"]);
    check(&[node("orchestrator", "orchestrator")], &["orchestrator", "aieffect-orchestrator"]);
    check(
        &[node("Orchestrator", "a"), node("b", "aieffect-orchestrator")],
        &["Orchestrator", "b", "aieffect-orchestrator-2"],
    );
}

#[test]
fn a_service_does_not_hide_the_machine_of_a_node_that_runs_elsewhere() {
    let nodes = [("Meter.lab", "x", "a", 50051), ("b1", "x", "meter.lab", 50051)];
    let stack = file(&nodes, &options());
    assert_eq!(stack.services[0].key.as_str(), "a");
    assert_eq!(stack.services.len(), 2, "and the orchestrator");
}

#[test]
fn hosts_that_differ_by_case_alone_are_an_error() {
    let nodes = [("a1", "x", "Data", 50051), ("b1", "x", "data", 50051)];
    insta::assert_snapshot!(findings(&nodes, &options()), @"error[AE0703] blueprint.json:16:25: `a1` and `b1` answer at `Data` and `data`, which a network of containers does not tell apart");
}

#[test]
fn several_ports_of_one_host_are_all_published_with_a_warning() {
    let nodes = [("a1", "x", "a1", 7000), ("b1", "y", "a1", 7001), TWO[0]];
    insta::assert_snapshot!(findings(&nodes, &options()), @"warning[AE0705] blueprint.json:4:25: the nodes at `a1` answer at several ports, 7000, 7001, and one container is to serve them all");
    let yaml = file(&nodes, &options()).to_yaml();
    let config = read(&yaml);
    assert_eq!(
        config["services"]["a1"]["ports"],
        serde_json::json!(["127.0.0.1:50051:7000", "127.0.0.1:50052:7001",])
    );
    assert_eq!(config["services"]["meter1"]["ports"][0], "127.0.0.1:50053:50051");
    configured(&yaml);
}

#[test]
fn ports_of_the_host_follow_each_other_from_the_first_on() {
    let base = |port: u16| StackOptions { base_port: Port::new(port).unwrap(), ..options() };
    let config = read(&file(&TWO, &base(65534)).to_yaml());
    assert_eq!(config["services"]["meter1"]["ports"][0], "127.0.0.1:65534:50051");
    assert_eq!(config["services"]["report1"]["ports"][0], "127.0.0.1:65535:8080");
    let error = made(&TWO, &base(65535)).unwrap_err().to_string();
    assert_eq!(
        error,
        "from port 65535 on, there are not enough for 2 services; the highest to begin with is 65534"
    );
    let v6 = StackOptions { bind: "::1".parse().unwrap(), ..options() };
    let yaml = file(&TWO, &v6).to_yaml();
    assert_eq!(read(&yaml)["services"]["meter1"]["ports"][0], "[::1]:50051:50051");
    configured(&yaml);
}

#[test]
fn images_that_no_engine_takes_are_errors() {
    let check = |image: &str| findings(&[("a1", image, "a1", 50051)], &options());
    let all: String = ["", "  ", "${HOME}", "a\nb: c", "Case-Meter", "x:\u{1b}[2J"].map(check).concat();
    insta::assert_snapshot!(all, @r#"
    error[AE0702] blueprint.json:5:16: the node `a1` has no image to be started from
    error[AE0702] blueprint.json:5:16: the node `a1` has no image to be started from
    error[AE0702] blueprint.json:5:16: `${HOME}`, the image of `a1`, is no image name: a name is lower-case letters, digits, and single `.`, `_` or `-` between, in parts joined by `/`
    error[AE0702] blueprint.json:5:16: `a\nb: c`, the image of `a1`, is no image name: a tag is up to 128 letters, digits, `_`, `.` or `-`
    error[AE0702] blueprint.json:5:16: `Case-Meter`, the image of `a1`, is no image name: a name is lower-case letters, digits, and single `.`, `_` or `-` between, in parts joined by `/`
    error[AE0702] blueprint.json:5:16: `x:\u{1b}[2J`, the image of `a1`, is no image name: a tag is up to 128 letters, digits, `_`, `.` or `-`
    "#);
    assert_eq!(check("https://registry.example.org:7444/x:1"), "");
}

#[test]
fn paths_that_a_compose_file_cannot_say_are_refused() {
    for package in ["../a:b", "../a\nb", "../a\u{2028}b", "../a\u{2029}b", "../a\u{fffd}b"] {
        let error = made(&TWO, &StackOptions { package: package.into(), ..options() }).unwrap_err();
        assert!(error.to_string().ends_with("and cannot be mounted into containers"), "{error}");
    }
    let yaml = file(&TWO, &StackOptions { package: "../It's $HOME #1".into(), ..options() }).to_yaml();
    let volume = read(&yaml)["services"]["meter1"]["volumes"][0].clone();
    assert_eq!(volume, "../It's $$HOME #1/data:/app/data");
    if let Some(config) = configured(&yaml) {
        assert!(
            config.to_string().contains("It's $$HOME #1") || config.to_string().contains("It's $HOME #1")
        );
    }
}

/// Names that YAML, in one version or the other, takes for something else than text.
const AMBIGUOUS: [&str; 24] = [
    "on",
    "No",
    "y",
    "null",
    "True",
    "1",
    "012",
    "0x1F",
    "1e5",
    "1_000",
    "0b1",
    "2024-06-01",
    "0o17",
    "1.5",
    "1.",
    "_1",
    "12e03",
    "0_",
    "1__0",
    "08",
    "0.1.2",
    "1-",
    "0x_1F",
    "Off",
];

#[test]
fn names_stay_names_in_both_versions_of_yaml() {
    // A dot would make the host a remote one.
    let hosts: Vec<String> = (0..AMBIGUOUS.len()).map(|nth| format!("host{nth}")).collect();
    let nodes: Vec<Node<'_>> =
        AMBIGUOUS.iter().zip(&hosts).map(|(name, host)| (*name, "1_000", host.as_str(), 50051)).collect();
    let yaml = file(&nodes, &options()).to_yaml();
    let config = read(&yaml);
    let services = config["services"].as_object().unwrap();
    for name in AMBIGUOUS {
        let service = services.get(name).unwrap_or_else(|| panic!("no `{name}` in {yaml}"));
        assert_eq!(service["image"], "1_000", "{name}");
        assert_eq!(service["environment"]["SERVICE_NAME"], name);
        assert_eq!(service["environment"]["GRPC_PORT"], "50051");
        assert_eq!(service["init"], true);
    }
    assert_eq!(services["orchestrator"]["restart"], "no");
    assert_eq!(services["orchestrator"]["depends_on"], serde_json::json!(AMBIGUOUS));
    // Compose 1.29 reads YAML 1.1; a key or a value that were no text there would be refused.
    if let Some(config) = configured(&yaml) {
        assert_eq!(config["services"].as_object().unwrap().len(), AMBIGUOUS.len() + 1);
    }
}

#[test]
fn what_the_orchestrator_speaks_with_is_mounted_and_named_and_no_service_has_it() {
    let path = |name: &str| Some(format!("../certs/{name}"));
    let access = StackAccess {
        tls_ca: path("ca.pem"),
        tls_cert: path("own $1.pem"),
        tls_key: path("own.key"),
        token: Some(StackToken::File("./token".into())),
    };
    let stack = file(&TWO, &StackOptions { access: access.clone(), ..options() });
    let orchestrator = stack.orchestrator().unwrap();
    let mounts: Vec<String> = orchestrator.mounts[2..]
        .iter()
        .map(|mount| format!("{} {} {:?}", mount.source, mount.target, mount.writing))
        .collect();
    let expected = [
        "../certs/ca.pem /access/ca.pem Denied",
        "../certs/own $1.pem /access/cert.pem Denied",
        "../certs/own.key /access/key.pem Denied",
        "./token /access/token Denied",
    ];
    assert_eq!(mounts, expected);
    let told: Vec<String> = orchestrator
        .environment
        .iter()
        .filter(|(name, _)| name.contains("TLS") || name.contains("TOKEN"))
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    let text = |name: &str, value: &str| format!("{name}={:?}", Setting::Text(value.into()));
    let expected = [
        text("AIEFFECT_TLS_CA", "/access/ca.pem"),
        text("AIEFFECT_TLS_CERT", "/access/cert.pem"),
        text("AIEFFECT_TLS_KEY", "/access/key.pem"),
        text("AIEFFECT_TOKEN_FILE", "/access/token"),
    ];
    assert_eq!(told, expected);
    let others = stack.services.iter().filter(|service| service.role != Role::Orchestrator);
    assert!(others.flat_map(|service| &service.mounts).all(|mount| !mount.target.starts_with("/access")));
    if let Some(configured) = configured(&stack.to_yaml()) {
        let text = configured["services"]["orchestrator"].to_string();
        assert!(text.contains("/access/key.pem") && text.contains("certs/own $1.pem"), "{text}");
    }

    let named =
        StackAccess { token: Some(StackToken::Variable("MY_TOKEN".into())), ..StackAccess::default() };
    let yaml = file(&TWO, &StackOptions { access: named, ..options() }).to_yaml();
    assert!(yaml.contains("      AIEFFECT_TOKEN_ENV: MY_TOKEN\n      MY_TOKEN: null\n"), "{yaml}");
    let colon = StackAccess { tls_key: Some("a:b".into()), ..access };
    assert!(made(&TWO, &StackOptions { access: colon, ..options() }).is_err());
}
