//! The types of a condition's parts, as far as the response's descriptor tells, and what cannot go together.
//! Which operators take which types is what the engine of conditions does when it evaluates them.

use aieffect_blueprint::near_match;
use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, SelectExpr};
use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use super::files::{FILE_ROWS, FILE_SIZE};
use super::{text, written};

/// What is wrong with a condition although all that it names is there.
pub(super) struct Mistake {
    pub(super) why: String,
    pub(super) help: Option<String>,
    /// The word to mark, if not the whole.
    pub(super) word: Option<String>,
}

/// The mistakes in a condition on responses of type `output`. Its depth has been looked at before.
pub(super) fn mistakes(output: &MessageDescriptor, condition: &IdedExpr) -> Vec<Mistake> {
    let mut walk = Walk { output, bound: Vec::new(), mistakes: Vec::new() };
    let gives = walk.visit(condition);
    if walk.mistakes.is_empty()
        && let Some(gives) = gives.filter(|gives| !matches!(gives, Type::Bool))
    {
        walk.mistake(format!("it gives {}, not true or false", gives.name()), gives.compared());
    }
    walk.mistakes
}

#[derive(Clone)]
enum Type {
    Whole,
    Decimal,
    Text,
    Bool,
    Bytes,
    Null,
    Enum(EnumDescriptor),
    Message(MessageDescriptor),
    /// Of items of one type, when that is known.
    List(Option<Box<Type>>),
    /// Of values of one type, when that is known.
    Map(Option<Box<Type>>),
}

impl Type {
    fn of_field(field: &FieldDescriptor) -> Option<Self> {
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let value = Self::of_kind(&entry.map_entry_value_field().kind());
                Some(Self::Map(value.map(Box::new)))
            }
            kind if field.is_list() => Some(Self::List(Self::of_kind(&kind).map(Box::new))),
            kind => Self::of_kind(&kind),
        }
    }

    /// `None` for what is seen as the value inside, or as any JSON.
    fn of_kind(kind: &Kind) -> Option<Self> {
        Some(match kind {
            Kind::Bool => Self::Bool,
            Kind::String => Self::Text,
            Kind::Bytes => Self::Bytes,
            Kind::Double | Kind::Float => Self::Decimal,
            Kind::Enum(values) => Self::Enum(values.clone()),
            Kind::Message(message) => {
                let well_known = message.full_name().strip_prefix("google.protobuf.");
                if well_known.is_some_and(|name| name == "Struct" || name.ends_with("Value")) {
                    return None;
                }
                Self::Message(message.clone())
            }
            _ => Self::Whole,
        })
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Whole => "a whole number",
            Self::Decimal => "a decimal number",
            Self::Text => "a text",
            Self::Bool => "true or false",
            Self::Bytes => "bytes",
            Self::Null => "null",
            Self::Enum(_) => "the name of an enum's value",
            Self::Message(_) => "a message",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    fn is_number(&self) -> bool {
        matches!(self, Self::Whole | Self::Decimal)
    }

    fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Enum(_))
    }

    fn has_size(&self) -> bool {
        matches!(
            self,
            Self::Text | Self::Enum(_) | Self::Bytes | Self::Message(_) | Self::List(_) | Self::Map(_)
        )
    }

    /// Whether both are of one kind, numbers among themselves.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bool, Self::Bool) | (Self::Bytes, Self::Bytes) | (Self::List(_), Self::List(_)) => true,
            (Self::Message(_) | Self::Map(_), Self::Message(_) | Self::Map(_)) => true,
            // A field that is not set may be null; that another never is does no harm.
            (Self::Null, _) | (_, Self::Null) => true,
            (one, other) => (one.is_number() && other.is_number()) || (one.is_text() && other.is_text()),
        }
    }

    fn is_ordered_with(&self, other: &Self) -> bool {
        let is_scalar =
            |each: &Self| !matches!(each, Self::Null | Self::Message(_) | Self::List(_) | Self::Map(_));
        is_scalar(self) && is_scalar(other) && self.is_like(other)
    }

    fn is_calculated_with(&self, operator: &str, other: &Self) -> bool {
        match (self, other) {
            (Self::Whole, Self::Whole) => true,
            (Self::Decimal, Self::Decimal) => operator != "%",
            (Self::Bytes, Self::Bytes) | (Self::List(_), Self::List(_)) => operator == "+",
            (one, other) => operator == "+" && one.is_text() && other.is_text(),
        }
    }

    /// How something of this type becomes a condition.
    fn compared(&self) -> Option<String> {
        let way = match self {
            Self::Whole | Self::Decimal => "compare it with a number, such as `… > 0`",
            Self::Text | Self::Enum(_) => "compare it with a text, such as `… != ''`",
            Self::List(_) | Self::Map(_) | Self::Bytes => "look at its size, such as `size(…) > 0`",
            Self::Bool | Self::Null | Self::Message(_) => return None,
        };
        Some(way.to_owned())
    }
}

