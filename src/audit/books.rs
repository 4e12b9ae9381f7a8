//! The books: every balance worked out again from everything that was ever moved.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Check, Finding};

/// One posting as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Moved {
    /// What makes it happen once.
    pub key: String,
    /// For which order.
    pub order: Option<i64>,
    /// The currency's code.
    pub currency: String,
    /// Account and minor units.
    pub entries: Vec<(String, i64)>,
}

impl Moved {
    /// The sum of its entries, which must be zero. In 128 bits, where nothing overflows.
    pub(super) fn sum(&self) -> i128 {
        self.entries.iter().map(|(_, minor)| i128::from(*minor)).sum()
    }

    /// What it moves on `account`.
    pub(super) fn on(&self, account: &str) -> i128 {
        let entries = self.entries.iter().filter(|(name, _)| name == account);
        entries.map(|(_, minor)| i128::from(*minor)).sum()
    }
}

/// Balances, added up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Books(BTreeMap<(String, String), i128>);

impl Books {
    /// Adds what `moved` moves.
    pub fn add(&mut self, moved: &Moved) {
        for (account, minor) in &moved.entries {
            let key = (account.clone(), moved.currency.clone());
            let balance = self.0.entry(key).or_default();
            *balance = balance.saturating_add(i128::from(*minor));
        }
    }

    /// Adds what others have added up.
    pub fn merge(&mut self, other: Self) {
        for (key, minor) in other.0 {
            let balance = self.0.entry(key).or_default();
            *balance = balance.saturating_add(minor);
        }
    }

    /// Where `accounts` is not what was added up, and currencies that do not sum to zero.
    #[must_use]
    pub fn against(&self, accounts: &BTreeMap<(String, String), i64>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        for ((account, currency), balance) in accounts {
            let sum = sums.entry(currency).or_default();
            *sum = sum.saturating_add(i128::from(*balance));
            let replayed = self.0.get(&(account.clone(), currency.clone())).copied().unwrap_or(0);
            if replayed != i128::from(*balance) {
                findings.push(about(
                    Check::Balance,
                    format!("{account} has {balance} minor units of {currency}, but its entries add up to {replayed}"),
                ));
            }
        }
        for ((account, currency), replayed) in &self.0 {
            if *replayed != 0 && !accounts.contains_key(&(account.clone(), currency.clone())) {
                findings.push(about(
                    Check::Balance,
                    format!("{account} is missing, but its entries add up to {replayed} minor units of {currency}"),
                ));
            }
        }
        for (currency, sum) in sums {
            if sum != 0 {
                findings.push(about(
                    Check::Zero,
                    format!("all accounts of {currency} sum to {sum} minor units, not to zero"),
                ));
            }
        }
        findings
    }
}

fn about(check: Check, saw: String) -> Finding {
    Finding { check, order: None, saw }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(entries: &[(&str, i64)]) -> Moved {
        Moved {
            key: "credit:1:a".to_owned(),
            order: None,
            currency: "CNY".to_owned(),
            entries: entries.iter().map(|(account, minor)| ((*account).to_owned(), *minor)).collect(),
        }
    }

    fn accounts(balances: &[(&str, i64)]) -> BTreeMap<(String, String), i64> {
        let balances = balances.iter();
        balances
            .map(|(account, minor)| (((*account).to_owned(), "CNY".to_owned()), *minor))
            .collect()
    }

    fn words(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.check.word()).collect()
    }

    #[test]
    fn books_that_agree_give_no_finding_and_others_say_by_how_much() {
        let mut books = Books::default();
        books.add(&moved(&[("funding", -500), ("shop_available:1", 500)]));
        assert_eq!(books.against(&accounts(&[("funding", -500), ("shop_available:1", 500)])), []);
        let found = books.against(&accounts(&[("funding", -500), ("shop_available:1", 600)]));
        assert_eq!(words(&found), ["balance", "zero"]);
        assert!(
            found
                .iter()
                .any(|finding| finding.saw.contains("600") && finding.saw.contains("500")),
            "{found:?}"
        );
        assert_eq!(words(&books.against(&accounts(&[("funding", -500)]))), ["balance", "zero"]);
        assert_eq!(words(&books.against(&accounts(&[]))), ["balance", "balance"]);
    }
}
