//! The store of tests and of the simulation: ordered maps behind one lock, same admission, same
//! answers as a database, and faults on demand.
//!
//! Invariants: deterministic (no randomly hashed map, no clock, no chance); every commit happens
//! between two polls, so a simulation decides when. Deliberately absent: durability.

mod books;
mod statements;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::admit::admit;
use super::handover::{Handover, Queued};
use super::statement::Statements;
use super::{
    AccountBalance, Answer, Catalog, Census, Command, Evidence, Fault, Faults, Had, Outage, Read, ScheduleCursor, SentAt, ShopBalance,
    ShopRecord, Store, StoredCallback, StoredCase,
};
use crate::domain::desk::Deed;
use crate::domain::event::Recorded;
use crate::domain::ids::{OrderId, SettingsDigest, ShopId, ShopOrderNo, SupplierId};
use crate::domain::ledger::{Account, Posting};
use crate::domain::money::Currency;
use crate::domain::offer::Offer;
use crate::domain::order::Order;
use crate::domain::outcome::Delivery;
use crate::domain::product::Product;
use crate::domain::recipient::Inputs;
use crate::seams::BoxFuture;
use books::Books;

/// Everything in memory; cheap to clone, all clones see the same.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    books: Arc<Mutex<Books>>,
    faults: Arc<Faults>,
    handover: Handover,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same books as another process sees them: only what it commits itself is handed over to it.
    #[must_use]
    pub fn of_another_process(&self) -> Self {
        Self {
            shared: Arc::new(Shared {
                books: Arc::clone(&self.shared.books),
                faults: Arc::clone(&self.shared.faults),
                handover: Handover::default(),
            }),
        }
    }

    /// The faults this store will suffer; plan them here.
    #[must_use]
    pub fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.shared.faults)
    }

    /// Every posting ever written, in the order of writing: for checkers that replay the books.
    #[must_use]
    pub fn postings(&self) -> Vec<Posting> {
        self.books().postings.clone()
    }

    /// The postings after the first `count`: for checkers that go along.
    #[must_use]
    pub fn postings_after(&self, count: usize) -> Vec<Posting> {
        self.books().postings.get(count..).unwrap_or_default().to_vec()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.shared.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, commands: Vec<Command>) -> Vec<Answer> {
        let count = commands.len();
        let all = |answer: Answer| std::iter::repeat_n(answer, count).collect();
        let fault = self.shared.faults.next();
        if fault == Some(Fault::Outage) {
            return all(Answer::Outage("planned outage".to_owned()));
        }
        let mut books = self.books();
        let admission = admit(&*books, &commands);
        if !admission.answers.contains(&Answer::Done) {
            return admission.answers;
        }
        if fault == Some(Fault::UnknownNotApplied) {
            return all(Answer::Unknown);
        }
        let is_unknown = fault == Some(Fault::UnknownApplied);
        for (command, answer) in commands.into_iter().zip(&admission.answers) {
            self.shared
                .handover
                .note(&command, if is_unknown { &Answer::Unknown } else { answer });
            if *answer == Answer::Done {
                books.apply(command);
            }
        }
        books.settle(admission.balances, admission.cases);
        if is_unknown {
            return all(Answer::Unknown);
        }
        admission.answers
    }

    fn read<T: Send + 'static>(&self, look: impl FnOnce(&Books) -> T + Send + 'static) -> Read<'_, T> {
        Box::pin(async move {
            if self.shared.faults.reads_fail() {
                return Err(Outage("planned outage".to_owned()));
            }
            Ok(look(&self.books()))
        })
    }

    fn change<T: Send + 'static>(&self, act: impl FnOnce(&mut Books) -> Result<T, String> + Send + 'static) -> Read<'_, T> {
        Box::pin(async move {
            match self.shared.faults.next() {
                Some(fault) => Err(Outage(format!("planned fault: {fault:?}"))),
                None => act(&mut self.books()).map_err(Outage),
            }
        })
    }
}

