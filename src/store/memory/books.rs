//! The maps of the memory store and what is read from them. Writing here cannot fail: admission
//! has already said who may write.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::domain::attempt::{AttemptState, Proof};
use crate::domain::case::NewCase;
use crate::domain::desk::Deed;
use crate::domain::effect::Effect;
use crate::domain::event::Recorded;
use crate::domain::ids::{EvidenceId, OrderId, SettingsDigest, ShopId, ShopOrderNo, Sku, SupplierId};
use crate::domain::ledger::{Account, Posting};
use crate::domain::money::{Currency, Money};
use crate::domain::offer::Offer;
use crate::domain::order::{Fingerprint, Order};
use crate::domain::outcome::Delivery;
use crate::domain::product::Product;
use crate::domain::recipient::Inputs;
use crate::store::admit::{Heads, closes};
use crate::store::numbering::{number_products, number_shop};
use crate::store::statement::Statement;
use crate::store::{
    AccountBalance, CallbackState, CallbackTried, Catalog, Census, Command, Decision, Evidence, Had, ScheduleCursor, SentAt, ShopRecord,
    StoredCallback, StoredCase,
};

#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) orders: BTreeMap<OrderId, Order>,
    pub(super) numbers: BTreeMap<(ShopId, ShopOrderNo), OrderId>,
    pub(super) inputs: BTreeMap<OrderId, Inputs>,
    pub(super) history: BTreeMap<OrderId, Vec<Recorded>>,
    pub(super) deliveries: BTreeMap<OrderId, Vec<Delivery>>,
    pub(super) postings: Vec<Posting>,
    pub(super) settings: BTreeMap<SettingsDigest, String>,
    pub(super) statements: BTreeMap<String, Statement>,
    posting_keys: BTreeSet<String>,
    balances: BTreeMap<(Account, Currency), i64>,
    schedule: BTreeSet<ScheduleCursor>,
    evidence: BTreeMap<EvidenceId, Evidence>,
    evidence_of: BTreeMap<OrderId, Vec<EvidenceId>>,
    callbacks: BTreeMap<String, StoredCallback>,
    callbacks_of: BTreeMap<OrderId, Vec<String>>,
    due: BTreeSet<(OrderId, i64, String)>,
    cases: BTreeMap<String, StoredCase>,
    deeds: Vec<Deed>,
    closing: Vec<(String, i64)>,
    shops: BTreeMap<ShopId, ShopRecord>,
    products: BTreeMap<Sku, Product>,
    offers: BTreeMap<(SupplierId, Sku, i64), Offer>,
}

impl Heads for Books {
    fn version(&self, order: OrderId) -> Option<u32> {
        self.orders.get(&order).map(|order| order.version)
    }

    fn numbered(&self, shop: ShopId, number: &ShopOrderNo) -> Option<(OrderId, Fingerprint)> {
        let id = self.numbers.get(&(shop, number.clone()))?;
        self.orders.get(id).map(|order| (*id, order.terms.fingerprint.clone()))
    }

    fn balance(&self, account: &Account, currency: Currency) -> i64 {
        self.balances.get(&(account.clone(), currency)).copied().unwrap_or(0)
    }

    fn has_posting(&self, key: &str) -> bool {
        self.posting_keys.contains(key)
    }

    fn has_case(&self, key: &str) -> bool {
        self.cases.contains_key(key)
    }

    fn is_case_open(&self, key: &str) -> bool {
        self.cases.get(key).is_some_and(|case| case.closed_at_ms.is_none())
    }
}

impl Books {
    pub(super) fn apply(&mut self, command: Command) {
        match command {
            Command::Decide(decision) => self.decide(*decision),
            Command::Post(posting) => self.post(posting),
            Command::Orphan { case: _, evidence } => self.keep(evidence),
            // Cases are opened by the batch.
            Command::OpenCase(_) => {}
            Command::Deed(deed) => self.record(deed),
            Command::CallbackTried(tried) => self.tried(tried),
        }
    }

    /// What the batch as a whole adds up to: cases that it opened may be closed in it too.
    pub(super) fn settle(&mut self, balances: BTreeMap<(Account, Currency), i64>, cases: Vec<NewCase>) {
        self.balances.extend(balances);
        for case in cases {
            let stored = StoredCase { case, closed_at_ms: None };
            self.cases.insert(stored.case.key.clone(), stored);
        }
        for (key, at_ms) in self.closing.drain(..) {
            if let Some(case) = self.cases.get_mut(&key) {
                case.closed_at_ms.get_or_insert(at_ms);
            }
        }
    }

    fn record(&mut self, deed: Deed) {
        self.closing.extend(closes(&deed).map(|key| (key.to_owned(), deed.at_ms)));
        self.deeds.push(deed);
    }

