use serde_json::{Value, json};

use super::*;
use crate::testing::{EVIL, diamond, evil, pipeline};

/// Without what is the same in all.
fn body(svg: &str) -> &str {
    svg.split_once("</defs>\n").unwrap().1
}

#[test]
fn a_node_is_a_group_with_its_steps_in_it() {
    let pipeline = pipeline(
        &[("load1", &["Load"]), ("solve1", &["Solve", "Explain"]), ("idle1", &[])],
        &[("load1:Load", "solve1:Solve")],
        &json!({"input.path": "output_path", "status": null}),
    );
    insta::assert_snapshot!(body(&svg(&pipeline)), @r#"
    <rect class="ground" width="454.6" height="225"/>
    <g class="node source" id="node-0" data-node="load1"><title>load1: DataSource</title>
    <g class="step start" id="step-0-0" data-step="load1:Load"><title>load1:Load</title>
    <rect class="box" x="24" y="51" width="100.8" height="62" rx="31"/>
    <text class="name" x="74.4" y="73">load1</text>
    <text class="operation" x="74.4" y="89">Load</text>
    <text class="kind" x="74.4" y="104">DataSource</text>
    </g>
    </g>
    <g class="node sink several" id="node-1" data-node="solve1"><title>solve1: DataSink</title>
    <rect class="frame" x="333" y="24" width="97.5" height="122" rx="2"/>
    <line class="side" x1="338" x2="338" y1="24" y2="146"/>
    <line class="side" x1="425.6" x2="425.6" y1="24" y2="146"/>
    <text class="name" x="381.8" y="44">solve1</text>
    <text class="kind" x="381.8" y="59">DataSink</text>
    <g class="step" id="step-1-0" data-step="solve1:Solve"><title>solve1:Solve</title>
    <rect class="box" x="347" y="68" width="69.5" height="28" rx="5"/>
    <text class="operation" x="381.8" y="86">Solve</text>
    </g>
    <g class="step start" id="step-1-1" data-step="solve1:Explain"><title>solve1:Explain</title>
    <rect class="box" x="347" y="104" width="69.5" height="28" rx="5"/>
    <text class="operation" x="381.8" y="122">Explain</text>
    </g>
    </g>
    <g class="node model" id="node-2" data-node="idle1"><title>idle1: MLModel</title>
    <rect class="frame" x="26.4" y="139" width="96" height="62" rx="7"/>
    <text class="name" x="74.4" y="165">idle1</text>
    <text class="kind" x="74.4" y="183">MLModel</text>
    </g>
    <g class="link" data-from="load1:Load" data-to="solve1:Solve"><title>load1:Load → solve1:Solve
    input.path = output_path
    no status</title><path d="M124.8,82 C228.9,82 228.9,82 333,82 L347,82" marker-end="url(#aieffect-arrow)"/></g>
    <rect class="ground" x="152.8" y="68" width="152.2" height="28"/>
    <text class="fields" x="228.9" y="79">input.path = output_path</text>
    <text class="fields" x="228.9" y="93">no status</text>
    </svg>
    "#);
}

#[test]
fn texts_of_strangers_stay_texts() {
    let svg = svg(&evil());
    assert!(!svg.contains("<script") && !svg.contains('\u{1b}') && !svg.contains("javascript:alert(1)\""));
    assert!(svg.contains(&escaped(EVIL)), "the tooltip has the whole name");
    assert_eq!(svg.matches("</title>").count(), svg.matches("<title>").count());
}

#[test]
fn every_step_and_link_is_there_once() {
    let pipeline = diamond(4, 5);
    let svg = svg(&pipeline);
    for id in pipeline.operations() {
        let name = pipeline.step_name(id);
        assert_eq!(svg.matches(&format!("data-step=\"{name}\"")).count(), 1, "{name}");
    }
    assert_eq!(svg.matches("class=\"link\"").count(), pipeline.links().len());
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
}

#[test]
fn a_pipeline_of_a_thousand_steps_is_drawn_in_seconds() {
    let begun = std::time::Instant::now();
    let svg = svg(&diamond(25, 40));
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    assert_eq!(svg.matches("class=\"step").count(), 1002);
}

#[test]
fn a_pipeline_of_nothing_is_an_empty_drawing() {
    assert!(svg(&pipeline(&[("a", &[])], &[], &Value::Null)).ends_with("</svg>\n"));
}
