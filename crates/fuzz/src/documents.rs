//! Documents: of a package, of a use case, and what is given by hand.

mod world;

use std::sync::Arc;

use aieffect_blueprint::{
    Document, Findings, Package, Pipeline, Pointer, ProtoTree, SourceText, UseCase, resolve,
};
use aieffect_buildscript::build_script;
use aieffect_compose::{ImageName, Orchestrator, StackAccess, StackOptions, stack};
use aieffect_contract::{ProtoSet, interfaces};
use aieffect_orchestrator::plan::{InitialData, PlanOptions, explain, plan};
use aieffect_picture::{dot, mermaid, svg};
use serde_json::Value;

use self::world::World;
use crate::looked::look;

/// Takes a letter and then a document: `b` `blueprint.json`, `d` `dockerinfo.json`, `e` `execution.json`, `i` initial data,
/// `c` `connections.json`, `y` a compose file. The rest of the package or use case is that of an example.
///
/// All findings point into their texts, and so does every part of a document; what a part's marks hold is its value, or the bracket that begins it. What
/// has no error is drawn, planned, exported, and put into a stack whose file is YAML. An exported package has no
/// error either.
pub fn documents(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    World::with(|world| match kind {
        b'b' => with_json("blueprint.json", text, |blueprint| {
            look_at_package(&Package { blueprint, ..world.package.clone() }, &InitialData::default());
        }),
        b'd' => with_json("dockerinfo.json", text, |dockerinfo| {
            look_at_package(&Package { dockerinfo, ..world.package.clone() }, &InitialData::default());
        }),
        b'e' => with_json("execution.json", text, |execution| {
            look_at_package(
                &Package { execution: Some(execution), ..world.package.clone() },
                &InitialData::default(),
            );
        }),
        b'i' => with_json("initial.json", text, |document| {
            let mut findings = Findings::new();
            let initial = InitialData::read(&document, &mut findings);
            look(&findings);
            look_at_package(&world.package, &initial);
        }),
        b'c' => look_at_use_case(&world.use_case_with("connections.json", text)),
        b'y' => {
            if let Ok(document) = Document::yaml(&SourceText::new("docker-compose.yml", text)) {
                look_at_parts(&document, |_, _| {});
            }
            look_at_use_case(&world.use_case_with("docker-compose.yml", text));
        }
        _ => {}
    });
}

fn with_json(name: &str, text: &str, look_at: impl FnOnce(Arc<Document>)) {
    match Document::json(&SourceText::new(name, text)) {
        Err(finding) => look(&[finding].into_iter().collect()),
        Ok(document) => {
            let mut repeated = Findings::new();
            document.check_repeated_keys(&mut repeated);
            look(&repeated);
            look_at_parts(&document, |marked, value| {
                let read: Option<Value> = serde_json::from_str(marked).ok();
                let is_marked = match value {
                    Value::Array(_) => marked == "[",
                    Value::Object(_) => marked == "{",
                    scalar => read.as_ref() == Some(scalar),
                };
                assert!(is_marked, "{marked:?} is not {value}");
            });
            look_at(document);
        }
    }
}

/// Calls `same` with what is marked for each part, and its value.
fn look_at_parts(document: &Document, same: impl Fn(&str, &Value)) {
    let mut open = vec![(Pointer::root(), document.value())];
    while let Some((pointer, value)) = open.pop() {
        let label = document.label(&pointer);
        let marked =
            label.source.text().get(label.span.start..label.span.end).expect("marks lie in the text");
        same(marked, value);
        let key = document.key_label(&pointer);
        assert!(
            key.source.text().get(key.span.start..key.span.end).is_some(),
            "the key's marks lie in the text"
        );
        match value {
            Value::Array(items) => {
                open.extend(items.iter().enumerate().map(|(nth, item)| (pointer.index(nth), item)));
            }
            Value::Object(entries) => {
                open.extend(entries.iter().map(|(key, value)| (pointer.key(key), value)));
            }
            _ => {}
        }
    }
}

