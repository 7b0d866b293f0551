//! What a condition is made of: the fields and functions it names, and how much work it can be.

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr};

/// Depth of an expression, each level of which takes up to 50 KiB of stack to evaluate in a debug build.
const MAX_DEPTH: usize = 20;
/// Parts of an expression; what a loop builds grows with it.
const MAX_PARTS: usize = 150;
/// Loops over what a loop gave: `list.filter(…).all(…)` has two in a row.
const MAX_CHAIN: usize = 2;

/// What an expression names.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// `response.stats.count` as its parts.
    pub(super) names: BTreeSet<Vec<String>>,
    /// Functions that are called.
    pub(super) functions: BTreeSet<String>,
    /// How work grows with what is looked at.
    pub(super) growth: Growth,
}

/// How work and memory grow with the response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Growth {
    /// Each part is looked at a few times.
    #[default]
    Plain,
    /// There is a loop, or something is joined.
    Looped,
    /// A loop looks at fields in each round, or goes over what a loop gave.
    Squared,
}

/// Why an expression is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("it is nested more than {MAX_DEPTH} deep")]
    TooDeep,
    #[error("it has more than {MAX_PARTS} parts")]
    TooLong,
    #[error("it has a loop within a loop")]
    NestedLoops,
    #[error("it has more than {MAX_CHAIN} loops in a row")]
    LongChain,
    #[error("it makes a message")]
    MakesMessage,
}

impl Shape {
    /// Walks an expression; refuses one whose cost has no bound that we like.
    pub(super) fn of(expression: &IdedExpr) -> Result<Self, Refusal> {
        let mut walk = Walk::default();
        walk.visit(expression, 0)?;
        Ok(walk.shape)
    }
}

#[derive(Default)]
struct Walk {
    shape: Shape,
    parts: usize,
    /// Names that loops around this place give.
    bound: Vec<String>,
    /// Whether this place is evaluated in each round of a loop.
    in_loop: bool,
}

impl Walk {
    fn visit(&mut self, expression: &IdedExpr, depth: usize) -> Result<(), Refusal> {
        self.parts += 1;
        if depth > MAX_DEPTH {
            return Err(Refusal::TooDeep);
        }
        if self.parts > MAX_PARTS {
            return Err(Refusal::TooLong);
        }
        match &expression.expr {
            Expr::Unspecified | Expr::Literal(_) => Ok(()),
            Expr::Ident(_) | Expr::Select(_) => self.visit_name(expression, depth),
            Expr::Call(call) => {
                if call.func_name == "_+_" {
                    self.shape.growth = self.shape.growth.max(Growth::Looped);
                }
                self.shape.functions.insert(call.func_name.clone());
                if let Some(target) = &call.target {
                    self.visit(target, depth + 1)?;
                }
                call.args.iter().try_for_each(|argument| self.visit(argument, depth + 1))
            }
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.visit(element, depth + 1)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.visit(&entry.key, depth + 1)?;
                    self.visit(&entry.value, depth + 1)
                }
                EntryExpr::StructField(field) => self.visit(&field.value, depth + 1),
            }),
            Expr::Struct(_) => Err(Refusal::MakesMessage),
            Expr::Comprehension(_) => self.visit_loop(expression, depth),
        }
    }

    /// `a.b.c`, or fields selected from something else.
    fn visit_name(&mut self, expression: &IdedExpr, depth: usize) -> Result<(), Refusal> {
        let mut fields = Vec::new();
        let mut inner = expression;
        while let Expr::Select(select) = &inner.expr {
            fields.push(select.field.clone());
            inner = &select.operand;
        }
        self.parts += fields.len();
        if fields.len() > MAX_DEPTH {
            return Err(Refusal::TooDeep);
        }
        let Expr::Ident(root) = &inner.expr else { return self.visit(inner, depth + 1) };
        let root = root.strip_prefix('.').unwrap_or(root);
        if self.bound.iter().any(|name| name == root) {
            return Ok(());
        }
        if self.in_loop {
            self.shape.growth = Growth::Squared;
        }
        fields.push(root.to_owned());
        fields.reverse();
        self.shape.names.insert(fields);
        Ok(())
    }

    fn visit_loop(&mut self, expression: &IdedExpr, depth: usize) -> Result<(), Refusal> {
        let Expr::Comprehension(looped) = &expression.expr else { return Ok(()) };
        if self.in_loop {
            return Err(Refusal::NestedLoops);
        }
        let chain = chain_length(expression);
        if chain > MAX_CHAIN {
            return Err(Refusal::LongChain);
        }
        let growth = if chain > 1 { Growth::Squared } else { Growth::Looped };
        self.shape.growth = self.shape.growth.max(growth);
        self.visit(&looped.iter_range, depth + 1)?;
        self.bound = [Some(&looped.iter_var), looped.iter_var2.as_ref(), Some(&looped.accu_var)]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        self.in_loop = true;
        let parts = [&looped.accu_init, &looped.loop_cond, &looped.loop_step, &looped.result];
        let visited = parts.into_iter().try_for_each(|part| self.visit(part, depth + 1));
        self.in_loop = false;
        self.bound.clear();
        visited
    }
}

/// How many loops go one over the other's result, wherever in what is gone over they stand.
fn chain_length(expression: &IdedExpr) -> usize {
    match &expression.expr {
        Expr::Comprehension(looped) => 1 + chain_length(&looped.iter_range),
        Expr::Select(select) => chain_length(&select.operand),
        Expr::Call(call) => {
            let parts = call.target.iter().map(AsRef::as_ref).chain(&call.args);
            parts.map(chain_length).max().unwrap_or(0)
        }
        Expr::List(list) => list.elements.iter().map(chain_length).max().unwrap_or(0),
        Expr::Map(map) => {
            let lengths = map.entries.iter().map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => chain_length(&entry.key).max(chain_length(&entry.value)),
                EntryExpr::StructField(field) => chain_length(&field.value),
            });
            lengths.max().unwrap_or(0)
        }
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) => 0,
    }
}