    fn decide(&mut self, decision: Decision) {
        let change = decision.change;
        let id = change.order;
        let after = change.after;
        let history = self.history.entry(id).or_default();
        for (number, event) in (change.expected_version.saturating_add(1)..).zip(change.events) {
            let at_ms = change.at_ms;
            history.push(Recorded { number, at_ms, event });
        }
        for effect in change.effects {
            match effect {
                Effect::Post(posting) => self.post(posting),
                Effect::Tell(callback) => {
                    let state = CallbackState::Due(callback.created_at_ms);
                    self.callbacks_of.entry(id).or_default().push(callback.id.clone());
                    self.due.insert((id, callback.created_at_ms, callback.id.clone()));
                    let stored = StoredCallback {
                        callback,
                        state,
                        tries: 0,
                        last_result: None,
                    };
                    self.callbacks.insert(stored.callback.id.clone(), stored);
                }
                Effect::Record(deed) => self.record(deed),
                Effect::Keep { deliveries, .. } => self.deliveries.entry(id).or_default().extend(deliveries),
                // Cases are written by the batch, bytes by nobody.
                Effect::OpenCase(_) | Effect::Transmit { .. } => {}
            }
        }
        for evidence in decision.evidence {
            self.keep(evidence);
        }
        if let Some(inputs) = decision.inputs {
            self.inputs.insert(id, inputs);
        }
        if change.expected_version == 0 {
            self.numbers.insert((after.terms.shop, after.terms.shop_order_no.clone()), id);
        }
        let before = self.orders.get(&id).and_then(cursor);
        if let Some(before) = before {
            self.schedule.remove(&before);
        }
        self.schedule.extend(cursor(&after));
        self.orders.insert(id, Arc::unwrap_or_clone(after));
    }

    fn post(&mut self, posting: Posting) {
        self.posting_keys.insert(posting.key.clone());
        self.postings.push(posting);
    }

    fn keep(&mut self, evidence: Evidence) {
        let evidence = Evidence {
            body: evidence.kept().to_vec(),
            ..evidence
        };
        if self.evidence.contains_key(&evidence.id) {
            return;
        }
        if let Some(order) = evidence.order {
            self.evidence_of.entry(order).or_default().push(evidence.id.clone());
        }
        self.evidence.insert(evidence.id.clone(), evidence);
    }

    fn tried(&mut self, tried: CallbackTried) {
        let Some(stored) = self.callbacks.get_mut(&tried.id) else { return };
        let order = stored.callback.order;
        if let CallbackState::Due(at_ms) = stored.state {
            self.due.remove(&(order, at_ms, tried.id.clone()));
        }
        if let CallbackState::Due(at_ms) = tried.state {
            self.due.insert((order, at_ms, tried.id));
        }
        stored.state = tried.state;
        stored.tries = tried.tries;
        stored.last_result = Some(tried.result);
    }

    pub(super) fn evidence_of(&self, id: OrderId) -> Vec<Evidence> {
        let ids = self.evidence_of.get(&id).into_iter().flatten();
        let mut all: Vec<Evidence> = ids.filter_map(|id| self.evidence.get(id).cloned()).collect();
        all.sort_by(|a, b| (a.at_ms, &a.id).cmp(&(b.at_ms, &b.id)));
        all
    }

    pub(super) fn stray_evidence(&self, at_ms: i64) -> Vec<Evidence> {
        let stray = self
            .evidence
            .values()
            .filter(|evidence| evidence.order.is_none() && evidence.at_ms == at_ms);
        stray.cloned().collect()
    }

    pub(super) fn case(&self, key: &str) -> Option<StoredCase> {
        self.cases.get(key).cloned()
    }

    pub(super) fn deeds(&self, subject: &str, limit: u32) -> Vec<Deed> {
        let about = self.deeds.iter().rev().filter(|deed| deed.subject.starts_with(subject));
        about.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect()
    }

    pub(super) fn callbacks_of(&self, id: OrderId) -> Vec<StoredCallback> {
        let ids = self.callbacks_of.get(&id).into_iter().flatten();
        ids.filter_map(|id| self.callbacks.get(id).cloned()).collect()
    }

