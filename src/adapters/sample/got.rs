//! A reading as the texts a sample writes, and the comparison of the two.

use std::collections::BTreeMap;

use super::expect;
use crate::adapters::fault::LoadError;
use crate::adapters::section::Section;
use crate::domain::money::Money;
use crate::domain::outcome::{BalanceReading, Delivery, Doubt, Outcome, Reading};

/// A reading as texts under the keys of a sample.
pub(super) struct Got {
    pub(super) reads: String,
    detail: String,
    pub(super) fields: BTreeMap<&'static str, String>,
}

impl Got {
    pub(super) fn words(reads: &str, detail: &str) -> Self {
        Self {
            reads: reads.to_owned(),
            detail: detail.to_owned(),
            fields: BTreeMap::new(),
        }
    }

    pub(super) fn of(reading: &Reading) -> Self {
        let (words, deliveries) = match &reading.outcome {
            Outcome::Succeeded { deliveries } => (Self::words("succeeded", ""), deliveries.as_slice()),
            Outcome::Accepted => (Self::words("accepted", ""), [].as_slice()),
            Outcome::Partial { delivered, deliveries } => {
                (Self::words(&format!("partial:{}", delivered.decimal()), ""), deliveries.as_slice())
            }
            Outcome::Refused(refusal) => (
                Self::words(&format!("refused:{}", refusal.kind.word()), &refusal.code),
                [].as_slice(),
            ),
            Outcome::NotFound => (Self::words("not_found", ""), [].as_slice()),
            Outcome::Unknown(doubt) => (Self::words(&format!("unknown:{}", code(doubt)), &told(doubt)), [].as_slice()),
        };
        let mut receipt = None;
        let mut cards = Vec::new();
        for delivery in deliveries {
            match delivery {
                Delivery::Receipt { text } => receipt = Some(text.clone()),
                Delivery::Card { number, secret } => cards.push(format!("{}:{secret}", number.as_deref().unwrap_or_default())),
            }
        }
        words
            .with("supplier_ref", reading.supplier_ref.clone())
            .with("cost", reading.cost.map(Money::decimal))
            .with("receipt", receipt)
            .with("cards", (!cards.is_empty()).then(|| cards.join(" ")))
    }

    pub(super) fn balance(reading: &BalanceReading) -> Self {
        match reading {
            BalanceReading::Balance(money) => Self::words(&format!("balance:{}", money.decimal()), ""),
            BalanceReading::Unreadable(doubt) => Self::words(&format!("unknown:{}", code(doubt)), &told(doubt)),
        }
    }

    pub(super) fn with(mut self, key: &'static str, value: Option<String>) -> Self {
        self.fields.extend(value.map(|value| (key, value)));
        self
    }

    /// A notification read again with its order known: the same as before, or as `about` says.
    pub(super) fn compare_known(&self, section: &mut Section<'_>, before: &Self) -> Result<(), LoadError> {
        match section.get("about") {
            Some(item) => expect(&item, &self.reads),
            None if self.reads == before.reads => Ok(()),
            None => Err(section.fault(format!(
                "this sample fails: with its order known it reads {} ({}); say so with `about`",
                self.reads, self.detail
            ))),
        }
    }

    pub(super) fn compare(&self, section: &mut Section<'_>) -> Result<(), LoadError> {
        let reads = section.need("reads")?;
        let got = if self.detail.is_empty() {
            self.reads.clone()
        } else {
            format!("{} ({})", self.reads, self.detail)
        };
        if reads.text()? != self.reads {
            return Err(reads.fault(format!("this sample fails: expected {}, got {got}", reads.text()?)));
        }
        for key in ["number", "supplier_ref", "cost", "receipt", "cards"] {
            match (section.get(key), self.fields.get(key)) {
                (None, None) => {}
                (Some(item), got) => expect(&item, got.map(String::as_str).unwrap_or("nothing"))?,
                (None, Some(got)) => return Err(reads.fault(format!("this sample fails: it does not expect {key} = {got:?}"))),
            }
        }
        Ok(())
    }
}

/// The word of a doubt, as samples write it.
fn code(doubt: &Doubt) -> &'static str {
    match doubt {
        Doubt::Timeout => "timeout",
        Doubt::ConnectionBroken => "connection_broken",
        Doubt::ReplyTooLarge => "reply_too_large",
        Doubt::HttpStatus { .. } => "http_status",
        Doubt::EmptyReply => "empty_reply",
        Doubt::Unreadable { .. } => "unreadable",
        Doubt::UnlistedCode { .. } => "unlisted_code",
        Doubt::OrderExists => "order_exists",
        Doubt::NotOurs { .. } => "not_ours",
        Doubt::BadSignature => "bad_signature",
        Doubt::NotFound => "not_found",
        Doubt::DeliveriesMissing => "deliveries_missing",
        Doubt::FailureNotFinal => "failure_not_final",
        Doubt::Interrupted => "interrupted",
        Doubt::EarlierTransmission => "earlier_transmission",
        Doubt::QueryNotSent => "query_not_sent",
        Doubt::RecallAsked => "recall_asked",
    }
}

/// What a doubt says besides its word.
pub(in crate::adapters) fn told(doubt: &Doubt) -> String {
    match doubt {
        Doubt::HttpStatus { status } => status.to_string(),
        Doubt::Unreadable { detail } => detail.clone(),
        Doubt::UnlistedCode { value } => value.clone(),
        Doubt::NotOurs { field } => field.clone(),
        Doubt::Timeout
        | Doubt::ConnectionBroken
        | Doubt::ReplyTooLarge
        | Doubt::EmptyReply
        | Doubt::OrderExists
        | Doubt::BadSignature
        | Doubt::NotFound
        | Doubt::DeliveriesMissing
        | Doubt::FailureNotFinal
        | Doubt::Interrupted
        | Doubt::EarlierTransmission
        | Doubt::QueryNotSent
        | Doubt::RecallAsked => code(doubt).to_owned(),
    }
}