struct Walk<'a> {
    output: &'a MessageDescriptor,
    /// The names that loops give, the innermost last.
    bound: Vec<(String, Option<Type>)>,
    mistakes: Vec<Mistake>,
}

impl Walk<'_> {
    /// The type of an expression, when it is known.
    fn visit(&mut self, expression: &IdedExpr) -> Option<Type> {
        match &expression.expr {
            Expr::Unspecified | Expr::Struct(_) => None,
            Expr::Literal(literal) => Some(of_literal(literal)),
            Expr::Ident(name) => self.named(name.strip_prefix('.').unwrap_or(name)),
            Expr::Select(select) => self.select(select),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => {
                let mut items: Vec<_> = list.elements.iter().map(|element| self.visit(element)).collect();
                let first = items.pop().flatten();
                let alike = first.filter(|first| {
                    items.iter().all(|item| item.as_ref().is_some_and(|item| item.is_like(first)))
                });
                Some(Type::List(alike.map(Box::new)))
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.visit(&entry.key);
                        self.visit(&entry.value);
                    }
                }
                Some(Type::Map(None))
            }
            Expr::Comprehension(looped) => self.looped(looped),
        }
    }

    fn named(&self, name: &str) -> Option<Type> {
        if let Some((_, bound)) = self.bound.iter().rev().find(|(bound, _)| bound == name) {
            return bound.clone();
        }
        if name == written::WHOLE {
            return Some(Type::Message(self.output.clone()));
        }
        Type::of_field(&self.output.get_field_by_name(name)?)
    }

    fn select(&mut self, select: &SelectExpr) -> Option<Type> {
        let selected = match self.visit(&select.operand)? {
            Type::Message(message) => match message.get_field_by_name(&select.field) {
                Some(field) => Type::of_field(&field),
                None => {
                    self.unknown_field(&message, select);
                    None
                }
            },
            Type::Map(values) => values.map(|value| *value),
            other => {
                let (name, field) = (shown(&select.operand), &select.field);
                let why = format!("{} is {}, so it has no `{field}`", name?, other.name());
                // Names at the top have been looked at already.
                if self.is_bound(&select.operand) {
                    self.mistakes.push(Mistake { why, help: None, word: Some(field.clone()) });
                }
                None
            }
        };
        if select.test { Some(Type::Bool) } else { selected }
    }

    fn unknown_field(&mut self, message: &MessageDescriptor, select: &SelectExpr) {
        if !self.is_bound(&select.operand) {
            return;
        }
        let known: Vec<_> = message.fields().map(|field| field.name().to_owned()).collect();
        let field = text::brief(&select.field, 80);
        self.mistakes.push(Mistake {
            why: format!("`{}` has no field `{field}`", message.full_name()),
            help: near_match(&select.field, "fields", known.iter().map(String::as_str)),
            word: Some(select.field.clone()),
        });
    }

    /// Whether an expression begins with something else than a field of the response.
    fn is_bound(&self, expression: &IdedExpr) -> bool {
        match &expression.expr {
            Expr::Ident(name) => self.bound.iter().any(|(bound, _)| bound == name),
            Expr::Select(select) => self.is_bound(&select.operand),
            _ => true,
        }
    }

    fn looped(&mut self, looped: &ComprehensionExpr) -> Option<Type> {
        let item = match self.visit(&looped.iter_range) {
            Some(Type::List(item)) => item.map(|item| *item),
            None | Some(Type::Map(_) | Type::Message(_)) => None,
            Some(other) => {
                let over = shown(&looped.iter_range).unwrap_or_else(|| "what it goes over".to_owned());
                self.mistake(format!("{over} is {}, not a list", other.name()), None);
                None
            }
        };
        let before = self.bound.len();
        let result_so_far = self.visit(&looped.accu_init);
        self.bound.push((looped.iter_var.clone(), item));
        self.bound.extend(looped.iter_var2.iter().map(|name| (name.clone(), None)));
        self.bound.push((looped.accu_var.clone(), result_so_far));
        self.visit(&looped.loop_cond);
        self.visit(&looped.loop_step);
        let result = self.visit(&looped.result);
        self.bound.truncate(before);
        result
    }

    fn call(&mut self, call: &CallExpr) -> Option<Type> {
        let target = call.target.as_ref().map(|target| (target.as_ref(), self.visit(target)));
        let arguments: Vec<_> = call.args.iter().map(|argument| (argument, self.visit(argument))).collect();
        let name = call.func_name.as_str();
        match (name, arguments.as_slice()) {
            ("_<_" | "_<=_" | "_>_" | "_>=_", [left, right]) => {
                self.pair(name, left, right, |left, right| left.is_ordered_with(right), "does not compare");
                Some(Type::Bool)
            }
            ("_==_" | "_!=_", [left, right]) if !is_unknown_value(left, right) => {
                self.pair(name, left, right, Type::is_like, "never finds equal");
                Some(Type::Bool)
            }
            ("_+_" | "_-_" | "_*_" | "_/_" | "_%_", [left, right]) => {
                let operator = symbol(name);
                let takes = |left: &Type, right: &Type| left.is_calculated_with(operator, right);
                self.pair(name, left, right, takes, "does not take");
                left.1
                    .clone()
                    .zip(right.1.as_ref())
                    .filter(|(left, right)| takes(left, right))
                    .map(|(left, _)| left)
            }
            ("_&&_" | "_||_", operands) => {
                operands.iter().for_each(|operand| self.is_condition(operand));
                Some(Type::Bool)
            }
            ("!_", [operand]) => {
                self.is_condition(operand);
                Some(Type::Bool)
            }
            ("_?_:_", [condition, yes, no]) => {
                self.is_condition(condition);
                yes.1.clone().filter(|yes| no.1.as_ref().is_some_and(|no| no.is_like(yes)))
            }
            ("@in", [_, (within, Some(other))])
                if !matches!(other, Type::List(_) | Type::Map(_) | Type::Message(_)) =>
            {
                let within = shown(within).unwrap_or_else(|| "its right side".to_owned());
                let help = other
                    .is_text()
                    .then(|| "parts of a text are found with `text.contains('part')`".to_owned());
                self.mistake(
                    format!("{within} is {}, not a list or a map, as `in` takes", other.name()),
                    help,
                );
                Some(Type::Bool)
            }
            ("_==_" | "_!=_" | "@in" | "@not_strictly_false" | "bool", _) => Some(Type::Bool),
            ("-_", [(_, operand)]) => operand.clone().filter(Type::is_number),
            ("_[_]", [(_, list), _]) => match list.clone()? {
                Type::List(item) | Type::Map(item) => item.map(|item| *item),
                _ => None,
            },
            ("size", _) => {
                let of = target.as_ref().or(arguments.first());
                self.argument(name, of, Type::has_size);
                Some(Type::Whole)
            }
            ("contains" | "startsWith" | "endsWith" | "matches", _) => {
                self.argument(name, target.as_ref(), Type::is_text);
                Some(Type::Bool)
            }
            (FILE_ROWS | FILE_SIZE, [path]) => {
                self.argument(name, Some(path), Type::is_text);
                Some(Type::Whole)
            }
            ("int" | "uint", _) => Some(Type::Whole),
            ("double", _) => Some(Type::Decimal),
            ("string", _) => Some(Type::Text),
            ("bytes", _) => Some(Type::Bytes),
            _ => None,
        }
    }

    /// Both sides of an operator, when both are known.
    fn pair(
        &mut self,
        operator: &str,
        (left, left_type): &(&IdedExpr, Option<Type>),
        (right, right_type): &(&IdedExpr, Option<Type>),
        fits: impl Fn(&Type, &Type) -> bool,
        refuses: &str,
    ) {
        let (Some(left_type), Some(right_type)) = (left_type, right_type) else { return };
        let operator = symbol(operator);
        if fits(left_type, right_type) {
            return;
        }
        let name = |side: &IdedExpr, which: &str| shown(side).unwrap_or_else(|| format!("its {which} side"));
        let why = format!(
            "{} is {} and {} is {}, which `{operator}` {refuses}",
            name(left, "left"),
            left_type.name(),
            name(right, "right"),
            right_type.name()
        );
        let help = way_out(operator, (left, left_type), (right, right_type))
            .or_else(|| way_out(operator, (right, right_type), (left, left_type)));
        self.mistake(why, help);
    }

    fn is_condition(&mut self, (operand, found): &(&IdedExpr, Option<Type>)) {
        if let Some(found) = found.as_ref().filter(|found| !matches!(found, Type::Bool)) {
            let name = shown(operand).unwrap_or_else(|| "a part of it".to_owned());
            self.mistake(format!("{name} is {}, not true or false", found.name()), found.compared());
        }
    }

    fn argument(
        &mut self,
        function: &str,
        given: Option<&(&IdedExpr, Option<Type>)>,
        takes: impl Fn(&Type) -> bool,
    ) {
        let Some((given, Some(found))) = given else { return };
        if !takes(found) {
            let name = shown(given).unwrap_or_else(|| "its argument".to_owned());
            self.mistake(format!("{name} is {}, which `{function}` does not take", found.name()), None);
        }
    }

    fn mistake(&mut self, why: String, help: Option<String>) {
        self.mistakes.push(Mistake { why, help, word: None });
    }
}

