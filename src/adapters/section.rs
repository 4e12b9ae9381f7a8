//! Reading TOML with the place of everything at hand, so that each mistake can be underlined.
//!
//! A section knows which of its keys were asked for; `finish` refuses the others. serde would lose
//! the places inside flattened and untagged types, and the order of fields in maps.

use std::ops::Range;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{LoadError, Source};

/// A table of a file being read.
pub(super) struct Section<'a> {
    source: &'a Source,
    path: String,
    table: &'a DeTable<'a>,
    span: Range<usize>,
    known: Vec<&'a str>,
    asked: Vec<&'static str>,
}

/// A value of a file being read, with its key.
#[derive(Clone)]
pub(super) struct Item<'a> {
    source: &'a Source,
    path: String,
    key: &'a str,
    key_span: Range<usize>,
    value: &'a Spanned<DeValue<'a>>,
}

/// Parses a whole file.
pub(super) fn parse(source: &Source) -> Result<Spanned<DeTable<'_>>, LoadError> {
    DeTable::parse(&source.text).map_err(|error| source.fault(error.span().unwrap_or(0..0), error.message().to_owned()))
}

impl<'a> Section<'a> {
    pub(super) fn root(source: &'a Source, table: &'a Spanned<DeTable<'a>>) -> Self {
        Self::of(source, String::new(), table.get_ref(), table.span())
    }

    fn of(source: &'a Source, path: String, table: &'a DeTable<'a>, span: Range<usize>) -> Self {
        Self {
            source,
            path,
            table,
            span,
            known: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// The value under `key`, if it is there.
    pub(super) fn get(&mut self, key: &'static str) -> Option<Item<'a>> {
        self.asked.push(key);
        let found = self.entries().find(|item| item.key == key)?;
        self.known.push(found.key);
        Some(found)
    }

    /// The value under `key`, or a refusal that names it.
    pub(super) fn need(&mut self, key: &'static str) -> Result<Item<'a>, LoadError> {
        match self.get(key) {
            Some(item) => Ok(item),
            None => Err(self.fault(format!("`{key}` is missing in {}", self.place()))),
        }
    }

    pub(super) fn section(&mut self, key: &'static str) -> Result<Option<Self>, LoadError> {
        self.get(key).map(|item| item.section()).transpose()
    }

    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<&'a str>, LoadError> {
        self.get(key).map(|item| item.text()).transpose()
    }

    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> Result<bool, LoadError> {
        self.get(key).map_or(Ok(default), |item| item.flag())
    }

    pub(super) fn texts(&mut self, key: &'static str) -> Result<Vec<&'a str>, LoadError> {
        let items = self.get(key).map(|item| item.list()).transpose()?.unwrap_or_default();
        items.iter().map(Item::text).collect()
    }

    /// Every entry in the order of the file.
    pub(super) fn entries(&self) -> impl Iterator<Item = Item<'a>> + use<'a> {
        let (source, path) = (self.source, self.path.clone());
        self.table.iter().map(move |(key, value)| Item {
            source,
            path: if path.is_empty() {
                key.get_ref().to_string()
            } else {
                format!("{path}.{}", key.get_ref())
            },
            key: key.get_ref(),
            key_span: key.span(),
            value,
        })
    }

    /// A refusal that underlines the whole table's head.
    pub(super) fn fault(&self, message: impl Into<String>) -> LoadError {
        self.source.fault(self.span.clone(), message)
    }

    fn place(&self) -> String {
        if self.path.is_empty() {
            "the file".to_owned()
        } else {
            format!("[{}]", self.path)
        }
    }

    /// Refuses every key that nobody asked for.
    pub(super) fn finish(self) -> Result<(), LoadError> {
        match self.entries().find(|item| !self.known.contains(&item.key)) {
            None => Ok(()),
            Some(item) => {
                let fault = item.fault_key(format!("`{}` is not a key of {}", item.key, self.place()));
                Err(fault.help(format!("known here: {}", self.asked.join(", "))))
            }
        }
    }
}

impl<'a> Item<'a> {
    pub(super) fn key(&self) -> &'a str {
        self.key
    }

    pub(super) fn value(&self) -> &'a DeValue<'a> {
        self.value.get_ref()
    }

    /// A refusal that underlines the value.
    pub(super) fn fault(&self, message: impl Into<String>) -> LoadError {
        self.source.fault(self.value.span(), message)
    }

    /// A refusal that underlines the key.
    pub(super) fn fault_key(&self, message: impl Into<String>) -> LoadError {
        self.source.fault(self.key_span.clone(), message)
    }

    fn expected(&self, what: &str) -> LoadError {
        self.fault(format!("`{}` must be {what}, not {}", self.path, self.value().type_str()))
    }

    pub(super) fn text(&self) -> Result<&'a str, LoadError> {
        self.value().as_str().ok_or_else(|| self.expected("a text"))
    }

    pub(super) fn flag(&self) -> Result<bool, LoadError> {
        self.value().as_bool().ok_or_else(|| self.expected("true or false"))
    }

    /// A whole number within `range`.
    pub(super) fn number(&self, range: std::ops::RangeInclusive<u64>) -> Result<u64, LoadError> {
        let number = self
            .value()
            .as_integer()
            .and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok());
        match number {
            Some(number) if range.contains(&number) => Ok(number),
            Some(_) | None => Err(self.expected(&format!("a whole number from {} to {}", range.start(), range.end()))),
        }
    }

    pub(super) fn list(&self) -> Result<Vec<Self>, LoadError> {
        let array = self.value().as_array().ok_or_else(|| self.expected("a list"))?;
        let item = |value| Self { value, ..self.clone() };
        Ok(array.iter().map(item).collect())
    }

    pub(super) fn section(&self) -> Result<Section<'a>, LoadError> {
        let table = self.value().as_table().ok_or_else(|| self.expected("a table"))?;
        let span = self.value.span();
        // A table written as [a.b] spans its header; an implied one spans nothing.
        let span = if span.is_empty() { self.key_span.clone() } else { span };
        Ok(Section::of(self.source, self.path.clone(), table, span))
    }

    /// Reads the value into a type that knows its own fields.
    pub(super) fn read<T: Deserialize<'a>>(&self) -> Result<T, LoadError> {
        let value = Spanned::new(self.value.span(), self.value().clone());
        let deserializer: toml::de::ValueDeserializer<'a> = value.into_deserializer();
        T::deserialize(deserializer).map_err(|error| {
            self.source
                .fault(error.span().unwrap_or_else(|| self.value.span()), error.message().to_owned())
        })
    }
}
