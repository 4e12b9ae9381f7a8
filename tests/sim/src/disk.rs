//! One node's way to the shared database: the memory store as it ships, behind a link that is slow,
//! breaks, loses acknowledgements and lets commits happen late.
//!
//! A commit of unknown outcome that happens later keeps `is_writable` false until it has happened, as
//! the SQL stores do by probing before the next write.

use std::sync::Arc;

use futures_util::FutureExt;
use recharge_gateway::domain::desk::{Deed, DeedKind};
use recharge_gateway::domain::effect::Effect;
use recharge_gateway::domain::event::{Event, Recorded};
use recharge_gateway::domain::ids::{AttemptId, OrderId, SettingsDigest, ShopId, ShopOrderNo, SupplierId};
use recharge_gateway::domain::money::Currency;
use recharge_gateway::domain::offer::Offer;
use recharge_gateway::domain::order::Order;
use recharge_gateway::domain::outcome::{Delivery, Via};
use recharge_gateway::domain::plan::SkipReason;
use recharge_gateway::domain::product::Product;
use recharge_gateway::domain::recipient::Inputs;
use recharge_gateway::seams::BoxFuture;
use recharge_gateway::store::{
    AccountBalance, Answer, Catalog, Census, Command, Evidence, Had, MemoryStore, Outage, Queued, Read, ScheduleCursor, SentAt,
    ShopBalance, ShopRecord, Store, StoredCallback, StoredCase,
};

use crate::scene::Fault;
use crate::tasks::Owner;
use crate::words;
use crate::world::World;

/// One life of a node at the database.
pub struct Disk {
    /// The world.
    pub world: Arc<World>,
    /// Whose link.
    pub owner: Owner,
    /// Its place among the nodes.
    pub node: usize,
    /// The store, with this process's own handing over.
    pub inner: MemoryStore,
}

impl Disk {
    fn is_away(&self) -> bool {
        self.world.state().links[self.node].away_until_ms > self.world.now_ms()
    }

    async fn write(&self, command: Command) -> Answer {
        let paused = paused_by(&command);
        let answer = self.attempted(command).await;
        if answer == Answer::Unknown {
            let wary = paused.into_iter().map(|supplier| (self.node, supplier));
            self.world.record().wary.extend(wary);
        }
        answer
    }

    async fn attempted(&self, command: Command) -> Answer {
        if self.world.strikes(Fault::CommitSlow) {
            self.world.sleep(self.world.dice.between(1, 1_500)).await;
        }
        if self.is_away() {
            return Answer::Outage("the link is down".to_owned());
        }
        if self.world.strikes(Fault::CommitOutage) {
            return Answer::Outage("declined".to_owned());
        }
        let told = Told::of(&command);
        if self.world.strikes(Fault::CommitUnknownLost) {
            self.note(&told, "is lost, and its outcome unknown");
            return Answer::Unknown;
        }
        if self.world.strikes(Fault::CommitUnknownLate) {
            self.note(&told, "is of unknown outcome, and will happen yet");
            self.commit_later(command);
            return Answer::Unknown;
        }
        let is_unknown = self.world.strikes(Fault::CommitUnknownWritten);
        let answer = self.inner.commit(command).await;
        self.happened(&told, &answer, is_unknown);
        if self.world.strikes(Fault::CommitSlow) {
            self.world.sleep(self.world.dice.between(1, 1_500)).await;
        }
        if is_unknown {
            return Answer::Unknown;
        }
        if let (Answer::Done, Some((number, n))) = (&answer, &told.stamp) {
            self.world.record().stamped(number, *n, self.owner);
        }
        answer
    }

    fn commit_later(&self, command: Command) {
        let (world, inner, node, owner) = (Arc::clone(&self.world), self.inner.clone(), self.node, self.owner);
        self.world.state().links[node].pending += 1;
        let late = world.sleep(world.dice.between(10, 8_000));
        let link = Self {
            world: Arc::clone(&world),
            owner,
            node,
            inner,
        };
        world.start(async move {
            late.await;
            let told = Told::of(&command);
            let answer = link.inner.commit(command).await;
            link.happened(&told, &answer, true);
            link.world.state().links[node].pending -= 1;
        });
    }

