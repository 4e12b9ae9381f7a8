//! The mock's own truth: orders, ids, money, and what was asked of it.
//!
//! One lock guards all of it, so two submits of one id can never both be "the first". A charge is appended to the
//! book file inside that lock, before anybody can read or answer it; if the file refuses, nothing is charged.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;

use crate::book::{Charge, Settled, Turn};
use crate::book_file::BookFile;
use crate::config::{Dedupe, MockConfig, Wire};
use crate::dice::Dice;
use crate::fault::Fault;
use crate::order::{Order, Submission, turns};
use crate::script::{Scripts, Treatment};
use crate::seen::RequestLog;

/// Why the mock does not take an order on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    BadNumber,
    Balance,
    CostAboveLimit,
    /// The order states a face value that this product does not have.
    FaceMismatch,
}

/// What became of a submit.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    Accepted(Box<Order>),
    /// The id is taken; nothing was charged now.
    Exists,
    Refused(Refusal),
}

/// The state of one mock.
#[derive(Debug)]
pub(crate) struct Ledger {
    config: MockConfig,
    pub(crate) scripts: Scripts,
    orders: Vec<Order>,
    /// Id to its newest order.
    newest: HashMap<String, usize>,
    by_ref: HashMap<String, usize>,
    balance_minor: i64,
    /// Money that comes back to the caller later, by time.
    returns: BinaryHeap<Reverse<(u64, i64)>>,
    pub(crate) requests: RequestLog,
    file: Option<BookFile>,
}

impl Ledger {
    /// Opens the ledger, with the orders of its book file.
    pub(crate) fn open(config: &MockConfig, now_ms: u64) -> io::Result<Self> {
        let (file, orders) = match &config.book_file {
            Some(path) => {
                let (file, orders) = BookFile::open(path)?;
                (Some(file), orders)
            }
            None => (None, Vec::new()),
        };
        let mut ledger = Self {
            scripts: Scripts::new(Dice::new(config.seed), config.fault_rate.clone()),
            orders: Vec::new(),
            newest: HashMap::new(),
            by_ref: HashMap::new(),
            balance_minor: config.balance_minor,
            returns: BinaryHeap::new(),
            requests: RequestLog::default(),
            file,
            config: config.clone(),
        };
        for order in orders {
            ledger.take_on(order);
        }
        ledger.collect_returns(now_ms);
        Ok(ledger)
    }

    /// Takes an order on, or says why not. On `Ok` the book already knows.
    pub(crate) fn submit(&mut self, submission: &Submission, treatment: &Treatment, now_ms: u64) -> io::Result<Verdict> {
        self.collect_returns(now_ms);
        if self.is_taken(&submission.id, now_ms) {
            return Ok(Verdict::Exists);
        }
        let (cost_one, face_one) = self.config.costs.price(&submission.product, submission.face_minor);
        let quantity = i64::from(submission.quantity);
        let cost_minor = cost_one.saturating_mul(quantity);
        let order = Order {
            id: submission.id.clone(),
            recipient: submission.recipient.clone(),
            product: submission.product.clone(),
            quantity: submission.quantity,
            face_minor: face_one.saturating_mul(quantity),
            cost_minor,
            percent: percent(&treatment.order),
            notify_url: submission.notify_url.clone(),
            supplier_ref: self.next_ref(),
            at_ms: now_ms,
            charged: true,
            turns: turns(
                &treatment.order,
                now_ms,
                self.config.settle_after_ms,
                self.config.wire != Wire::Ofpay,
            ),
            faults: treatment.order.clone(),
            hidden_queries: hidden(&treatment.order),
        };
        let limit_minor = submission.max_cost_minor.map(|limit| limit.saturating_mul(quantity));
        if let Some(refusal) = self.refusal(submission, treatment, cost_minor, limit_minor) {
            self.remember_refused(order, now_ms)?;
            return Ok(Verdict::Refused(refusal));
        }
        self.write(&order)?;
        self.take_on(order.clone());
        Ok(Verdict::Accepted(Box::new(order)))
    }

