//! The commands of a Markdown page, and the output that it promises.

use anyhow::{Result, bail};

use super::need::Need;
use super::pattern;
use super::session::Answer;

/// A command and what it is to print.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Exchange {
    /// The line of the page on which the command stands, from 1.
    pub(crate) line: usize,
    /// As typed; with line ends where the page has them.
    pub(crate) command: String,
    expected: Vec<String>,
    needs: Option<Need>,
    /// Whether the page looks at the exit code next, with `echo $?`; otherwise it must be 0.
    status_is_shown: bool,
}

impl Exchange {
    /// What the command cannot run without, by the mark of its block.
    pub(crate) fn need(&self) -> Option<Need> {
        self.needs
    }

    /// Compares with what came; the error shows both.
    pub(crate) fn compare(&self, answer: &Answer) -> Result<(), String> {
        let printed = pattern::trimmed(&answer.printed);
        if !pattern::matches(&self.expected, &printed) {
            let list = |lines: &[&str]| lines.iter().map(|line| format!("    {line}\n")).collect::<String>();
            let expected: Vec<_> = self.expected.iter().map(String::as_str).collect();
            return Err(format!("  described:\n{}  printed:\n{}", list(&expected), list(&printed)));
        }
        if answer.status != 0 && !self.status_is_shown {
            return Err(format!(
                "  ended with {}, which the page does not show by `echo $?`\n",
                answer.status
            ));
        }
        Ok(())
    }
}

/// Finds the blocks marked `console`: lines after `$ ` are commands, `> ` continues one, others are output.
pub(crate) fn parse(page: &str) -> Result<Vec<Exchange>> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    let mut block = Block::None;
    for (index, line) in page.lines().enumerate() {
        if let Some(mark) = line.trim_start().strip_prefix("```") {
            block = block.next(mark);
            continue;
        }
        let Block::Console(needs) = block else { continue };
        if let Some(command) = line.strip_prefix("$ ") {
            if let (true, Some(last)) = (command == "echo $?", exchanges.last_mut()) {
                last.status_is_shown = true;
            }
            let command = command.to_owned();
            let expected = Vec::new();
            exchanges.push(Exchange { line: index + 1, command, expected, needs, status_is_shown: false });
            continue;
        }
        match exchanges.last_mut() {
            None => bail!("line {}: output before any command", index + 1),
            Some(last) => match line.strip_prefix("> ") {
                Some(more) if last.expected.is_empty() => last.command.push_str(&format!("\n{more}")),
                _ => last.expected.push(line.trim_end().to_owned()),
            },
        }
    }
    for exchange in &mut exchanges {
        while exchange.expected.last().is_some_and(String::is_empty) {
            exchange.expected.pop();
        }
    }
    Ok(exchanges)
}

/// Where in a page a line stands.
#[derive(Clone, Copy)]
enum Block {
    None,
    Other,
    Console(Option<Need>),
}

impl Block {
    fn next(self, mark: &str) -> Self {
        match (self, mark.trim()) {
            (Self::None, "console") => Self::Console(None),
            (Self::None, "console python") => Self::Console(Some(Need::Python)),
            (Self::None, "console curl") => Self::Console(Some(Need::Curl)),
            (Self::None, "console docker") => Self::Console(Some(Need::Docker)),
            (Self::None, _) => Self::Other,
            (Self::Other | Self::Console(_), _) => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
Text.

```sh
not run
```

```console
$ ls \\
>   there
a

b

$ false
$ echo $?
1
```
";

    #[test]
    fn commands_and_their_output_are_found() {
        let exchanges = parse(PAGE).unwrap();
        let commands: Vec<_> = exchanges.iter().map(|exchange| exchange.command.as_str()).collect();
        assert_eq!(commands, ["ls \\\n  there", "false", "echo $?"]);
        assert_eq!(exchanges[0].expected, ["a", "", "b"]);
        assert_eq!(exchanges[0].line, 8);
    }

    #[test]
    fn a_failure_must_be_shown_by_the_page() {
        let exchanges = parse(PAGE).unwrap();
        let failed = Answer { printed: "a\n\nb\n".to_owned(), status: 1 };
        assert!(exchanges[0].compare(&failed).unwrap_err().contains("ended with 1"));
        assert_eq!(exchanges[1].compare(&Answer { printed: String::new(), status: 1 }), Ok(()));
    }
}