fn of_literal(literal: &LiteralValue) -> Type {
    match literal {
        LiteralValue::Boolean(_) => Type::Bool,
        LiteralValue::Bytes(_) => Type::Bytes,
        LiteralValue::Double(_) => Type::Decimal,
        LiteralValue::Int(_) | LiteralValue::UInt(_) => Type::Whole,
        LiteralValue::Null => Type::Null,
        LiteralValue::String(_) => Type::Text,
    }
}

/// Whether an enum is compared with a number that its proto has no name for: that is how conditions see it.
fn is_unknown_value(left: &(&IdedExpr, Option<Type>), right: &(&IdedExpr, Option<Type>)) -> bool {
    let is_it = |(_, one): &(&IdedExpr, Option<Type>), (other, _): &(&IdedExpr, Option<Type>)| {
        let (Some(Type::Enum(values)), Expr::Literal(LiteralValue::Int(number))) = (one, &other.expr) else {
            return false;
        };
        i32::try_from(*number.inner()).is_ok_and(|number| values.get_value(number).is_none())
    };
    is_it(left, right) || is_it(right, left)
}

/// What to write instead, seen from one of the two sides.
fn way_out(
    operator: &str,
    (one, one_type): (&IdedExpr, &Type),
    (other, other_type): (&IdedExpr, &Type),
) -> Option<String> {
    let name = shown(one).unwrap_or_else(|| "`…`".to_owned());
    let plain = name.trim_matches('`');
    match (one_type, &other.expr) {
        (Type::Enum(values), Expr::Literal(LiteralValue::Int(number))) => {
            let number = i32::try_from(*number.inner()).ok()?;
            let value = values.get_value(number);
            let example = value
                .map(|value| value.name().to_owned())
                .or_else(|| Some(values.default_value().name().to_owned()))?;
            Some(format!("values of enums are compared by name, such as `{plain} == '{example}'`"))
        }
        (one, Expr::Literal(LiteralValue::String(text)))
            if one.is_number() && text.inner().parse::<f64>().is_ok() =>
        {
            Some(format!("write the number without quotes: {}", text.inner()))
        }
        (Type::Text, Expr::Literal(LiteralValue::Int(number))) if matches!(operator, "==" | "!=") => {
            Some(format!("write the text in quotes: '{}'", number.inner()))
        }
        (Type::Text, _) if other_type.is_number() && path(one).is_some() => {
            Some(format!("a text with a number in it is compared with `int({plain})`"))
        }
        (Type::List(_) | Type::Map(_), _) if other_type.is_number() => {
            Some(format!("how many there are is `size({plain})`"))
        }
        (Type::Whole, _) if matches!(other_type, Type::Decimal) => {
            Some(format!("a decimal number is made with `double({plain})`"))
        }
        _ => None,
    }
}

