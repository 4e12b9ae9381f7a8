//! What a statement check tells: each number that differs, in words and amounts.

use serde::{Deserialize, Serialize};

use super::StatementAsked;
use crate::domain::ids::SupplierId;
use crate::domain::money::{Currency, Money};
use crate::domain::statement::{Compared, Difference, Found, Line, Said, Standing};

/// Differences told in one answer.
const MAX_TOLD: usize = 10_000;

/// What a statement check came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementReport {
    /// Whose.
    pub supplier: SupplierId,
    /// The statement's key: the supplier and the start of the text's SHA-256.
    pub statement: String,
    /// Lines about orders.
    pub lines: usize,
    /// Numbers about which both say the same.
    pub agreed: usize,
    /// Everything else, by number; the first of them.
    pub differences: Vec<DifferenceLine>,
    /// How many more there are.
    pub untold: usize,
    /// What may be lost by them, with its currency.
    pub at_risk: String,
    /// The case that the differences became.
    pub case: Option<String>,
    /// Where it stands with deliveries that we did not know of, in words.
    pub settling: Option<String>,
    /// Nothing was written.
    pub is_dry_run: bool,
}

/// One number about which the two say different things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferenceLine {
    /// The kind's word.
    pub found: String,
    /// The number.
    pub number: String,
    /// Its line in the file.
    pub line: Option<u32>,
    /// What it means, in words.
    pub words: String,
    /// Decimal: what it costs by our books.
    pub ours: Option<String>,
    /// Decimal: what the statement bills.
    pub theirs: Option<String>,
}

pub(super) fn at_risk(compared: &Compared, currency: Currency) -> Money {
    let minor = compared.differences.iter().map(Difference::at_risk_minor);
    Money::new(minor.fold(0, i64::saturating_add), currency)
}

pub(super) fn report(asked: &StatementAsked, key: &str, lines: &[Line], compared: &Compared, currency: Currency) -> StatementReport {
    StatementReport {
        supplier: asked.supplier.clone(),
        statement: key.to_owned(),
        lines: lines.len(),
        agreed: compared.agreed,
        differences: compared
            .differences
            .iter()
            .take(MAX_TOLD)
            .map(|told| told_of(told, currency))
            .collect(),
        untold: compared.differences.len().saturating_sub(MAX_TOLD),
        at_risk: at_risk(compared, currency).to_string(),
        case: None,
        settling: None,
        is_dry_run: asked.signing.is_none(),
    }
}

fn told_of(difference: &Difference, currency: Currency) -> DifferenceLine {
    let decimal = |minor: i64| Money::new(minor, currency).decimal();
    let line = difference.line.as_ref();
    DifferenceLine {
        found: difference.found.word().to_owned(),
        number: difference.number.clone(),
        line: line.map(|line| line.place),
        words: words(difference),
        ours: difference.ours.map(|ours| decimal(ours.cost_minor)),
        theirs: line.and_then(|line| line.cost_minor).map(decimal),
    }
}

fn words(difference: &Difference) -> String {
    let is_open = difference.ours.is_some_and(|ours| ours.standing == Standing::Open);
    let text = match difference.found {
        Found::Agrees => "both say the same",
        Found::Charged if is_open => "delivered, it says; here it is in doubt",
        Found::Charged => "delivered, it says; here it counts as not delivered",
        Found::CostDiffers => "it bills another amount",
        Found::NotCharged => "not delivered or taken back, it says; here it is delivered",
        Found::Twice => "billed more than once under one number",
        Found::Missing => "delivered here; it does not know it",
        Found::InDoubt if difference.line.is_some() => "in doubt here; it says it was not delivered",
        Found::InDoubt => "in doubt here; it does not know it",
        Found::Stranger => "we never sent this number there",
        Found::Unlisted => {
            let word = difference.line.as_ref().and_then(|line| match &line.said {
                Said::Unlisted(word) => Some(word.as_str()),
                Said::Delivered | Said::NotDelivered => None,
            });
            return format!(
                "its word {:?} is neither in delivered nor in not_delivered",
                word.unwrap_or_default()
            );
        }
    };
    text.to_owned()
}
