//! The same numbers in the form that was there before OpenMetrics, which its tools and many others read.

/// Puts the endings of counters and infos where that form has them, and leaves out what it does not know.
pub(super) fn of_open_metrics(shown: &str) -> String {
    let mut text = String::with_capacity(shown.len());
    let mut help = None;
    for line in shown.lines() {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["#", "EOF"] | ["#", "UNIT", ..] => {}
            // What a name ends with depends on its kind, which stands on the next line.
            ["#", "HELP", name, ..] => help = line.split_once(name).map(|(_, said)| said),
            ["#", "TYPE", name, kind] => {
                let (ending, kind) = match kind {
                    "counter" => ("_total", "counter"),
                    "info" => ("_info", "gauge"),
                    "unknown" => ("", "untyped"),
                    kind => ("", kind),
                };
                let said = help.take().unwrap_or_default();
                text.push_str(&format!("# HELP {name}{ending}{said}\n# TYPE {name}{ending} {kind}\n"));
            }
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_endings_where_they_are_described() {
        let open = "# HELP a_build What runs.\n# TYPE a_build info\na_build_info{version=\"1\"} 1\n\
                    # HELP a_calls Calls.\n# TYPE a_calls counter\na_calls_total{outcome=\"ok\"} 3\n\
                    # HELP a_call_seconds How long, of all.\n# TYPE a_call_seconds histogram\n\
                    # UNIT a_call_seconds seconds\na_call_seconds_sum 0.5\n# EOF\n";
        let text = "# HELP a_build_info What runs.\n# TYPE a_build_info gauge\na_build_info{version=\"1\"} 1\n\
                    # HELP a_calls_total Calls.\n# TYPE a_calls_total counter\na_calls_total{outcome=\"ok\"} 3\n\
                    # HELP a_call_seconds How long, of all.\n# TYPE a_call_seconds histogram\n\
                    a_call_seconds_sum 0.5\n";
        assert_eq!(of_open_metrics(open), text);
    }
}
