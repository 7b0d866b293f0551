//! A proto as a parser of lines sees it, and where that goes wrong.

use std::ops::Range;
use std::sync::Arc;

use aieffect_blueprint::{Code, Diagnostic, Findings, Label, SourceText};

use crate::reach::is_well_known;
use crate::tokens::{Token, Tokens};

/// Reports every line of a file that compiles and that the designer cannot take.
pub(super) fn inspect(source: &Arc<SourceText>, findings: &mut Findings) {
    let mut look = Look { source, findings, blocks: Vec::new(), lines: Counted::default(), service: None };
    let mut statement = Vec::new();
    // A text that compiles has no unfinished comments.
    for token in Tokens::new(source.text()).map_while(Result::ok) {
        look.token(token, &mut statement);
    }
}

struct Look<'a> {
    source: &'a Arc<SourceText>,
    findings: &'a mut Findings,
    /// The blocks around what is looked at, outermost first.
    blocks: Vec<Block>,
    lines: Counted,
    /// The name of the first service.
    service: Option<Range<usize>>,
}

/// What is between a pair of braces.
struct Block {
    kind: Kind,
    open: usize,
    line: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Service,
    RpcBody,
    Other,
}

/// The line of a place, counted from one place to the next.
#[derive(Default)]
struct Counted {
    at: usize,
    line: usize,
}

/// The first words of a statement are what tells its kind.
const TELLING: usize = 3;

impl Look<'_> {
    /// `statement` are the first tokens since the last `;` or brace.
    fn token(&mut self, token: Token, statement: &mut Vec<Range<usize>>) {
        match self.text(&token.span) {
            ";" => {
                self.simple(statement, token.span.end);
                statement.clear();
            }
            "{" => {
                self.open(statement, token.span.start);
                statement.clear();
            }
            "}" => {
                self.close(token.span.start);
                statement.clear();
            }
            _ if statement.len() < TELLING => statement.push(token.span),
            _ => {}
        }
    }

    /// A statement without a block, up to the end of its `;`.
    fn simple(&mut self, statement: &[Range<usize>], end: usize) {
        let [first, second, ..] = statement else { return };
        if !self.blocks.is_empty() {
            return;
        }
        let whole = first.start..end;
        match self.text(first) {
            "package" => self.report(
                Code::DesignerPackage,
                "the designer takes no `package`",
                whole,
                "remove the line, here and in what the service is made from: a call's path is then \
                 `/Service/Operation`, so both sides need the new proto",
            ),
            "import" => self.report(
                Code::DesignerImport,
                "the designer takes no `import`",
                whole.clone(),
                self.way_around(whole),
            ),
            "syntax" => {
                let quoted = statement.get(2).filter(|_| self.text(second) == "=");
                if quoted.is_some_and(|quoted| !self.text(quoted).starts_with('"')) {
                    self.report(
                        Code::DesignerSyntax,
                        "the designer takes `syntax` in double quotes only",
                        whole,
                        "write `syntax = \"proto3\";`",
                    );
                }
            }
            _ => {}
        }
    }

    /// What to do about an import. Files that come with protobuf are not inlined by an export.
    fn way_around(&self, import: Range<usize>) -> &'static str {
        let path = self.text(&import).split(['"', '\'']).nth(1).unwrap_or_default();
        if is_well_known(path) {
            return "use a message or scalar of the file's own, such as `string` for a time or an empty message for \
                    `google.protobuf.Empty`";
        }
        "`aieffect export --self-contained` writes what is imported into each node's own proto"
    }

    fn open(&mut self, statement: &[Range<usize>], open: usize) {
        let kind = self.kind(statement);
        if let (Kind::Service, Some(name)) = (kind, statement.get(1)) {
            self.service(name.clone());
        }
        if let [first, name, ..] = statement
            && self.text(first) == "enum"
            && is_word(self.text(name))
        {
            self.report(
                Code::DesignerEnum,
                "the designer takes no `enum`",
                first.start..name.end,
                "make its fields `int32` or `string`, and say in a comment which values there are",
            );
        }
        let line = self.lines.at(self.source.text(), open);
        self.blocks.push(Block { kind, open, line });
    }

    fn kind(&self, statement: &[Range<usize>]) -> Kind {
        let first = statement.first().map(|first| self.text(first));
        match (self.blocks.last().map(|block| block.kind), first) {
            (None, Some("service")) => Kind::Service,
            (Some(Kind::Service), Some("rpc")) | (Some(Kind::RpcBody), _) => Kind::RpcBody,
            _ => Kind::Other,
        }
    }

    fn service(&mut self, name: Range<usize>) {
        let Some(first) = self.service.clone() else {
            self.service = Some(name);
            return;
        };
        let finding =
            Diagnostic::error(Code::DesignerSecondService, "the designer takes one `service` in a file")
                .at(Label::new(self.source, name, "this is one more"))
                .at(Label::new(self.source, first, "this is the first"))
                .help("move its operations into the first one, or make a service folder of its own for it");
        self.findings.push(finding);
    }

    fn close(&mut self, close: usize) {
        let Some(block) = self.blocks.pop() else { return };
        let one_line = self.lines.at(self.source.text(), close) == block.line;
        match block.kind {
            Kind::RpcBody => {
                let inside = self.blocks.last().is_some_and(|around| around.kind == Kind::RpcBody);
                if !inside {
                    self.rpc_body(block.open, close);
                }
            }
            _ if one_line => self.brace("a block on one line", block.open..close + 1),
            _ => {
                if !ends_line(self.source.text(), block.open + 1) {
                    self.brace("something after an opening brace", block.open..block.open + 1);
                }
                if !ends_line(self.source.text(), close + 1) || !begins_line(self.source.text(), close) {
                    self.brace("something beside a closing brace", close..close + 1);
                }
            }
        }
    }

    fn rpc_body(&mut self, open: usize, close: usize) {
        self.report(
            Code::DesignerRpcBody,
            "the designer takes no braces after an `rpc`",
            open..close + 1,
            "end the `rpc` with `;` in their place",
        );
    }

    fn brace(&mut self, what: &str, span: Range<usize>) {
        self.report(
            Code::DesignerBrace,
            &format!("the designer does not take {what}"),
            span,
            "let an opening brace end its line, and give a closing one a line of its own; comments go on other lines",
        );
    }

    fn report(&mut self, code: Code, message: &str, span: Range<usize>, help: &str) {
        self.findings.push(Diagnostic::error(code, message).at(Label::new(self.source, span, "")).help(help));
    }

    fn text(&self, span: &Range<usize>) -> &str {
        self.source.text().get(span.clone()).unwrap_or_default()
    }
}

impl Counted {
    /// The line, from 0, of a place that is not before the last one asked for.
    fn at(&mut self, text: &str, place: usize) -> usize {
        let passed = text.as_bytes().get(self.at..place).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.at = place;
        self.line
    }
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether nothing but blanks stands between a place and the end of its line.
fn ends_line(text: &str, place: usize) -> bool {
    let rest = text.as_bytes().get(place..).unwrap_or_default();
    let next = rest.iter().find(|byte| **byte == b'\n' || !byte.is_ascii_whitespace());
    next.is_none_or(|byte| *byte == b'\n')
}

/// Whether nothing but blanks stands between the beginning of a place's line and it.
fn begins_line(text: &str, place: usize) -> bool {
    let before = text.as_bytes().get(..place).unwrap_or_default();
    let last = before.iter().rev().find(|byte| **byte == b'\n' || !byte.is_ascii_whitespace());
    last.is_none_or(|byte| *byte == b'\n')
}
