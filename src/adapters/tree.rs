//! One shape for everything that arrives and leaves: JSON, XML and forms become the same tree.
//!
//! Scalars keep their literal (`98.5` stays `98.5`, `100.0` stays `100.0`), and expressions see every
//! scalar as text, so that `"1"` and `1` are the same code to a status table and no float exists.

use std::borrow::Cow;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectRepr};

/// Deeper input is refused.
pub(super) const MAX_DEPTH: usize = 32;
/// Input with more values is refused.
pub(super) const MAX_NODES: usize = 10_000;

/// A value, with the order of fields kept.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Tree {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Arc<Tree>>),
    Map(Vec<(String, Arc<Tree>)>),
}

impl Tree {
    pub(super) fn text(text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self::Text(text.into()))
    }

    /// The fields of a map; nothing else has any.
    pub(super) fn fields(&self) -> &[(String, Arc<Self>)] {
        match self {
            Self::Map(fields) => fields,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => &[],
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Arc<Self>> {
        self.fields().iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// A scalar as text; JSON for what has parts.
    pub(super) fn literal(&self) -> Cow<'_, str> {
        match self {
            Self::Null => Cow::Borrowed(""),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Number(text) | Self::Text(text) => Cow::Borrowed(text),
            Self::List(_) | Self::Map(_) => Cow::Owned(super::json::write(self)),
        }
    }

    /// Whether it says nothing: null, an empty text, or only parts that say nothing.
    pub(super) fn is_blank(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(_) => false,
            Self::Number(text) | Self::Text(text) => text.is_empty(),
            Self::List(items) => items.iter().all(|item| item.is_blank()),
            Self::Map(fields) => fields.iter().all(|(_, value)| value.is_blank()),
        }
    }

    /// What expressions see.
    pub(super) fn value(self: &Arc<Self>) -> Value {
        match self.as_ref() {
            Self::Null => Value::from(()),
            Self::Bool(true) => Value::from("true"),
            Self::Bool(false) => Value::from("false"),
            Self::Number(text) | Self::Text(text) => Value::from(text.as_str()),
            Self::List(_) | Self::Map(_) => Value::from_dyn_object(Arc::clone(self)),
        }
    }

    /// Only these fields of a map, in their order.
    pub(super) fn retain(&self, keep: impl Fn(&str, &Self) -> bool) -> Arc<Self> {
        let kept = self.fields().iter().filter(|(name, value)| keep(name, value));
        Arc::new(Self::Map(kept.cloned().collect()))
    }
}

/// Whether a name stands twice.
pub(super) fn has_duplicates(fields: &[(String, Arc<Tree>)]) -> bool {
    let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair.first() == pair.last())
}

impl std::fmt::Debug for Tree {
    /// Shows the shape only: answers hold recipients and card secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => f.write_str("_"),
            Self::List(items) => f.debug_list().entries(items).finish(),
            Self::Map(fields) => f.debug_map().entries(fields.iter().map(|(name, value)| (name, value))).finish(),
        }
    }
}

impl Object for Tree {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        match self.as_ref() {
            Self::List(_) => ObjectRepr::Seq,
            Self::Map(_) => ObjectRepr::Map,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => ObjectRepr::Plain,
        }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match self.as_ref() {
            Self::List(items) => items.get(key.as_usize()?).map(Self::value),
            Self::Map(_) => self.get_value_by_str(key.as_str()?),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => None,
        }
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.get(key).map(Self::value)
    }

    /// A code that was joined from something with parts shows nothing of it.
    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(parts)")
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match self.as_ref() {
            Self::List(items) => Enumerator::Seq(items.len()),
            Self::Map(fields) => Enumerator::Values(fields.iter().map(|(name, _)| Value::from(name.as_str())).collect()),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => Enumerator::NonEnumerable,
        }
    }
}