fn look_at_package(package: &Package, initial: &InitialData) {
    let (pipeline, findings) = resolve::package(package);
    look(&findings);
    match pipeline {
        Some(pipeline) => look_at_pipeline(&pipeline, &package.protos, initial),
        None => {
            assert!(findings.has_errors(), "no pipeline, and no finding says why");
            let sketch = resolve::sketch_of_package(package);
            look_at_sketch(sketch.pipeline(), &package.protos);
        }
    }
}

fn look_at_use_case((use_case, findings): &(Option<UseCase>, Findings)) {
    look(findings);
    let Some(use_case) = use_case else {
        assert!(findings.has_errors(), "no use case, and no finding says why");
        return;
    };
    let (interfaces, said) = interfaces(use_case);
    look(&said);
    let (pipeline, found) = resolve::use_case(use_case, &interfaces);
    look(&found);
    let Some(pipeline) = pipeline else {
        assert!(found.has_errors() || said.has_errors(), "no pipeline, and no finding says why");
        let sketch = resolve::sketch_of_use_case(use_case, &interfaces);
        return look_at_sketch(sketch.pipeline(), &use_case.protos);
    };
    look_at_pipeline(&pipeline, &use_case.protos, &InitialData::default());
    let (script, findings) = build_script(use_case, &pipeline);
    look(&findings);
    assert!(script.is_some() || findings.has_errors(), "no script, and no finding says why");
    let (protos, findings) = ProtoSet::compile(&pipeline, &use_case.protos);
    if !findings.has_errors() {
        look_at_export(use_case, &pipeline, &protos);
    }
}

/// A use case without errors gives a package without errors, whose operations are the same.
fn look_at_export(use_case: &UseCase, pipeline: &Pipeline, protos: &ProtoSet) {
    let package = world::exported(use_case, pipeline, protos);
    let (read, findings) = resolve::package(&package);
    look(&findings);
    let Some(read) = read else {
        panic!(
            "the exported package has errors: {:?}",
            findings.iter().map(ToString::to_string).collect::<Vec<_>>()
        );
    };
    let steps = |pipeline: &Pipeline| {
        let mut steps: Vec<_> = pipeline.operations().map(|id| pipeline.step_name(id).to_string()).collect();
        steps.sort_unstable();
        steps
    };
    assert_eq!(steps(&read), steps(pipeline));
    assert_eq!(read.links().len(), pipeline.links().len());
}

fn look_at_sketch(pipeline: &Pipeline, protos: &ProtoTree) {
    let (protos, findings) = ProtoSet::compile(pipeline, protos);
    look(&findings);
    let (_, findings) = plan(pipeline, &protos, &InitialData::default(), &PlanOptions::default());
    look(&findings);
}

fn look_at_pipeline(pipeline: &Pipeline, protos: &ProtoTree, initial: &InitialData) {
    assert!(
        svg(pipeline).ends_with("</svg>\n") && !dot(pipeline).is_empty() && !mermaid(pipeline).is_empty()
    );
    let (protos, said) = ProtoSet::compile(pipeline, protos);
    look(&said);
    let (plan, findings) = plan(pipeline, &protos, initial, &PlanOptions::default());
    look(&findings);
    match plan {
        Some(plan) => assert!(!explain(&plan).is_empty()),
        None => assert!(findings.has_errors() || said.has_errors(), "no plan, and no finding says why"),
    }
    look_at_stack(pipeline);
}

fn look_at_stack(pipeline: &Pipeline) {
    let Ok(image) = ImageName::new("aieffect:latest") else { return };
    let options = StackOptions {
        bind: std::net::Ipv4Addr::LOCALHOST.into(),
        base_port: "9000".parse().expect("it is a port"),
        orchestrator: Orchestrator::Named(image),
        probe: None,
        package: "./p".to_owned(),
        access: StackAccess::default(),
    };
    let Ok((file, findings)) = stack(pipeline, &options) else { return };
    look(&findings);
    if let Some(file) = file {
        let yaml = SourceText::new("compose.yml", file.to_yaml());
        if let Err(finding) = Document::yaml(&yaml) {
            panic!("the stack is no YAML: {finding}\n{}", yaml.text());
        }
    }
}
