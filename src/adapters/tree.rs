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

/// A value, with the order of fields kept. What has parts shares them, so that a copy costs nothing.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Tree {
    Null,
    Bool(bool),
    Number(Arc<str>),
    Text(Arc<str>),
    List(Arc<List>),
    Map(Arc<Map>),
}

/// The values of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct List(Vec<Tree>);

/// The fields of a map.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Map(Vec<Field>);

/// A value with its name.
pub(super) type Field = (Arc<str>, Tree);

impl List {
    pub(super) fn items(&self) -> &[Tree] {
        &self.0
    }
}

impl Tree {
    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn list(items: Vec<Self>) -> Self {
        Self::List(Arc::new(List(items)))
    }

    pub(super) fn map(fields: Vec<Field>) -> Self {
        Self::Map(Arc::new(Map(fields)))
    }

    /// The fields of a map; nothing else has any.
    pub(super) fn fields(&self) -> &[Field] {
        match self {
            Self::Map(map) => &map.0,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => &[],
        }
    }

    /// The values of a list; nothing else has any.
    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::List(list) => &list.0,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Map(_) => &[],
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.fields().iter().find(|(name, _)| **name == *key).map(|(_, value)| value)
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
            Self::List(_) => self.items().iter().all(Self::is_blank),
            Self::Map(_) => self.fields().iter().all(|(_, value)| value.is_blank()),
        }
    }

    /// What expressions see.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::Null => Value::from(()),
            Self::Bool(true) => Value::from("true"),
            Self::Bool(false) => Value::from("false"),
            Self::Number(text) | Self::Text(text) => Value::from(text.as_ref()),
            Self::List(list) => Value::from_dyn_object(Arc::clone(list)),
            Self::Map(map) => Value::from_dyn_object(Arc::clone(map)),
        }
    }

    /// Only these fields of a map, in their order.
    pub(super) fn retain(&self, keep: impl Fn(&str, &Self) -> bool) -> Self {
        let kept = self.fields().iter().filter(|(name, value)| keep(name, value));
        Self::map(kept.cloned().collect())
    }
}

/// So few fields are compared each with each other; more are sorted, or a hostile answer would take long.
const FEW: usize = 16;

/// Whether a name stands twice.
pub(super) fn has_duplicates(fields: &[Field]) -> bool {
    if fields.len() <= FEW {
        let stands_before = |place: usize, name: &str| fields.iter().take(place).any(|(known, _)| **known == *name);
        return fields.iter().enumerate().any(|(place, (name, _))| stands_before(place, name));
    }
    let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_ref()).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair.first() == pair.last())
}

impl std::fmt::Debug for Tree {
    /// Shows the shape only: answers hold recipients and card secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => f.write_str("_"),
            Self::List(_) => f.debug_list().entries(self.items()).finish(),
            Self::Map(_) => f
                .debug_map()
                .entries(self.fields().iter().map(|(name, value)| (name, value)))
                .finish(),
        }
    }
}

/// A code that was joined from something with parts shows nothing of it.
fn hidden(f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    f.write_str("(parts)")
}

impl Object for List {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_usize()?).map(Tree::value)
    }

    fn get_value_by_str(self: &Arc<Self>, _: &str) -> Option<Value> {
        None
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        hidden(f)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }
}

impl Object for Map {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.iter().find(|(name, _)| **name == *key).map(|(_, value)| value.value())
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        hidden(f)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.iter().map(|(name, _)| Value::from(name.as_ref())).collect())
    }
}
