//! Orders that keep coming: a few clients at once, each number repeated until the gateway takes it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use recharge_gateway::seams::Clock;

use crate::shop::Answer;
use crate::world::{SKUS, World};

/// Clients at once.
const CLIENTS: usize = 6;
/// A client's pause between two orders, unless a drill says otherwise.
const PAUSE: Duration = Duration::from_millis(15);

/// What the shop has asked for and been told.
pub struct Load<'w> {
    world: &'w World,
    next: Cell<usize>,
    /// What is ordered if not all kinds in turn.
    only: Option<&'static str>,
    pause: Duration,
    /// Numbers that nobody has answered yet: they are sent again first.
    unanswered: RefCell<Vec<usize>>,
    /// The id that the first 2xx named, by number.
    pub accepted: RefCell<BTreeMap<String, i64>>,
    /// Answers that no gateway may give, in words.
    pub wrong: RefCell<Vec<String>>,
    /// The slowest order that was taken.
    pub slowest_taken: Cell<Duration>,
    /// The slowest refusal with 503.
    pub slowest_refusal: Cell<Duration>,
}

impl<'w> Load<'w> {
    pub fn new(world: &'w World) -> Self {
        Self {
            world,
            next: Cell::new(0),
            only: None,
            pause: PAUSE,
            unanswered: RefCell::default(),
            accepted: RefCell::default(),
            wrong: RefCell::default(),
            slowest_taken: Cell::default(),
            slowest_refusal: Cell::default(),
        }
    }

    /// Orders of one kind, about so many a second.
    pub fn steady(world: &'w World, only: &'static str, per_second: u32) -> Self {
        let clients = u32::try_from(CLIENTS).unwrap();
        Self {
            only: Some(only),
            pause: Duration::from_secs(1) * clients / per_second,
            ..Self::new(world)
        }
    }

    /// Orders until `stop` says so.
    pub async fn run(&self, stop: &Cell<bool>) {
        join_all((0..CLIENTS).map(|_| async {
            while !stop.get() {
                self.step().await;
                self.world.clock.sleep(self.pause).await;
            }
        }))
        .await;
    }

    /// Orders for so long.
    pub async fn run_for(&self, time: Duration) {
        let stop = Cell::new(false);
        let end = async {
            self.world.clock.sleep(time).await;
            stop.set(true);
        };
        futures_util::future::join(self.run(&stop), end).await;
    }

    /// Sends again what nobody has answered, until all of it is taken.
    pub async fn rest(&self) {
        let begin = self.world.clock.monotonic();
        while !self.unanswered.borrow().is_empty() {
            join_all((0..CLIENTS).map(|_| self.again())).await;
            let waited = self.world.clock.monotonic().saturating_sub(begin);
            assert!(waited < Duration::from_secs(60), "a quiet gateway takes every order");
        }
    }

    /// One order of this kind (its place in `SKUS`).
    pub async fn one(&self, sku: usize) {
        while self.next.get() % SKUS.len() != sku {
            self.next.set(self.next.get() + 1);
        }
        self.step().await;
    }

    async fn again(&self) {
        let number = self.unanswered.borrow_mut().pop();
        if let Some(number) = number {
            self.place(number).await;
        }
    }

    async fn step(&self) {
        let again = self.unanswered.borrow_mut().pop();
        let number = again.unwrap_or_else(|| {
            let number = self.next.get();
            self.next.set(number + 1);
            number
        });
        self.place(number).await;
    }

    async fn place(&self, n: usize) {
        let sku = self.only.unwrap_or(SKUS[n % SKUS.len()].0);
        let (number, account) = (number(n), format!("139{n:08}"));
        let answer = self.world.shop.order(&number, sku, &account, &self.world.door.url()).await;
        match answer {
            Some(answer) if matches!(answer.status, 200 | 201) => self.taken(&number, &answer),
            Some(answer) if answer.status == 503 => {
                self.slowest_refusal.set(self.slowest_refusal.get().max(answer.took));
                if answer.retry_after.is_none() {
                    self.wrong.borrow_mut().push(format!("{number}: 503 without Retry-After"));
                }
                self.unanswered.borrow_mut().push(n);
            }
            Some(answer) => self.wrong.borrow_mut().push(format!("{number}: {answer:?}")),
            None => self.unanswered.borrow_mut().push(n),
        }
    }

    fn taken(&self, number: &str, answer: &Answer) {
        self.slowest_taken.set(self.slowest_taken.get().max(answer.took));
        let id = answer.body["id"].as_str().unwrap().parse().unwrap();
        let before = self.accepted.borrow_mut().insert(number.to_owned(), id);
        if before.is_some_and(|before| before != id) {
            self.wrong
                .borrow_mut()
                .push(format!("{number}: accepted as {before:?} and as {id}"));
        }
    }

    /// How many numbers were ever sent.
    pub fn asked(&self) -> usize {
        self.next.get()
    }
}

/// The shop's number of the so-manieth order.
pub fn number(n: usize) -> String {
    format!("CHAOS-{n:07}")
}
