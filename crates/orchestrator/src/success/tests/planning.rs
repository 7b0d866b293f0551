use std::fmt::Write;

use aieffect_blueprint::{Findings, OperationSettings, SuccessField};
use proptest::prelude::*;

use super::{RESPONSE, expecting, message, written};
use crate::success::{DataFolder, SuccessContract};

fn found(settings: &OperationSettings) -> String {
    let mut findings = Findings::new();
    let contract = SuccessContract::plan(&message(RESPONSE), settings, &mut findings);
    let mut lines = String::new();
    for finding in &findings {
        let label = &finding.labels[0];
        let marked = &label.source.text()[label.span.start..label.span.end];
        writeln!(lines, "{finding}\n  at {marked:?}").unwrap();
        if let Some(help) = &finding.help {
            writeln!(lines, "  help: {help}").unwrap();
        }
    }
    assert!(settings.expect.is_empty() || lines.is_empty() == contract.can_block());
    lines
}

#[test]
fn conditions_that_cannot_be_checked_are_found_when_planning() {
    let mut lines = String::new();
    for condition in [
        "total_records >",
        "",
        "total_record > 0",
        "response.total_recrods > 0 && stats.cuont > 0",
        "message.count > 0",
        "all_stats.count > 0",
        "file_row(path) > 0",
        "size(numbers",
        "numbers.all(n, n > missing)",
        "numbers.all(n, numbers.all(m, m > n))",
        "all_stats.map(s, s.count).map(c, c + 1).map(c, c + 1) == []",
        "Stats{count: 1} == stats",
        "total_records > 'a",
        "total_records = 5",
        "in > 5",
        "has(stats.wurst)",
    ] {
        lines += &found(&expecting(&[condition]));
    }
    insta::assert_snapshot!(lines, @r#"
    error[AE0412] c.json:1:18: the condition `total_records >` cannot be checked: it ends too early
      at ""
      help: it stops making sense at character 16
    error[AE0412] c.json:1:3: the condition `` cannot be checked: it ends too early
      at ""
      help: it stops making sense at character 1
    error[AE0412] c.json:1:3: the condition `total_record > 0` cannot be checked: `M` has no field `total_record`
      at "total_record"
      help: did you mean `total_records`?
    error[AE0412] c.json:1:12: the condition `response.total_recrods > 0 && stats.cuont > 0` cannot be checked: `M` has no field `total_recrods`
      at "total_recrods"
      help: did you mean `total_records`?
    error[AE0412] c.json:1:39: the condition `response.total_recrods > 0 && stats.cuont > 0` cannot be checked: `Stats` has no field `cuont`
      at "cuont"
      help: did you mean `count`?
    error[AE0412] c.json:1:3: the condition `message.count > 0` cannot be checked: `message` is no message, so it has no `count`
      at "message"
    error[AE0412] c.json:1:3: the condition `all_stats.count > 0` cannot be checked: `all_stats` is a list of `Stats`, so it has no `count`
      at "all_stats"
      help: write `all_stats[0].count`, or `all_stats.all(x, x.count …)`
    error[AE0412] c.json:1:3: the condition `file_row(path) > 0` cannot be checked: there is no function `file_row`
      at "file_row"
      help: did you mean `file_rows`?
    error[AE0412] c.json:1:15: the condition `size(numbers` cannot be checked: missing ')' at its end
      at ""
      help: it stops making sense at character 13
    error[AE0412] c.json:1:22: the condition `numbers.all(n, n > missing)` cannot be checked: `M` has no field `missing`
      at "missing"
      help: known fields: `all_stats`, `color`, `counts`, `large`, `maybe`, `message`, `names`, `numbers` and 10 more
    error[AE0412] c.json:1:2: the condition `numbers.all(n, numbers.all(m, m > n))` cannot be checked: it has a loop within a loop
      at "\"numbers.all(n, numbers.all(m, m > n))\""
      help: write a simpler condition, or several
    error[AE0412] c.json:1:2: the condition `all_stats.map(s, s.count).map(c, c + 1).map(c, c + 1) == []` cannot be checked: it has more than 2 loops in a row
      at "\"all_stats.map(s, s.count).map(c, c + 1).map(c, c + 1) == []\""
      help: write a simpler condition, or several
    error[AE0412] c.json:1:2: the condition `Stats{count: 1} == stats` cannot be checked: it makes a message
      at "\"Stats{count: 1} == stats\""
      help: write a simpler condition, or several
    error[AE0412] c.json:1:19: the condition `total_records > 'a` cannot be checked: token recognition error at: ''a'
      at ""
      help: it stops making sense at character 17
    error[AE0412] c.json:1:17: the condition `total_records = 5` cannot be checked: token recognition error at: '= '
      at ""
      help: compare with `==`
    error[AE0412] c.json:1:3: the condition `in > 5` cannot be checked: mismatched input 'in'
      at ""
      help: it stops making sense at character 1
    error[AE0412] c.json:1:13: the condition `has(stats.wurst)` cannot be checked: `Stats` has no field `wurst`
      at "wurst"
      help: did you mean `worst`?
    "#);
}

#[test]
fn each_broken_condition_is_a_finding_and_the_others_still_count() {
    let mut findings = Findings::new();
    let settings = expecting(&["total_record > 0", "total_records > 0", "large >"]);
    let contract = SuccessContract::plan(&message(RESPONSE), &settings, &mut findings);
    assert_eq!(findings.len(), 2);
    assert!(contract.check(&[], &DataFolder::default()).is_err());
}

#[test]
fn a_success_field_that_is_none_is_found() {
    let named = |name: &str| OperationSettings {
        success_field: SuccessField::Named(written(name)),
        ..OperationSettings::default()
    };
    insta::assert_snapshot!(found(&named("succes")) + &found(&named("message")), @r#"
    error[AE0413] c.json:1:2: the response `M` has no field `succes`
      at "\"succes\""
      help: did you mean `success`?
    error[AE0413] c.json:1:2: `message` of `M` is no bool
      at "\"message\""
      help: to judge by another field, write a condition in `expect`
    "#);
    assert_eq!(found(&named("success")), "");
}

#[test]
fn conditions_that_would_exhaust_the_parser_or_the_stack_are_refused() {
    let mut lines = String::new();
    for condition in [
        "(".repeat(100_000),
        format!("{}1{} == 1", "(".repeat(450), ")".repeat(450)),
        format!("{}1{} == 1", "(".repeat(30), ")".repeat(30)),
        "[".repeat(900),
        format!("{}true", "!".repeat(900)),
        format!("{}1 == 1", "-".repeat(900)),
        format!("{}1 > 0", "1+".repeat(400)),
        format!("total_records{} == 1", ".a".repeat(400)),
        format!("{}true", "true?true:".repeat(90)),
        format!("{}true", "true&&".repeat(150)),
        format!("{}true", "true||".repeat(60)),
        format!("numbers{} == []", ".map(x,x+x)".repeat(80)),
    ] {
        let line = found(&expecting(&[&condition]));
        let why = line.lines().next().unwrap_or("fine").rsplit("checked: ").next().unwrap_or_default();
        let start: String = condition.chars().take(12).collect();
        writeln!(lines, "{start} {}: {why}", condition.len()).unwrap();
    }
    insta::assert_snapshot!(lines, @r#"
    (((((((((((( 100000: it is longer than 1000 characters
    (((((((((((( 906: it has more than 20 brackets within brackets
    (((((((((((( 66: it has more than 20 brackets within brackets
    [[[[[[[[[[[[ 900: it has more than 20 brackets within brackets
    !!!!!!!!!!!! 904: fine
    ------------ 906: fine
    1+1+1+1+1+1+ 805: it is nested more than 20 deep
    total_record 818: it is nested more than 20 deep
    true?true:tr 904: it is nested more than 20 deep
    true&&true&& 904: it has more than 150 parts
    true||true|| 364: fine
    numbers.map( 893: it has more than 2 loops in a row
    "#);
}

#[test]
fn a_contract_of_a_recursive_response_can_be_printed() {
    let contract = super::planned(
        RESPONSE,
        &OperationSettings { success_field: SuccessField::Usual, ..expecting(&["total_records > 0"]) },
    );
    assert_eq!(
        format!("{contract:?}"),
        r#"SuccessContract { flag: Some(success (Plain)), conditions: ["total_records > 0"] }"#
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_planned_and_checked_without_a_panic(text in "[a-z0-9 ()\\[\\]{}.,?:!&|<>=+*/'\"\\\\é-]{0,40}") {
        let mut findings = Findings::new();
        let settings = expecting(&[&text]);
        let contract = SuccessContract::plan(&message(RESPONSE), &settings, &mut findings);
        prop_assert_eq!(findings.is_empty(), contract.can_block());
        let _ = contract.check(&[], &DataFolder::default());
    }
}