    fn happened(&self, told: &Told, answer: &Answer, is_unknown: bool) {
        let mut record = self.world.record();
        record.note_text(&told.text);
        record.note(words::answer_number(answer));
        if *answer == Answer::Done {
            record.written.extend(told.order);
            for reason in &told.noted {
                *record.noted.entry(reason.clone()).or_default() += 1;
            }
        }
        drop(record);
        let lost = if is_unknown { ", and the answer is lost" } else { "" };
        self.note(told, &format!("{}{lost}", words::answer(answer)));
    }

    fn note(&self, told: &Told, ending: &str) {
        let node = self.node;
        self.world
            .tell(told.order, || format!("node {node} commits: {} — {ending}", told.text));
    }

    async fn reading<T>(&self, read: Read<'_, T>) -> Result<T, Outage> {
        if self.is_away() {
            return Err(Outage("the link is down".to_owned()));
        }
        let found = read.await;
        if self.world.strikes(Fault::ReadSlow) {
            self.world.sleep(self.world.dice.between(1, 800)).await;
        }
        found
    }
}

/// The suppliers that a command pauses.
fn paused_by(command: &Command) -> Vec<String> {
    let Command::Decide(decision) = command else { return Vec::new() };
    let paused = decision.change.effects.iter().filter_map(|effect| match effect {
        Effect::Record(deed) => {
            if let DeedKind::SupplierPaused { supplier, .. } = &deed.kind {
                Some(supplier.to_string())
            } else {
                None
            }
        }
        Effect::Post(_) | Effect::Tell(_) | Effect::OpenCase(_) | Effect::Keep { .. } | Effect::Transmit { .. } => None,
    });
    paused.collect()
}

fn noted(command: &Command) -> Vec<String> {
    let Command::Decide(decision) = command else { return Vec::new() };
    let reason = |reason: &SkipReason| serde_json::to_value(reason).unwrap()["reason"].as_str().unwrap().to_owned();
    let mut noted = Vec::new();
    for event in &decision.change.events {
        if let Event::AttemptOpened { skipped, .. } | Event::OrderWaiting { skipped, .. } = event {
            noted.extend(skipped.iter().map(|skip| reason(&skip.reason)));
        } else if let Event::AttemptLate { .. }
        | Event::OrderAdvanced { .. }
        | Event::AdvanceDeclined { .. }
        | Event::OrderRefunded { .. }
        | Event::OrderCharged { .. } = event
        {
            noted.push(event.kind().to_owned());
        } else if let Event::AttemptDoubted { via: Via::Recall, .. } = event {
            noted.push("recall".to_owned());
        }
    }
    noted
}

/// What is to be remembered of a command after it is gone.
struct Told {
    order: Option<OrderId>,
    text: String,
    stamp: Option<(String, u8)>,
    /// What not every history has, in the words of events: why suppliers were left out, advances, recalls.
    noted: Vec<String>,
}

impl Told {
    fn of(command: &Command) -> Self {
        let (order, stamp) = match command {
            Command::Decide(decision) => {
                let order = decision.change.order;
                let stamp = decision.change.effects.iter().find_map(|effect| match effect {
                    Effect::Transmit { seq, n } => Some((AttemptId { order, seq: *seq }.to_string(), *n)),
                    Effect::Post(_) | Effect::Tell(_) | Effect::OpenCase(_) | Effect::Keep { .. } | Effect::Record(_) => None,
                });
                (Some(order), stamp)
            }
            Command::Post(posting) => (posting.order, None),
            Command::Orphan { .. } | Command::OpenCase(_) | Command::Deed(_) | Command::CallbackTried(_) => (None, None),
        };
        let text = words::command(command);
        let noted = noted(command);
        Self { order, text, stamp, noted }
    }
}

