//! Everything outside the nodes, shared by all who act in it: time, chance, the store, what is on its
//! way, and the record of what happened.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use recharge_gateway::domain::ids::OrderId;
use recharge_gateway::store::MemoryStore;
use tokio::sync::oneshot;

use crate::dice::Dice;
use crate::record::Record;
use crate::scene::{Fault, Scene};
use crate::supplier::Supplier;
use crate::tasks::{Inbox, Owner};
use crate::time::{Sleep, Time};

/// An HTTP request at a node's door.
pub struct Knock {
    /// Which node.
    pub node: usize,
    /// The request.
    pub request: http::Request<Vec<u8>>,
    /// Where the answer goes; dropped if the node dies or is down.
    pub answer: oneshot::Sender<Reply>,
}

/// What a node answered.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: Vec<u8>,
}

/// What a node is told from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// Dies where it stands.
    Kill(usize),
    /// Is started.
    Start(usize),
    /// Its wall clock is put this far from the right time.
    SetClock(usize, i64),
}

/// The database as one node sees it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Link {
    /// Not to be reached until then, milliseconds of the history.
    pub away_until_ms: i64,
    /// Commits of unknown outcome that may still happen.
    pub pending: u32,
}

/// What changes while a history runs.
#[derive(Default)]
pub struct State {
    /// Requests at the doors.
    pub knocks: Vec<Knock>,
    /// Blows to nodes.
    pub blows: Vec<Blow>,
    /// Each node's way to the database.
    pub links: Vec<Link>,
    /// Each shop's endpoint is down until then.
    pub shop_down_until_ms: Vec<i64>,
    /// Whether all faults have ended.
    pub is_calm: bool,
    /// Faults that have struck.
    pub struck: u64,
    /// How many of each.
    pub strikes: Vec<u64>,
    /// Shops that have not come to an end with their orders.
    pub shops_busy: usize,
}

/// The world of one history.
pub struct World {
    /// Time.
    pub time: Time,
    /// Chance.
    pub dice: Arc<Dice>,
    /// What is drawn once.
    pub scene: Scene,
    /// The database.
    pub store: MemoryStore,
    /// Tasks to be started.
    pub inbox: Inbox,
    /// The suppliers that take part, in the order of the scene.
    pub suppliers: Vec<Supplier>,
    /// After so many faults no more strike, and of these kinds none ever.
    spared: (u64, u64),
    state: Mutex<State>,
    record: Mutex<Record>,
}

impl World {
    /// A world before its first moment.
    #[must_use]
    pub fn new(dice: Arc<Dice>, scene: Scene, suppliers: Vec<Supplier>, record: Record, spared: (u64, u64)) -> Self {
        let state = State {
            links: vec![Link::default(); scene.nodes],
            shop_down_until_ms: vec![0; scene.shops.len()],
            strikes: vec![0; Fault::ALL.len()],
            ..State::default()
        };
        Self {
            time: Time::default(),
            dice,
            scene,
            store: MemoryStore::new(),
            inbox: Inbox::default(),
            suppliers,
            spared,
            state: Mutex::new(state),
            record: Mutex::new(record),
        }
    }

    /// What changes.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happened.
    pub fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since the history began.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.time.now_ms()
    }

    /// Waits.
    #[must_use]
    pub fn sleep(&self, ms: i64) -> Sleep {
        self.time.sleep(ms)
    }

    /// Whether `fault` strikes now. Draws in calm weather too, so that a history with fewer faults
    /// is like the whole one for as long as it can be.
    pub fn strikes(&self, fault: Fault) -> bool {
        let place = fault.place();
        let rate = self.scene.rates[place];
        if rate == 0 || !self.dice.falls(rate) {
            return false;
        }
        let mut state = self.state();
        let (most_faults, muted) = self.spared;
        if state.is_calm || state.struck >= most_faults || (muted >> place) & 1 == 1 {
            return false;
        }
        state.struck += 1;
        state.strikes[place] += 1;
        true
    }

    /// Starts something that outlives every node.
    pub fn start(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.inbox.start(Owner::World, task);
    }

    /// Sends a request to a node's door; `None` if nobody answers.
    pub async fn knock(&self, node: usize, request: http::Request<Vec<u8>>) -> Option<Reply> {
        let (answer, answered) = oneshot::channel();
        self.state().knocks.push(Knock { node, request, answer });
        answered.await.ok()
    }

    /// Writes a line into the story of an order.
    pub fn tell(&self, order: Option<OrderId>, line: impl FnOnce() -> String) {
        let now_ms = self.now_ms();
        self.record().tell(now_ms, order, line);
    }
}
