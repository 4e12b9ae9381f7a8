//! A dialect file, compiled: what it needs of an account, and its five operations.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::charset::Charset;
use super::fault::{LoadError, Source};
use super::read::{Format, Reader};
use super::sample;
use super::section::{Item, Section, parse};
use super::status::Operation;
use super::write::{Acknowledgement, Shape};
use crate::domain::outcome::Trust;

/// One API family that many suppliers may share.
#[derive(Debug)]
pub(super) struct Dialect {
    pub(super) name: String,
    pub(super) text: Arc<str>,
    pub(super) charset: Charset,
    /// Settings of an account, each with its default if it has one.
    pub(super) cfg: BTreeMap<String, Option<String>>,
    /// The secrets of an account.
    pub(super) secrets: Vec<String>,
    pub(super) submit: Exchange,
    pub(super) query: Option<Exchange>,
    pub(super) recall: Option<Exchange>,
    pub(super) balance: Option<Exchange>,
    pub(super) notification: Option<Notification>,
}

/// An operation that we start: a request and how its answer is read.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) shape: Shape,
    pub(super) reader: Reader,
    pub(super) trust: Trust,
}

/// An operation that the supplier starts.
#[derive(Debug)]
pub(super) struct Notification {
    pub(super) reader: Reader,
    pub(super) trust: Trust,
    pub(super) acknowledgement: Acknowledgement,
}

impl Dialect {
    /// Compiles a dialect file and lets it prove itself on its samples.
    pub(super) fn load(name: &str, source: &Source) -> Result<Self, LoadError> {
        let table = parse(source)?;
        let mut root = Section::root(source, &table);
        let _ = root.text("about")?;
        let charset = match root.get("charset") {
            None => Charset::Utf8,
            Some(item) => Charset::from_name(item.text()?).ok_or_else(|| item.fault("there are: utf-8, gbk"))?,
        };
        let mut cfg = BTreeMap::new();
        if let Some(section) = root.section("cfg")? {
            for item in section.entries() {
                let mut key = item.section()?;
                let _ = key.text("about")?;
                cfg.insert(item.key().to_owned(), key.text("default")?.map(str::to_owned));
                key.finish()?;
            }
        }
        let mut secrets = Vec::new();
        if let Some(section) = root.section("secrets")? {
            for item in section.entries() {
                item.text()?;
                secrets.push(item.key().to_owned());
            }
        }
        let sign = root.get("sign");
        let samples = root.section("sample")?;
        let need = root.need("submit")?;
        let mut proofs = Vec::new();
        let submit = exchange(Some(need.section()?), Operation::Submit, sign.as_ref(), &mut proofs)?;
        let query = exchange(root.section("query")?, Operation::Query, sign.as_ref(), &mut proofs)?;
        let recall = exchange(root.section("recall")?, Operation::Recall, sign.as_ref(), &mut proofs)?;
        let balance = exchange(root.section("balance")?, Operation::Balance, sign.as_ref(), &mut proofs)?;
        let notification = match root.section("notification")? {
            None => None,
            Some(mut section) => {
                let trust = trust(&mut section)?;
                let reader = Reader::read(&mut section, Operation::Notification)?;
                let is_proof = reader.verify.as_ref().is_some_and(|verify| !verify.is_malleable());
                if trust == Trust::Fact && !is_proof {
                    return Err(section
                        .fault("anybody can send or change this: without a `verify` that fixes every character its trust is \"trigger\""));
                }
                let acknowledgement = match section.section("acknowledge")? {
                    Some(section) => Acknowledgement::read(section)?,
                    None => return Err(section.fault("`acknowledge` is missing: what is the supplier to be answered?")),
                };
                proofs.push((Operation::Notification, sample::read(&mut section, Operation::Notification)?));
                section.finish()?;
                Some(Notification {
                    reader,
                    trust,
                    acknowledgement,
                })
            }
        };
        let Some(submit) = submit else {
            return Err(root.fault("`submit` is missing"));
        };
        let dialect = Self {
            name: name.to_owned(),
            text: Arc::clone(&source.text),
            charset,
            cfg,
            secrets,
            submit,
            query,
            recall,
            balance,
            notification,
        };
        let Some(samples) = samples else {
            return Err(root.fault("[sample] is missing: the account and order that all samples share"));
        };
        sample::prove(&dialect, samples, proofs)?;
        root.finish()?;
        Ok(dialect)
    }

    /// The exchange of an operation that we start.
    pub(super) fn exchange(&self, operation: Operation) -> Option<&Exchange> {
        match operation {
            Operation::Submit => Some(&self.submit),
            Operation::Query => self.query.as_ref(),
            Operation::Recall => self.recall.as_ref(),
            Operation::Balance => self.balance.as_ref(),
            Operation::Notification => None,
        }
    }

    /// The reader of an operation.
    pub(super) fn reader(&self, operation: Operation) -> Option<&Reader> {
        match operation {
            Operation::Submit | Operation::Query | Operation::Recall | Operation::Balance => {
                self.exchange(operation).map(|exchange| &exchange.reader)
            }
            Operation::Notification => self.notification.as_ref().map(|notification| &notification.reader),
        }
    }

    /// Whether notifications come in the address instead of the body.
    pub(super) fn notifies_by_query(&self) -> bool {
        self.notification
            .as_ref()
            .is_some_and(|notification| notification.reader.format == Format::Query)
    }
}

fn exchange<'a>(
    section: Option<Section<'a>>,
    operation: Operation,
    sign: Option<&Item<'a>>,
    proofs: &mut Vec<(Operation, Vec<Item<'a>>)>,
) -> Result<Option<Exchange>, LoadError> {
    let Some(mut section) = section else {
        return Ok(None);
    };
    let shape = Shape::read(&mut section, operation.word(), sign)?;
    let trust = match operation {
        Operation::Query | Operation::Recall => trust(&mut section)?,
        Operation::Submit | Operation::Balance | Operation::Notification => Trust::Fact,
    };
    let reader = Reader::read(&mut section, operation)?;
    proofs.push((operation, sample::read(&mut section, operation)?));
    section.finish()?;
    Ok(Some(Exchange { shape, reader, trust }))
}

fn trust(section: &mut Section<'_>) -> Result<Trust, LoadError> {
    let item = section.need("trust")?;
    match item.text()? {
        "fact" => Ok(Trust::Fact),
        "trigger" => Ok(Trust::Trigger),
        _ => Err(item.fault("there are: fact, trigger")),
    }
}