impl Store for Disk {
    fn commit(&self, command: Command) -> BoxFuture<'_, Answer> {
        self.write(command).boxed()
    }

    fn commit_all(&self, commands: Vec<Command>) -> BoxFuture<'_, Vec<Answer>> {
        let all = async move {
            let mut answers = Vec::new();
            for command in commands {
                answers.push(self.write(command).await);
            }
            answers
        };
        all.boxed()
    }

    fn is_writable(&self) -> bool {
        !self.is_away() && self.world.state().links[self.node].pending == 0
    }

    fn order(&self, id: OrderId) -> Read<'_, Option<Order>> {
        self.reading(self.inner.order(id)).boxed()
    }
    fn order_by_shop_no(&self, shop: ShopId, number: ShopOrderNo) -> Read<'_, Option<Order>> {
        self.reading(self.inner.order_by_shop_no(shop, number)).boxed()
    }
    fn order_with_inputs(&self, id: OrderId) -> Read<'_, Option<(Order, Inputs)>> {
        self.reading(self.inner.order_with_inputs(id)).boxed()
    }
    fn inputs(&self, id: OrderId) -> Read<'_, Option<Inputs>> {
        self.reading(self.inner.inputs(id)).boxed()
    }
    fn history(&self, id: OrderId) -> Read<'_, Vec<Recorded>> {
        self.reading(self.inner.history(id)).boxed()
    }
    fn deliveries(&self, id: OrderId) -> Read<'_, Vec<Delivery>> {
        self.reading(self.inner.deliveries(id)).boxed()
    }
    fn evidence(&self, id: OrderId) -> Read<'_, Vec<Evidence>> {
        self.reading(self.inner.evidence(id)).boxed()
    }
    fn callbacks_of(&self, id: OrderId) -> Read<'_, Vec<StoredCallback>> {
        self.reading(self.inner.callbacks_of(id)).boxed()
    }
    fn schedule(&self, after: Option<ScheduleCursor>, limit: u32) -> Read<'_, Vec<ScheduleCursor>> {
        self.reading(self.inner.schedule(after, limit)).boxed()
    }
    fn orders_from(&self, from: OrderId, limit: u32) -> Read<'_, Vec<OrderId>> {
        self.reading(self.inner.orders_from(from, limit)).boxed()
    }
    fn had(&self, supplier: SupplierId, first: OrderId, from_ms: i64, until_ms: i64) -> Read<'_, Had> {
        self.reading(self.inner.had(supplier, first, from_ms, until_ms)).boxed()
    }
    fn sent_since(&self, supplier: SupplierId, first: OrderId, from_ms: i64) -> Read<'_, Vec<SentAt>> {
        self.reading(self.inner.sent_since(supplier, first, from_ms)).boxed()
    }
    fn callbacks_due(&self, until_ms: i64, limit: u32) -> Read<'_, Vec<StoredCallback>> {
        self.reading(self.inner.callbacks_due(until_ms, limit)).boxed()
    }
    fn callbacks_parked(&self, limit: u32) -> Read<'_, Vec<StoredCallback>> {
        self.reading(self.inner.callbacks_parked(limit)).boxed()
    }
    fn balance(&self, shop: ShopId, currency: Currency) -> Read<'_, ShopBalance> {
        self.reading(self.inner.balance(shop, currency)).boxed()
    }
    fn balances(&self) -> Read<'_, Vec<AccountBalance>> {
        self.reading(self.inner.balances()).boxed()
    }
    fn case(&self, key: String) -> Read<'_, Option<StoredCase>> {
        self.reading(self.inner.case(key)).boxed()
    }
    fn stray_evidence(&self, at_ms: i64) -> Read<'_, Vec<Evidence>> {
        self.reading(self.inner.stray_evidence(at_ms)).boxed()
    }
    fn deeds(&self, subject: String, limit: u32) -> Read<'_, Vec<Deed>> {
        self.reading(self.inner.deeds(subject, limit)).boxed()
    }
    fn open_cases(&self, limit: u32) -> Read<'_, Vec<StoredCase>> {
        self.reading(self.inner.open_cases(limit)).boxed()
    }
    fn census(&self) -> Read<'_, Census> {
        self.reading(self.inner.census()).boxed()
    }
    fn catalog(&self) -> Read<'_, Catalog> {
        self.reading(self.inner.catalog()).boxed()
    }
    fn put_shop(&self, record: ShopRecord) -> Read<'_, ShopId> {
        self.inner.put_shop(record)
    }
    fn put_products(&self, products: Vec<Product>) -> Read<'_, ()> {
        self.inner.put_products(products)
    }
    fn put_offers(&self, offers: Vec<Offer>) -> Read<'_, ()> {
        self.inner.put_offers(offers)
    }
    fn put_settings(&self, digest: SettingsDigest, supplier: SupplierId, body: String) -> Read<'_, ()> {
        self.inner.put_settings(digest, supplier, body)
    }
    fn settings(&self, digest: SettingsDigest) -> Read<'_, Option<String>> {
        self.reading(self.inner.settings(digest)).boxed()
    }
    fn queued_callbacks(&self) -> BoxFuture<'_, Queued> {
        self.inner.queued_callbacks()
    }
}
