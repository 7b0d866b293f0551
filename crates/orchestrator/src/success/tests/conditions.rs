use serde_json::json;

use super::judged;

#[test]
fn conditions_see_the_fields_and_the_whole() {
    let response = json!({
        "total_records": 5, "large": 18446744073709551615_u64, "ratio": 0.5, "stats": {"count": 3, "next": {}},
        "numbers": [1, 2, 3], "all_stats": [{"count": 1}, {"count": 2}], "counts": {"a": 1},
        "color": "GREEN", "raw": "AAEC", "path": "data/out.csv", "small": 4, "wrapped": 0.0,
        "names": {"7": "seven"}, "open": {"a": {"b": 1}}, "when": "2026-01-31T12:00:00Z",
    });
    for condition in [
        "total_records > 0",
        "response.total_records == 5 && total_records - 1 == 4",
        "large > 5 && small > 0 && small - 1 == 3",
        "ratio > 0 && ratio <= 0.5 && ratio == 0.5",
        "stats.count == 3 && response.stats.count > 2",
        "size(numbers) == 3 && numbers[0] == 1 && 2 in numbers",
        "numbers.all(n, n > 0) && numbers.exists(n, n == 3)",
        "numbers.filter(n, n > 1).all(n, n < 4)",
        "size(numbers.map(n, n * 2)) == 3",
        "all_stats[1].count == 2 && all_stats.exists(s, s.count == 2)",
        "counts['a'] == 1 && 'a' in counts && !('b' in counts)",
        "names[7] == 'seven'",
        "color == 'GREEN'",
        "size(raw) == 3",
        "path.endsWith('.csv') && path.startsWith('data/') && path.contains('out') && path.matches('^data/.*')",
        "maybe == 0 && !has(response.maybe)",
        "has(response.stats) && has(stats.next) && !has(stats.next.next) && !has(stats.worst)",
        "open.a.b == 1.0",
        "wrapped == 0.0",
        "when.seconds > 0",
        "int(ratio * 10.0) == 5",
        "success || total_records > 0",
        "type(total_records) == int",
        "message == ''",
    ] {
        assert_eq!(judged(condition, &response), "ok", "{condition}");
    }
    assert_eq!(judged("stats == null && wrapped == null", &json!({})), "ok");
}

#[test]
fn an_unmet_condition_shows_what_it_looked_at() {
    let response = json!({
        "total_records": 0, "stats": {"count": 3}, "numbers": [1, 2], "path": "x".repeat(1000),
        "message": "two\nlines",
    });
    let lines: Vec<_> = [
        "total_records > 0",
        "response.stats.count > 5 && total_records == 0",
        "size(numbers) > 2",
        "path == 'x'",
        "message == 'x'",
        "maybe > 0",
        "has(response.stats.worst)",
        "1 == 2",
    ]
    .iter()
    .map(|condition| judged(condition, &response))
    .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    the response does not meet `total_records > 0` (c.json:1): `total_records` is 0
    the response does not meet `response.stats.count > 5 && total_records == 0` (c.json:1): `response.stats.count` is 3, `total_records` is 0
    the response does not meet `size(numbers) > 2` (c.json:1): `numbers` is [1,2]
    the response does not meet `path == 'x'` (c.json:1): `path` is "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
    the response does not meet `message == 'x'` (c.json:1): `message` is "two\nlines"
    the response does not meet `maybe > 0` (c.json:1): `maybe` is not set
    the response does not meet `has(response.stats.worst)` (c.json:1): `response.stats.worst` is not set
    the response does not meet `1 == 2` (c.json:1)
    "#);
}

#[test]
fn a_condition_that_cannot_be_evaluated_says_why() {
    let response = json!({"numbers": [1], "names": {"1": "x"}, "path": "(", "small": 1});
    let lines: Vec<_> = [
        "numbers[5] > 0",
        "counts['missing'] > 0",
        "stats.count > 0",
        "response.stats.count > 0",
        "1 / total_records > 0",
        "path.matches(path)",
        "int(message) > 0",
        "9223372036854775807 + small > 0",
        "file_rows('x') > 0",
    ]
    .iter()
    .map(|condition| judged(condition, &response))
    .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    `numbers[5] > 0` (c.json:1) could not be checked: an index is beyond the end of its list
    `counts['missing'] > 0` (c.json:1) could not be checked: there is no `missing`
    `stats.count > 0` (c.json:1) could not be checked: it selects a field of a message that is not set
    `response.stats.count > 0` (c.json:1) could not be checked: there is no `stats`
    `1 / total_records > 0` (c.json:1) could not be checked: it divides by zero
    `path.matches(path)` (c.json:1) could not be checked: '(' not a valid regex:\nregex parse error:\n    (\n    ^\nerror: unclosed group
    `int(message) > 0` (c.json:1) could not be checked: string parse error: cannot parse integer from empty string
    `9223372036854775807 + small > 0` (c.json:1) could not be checked: `+` overflows
    `file_rows('x') > 0` (c.json:1) could not be checked: this run has no data folder
    ");
}

#[test]
fn lists_beyond_the_limit_fail_the_conditions_that_look_at_them_and_no_others() {
    let response = json!({"numbers": vec![1; 20_000], "all_stats": vec![json!({"count": 1}); 2_000]});
    let lines: Vec<_> = [
        "size(numbers) == 20000",
        "total_records == 0 && message.contains('')",
        "numbers.all(n, n == 1)",
        "response.numbers.all(n, n == 1)",
        "all_stats.all(s, s.count == 1)",
        "all_stats.all(s, s in all_stats)",
        "size(numbers + numbers) > 0",
    ]
    .iter()
    .map(|condition| judged(condition, &response))
    .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    ok
    ok
    `numbers.all(n, n == 1)` (c.json:1) could not be checked: `numbers` has more in it than such a condition may look at (10,000 items, 1 MiB of text, where it loops or joins)
    `response.numbers.all(n, n == 1)` (c.json:1) could not be checked: `numbers` has more in it than such a condition may look at (10,000 items, 1 MiB of text, where it loops or joins)
    ok
    `all_stats.all(s, s in all_stats)` (c.json:1) could not be checked: `all_stats` has more in it than such a condition may look at (1,000 items, 64 KiB of text, where it looks at fields in each round of a loop)
    `size(numbers + numbers) > 0` (c.json:1) could not be checked: `numbers` has more in it than such a condition may look at (10,000 items, 1 MiB of text, where it loops or joins)
    ");
}

#[test]
fn the_largest_conditions_and_responses_that_are_let_through_are_evaluated() {
    let response = json!({"numbers": vec![1; 990], "total_records": 1});
    for condition in [
        format!("{}1 > 0", "1+".repeat(18)),
        format!("{}total_records{} == 1", "(".repeat(20), ")".repeat(20)),
        format!("{}total_records{} == 1", "[".repeat(9), "][0]".repeat(9)),
        format!("{}true", "total_records==2?true:".repeat(17)),
        "numbers.all(n, n in numbers)".to_owned(),
        format!("size(numbers.map(n, [n{}]).map(n, [n{}])) == 990", ",n".repeat(45), ",n".repeat(45)),
        "size(numbers.map(n, numbers).map(n, numbers)) == 990".to_owned(),
    ] {
        assert_eq!(judged(&condition, &response), "ok", "{condition}");
    }
}