    pub(super) fn scheduled(&self, after: Option<ScheduleCursor>, limit: u32) -> Vec<ScheduleCursor> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        match after {
            Some(after) => {
                let later = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
                self.schedule.range(later).take(limit).copied().collect()
            }
            None => self.schedule.iter().take(limit).copied().collect(),
        }
    }

    pub(super) fn callbacks_due(&self, until_ms: i64, limit: u32) -> Vec<StoredCallback> {
        let due = self.due.iter().filter(|(_, at_ms, _)| *at_ms <= until_ms);
        due.take(usize::try_from(limit).unwrap_or(usize::MAX))
            .filter_map(|(_, _, id)| self.callbacks.get(id).cloned())
            .collect()
    }

    pub(super) fn callbacks_parked(&self, limit: u32) -> Vec<StoredCallback> {
        let parked = self.callbacks.values().filter(|stored| stored.state == CallbackState::Parked);
        parked.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect()
    }

    pub(super) fn money(&self, account: Account, currency: Currency) -> Money {
        Money::new(self.balance(&account, currency), currency)
    }

    pub(super) fn balances(&self) -> Vec<AccountBalance> {
        let all = self.balances.iter();
        all.map(|((account, currency), minor)| AccountBalance {
            account: account.clone(),
            currency: *currency,
            minor: *minor,
        })
        .collect()
    }

    pub(super) fn open_cases(&self, limit: u32) -> Vec<StoredCase> {
        let mut open: Vec<StoredCase> = self.cases.values().filter(|case| case.closed_at_ms.is_none()).cloned().collect();
        open.sort_by(|a, b| (a.case.opened_at_ms, &a.case.key).cmp(&(b.case.opened_at_ms, &b.case.key)));
        open.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        open
    }

    pub(super) fn orders_from(&self, from: OrderId, limit: u32) -> Vec<OrderId> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.orders.range(from..).rev().take(limit).map(|(id, _)| *id).collect()
    }

    pub(super) fn had(&self, supplier: &SupplierId, first: OrderId, opened_ms: Range<i64>) -> Had {
        let attempts = self.orders.range(first..).flat_map(|(_, order)| &order.attempts);
        let mut had = Had::default();
        for attempt in attempts.filter(|attempt| attempt.supplier == *supplier && opened_ms.contains(&attempt.opened_at_ms)) {
            let proof = if let AttemptState::Dead { proof, .. } = &attempt.state {
                Some(proof)
            } else {
                None
            };
            if !matches!(proof, Some(Proof::NotSent { .. })) {
                had.orders = had.orders.saturating_add(1);
                let is_refused = matches!(proof, Some(Proof::Refused { .. }));
                had.cost_minor = had.cost_minor.saturating_add(if is_refused { 0 } else { attempt.cost.minor });
            }
        }
        had
    }

    pub(super) fn sent_since(&self, supplier: &SupplierId, first: OrderId, from_ms: i64) -> Vec<SentAt> {
        let latest = self.orders.range(first..).filter_map(|(id, order)| {
            let there = order.attempts.iter().filter(|attempt| attempt.supplier == *supplier);
            let stamps = there.flat_map(|attempt| &attempt.transmissions).map(|sent| sent.stamped_at_ms);
            let at_ms = stamps.filter(|at_ms| *at_ms >= from_ms).max()?;
            Some(SentAt { order: *id, at_ms })
        });
        let mut sent: Vec<SentAt> = latest.collect();
        sent.sort_by_key(|sent| (sent.at_ms, sent.order));
        sent
    }

    pub(super) fn census(&self) -> Census {
        let mut census = Census::default();
        let open_case_of: BTreeSet<OrderId> = self
            .cases
            .values()
            .filter(|case| case.closed_at_ms.is_none())
            .filter_map(|case| case.case.order)
            .collect();
        for order in self.orders.values() {
            census.orders += 1;
            if order.verdict.is_none() {
                census.open_orders += 1;
                let is_lost = order.next_action.is_none() && !open_case_of.contains(&order.id);
                census.lost_orders += u64::from(is_lost);
            }
        }
        for stored in self.callbacks.values() {
            match stored.state {
                CallbackState::Due(_) => census.callbacks_due += 1,
                CallbackState::Delivered => census.callbacks_delivered += 1,
                CallbackState::Parked => census.callbacks_parked += 1,
            }
        }
        let open = self.cases.values().filter(|case| case.closed_at_ms.is_none());
        census.open_cases = u64::try_from(open.count()).unwrap_or(u64::MAX);
        census
    }

    pub(super) fn catalog(&self) -> Catalog {
        Catalog {
            shops: self.shops.values().cloned().collect(),
            products: self.products.values().cloned().collect(),
            offers: self.offers.values().cloned().collect(),
        }
    }

    pub(super) fn put_shop(&mut self, mut record: ShopRecord) -> Result<ShopId, String> {
        let known = self.shops.iter().map(|(id, known)| (*id, known.shop.key.clone())).collect();
        let id = number_shop(&known, record.shop.id, &record.shop.key)?;
        record.shop.id = id;
        self.shops.insert(id, record);
        Ok(id)
    }

    pub(super) fn put_products(&mut self, products: Vec<Product>) -> Result<(), String> {
        let known = self.products.iter().map(|(sku, known)| (sku.clone(), known.sku_no)).collect();
        for product in number_products(&known, products)? {
            self.products.insert(product.sku.clone(), product);
        }
        Ok(())
    }

    pub(super) fn put_offers(&mut self, offers: Vec<Offer>) {
        for offer in offers {
            let key = (offer.supplier.clone(), offer.sku.clone(), offer.face_minor);
            self.offers.insert(key, offer);
        }
    }
}

fn cursor(order: &Order) -> Option<ScheduleCursor> {
    order.next_action.map(|next| ScheduleCursor {
        at_ms: next.at_ms,
        order: order.id,
    })
}