    /// Whether an order with this id forbids another one.
    fn is_taken(&self, id: &str, now_ms: u64) -> bool {
        let Some(order) = self.newest.get(id).and_then(|n| self.orders.get(*n)) else {
            return false;
        };
        match self.config.dedupe {
            Dedupe::Never => false,
            Dedupe::ById { keeps_failed: true } => true,
            Dedupe::ById { keeps_failed: false } => order.settled_at(now_ms) != Settled::Failed,
        }
    }

    fn refusal(&self, submission: &Submission, treatment: &Treatment, cost_minor: i64, limit_minor: Option<i64>) -> Option<Refusal> {
        if treatment.refusal == Some(Fault::Refuse) {
            return Some(Refusal::BadNumber);
        }
        if treatment.refusal == Some(Fault::BalanceEmpty) {
            return Some(Refusal::Balance);
        }
        if self.config.wire == Wire::Dayuanren {
            let listed = self.config.costs.by_product.get(&submission.product);
            let face = submission.face_minor;
            if listed.is_some_and(|l| face.is_some_and(|face| face != l.face_minor)) {
                return Some(Refusal::FaceMismatch);
            }
        }
        if limit_minor.is_some_and(|limit| cost_minor > limit) {
            return Some(Refusal::CostAboveLimit);
        }
        (cost_minor > self.balance_minor).then_some(Refusal::Balance)
    }

    /// A supplier that keeps failed ids keeps refused ones too: as a failed order that was never charged, so that a
    /// query after a lost refusal finds a definite answer.
    fn remember_refused(&mut self, mut order: Order, now_ms: u64) -> io::Result<()> {
        if self.config.dedupe != (Dedupe::ById { keeps_failed: true }) {
            return Ok(());
        }
        order.charged = false;
        order.hidden_queries = 0;
        order.turns = vec![Turn {
            at_ms: now_ms,
            settled: Settled::Failed,
        }];
        self.write(&order)?;
        self.take_on(order);
        Ok(())
    }

    fn write(&mut self, order: &Order) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.append(order),
            None => Ok(()),
        }
    }

    /// Enters an order that the book file already has.
    fn take_on(&mut self, order: Order) {
        if order.charged {
            self.balance_minor = self.balance_minor.saturating_sub(order.cost_minor);
            let mut held_minor = order.cost_minor;
            for turn in &order.turns {
                let billed_minor = order.billed_minor(turn.settled);
                if billed_minor != held_minor {
                    let back_minor = held_minor.saturating_sub(billed_minor);
                    self.returns.push(Reverse((turn.at_ms, back_minor)));
                    held_minor = billed_minor;
                }
            }
        }
        let place = self.orders.len();
        self.newest.insert(order.id.clone(), place);
        self.by_ref.insert(order.supplier_ref.clone(), place);
        self.orders.push(order);
    }

    fn collect_returns(&mut self, now_ms: u64) {
        while let Some(Reverse((at_ms, back_minor))) = self.returns.peek().copied() {
            if at_ms > now_ms {
                return;
            }
            self.returns.pop();
            self.balance_minor = self.balance_minor.saturating_add(back_minor);
        }
    }

    /// An order number no order has.
    pub(crate) fn next_ref(&self) -> String {
        let letter = match self.config.wire {
            Wire::Dayuanren => "CZH",
            Wire::Ofpay => "S",
            Wire::Kasushou => "KS",
        };
        format!("{letter}{:010}", self.orders.len() + 1)
    }

    /// The newest order with this id, unless it still hides from queries.
    pub(crate) fn query_id(&mut self, id: &str) -> Option<Order> {
        let place = *self.newest.get(id)?;
        self.query_place(place)
    }

    /// The order with this number of the mock's own, unless it still hides from queries.
    pub(crate) fn query_ref(&mut self, supplier_ref: &str) -> Option<Order> {
        let place = *self.by_ref.get(supplier_ref)?;
        self.query_place(place)
    }

    fn query_place(&mut self, place: usize) -> Option<Order> {
        let order = self.orders.get_mut(place)?;
        if order.hidden_queries > 0 {
            order.hidden_queries -= 1;
            return None;
        }
        Some(order.clone())
    }

    /// Withdraws the newest order with this id, if it is still being worked on: it has failed, and says so to whoever
    /// asks. On `Ok` the book already knows.
    pub(crate) fn withdraw(&mut self, id: &str, now_ms: u64) -> io::Result<bool> {
        let Some(place) = self.newest.get(id).copied() else {
            return Ok(false);
        };
        let Some(order) = self
            .orders
            .get(place)
            .filter(|order| order.settled_at(now_ms) == Settled::Processing)
        else {
            return Ok(false);
        };
        let mut order = order.clone();
        order.hidden_queries = 0;
        order.turns = vec![Turn {
            at_ms: now_ms,
            settled: Settled::Failed,
        }];
        self.write(&order)?;
        self.returns.push(Reverse((now_ms, order.cost_minor)));
        if let Some(known) = self.orders.get_mut(place) {
            *known = order;
        }
        Ok(true)
    }

    /// The balance in fen.
    pub(crate) fn balance_minor(&mut self, now_ms: u64) -> i64 {
        self.collect_returns(now_ms);
        self.balance_minor
    }

    /// Sets the balance, in fen.
    pub(crate) fn set_balance(&mut self, balance_minor: i64, now_ms: u64) {
        self.collect_returns(now_ms);
        self.balance_minor = balance_minor;
    }

    /// Milliseconds from acceptance to the final state, for orders from now on.
    pub(crate) fn set_settle_after(&mut self, ms: u64) {
        self.config.settle_after_ms = ms;
    }

    /// The book as it stands.
    pub(crate) fn book(&self, now_ms: u64) -> Vec<Charge> {
        self.orders
            .iter()
            .filter_map(|order| order.charge(&self.config.name, now_ms))
            .collect()
    }

    /// Every order, refused ones that are remembered included.
    pub(crate) fn orders(&self) -> &[Order] {
        &self.orders
    }
}

