//! One place where settings come from: the file, or the environment.
//!
//! Each setting is checked alone against its type, so that every mistake is found at once and each
//! is underlined where it was made, whichever place wins in the end.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::complaint::Complaint;
use super::environment::PREFIX;
use super::keys::{keys_of, sections, sections_with};
use super::manual;
use super::nearest::nearest;
use super::settings::Config;

/// A text with a name, to point into.
#[derive(Debug)]
pub(super) struct Source {
    name: String,
    text: String,
}

impl Source {
    pub(super) fn new(name: &str, text: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// A setting that is known and of the right type, with the place it was made.
struct Setting {
    value: Value,
    source: Arc<Source>,
    span: Range<usize>,
}

/// The settings of one place by (section, key).
#[derive(Default)]
pub(super) struct Layer(BTreeMap<(String, String), Setting>);

/// All places together: later ones win.
#[derive(Default)]
pub(super) struct Sources(Layer);

impl Sources {
    pub(super) fn add(&mut self, layer: Layer) {
        self.0.0.extend(layer.0);
    }

    /// The settings over the defaults. Each was read alone before, so that together they are readable.
    pub(super) fn settings(&self) -> Config {
        let mut document = Table::new();
        for ((section, key), setting) in &self.0.0 {
            let table = document.entry(section.clone()).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(table) = table {
                table.insert(key.clone(), setting.value.clone());
            }
        }
        Config::deserialize(document).unwrap_or_default()
    }

    /// A complaint about a setting, underlined where it was made.
    pub(super) fn complaint(&self, section: &str, key: &str, problem: &str) -> Complaint {
        let message = format!("[{section}] {key} {problem}");
        match self.0.0.get(&(section.to_owned(), key.to_owned())) {
            Some(setting) => Complaint::at(&setting.source, setting.span.clone(), message, "here").remedy(manual::help(section, key)),
            None => Complaint::bare(message).remedy(manual::help(section, key)),
        }
    }
}

impl Layer {
    pub(super) fn of_file(source: &Arc<Source>, complaints: &mut Vec<Complaint>) -> Self {
        let mut layer = Self::default();
        let document = match (DeTable::parse(source.text()), source.text().parse::<Table>()) {
            (Ok(spans), Ok(values)) => (spans.into_inner(), values),
            (Err(error), _) | (Ok(_), Err(error)) => {
                let span = error.span().unwrap_or(0..0);
                let message = format!("{} is not TOML: {}", source.name(), error.message());
                complaints.push(Complaint::at(source, span, message, "here"));
                return layer;
            }
        };
        let (spans, values) = document;
        for (section, content) in &spans {
            let name: &str = section.get_ref();
            if !sections().contains(&name) {
                complaints.push(unknown_section(source, section.span(), name));
                continue;
            }
            let (DeValue::Table(table), Some(Value::Table(values))) = (content.get_ref(), values.get(name)) else {
                let complaint = Complaint::at(
                    source,
                    content.span(),
                    format!("{name} is a section, not a value"),
                    "expected a table",
                );
                complaints.push(complaint.remedy(format!("write [{name}] on a line of its own and its keys below")));
                continue;
            };
            layer.take_section(source, name, table, values, complaints);
        }
        layer
    }

    fn take_section(&mut self, source: &Arc<Source>, section: &str, spans: &DeTable<'_>, values: &Table, complaints: &mut Vec<Complaint>) {
        for (key, content) in spans {
            let name: &str = key.get_ref();
            let Some(value) = values.get(name) else { continue };
            if !keys_of(section).contains(&name) {
                complaints.push(unknown_key(source, key, section));
                continue;
            }
            match type_error(section, name, value) {
                None => self.put(section, name, value.clone(), source, content.span()),
                Some(problem) => complaints.push(wrong_type(source, content.span(), section, name, &problem)),
            }
        }
    }

    pub(super) fn of_environment(variables: &[(String, String)], complaints: &mut Vec<Complaint>) -> Self {
        let mut layer = Self::default();
        for (variable, text) in variables {
            let path = variable.strip_prefix(PREFIX).unwrap_or(variable).to_lowercase();
            let (section, key) = path.split_once("__").unwrap_or((&path, ""));
            if !keys_of(section).contains(&key) {
                complaints.push(unknown_variable(variable, section, key));
                continue;
            }
            let source = Arc::new(Source::new("environment", &format!("{variable}={text}")));
            let span = variable.len().saturating_add(1)..source.text().len();
            match value_of(section, key, text) {
                Ok(value) => layer.put(section, key, value, &source, span),
                Err(problem) => complaints.push(wrong_type(&source, span, section, key, &problem)),
            }
        }
        layer
    }

    fn put(&mut self, section: &str, key: &str, value: Value, source: &Arc<Source>, span: Range<usize>) {
        let setting = Setting {
            value,
            source: Arc::clone(source),
            span,
        };
        self.0.insert((section.to_owned(), key.to_owned()), setting);
    }
}

/// An override's text as a value: as TOML writes it (`8`, `true`, `[1, 2]`), or bare as a string.
fn value_of(section: &str, key: &str, text: &str) -> Result<Value, String> {
    let bare = Value::String(text.to_owned());
    let Some(bare_problem) = type_error(section, key, &bare) else {
        return Ok(bare);
    };
    let parsed = toml::from_str::<Table>(&format!("value = {text}")).ok();
    match parsed.and_then(|mut document| document.remove("value")) {
        Some(value) => type_error(section, key, &value).map_or(Ok(value), Err),
        None => Err(bare_problem),
    }
}

/// Why this value cannot be this setting, if it cannot.
fn type_error(section: &str, key: &str, value: &Value) -> Option<String> {
    let content = Table::from_iter([(key.to_owned(), value.clone())]);
    let document = Table::from_iter([(section.to_owned(), Value::Table(content))]);
    let error = Config::deserialize(document).err()?;
    let mut message = error.message().to_owned();
    for number in ["u8", "u16", "u32", "u64", "i64"] {
        let (typed, plain) = (format!("expected {number}"), "expected a whole number");
        if let Some(start) = message.strip_suffix(&typed) {
            message = format!("{start}{plain}");
        }
    }
    Some(message)
}

fn wrong_type(source: &Source, span: Range<usize>, section: &str, key: &str, problem: &str) -> Complaint {
    Complaint::at(source, span, format!("[{section}] {key} cannot be this: {problem}"), "here").remedy(manual::help(section, key))
}

fn unknown_section(source: &Source, span: Range<usize>, name: &str) -> Complaint {
    let complaint = Complaint::at(source, span, format!("there is no section [{name}]"), "unknown");
    match (sections_with(name).next(), nearest(name, sections().iter().copied())) {
        (Some(section), _) => complaint.remedy(format!("{name} belongs below [{section}]")),
        (None, Some(meant)) => complaint.remedy(format!("did you mean [{meant}]?")),
        (None, None) => complaint.remedy(format!("the sections are {}", sections().join(", "))),
    }
}

fn unknown_key(source: &Source, key: &Spanned<std::borrow::Cow<'_, str>>, section: &str) -> Complaint {
    let name = key.get_ref();
    let complaint = Complaint::at(source, key.span(), format!("[{section}] has no key {name}"), "unknown");
    complaint.remedy(meant(section, name))
}

/// The value is not shown: an unknown variable may hold anything.
fn unknown_variable(variable: &str, section: &str, key: &str) -> Complaint {
    let source = Source::new("environment", variable);
    let complaint = Complaint::at(
        &source,
        0..variable.len(),
        format!("{variable} overrides nothing that exists"),
        "unknown",
    );
    if keys_of(section).is_empty() {
        let near = nearest(section, sections().iter().copied()).map_or_else(
            || format!("the sections are {}", sections().join(", ")),
            |meant| format!("did you mean the section {}?", meant.to_uppercase()),
        );
        return complaint.remedy(format!("{near} An override is written {PREFIX}SECTION__KEY"));
    }
    complaint.remedy(meant(section, key))
}

fn meant(section: &str, key: &str) -> String {
    if let Some(near) = nearest(key, keys_of(section).iter().copied()) {
        return format!("did you mean {near}?\n{}", manual::help(section, near));
    }
    match sections_with(key).next() {
        Some(other) => format!("{key} belongs below [{other}]"),
        None => format!("the keys of [{section}] are {}", keys_of(section).join(", ")),
    }
}
