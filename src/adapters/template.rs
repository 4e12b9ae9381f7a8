//! Expressions and templates of dialect files, compiled once.
//!
//! A template is text with `{{ expression }}` holes and nothing else: no statements, loops, includes or
//! macros. Undefined names are errors, work is bounded by fuel, and what an expression yields is text
//! or nothing; a number computed as a float is refused.

use std::borrow::Cow;
use std::sync::LazyLock;

use minijinja::value::ValueKind;
use minijinja::{Environment, Expression, UndefinedBehavior, Value};

use super::filters;
use super::plain::{Plain, Stopped};
use super::scope::Scope;

const FUEL: u64 = 20_000;
const RECURSION: usize = 64;
const MAX_EXPRESSION: usize = 1_000;

static LANGUAGE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut language = Environment::empty();
    language.set_undefined_behavior(UndefinedBehavior::Strict);
    language.set_fuel(Some(FUEL));
    language.set_recursion_limit(RECURSION);
    filters::install(&mut language);
    language
});

/// An expression, ready to be evaluated.
pub(super) struct Expr {
    text: Box<str>,
    how: How,
}

enum How {
    /// What the engine is not needed for.
    Plain(Plain),
    Compiled(Box<Expression<'static, 'static>>),
}

/// Why an expression has no value. The text names the expression, never data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoValue {
    /// Which expression, and why.
    pub(super) why: String,
    /// Whether it looks for something that is not there, rather than being wrong.
    pub(super) is_missing: bool,
}

impl Expr {
    /// Compiles a bare expression, or says what is wrong with it.
    pub(super) fn compile(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() > MAX_EXPRESSION {
            return Err(format!("longer than {MAX_EXPRESSION} bytes"));
        }
        filters::check_names(text)?;
        let how = match Plain::parse(text) {
            Some(plain) => How::Plain(plain),
            None => Self::for_the_engine(text)?,
        };
        Ok(Self {
            text: Box::from(text),
            how,
        })
    }

    fn for_the_engine(text: &str) -> Result<How, String> {
        let compiled = LANGUAGE.compile_expression_owned(text.to_owned());
        let compiled = compiled.map_err(|error| error.detail().unwrap_or("not an expression").to_owned())?;
        Ok(How::Compiled(Box::new(compiled)))
    }

    /// The value, which may be undefined or none.
    pub(super) fn eval(&self, scope: &Scope<'_>) -> Result<Value, NoValue> {
        match &self.how {
            How::Plain(plain) => plain.eval(scope).map_err(|stopped| match stopped {
                Stopped::Missing => self.missing(),
                Stopped::Refused(error) => self.refused(&error),
            }),
            How::Compiled(expression) => expression.eval(scope.copy().clone()).map_err(|error| {
                if error.kind() == minijinja::ErrorKind::UndefinedError {
                    return self.missing();
                }
                self.refused(&error)
            }),
        }
    }

    fn refused(&self, error: &minijinja::Error) -> NoValue {
        let why = if error.kind() == minijinja::ErrorKind::InvalidOperation {
            // Our own filters explain themselves without data; the engine's kinds are data-free too.
            error
                .detail()
                .and_then(filters::own_refusal)
                .unwrap_or("invalid operation")
                .to_owned()
        } else {
            error.kind().to_string()
        };
        self.no_value(&why)
    }

    /// The value as text; `None` where there is none.
    pub(super) fn text(&self, scope: &Scope<'_>) -> Result<Option<String>, NoValue> {
        let value = self.eval(scope)?;
        Ok(self.text_of(&value)?.map(Cow::into_owned))
    }

    /// The value as text, which must be there.
    pub(super) fn need(&self, scope: &Scope<'_>) -> Result<String, NoValue> {
        self.text(scope)?.ok_or_else(|| self.missing())
    }