/// An operand as it is named in a message; `None` for what is long.
fn shown(expression: &IdedExpr) -> Option<String> {
    Some(match &expression.expr {
        Expr::Literal(LiteralValue::Int(number)) => number.inner().to_string(),
        Expr::Literal(LiteralValue::Double(number)) => format!("{:?}", number.inner()),
        Expr::Literal(LiteralValue::String(text)) => format!("'{}'", text::brief(text.inner(), 40)),
        Expr::Literal(LiteralValue::Boolean(flag)) => flag.inner().to_string(),
        Expr::Literal(LiteralValue::Null) => "null".to_owned(),
        _ => format!("`{}`", text::brief(&path(expression)?, 80)),
    })
}

fn path(expression: &IdedExpr) -> Option<String> {
    match &expression.expr {
        // The names that loops are made with begin with a sign that none of the user's has.
        Expr::Ident(name) if name.starts_with('@') => None,
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) => Some(format!("{}.{}", path(&select.operand)?, select.field)),
        Expr::Call(call) if call.func_name == "size" => {
            let of = call.target.as_deref().or(call.args.first())?;
            Some(format!("size({})", path(of)?))
        }
        _ => None,
    }
}

/// `_+_` as people write it.
fn symbol(function: &str) -> &str {
    function.trim_matches('_')
}