impl Store for MemoryStore {
    fn commit(&self, command: Command) -> BoxFuture<'_, Answer> {
        Box::pin(async move { self.write(vec![command]).pop().unwrap_or(Answer::Unknown) })
    }

    fn commit_all(&self, commands: Vec<Command>) -> BoxFuture<'_, Vec<Answer>> {
        Box::pin(async move {
            if commands.is_empty() {
                return Vec::new();
            }
            self.write(commands)
        })
    }

    fn order(&self, id: OrderId) -> Read<'_, Option<Order>> {
        self.read(move |books| books.orders.get(&id).cloned())
    }

    fn order_by_shop_no(&self, shop: ShopId, number: ShopOrderNo) -> Read<'_, Option<Order>> {
        self.read(move |books| {
            let id = books.numbers.get(&(shop, number))?;
            books.orders.get(id).cloned()
        })
    }

    fn order_with_inputs(&self, id: OrderId) -> Read<'_, Option<(Order, Inputs)>> {
        self.read(move |books| books.orders.get(&id).cloned().zip(books.inputs.get(&id).cloned()))
    }

    fn inputs(&self, id: OrderId) -> Read<'_, Option<Inputs>> {
        self.read(move |books| books.inputs.get(&id).cloned())
    }

    fn history(&self, id: OrderId) -> Read<'_, Vec<Recorded>> {
        self.read(move |books| books.history.get(&id).cloned().unwrap_or_default())
    }

    fn deliveries(&self, id: OrderId) -> Read<'_, Vec<Delivery>> {
        self.read(move |books| books.deliveries.get(&id).cloned().unwrap_or_default())
    }

    fn evidence(&self, id: OrderId) -> Read<'_, Vec<Evidence>> {
        self.read(move |books| books.evidence_of(id))
    }

    fn callbacks_of(&self, id: OrderId) -> Read<'_, Vec<StoredCallback>> {
        self.read(move |books| books.callbacks_of(id))
    }

    fn schedule(&self, after: Option<ScheduleCursor>, limit: u32) -> Read<'_, Vec<ScheduleCursor>> {
        self.read(move |books| books.scheduled(after, limit))
    }

    fn orders_from(&self, from: OrderId, limit: u32) -> Read<'_, Vec<OrderId>> {
        self.read(move |books| books.orders_from(from, limit))
    }

    fn had(&self, supplier: SupplierId, first: OrderId, from_ms: i64, until_ms: i64) -> Read<'_, Had> {
        self.read(move |books| books.had(&supplier, first, from_ms..until_ms))
    }

    fn sent_since(&self, supplier: SupplierId, first: OrderId, from_ms: i64) -> Read<'_, Vec<SentAt>> {
        self.read(move |books| books.sent_since(&supplier, first, from_ms))
    }

    fn callbacks_due(&self, until_ms: i64, limit: u32) -> Read<'_, Vec<StoredCallback>> {
        self.read(move |books| books.callbacks_due(until_ms, limit))
    }

    fn callbacks_parked(&self, limit: u32) -> Read<'_, Vec<StoredCallback>> {
        self.read(move |books| books.callbacks_parked(limit))
    }

    fn balance(&self, shop: ShopId, currency: Currency) -> Read<'_, ShopBalance> {
        self.read(move |books| ShopBalance {
            available: books.money(Account::ShopAvailable(shop), currency),
            held: books.money(Account::ShopHeld(shop), currency),
        })
    }

    fn balances(&self) -> Read<'_, Vec<AccountBalance>> {
        self.read(Books::balances)
    }

    fn case(&self, key: String) -> Read<'_, Option<StoredCase>> {
        self.read(move |books| books.case(&key))
    }

    fn stray_evidence(&self, at_ms: i64) -> Read<'_, Vec<Evidence>> {
        self.read(move |books| books.stray_evidence(at_ms))
    }

    fn deeds(&self, subject: String, limit: u32) -> Read<'_, Vec<Deed>> {
        self.read(move |books| books.deeds(&subject, limit))
    }

    fn open_cases(&self, limit: u32) -> Read<'_, Vec<StoredCase>> {
        self.read(move |books| books.open_cases(limit))
    }

    fn census(&self) -> Read<'_, Census> {
        self.read(Books::census)
    }

    fn catalog(&self) -> Read<'_, Catalog> {
        self.read(Books::catalog)
    }

    fn put_shop(&self, record: ShopRecord) -> Read<'_, ShopId> {
        self.change(move |books| books.put_shop(record))
    }

    fn put_products(&self, products: Vec<Product>) -> Read<'_, ()> {
        self.change(move |books| books.put_products(products))
    }

    fn put_offers(&self, offers: Vec<Offer>) -> Read<'_, ()> {
        self.change(move |books| {
            books.put_offers(offers);
            Ok(())
        })
    }

    fn put_settings(&self, digest: SettingsDigest, _supplier: SupplierId, body: String) -> Read<'_, ()> {
        self.change(move |books| {
            books.settings.entry(digest).or_insert(body);
            Ok(())
        })
    }

    fn settings(&self, digest: SettingsDigest) -> Read<'_, Option<String>> {
        self.read(move |books| books.settings.get(&digest).cloned())
    }

    fn statements(&self) -> Option<&dyn Statements> {
        Some(self)
    }

    fn queued_callbacks(&self) -> BoxFuture<'_, Queued> {
        Box::pin(self.shared.handover.take())
    }

    fn is_writable(&self) -> bool {
        true
    }
}
