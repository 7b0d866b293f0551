use std::fmt::Write;
use std::sync::Arc;

use aieffect_blueprint::{Findings, OperationSettings, SuccessField};
use cel::{Context, Program, Value};
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
fn parts_that_cannot_go_together_are_found_before_any_run() {
    let conditions = [
        "stats.count > 'many'",
        "total_records == '5'",
        "message == 5",
        "message > 5",
        "color == 1",
        "numbers > 3",
        "ratio + total_records > 1.0",
        "total_records",
        "message && success",
        "!numbers",
        "success > 0",
        "stats == 1",
        "'a' in message",
        "total_records in total_records",
        "size(small) > 0",
        "total_records.startsWith('a')",
        "file_rows(total_records) > 0",
        "all_stats.all(s, s.count > 'x')",
        "all_stats.exists(s, s.cuont > 0)",
        "numbers.all(n, n.count > 0)",
        "numbers.all(n, n)",
        "path.all(p, p == 'x')",
        "numbers.filter(n, n > 0)",
    ];
    insta::assert_snapshot!(found(&expecting(&conditions)), @r#"
    error[AE0412] c.json:1:2: the condition `stats.count > 'many'` cannot be checked: `stats.count` is a whole number and 'many' is a text, which `>` does not compare
      at "\"stats.count > 'many'\""
    error[AE0412] c.json:1:2: the condition `total_records == '5'` cannot be checked: `total_records` is a whole number and '5' is a text, which `==` never finds equal
      at "\"total_records == '5'\""
      help: write the number without quotes: 5
    error[AE0412] c.json:1:2: the condition `message == 5` cannot be checked: `message` is a text and 5 is a whole number, which `==` never finds equal
      at "\"message == 5\""
      help: write the text in quotes: '5'
    error[AE0412] c.json:1:2: the condition `message > 5` cannot be checked: `message` is a text and 5 is a whole number, which `>` does not compare
      at "\"message > 5\""
      help: a text with a number in it is compared with `int(message)`
    error[AE0412] c.json:1:2: the condition `color == 1` cannot be checked: `color` is the name of an enum's value and 1 is a whole number, which `==` never finds equal
      at "\"color == 1\""
      help: values of enums are compared by name, such as `color == 'GREEN'`
    error[AE0412] c.json:1:2: the condition `numbers > 3` cannot be checked: `numbers` is a list and 3 is a whole number, which `>` does not compare
      at "\"numbers > 3\""
      help: how many there are is `size(numbers)`
    error[AE0412] c.json:1:2: the condition `ratio + total_records > 1.0` cannot be checked: `ratio` is a decimal number and `total_records` is a whole number, which `+` does not take
      at "\"ratio + total_records > 1.0\""
      help: a decimal number is made with `double(total_records)`
    error[AE0412] c.json:1:2: the condition `total_records` cannot be checked: it gives a whole number, not true or false
      at "\"total_records\""
      help: compare it with a number, such as `… > 0`
    error[AE0412] c.json:1:2: the condition `message && success` cannot be checked: `message` is a text, not true or false
      at "\"message && success\""
      help: compare it with a text, such as `… != ''`
    error[AE0412] c.json:1:2: the condition `!numbers` cannot be checked: `numbers` is a list, not true or false
      at "\"!numbers\""
      help: look at its size, such as `size(…) > 0`
    error[AE0412] c.json:1:2: the condition `success > 0` cannot be checked: `success` is true or false and 0 is a whole number, which `>` does not compare
      at "\"success > 0\""
    error[AE0412] c.json:1:2: the condition `stats == 1` cannot be checked: `stats` is a message and 1 is a whole number, which `==` never finds equal
      at "\"stats == 1\""
    error[AE0412] c.json:1:2: the condition `'a' in message` cannot be checked: `message` is a text, not a list or a map, as `in` takes
      at "\"'a' in message\""
      help: parts of a text are found with `text.contains('part')`
    error[AE0412] c.json:1:2: the condition `total_records in total_records` cannot be checked: `total_records` is a whole number, not a list or a map, as `in` takes
      at "\"total_records in total_records\""
    error[AE0412] c.json:1:2: the condition `size(small) > 0` cannot be checked: `small` is a whole number, which `size` does not take
      at "\"size(small) > 0\""
    error[AE0412] c.json:1:2: the condition `total_records.startsWith('a')` cannot be checked: `total_records` is a whole number, which `startsWith` does not take
      at "\"total_records.startsWith('a')\""
    error[AE0412] c.json:1:2: the condition `file_rows(total_records) > 0` cannot be checked: `total_records` is a whole number, which `file_rows` does not take
      at "\"file_rows(total_records) > 0\""
    error[AE0412] c.json:1:2: the condition `all_stats.all(s, s.count > 'x')` cannot be checked: `s.count` is a whole number and 'x' is a text, which `>` does not compare
      at "\"all_stats.all(s, s.count > 'x')\""
    error[AE0412] c.json:1:25: the condition `all_stats.exists(s, s.cuont > 0)` cannot be checked: `Stats` has no field `cuont`
      at "cuont"
      help: did you mean `count`?
    error[AE0412] c.json:1:20: the condition `numbers.all(n, n.count > 0)` cannot be checked: `n` is a whole number, so it has no `count`
      at "count"
    error[AE0412] c.json:1:2: the condition `numbers.all(n, n)` cannot be checked: `n` is a whole number, not true or false
      at "\"numbers.all(n, n)\""
      help: compare it with a number, such as `… > 0`
    error[AE0412] c.json:1:2: the condition `path.all(p, p == 'x')` cannot be checked: `path` is a text, not a list
      at "\"path.all(p, p == 'x')\""
    error[AE0412] c.json:1:2: the condition `numbers.filter(n, n > 0)` cannot be checked: it gives a list, not true or false
      at "\"numbers.filter(n, n > 0)\""
      help: look at its size, such as `size(…) > 0`
    "#);
}

#[test]
fn parts_of_which_nothing_is_known_before_are_left_to_the_run() {
    for condition in [
        "open.a > 'x' && open.b > 1",
        "wrapped > 0.5 && wrapped == null",
        "stats == null || stats.next == null",
        "color == 7 || color in ['RED', 'GREEN']",
        "counts['a'] > 0 && names[7] != ''",
        "numbers == [] || numbers[0] > 0.5",
        "dyn(message) == 5",
        "counts.all(key, key != '')",
        "numbers.map(n, n * 2).all(n, n > 0)",
        "numbers.exists_one(n, n == 1)",
        "(success ? 1 : 2) > 0",
        "maybe == null || large > 0 || -total_records < 0",
    ] {
        assert_eq!(found(&expecting(&[condition])), "", "{condition}");
    }
}

/// What is refused for its types is what the engine of conditions refuses.
#[test]
fn operators_take_the_types_that_the_engine_takes() {
    let values = [
        ("total_records", Value::Int(5)),
        ("ratio", Value::Float(0.5)),
        ("message", Value::from("a")),
        ("success", Value::Bool(true)),
        ("raw", Value::Bytes(Arc::new(vec![1]))),
        ("numbers", Value::List(Arc::new(vec![Value::Int(1)]))),
    ];
    let mut context = Context::default();
    values.iter().for_each(|(name, value)| context.add_variable_from_value(*name, value.clone()));
    for operator in ["<", "<=", ">", ">=", "+", "-", "*", "/", "%", "&&", "in"] {
        for (left, right) in values.iter().flat_map(|left| values.iter().map(move |right| (left.0, right.0)))
        {
            let condition = format!("type({left} {operator} {right}) == int");
            let takes = Program::compile(&condition).unwrap().execute(&context).is_ok();
            let refused = !found(&expecting(&[&condition])).is_empty();
            assert_eq!(takes, !refused, "{condition}");
        }
    }
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