    /// The text of a value of this expression, which must be there.
    pub(super) fn need_of<'v>(&self, value: &'v Value) -> Result<Cow<'v, str>, NoValue> {
        self.text_of(value)?.ok_or_else(|| self.missing())
    }

    fn text_of<'v>(&self, value: &'v Value) -> Result<Option<Cow<'v, str>>, NoValue> {
        scalar(value).map_err(|why| self.no_value(why))
    }

    /// Whether it may look at this name of the root scope.
    fn mentions(&self, name: &str) -> bool {
        self.text.contains(name)
    }

    fn missing(&self) -> NoValue {
        NoValue {
            is_missing: true,
            ..self.no_value("it is missing")
        }
    }

    fn no_value(&self, why: &str) -> NoValue {
        NoValue {
            why: format!("`{}`: {why}", self.text),
            is_missing: false,
        }
    }
}

impl std::fmt::Debug for Expr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// A scalar as text; none and undefined are nothing.
fn scalar(value: &Value) -> Result<Option<Cow<'_, str>>, &'static str> {
    if let Some(text) = value.as_str().filter(|_| value.kind() == ValueKind::String) {
        return Ok(Some(Cow::Borrowed(text)));
    }
    if let Some(raw) = value.downcast_object_ref::<filters::Raw>() {
        return Ok(Some(Cow::Borrowed(&raw.text)));
    }
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Ok(None),
        ValueKind::Bool => Ok(Some(Cow::Borrowed(if value.is_true() { "true" } else { "false" }))),
        ValueKind::Number if value.is_integer() => Ok(Some(Cow::Owned(value.to_string()))),
        ValueKind::Number => Err("a float is never money: keep it text"),
        ValueKind::String
        | ValueKind::Bytes
        | ValueKind::Seq
        | ValueKind::Map
        | ValueKind::Iterable
        | ValueKind::Plain
        | ValueKind::Invalid => Err("it is not a text but has parts"),
        _ => Err("it is not a text but has parts"),
    }
}

/// Text with holes.
#[derive(Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(Box<str>),
    Hole(Expr),
}

impl Template {
    /// Compiles a template, or says what is wrong with it.
    pub(super) fn compile(text: &str) -> Result<Self, String> {
        if text.contains("{%") || text.contains("{#") {
            return Err("statements and comments are not part of the dialect language: only {{ expression }}".to_owned());
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            if !before.is_empty() {
                parts.push(Part::Text(Box::from(before)));
            }
            let end = closing(after).ok_or("a {{ is not closed with }}")?;
            let (hole, tail) = after.split_at(end);
            parts.push(Part::Hole(Expr::compile(hole)?));
            rest = tail.strip_prefix("}}").unwrap_or(tail);
        }
        if !rest.is_empty() {
            parts.push(Part::Text(Box::from(rest)));
        }
        Ok(Self { parts })
    }

    /// The text with every hole filled; a hole without a value is an error.
    pub(super) fn render(&self, scope: &Scope<'_>) -> Result<String, NoValue> {
        let mut out = String::new();
        self.render_into(scope, &mut out)?;
        Ok(out)
    }

    /// The same, written behind what is there already.
    pub(super) fn render_into(&self, scope: &Scope<'_>, out: &mut String) -> Result<(), NoValue> {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Hole(expr) => out.push_str(&expr.need_of(&expr.eval(scope)?)?),
            }
        }
        Ok(())
    }

    /// The same with every hole passed through `escape`, except paths that were checked as such.
    pub(super) fn render_path(
        &self,
        scope: &Scope<'_>,
        escape: impl Fn(&str, &mut String) -> Option<()>,
        out: &mut String,
    ) -> Result<(), NoValue> {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Hole(expr) => {
                    let value = expr.eval(scope)?;
                    match value.downcast_object_ref::<filters::Raw>() {
                        Some(raw) if raw.kind == filters::RawKind::Path => out.push_str(&raw.text),
                        Some(_) | None => {
                            escape(&expr.need_of(&value)?, out).ok_or_else(|| expr.no_value("a character is not in the charset"))?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The one expression of a template that is nothing but one hole.
    pub(super) fn only_hole(&self) -> Option<&Expr> {
        match self.parts.as_slice() {
            [Part::Hole(expr)] => Some(expr),
            _ => None,
        }
    }

    /// The text of a template without holes.
    pub(super) fn constant(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether it may look at this name of the root scope.
    pub(super) fn mentions(&self, name: &str) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Text(_) => false,
            Part::Hole(expr) => expr.mentions(name),
        })
    }

    /// A template of an empty text.
    pub(super) fn nothing() -> Self {
        Self { parts: Vec::new() }
    }
}

/// Where the hole ends: the first `}}` outside quotes.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut previous = 0_u8;
    for (place, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), byte) if byte == open && previous != b'\\' => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'}') if text.get(place..).is_some_and(|rest| rest.starts_with("}}")) => return Some(place),
            (None, _) => {}
        }
        previous = byte;
    }
    None
}

