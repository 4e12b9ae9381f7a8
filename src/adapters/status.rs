//! Status tables: a supplier's codes and the words they stand for. What is not listed is unknown.

use std::collections::BTreeMap;

use super::fault::LoadError;
use super::section::{Item, Section};
use super::template::Expr;
use crate::domain::outcome::RefusalKind;

/// What is asked of a supplier, or told by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Submit,
    Query,
    Recall,
    Notification,
    Balance,
}

impl Operation {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Query => "query",
            Self::Recall => "recall",
            Self::Notification => "notification",
            Self::Balance => "balance",
        }
    }
}

/// What a code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Succeeded,
    Accepted,
    Partial,
    Refused(RefusalKind),
    NotFound,
    OrderExists,
    /// A recall was taken; what comes of it is told later.
    Requested,
    /// Known, and known to prove nothing.
    Unknown,
    /// The answer to a balance question.
    Answered,
}

impl Word {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "succeeded" => Some(Self::Succeeded),
            "accepted" => Some(Self::Accepted),
            "partial" => Some(Self::Partial),
            "not_found" => Some(Self::NotFound),
            "order_exists" => Some(Self::OrderExists),
            "requested" => Some(Self::Requested),
            "unknown" => Some(Self::Unknown),
            "answered" => Some(Self::Answered),
            _ => {
                let kind = text.strip_prefix("refused:")?;
                RefusalKind::ALL.into_iter().find(|known| known.word() == kind).map(Self::Refused)
            }
        }
    }

    /// The class that needs a sample of its own.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Accepted => "accepted",
            Self::Partial => "partial",
            Self::Refused(_) => "refused",
            Self::NotFound => "not_found",
            Self::OrderExists => "unknown:order_exists",
            Self::Requested => "unknown:recall_asked",
            Self::Unknown => "unknown:unlisted_code",
            Self::Answered => "answered",
        }
    }

    fn belongs_to(self, operation: Operation) -> bool {
        match self {
            Self::Succeeded | Self::Accepted | Self::Partial | Self::Refused(_) => operation != Operation::Balance,
            Self::NotFound => operation == Operation::Query || operation == Operation::Recall,
            Self::Requested => operation == Operation::Recall,
            Self::OrderExists => operation == Operation::Submit,
            Self::Answered => operation == Operation::Balance,
            Self::Unknown => true,
        }
    }

    /// Whether the answer speaks about an order that exists there, so that it must be ours.
    pub(super) fn speaks_of_an_order(self) -> bool {
        match self {
            Self::Succeeded | Self::Accepted | Self::Partial | Self::Refused(_) => true,
            Self::NotFound | Self::OrderExists | Self::Requested | Self::Unknown | Self::Answered => false,
        }
    }

    /// Whether it settles an attempt.
    pub(super) fn is_final(self) -> bool {
        match self {
            Self::Succeeded | Self::Partial | Self::Refused(_) => true,
            Self::Accepted | Self::NotFound | Self::OrderExists | Self::Requested | Self::Unknown | Self::Answered => false,
        }
    }
}

/// Codes with their words.
pub(super) type Words = BTreeMap<String, Word>;

/// Where the code stands in an answer, and what codes mean.
#[derive(Debug)]
pub(super) struct StatusTable {
    pub(super) from: Expr,
    pub(super) words: Words,
}

impl StatusTable {
    pub(super) fn read(item: &Item<'_>, operation: Operation) -> Result<Self, LoadError> {
        let mut section = item.section()?;
        let from = section.need("from")?;
        let from = Expr::compile(from.text()?).map_err(|why| from.fault(why))?;
        let words = words(&section, operation, &["from"])?;
        if words.is_empty() {
            return Err(item.fault_key("no code is listed: every answer would be unknown"));
        }
        Ok(Self { from, words })
    }

    /// What a code means; a supplier's own additions come first.
    pub(super) fn word(&self, code: &str, extra: Option<&Words>) -> Option<Word> {
        extra.and_then(|words| words.get(code)).or_else(|| self.words.get(code)).copied()
    }
}

/// The codes of a section, without the keys in `besides`.
pub(super) fn words(section: &Section<'_>, operation: Operation, besides: &[&str]) -> Result<Words, LoadError> {
    let mut words = Words::new();
    for item in section.entries().filter(|item| !besides.contains(&item.key())) {
        let word = Word::parse(item.text()?).ok_or_else(|| {
            let kinds: Vec<&str> = RefusalKind::ALL.iter().map(|kind| kind.word()).collect();
            item.fault("not a status word").help(format!(
                "there are: succeeded, accepted, partial, not_found, order_exists, requested, unknown, answered and refused:<kind> with one of {}",
                kinds.join(", ")
            ))
        })?;
        if !word.belongs_to(operation) {
            return Err(item.fault(format!("a {} cannot mean this", operation.word())));
        }
        words.insert(item.key().to_owned(), word);
    }
    Ok(words)
}
