//! adapters.toml: all suppliers at once, or none with the reason underlined.

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use toml::de::DeValue;

use super::adapter::Adapter;
use super::dialect::Dialect;
use super::dialects::EMBEDDED;
use super::fault::{LoadError, Source};
use super::section::{Item, Section, parse};
use super::settings::{SecretOf, Settings};
use crate::domain::ids::SupplierId;
use crate::domain::policy::RuleBook;

const DOCUMENT_VERSION: u8 = 1;

/// All suppliers of one adapters.toml, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Adapters {
    all: Arc<[Arc<Adapter>]>,
}

impl Adapters {
    /// Parses, compiles, lets every sample prove itself; refuses the whole file when anything is wrong.
    /// `secret` gives the value of a secret by the name adapters.toml uses; `extra_dialects` are further
    /// dialect files as (file name, text).
    ///
    /// # Errors
    /// The first mistake, with its place in adapters.toml or in the dialect file.
    pub fn load(
        source_name: &str,
        adapters_toml: &str,
        secret: &dyn Fn(&str) -> Option<SecretString>,
        extra_dialects: &[(String, String)],
    ) -> Result<Self, LoadError> {
        let mut dialects = Dialects::default();
        for (file, text) in extra_dialects {
            dialects.add(file, text)?;
        }
        let all = load_all(&Source::new(source_name, adapters_toml), secret, &mut dialects)?;
        Ok(Self {
            all: all.into_iter().map(Arc::new).collect(),
        })
    }

    /// One supplier.
    #[must_use]
    pub fn get(&self, id: &SupplierId) -> Option<&Arc<Adapter>> {
        self.all.iter().find(|adapter| adapter.id() == id)
    }

    /// Every supplier, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Adapter>> {
        self.all.iter()
    }

    /// What `decide` must know about them.
    #[must_use]
    pub fn rule_book(&self) -> RuleBook {
        RuleBook(self.iter().map(|adapter| (adapter.id().clone(), adapter.rules())).collect())
    }
}

/// Dialects by name, each compiled once however many suppliers speak it.
#[derive(Default)]
struct Dialects {
    compiled: BTreeMap<String, Arc<Dialect>>,
    is_closed: bool,
}

impl Dialects {
    fn add(&mut self, file: &str, text: &str) -> Result<(), LoadError> {
        let source = Source::new(file, text);
        let name = std::path::Path::new(file)
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or(file);
        if EMBEDDED.iter().any(|(known, _)| *known == name) || self.compiled.contains_key(name) {
            return Err(source.fault(0..0, format!("there is a dialect `{name}` already: give this file another name")));
        }
        self.compiled.insert(name.to_owned(), Arc::new(Dialect::load(name, &source)?));
        Ok(())
    }

    fn get(&mut self, item: &Item<'_>) -> Result<Arc<Dialect>, LoadError> {
        let name = item.text()?;
        if let Some(known) = self.compiled.get(name) {
            return Ok(Arc::clone(known));
        }
        let embedded = EMBEDDED.iter().filter(|_| !self.is_closed).find(|(known, _)| *known == name);
        let Some((name, text)) = embedded else {
            let mut known: Vec<&str> = EMBEDDED.iter().map(|(known, _)| *known).collect();
            known.extend(
                self.compiled
                    .keys()
                    .map(String::as_str)
                    .filter(|name| !EMBEDDED.iter().any(|(known, _)| known == name)),
            );
            return Err(item
                .fault(format!("no dialect `{name}`"))
                .help(format!("there are: {}", known.join(", "))));
        };
        let dialect = Arc::new(Dialect::load(name, &Source::new(&format!("{name}.toml"), text))?);
        self.compiled.insert((*name).to_owned(), Arc::clone(&dialect));
        Ok(dialect)
    }
}

fn load_all(source: &Source, secret: &SecretOf<'_>, dialects: &mut Dialects) -> Result<Vec<Adapter>, LoadError> {
    let table = parse(source)?;
    let mut root = Section::root(source, &table);
    let mut all = Vec::new();
    for item in root.section("supplier")?.iter().flat_map(Section::entries) {
        let name = item.key();
        let is_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if name.is_empty() || name.len() > 32 || !name.bytes().all(is_name) {
            return Err(item.fault_key("a supplier's name has 1 to 32 lower-case letters, digits, - and _"));
        }
        let dialect = dialects.get(&item.section()?.need("dialect")?)?;
        let settings = Settings::read(&item, &dialect, secret)?;
        let document = document(&item, &dialect);
        all.push(Adapter::new(SupplierId::from(name), settings, dialect, document));
    }
    root.finish()?;
    Ok(all)
}

/// One supplier's settings with its dialect's text, complete in itself.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u8,
    settings: String,
    dialect: String,
    text: String,
}

fn document(item: &Item<'_>, dialect: &Dialect) -> String {
    let supplier = toml::Table::from_iter([(item.key().to_owned(), canonical(item.value()))]);
    let table = toml::Table::from_iter([("supplier".to_owned(), toml::Value::Table(supplier))]);
    let document = Document {
        version: DOCUMENT_VERSION,
        settings: table.to_string(),
        dialect: dialect.name.clone(),
        text: dialect.text.to_string(),
    };
    serde_json::to_string(&document).unwrap_or_default()
}

/// The same value with its keys in order, so that equal settings have equal digests.
fn canonical(value: &DeValue<'_>) -> toml::Value {
    match value {
        DeValue::String(text) => toml::Value::String(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => toml::Value::Integer(number),
            Err(_) => toml::Value::String(number.as_str().to_owned()),
        },
        DeValue::Float(number) => toml::Value::String(number.as_str().to_owned()),
        DeValue::Boolean(flag) => toml::Value::Boolean(*flag),
        DeValue::Datetime(time) => toml::Value::Datetime(*time),
        DeValue::Array(items) => toml::Value::Array(items.iter().map(|item| canonical(item.get_ref())).collect()),
        DeValue::Table(table) => {
            let sorted: BTreeMap<String, toml::Value> = table
                .iter()
                .map(|(key, value)| (key.get_ref().to_string(), canonical(value.get_ref())))
                .collect();
            toml::Value::Table(sorted.into_iter().collect())
        }
    }
}

/// Makes an adapter of a stored document.
pub(super) fn restore(text: &str, secret: &SecretOf<'_>) -> Result<Adapter, LoadError> {
    let broken = |why: &str| Source::new("stored settings", text).fault(0..0, why.to_owned());
    let document: Document = serde_json::from_str(text).map_err(|_| broken("not a stored document"))?;
    if document.version != DOCUMENT_VERSION {
        return Err(broken("written by a newer version of the gateway"));
    }
    let mut dialects = Dialects {
        compiled: BTreeMap::new(),
        is_closed: true,
    };
    let source = Source::new(&format!("stored {}.toml", document.dialect), &document.text);
    let dialect = Dialect::load(&document.dialect, &source)?;
    dialects.compiled.insert(document.dialect, Arc::new(dialect));
    let all = load_all(&Source::new("stored settings", &document.settings), secret, &mut dialects)?;
    let [adapter] = <[Adapter; 1]>::try_from(all).map_err(|_| broken("not a stored document"))?;
    Ok(adapter)
}