fn percent(faults: &[Fault]) -> u32 {
    let mut percent_delivered = 100;
    for fault in faults {
        if let Fault::Partial { percent } = *fault {
            percent_delivered = percent.min(100);
        }
    }
    percent_delivered
}

fn hidden(faults: &[Fault]) -> u32 {
    let mut queries = 0;
    for fault in faults {
        if let Fault::NotFoundThenSuccess { times } = *fault {
            queries = times;
        }
    }
    queries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submission(id: &str) -> Submission {
        Submission {
            id: id.to_owned(),
            recipient: "13800138000".to_owned(),
            product: "12".to_owned(),
            quantity: 1,
            face_minor: Some(10_000),
            max_cost_minor: None,
            notify_url: None,
        }
    }

    fn submit(ledger: &mut Ledger, id: &str, faults: &[Fault], now_ms: u64) -> io::Result<Verdict> {
        let treatment = Treatment {
            order: faults.to_vec(),
            ..Treatment::default()
        };
        ledger.submit(&submission(id), &treatment, now_ms)
    }

    #[test]
    fn a_charge_that_cannot_be_written_down_does_not_happen() {
        let config = MockConfig::new("full", Wire::Dayuanren);
        let mut ledger = Ledger::open(&config, 0).unwrap();
        // Opened for reading, so every write fails.
        let read_only = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
        ledger.file = Some(BookFile::over(read_only));
        for _ in 0..2 {
            assert!(submit(&mut ledger, "A1", &[], 0).is_err());
        }
        assert!(ledger.book(0).is_empty());
        assert!(ledger.query_id("A1").is_none());
        assert_eq!(ledger.balance_minor(0), 10_000_000);
    }

    #[test]
    fn money_is_held_at_once_and_comes_back_when_its_time_has_come() {
        let mut config = MockConfig::new("money", Wire::Dayuanren);
        config.settle_after_ms = 100;
        let mut ledger = Ledger::open(&config, 0).unwrap();
        submit(&mut ledger, "A1", &[Fault::FailLater], 0).unwrap();
        submit(&mut ledger, "A2", &[Fault::Partial { percent: 50 }], 0).unwrap();
        let flips = [Fault::FailedThenSuccess { after_ms: 50 }];
        submit(&mut ledger, "A3", &flips, 0).unwrap();
        let start_minor = 10_000_000;
        assert_eq!(ledger.balance_minor(99), start_minor - 3 * 9_800);
        assert_eq!(ledger.balance_minor(100), start_minor - 4_900);
        assert_eq!(ledger.balance_minor(150), start_minor - 4_900 - 9_800);
    }
}