#[cfg(test)]
impl Expr {
    /// The same expression, evaluated by the engine whatever it is.
    pub(super) fn compile_for_the_engine(text: &str) -> Result<Self, String> {
        Ok(Self {
            text: Box::from(text),
            how: Self::for_the_engine(text)?,
        })
    }

    pub(super) fn is_plain(&self) -> bool {
        matches!(self.how, How::Plain(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::json;

    fn eval(expr: &str) -> Result<Option<String>, NoValue> {
        let body = json::parse(r#"{"a":"1","n":98.50,"none":null,"list":[{"x":"y"}],"empty":""}"#).unwrap();
        Expr::compile(expr).unwrap().text(&Scope::default().with_body(&body))
    }

    #[test]
    fn scalars_are_text_and_keep_their_literal() {
        assert_eq!(eval("body.n"), Ok(Some("98.50".to_owned())));
        assert_eq!(eval("body.a ~ '/' ~ body.n"), Ok(Some("1/98.50".to_owned())));
        assert_eq!(eval("body.list[0].x"), Ok(Some("y".to_owned())));
        assert_eq!(eval("body.list.x"), Ok(None));
        assert_eq!(eval("body.none"), Ok(None));
    }

    #[test]
    fn what_is_missing_is_never_silently_empty() {
        assert!(eval("body.missing ~ '/'").is_err());
        assert!(eval("body.missing.deeper").is_err());
        assert!(eval("body.list").is_err());
        assert_eq!(eval("body.missing"), Ok(None));
        assert_eq!(eval("body.missing | default('')"), Ok(Some(String::new())));
        let template = Template::compile("x={{ body.missing }}").unwrap();
        let body = json::parse("{}").unwrap();
        assert!(template.render(&Scope::default().with_body(&body)).is_err());
    }

    #[test]
    fn floats_and_unknown_names_are_refused() {
        assert!(eval("98.5 * 2").is_err());
        for text in ["body.a | nosuch", "body.a is nosuch", "range(3)", "body.a |", "{% if a %}"] {
            assert!(Expr::compile(text).is_err(), "{text}");
        }
        assert!(Template::compile("{{ a }").is_err());
        assert!(Template::compile("{% include 'x' %}").is_err());
    }

    #[test]
    fn an_expression_beyond_reason_is_refused_before_it_is_compiled() {
        // The engine's compiler recurses over the expression: without a bound a file could end the process.
        assert!(Expr::compile(&vec!["body.a"; 30_000].join(" ~ ")).is_err());
        assert!(Expr::compile(&"(".repeat(30_000)).is_err());
        let longest = vec!["body.a"; MAX_EXPRESSION / 9].join(" ~ ");
        assert_eq!(eval(&longest).unwrap().unwrap().len(), MAX_EXPRESSION / 9);
    }

    #[test]
    fn a_closing_brace_inside_quotes_does_not_end_a_hole() {
        let template = Template::compile("a{{ '}}' }}b").unwrap();
        assert_eq!(template.render(&Scope::default()), Ok("a}}b".to_owned()));
    }
}
