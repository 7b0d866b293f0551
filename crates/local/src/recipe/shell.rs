//! The little of the shell that a `RUN` may use: commands joined by `&&`, quotes, variables, patterns.

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// Taken as it is.
    Literal(String),
    /// A pattern of file names; as it is when no file matches.
    Pattern(String),
}

impl Word {
    /// The text, whatever it means.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Literal(text) | Self::Pattern(text) => text,
        }
    }
}

/// The commands of a list `a && b`, in order. `None` when anything else of the shell is used.
pub(super) fn commands(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Option<Vec<Vec<Word>>> {
    let mut reader =
        Reader { rest: text.chars().collect(), at: 0, lookup, commands: vec![Vec::new()], word: None };
    reader.read()?;
    let complete = reader.commands.iter().all(|command| !command.is_empty());
    complete.then_some(reader.commands)
}

struct Reader<'a> {
    rest: Vec<char>,
    at: usize,
    lookup: &'a dyn Fn(&str) -> Option<String>,
    commands: Vec<Vec<Word>>,
    word: Option<Building>,
}

#[derive(Default)]
struct Building {
    text: String,
    pattern: bool,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let letter = self.rest.get(self.at).copied();
        self.at += 1;
        letter
    }

    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn read(&mut self) -> Option<()> {
        while let Some(letter) = self.next() {
            match letter {
                '\'' => self.single_quoted()?,
                '"' => self.double_quoted()?,
                '\\' => {
                    let escaped = self.next()?;
                    self.push(escaped);
                }
                '$' => self.variable()?,
                '&' if self.peek() == Some('&') => {
                    self.at += 1;
                    self.end_word();
                    self.commands.push(Vec::new());
                }
                '>' if self.peek() == Some('=') => self.misread_version(),
                '&' | '|' | ';' | '<' | '>' | '(' | ')' | '`' | '\n' => return None,
                '#' if self.word.is_none() => return None,
                '~' | '{' if self.word.is_none() => return None,
                letter if letter.is_whitespace() => self.end_word(),
                letter => {
                    self.push(letter);
                    self.building().pattern |= matches!(letter, '*' | '?' | '[');
                }
            }
        }
        self.end_word();
        Some(())
    }

    fn single_quoted(&mut self) -> Option<()> {
        self.building();
        loop {
            match self.next()? {
                '\'' => return Some(()),
                letter => self.push(letter),
            }
        }
    }

    fn double_quoted(&mut self) -> Option<()> {
        self.building();
        loop {
            match self.next()? {
                '"' => return Some(()),
                '\\' => match self.next()? {
                    escaped @ ('"' | '\\' | '$' | '`') => self.push(escaped),
                    other => self.building().text.extend(['\\', other]),
                },
                '$' => self.variable()?,
                '`' => return None,
                letter => self.push(letter),
            }
        }
    }

    /// `$NAME` or `${NAME}`; whatever else begins with `$` is beyond this reader. A value with spaces would be
    /// split by the shell, so it is beyond it too.
    fn variable(&mut self) -> Option<()> {
        let braced = self.peek() == Some('{');
        self.at += usize::from(braced);
        let begin = self.at;
        while self.peek().is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
            self.at += 1;
        }
        let name: String = self.rest.get(begin..self.at)?.iter().collect();
        if name.is_empty() || (braced && self.next()? != '}') {
            return None;
        }
        let value = (self.lookup)(&name)?;
        if value.contains(|letter: char| letter.is_whitespace() || "*?[".contains(letter)) {
            return None;
        }
        self.building().text.push_str(&value);
        Some(())
    }

    /// `pip install grpcio>=1.60` without quotes: the shell writes pip's output into a file `=1.60`, and pip
    /// sees `grpcio`. That file is the only thing that is left out here.
    fn misread_version(&mut self) {
        self.end_word();
        while self.peek().is_some_and(|letter| letter.is_ascii_alphanumeric() || "=.*+_-".contains(letter)) {
            self.at += 1;
        }
    }

    fn push(&mut self, letter: char) {
        self.building().text.push(letter);
    }

    fn building(&mut self) -> &mut Building {
        self.word.get_or_insert_default()
    }

    fn end_word(&mut self) {
        let Some(Building { text, pattern }) = self.word.take() else { return };
        let word = if pattern { Word::Pattern(text) } else { Word::Literal(text) };
        if let Some(command) = self.commands.last_mut() {
            command.push(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lookup(name: &str) -> Option<String> {
        (name == "V").then(|| "1.2".to_owned())
    }

    fn shown(text: &str) -> Option<String> {
        let commands = commands(text, &lookup)?;
        let shown = commands.iter().map(|words| {
            let words: Vec<_> = words.iter().map(|word| format!("{word:?}")).collect();
            words.join(" ")
        });
        Some(shown.collect::<Vec<_>>().join(" && "))
    }

    #[test]
    fn lists_quotes_variables_and_patterns_are_read() {
        let check = |text, expected: &str| assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        check("a 'b c'  && d", r#"Literal("a") Literal("b c") && Literal("d")"#);
        check(
            r#"x "y>=$V" z==${V} \$V"#,
            r#"Literal("x") Literal("y>=1.2") Literal("z==1.2") Literal("$V")"#,
        );
        check("pip grpcio>=1.60 b", r#"Literal("pip") Literal("grpcio") Literal("b")"#);
        check("p a/*.proto '*'", r#"Literal("p") Pattern("a/*.proto") Literal("*")"#);
    }

    #[test]
    fn anything_else_of_the_shell_is_not_understood() {
        let texts = [
            "a; b", "a || b", "a | b", "a > b", "a $(b)", "a `b`", "a &", "a &&", "&& a", "$W", "${V:-x}",
            "'a", "# a",
        ];
        for text in texts {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a$V{}'\"\\\\&|;*# é\n]{0,40}") {
            commands(&text, &lookup);
        }
    }
}
