//! One history from its seed to its end: step by step, every law after every step.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use crate::audit::Auditor;
use crate::cast::CAST;
use crate::dice::Dice;
use crate::laws::Law;
use crate::logs::Ears;
use crate::node::{Doors, Site};
use crate::record::{Broken, Line, Record};
use crate::scene::Scene;
use crate::shops::{self, Shops};
use crate::stock::stock;
use crate::supplier::Supplier;
use crate::tasks::{Owner, Tasks};
use crate::time::NodeClock;
use crate::weather;
use crate::world::{Blow, World};

/// So long after the weather has calmed everything must be at rest, in milliseconds.
const PATIENCE_MS: i64 = 7_200_000;
/// More steps than this mean that something runs in circles.
const MOST_STEPS: u64 = 40_000;

/// How a history is run.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Faults after which no more strike.
    pub most_faults: u64,
    /// Kinds of faults that never strike: a bit for each, by its place.
    pub muted: u64,
    /// Orders, from the first.
    pub most_orders: usize,
    /// Whether its story is kept.
    pub is_told: bool,
}

impl Bounds {
    /// All of it, untold.
    pub const WHOLE: Self = Self {
        most_faults: u64::MAX,
        muted: 0,
        most_orders: usize::MAX,
        is_told: false,
    };
}

/// What came of a history.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its trace: the same for the same seed.
    pub hash: u64,
    /// Steps taken.
    pub steps: u64,
    /// Virtual time that passed, in milliseconds.
    pub took_ms: i64,
    /// Orders that came to stand.
    pub orders: usize,
    /// Faults that struck, by their place.
    pub strikes: Vec<u64>,
    /// How often what not every history has was seen, in the words of events: why suppliers were left out, advances.
    pub noted: BTreeMap<String, u64>,
    /// The law that broke.
    pub broken: Option<Broken>,
    /// The story, if it was to be told.
    pub lines: Vec<Line>,
}

/// Runs the history of `seed`.
#[must_use]
pub fn run(seed: u64, bounds: Bounds) -> Outcome {
    let mut history = History::new(seed, bounds);
    let ran = catch_unwind(AssertUnwindSafe(|| history.run()));
    if let Err(panic) = ran {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        history.world.record().breaks(Law::NoPanic, None, text.unwrap_or_default());
    }
    history.outcome()
}

struct History {
    world: Arc<World>,
    shops: Shops,
    tasks: Tasks,
    doors: Doors,
    lives: Vec<u32>,
    clocks: Vec<NodeClock>,
    auditor: Auditor,
    ears: Ears,
    steps: u64,
}

impl History {
    fn new(seed: u64, bounds: Bounds) -> Self {
        let dice = Arc::new(Dice::new(seed));
        let scene = Scene::draw(&dice, bounds.most_orders);
        let suppliers = scene.suppliers.iter().map(|cast| Supplier::new(CAST[*cast])).collect();
        let nodes = scene.nodes;
        let ears = Ears::open(&scene);
        let world = Arc::new(World::new(
            dice,
            scene,
            suppliers,
            Record::new(bounds.is_told),
            (bounds.most_faults, bounds.muted),
        ));
        let clocks = (0..nodes).map(|_| NodeClock::new(&world.time)).collect();
        let doors = Doors::default();
        doors.borrow_mut().resize(nodes, None);
        Self {
            world,
            shops: Shops::default(),
            tasks: Tasks::default(),
            doors,
            lives: vec![0; nodes],
            clocks,
            auditor: Auditor::default(),
            ears,
            steps: 0,
        }
    }

    fn run(&mut self) {
        let world = Arc::clone(&self.world);
        stock(&world);
        world.state().shops_busy = world.scene.orders.len();
        world.state().blows.extend((0..world.scene.nodes).map(Blow::Start));
        weather::begin(&world);
        for planned in world.scene.orders.clone() {
            world.start(shops::place(Arc::clone(&world), self.shops.clone(), planned));
        }
        let mut look_at_ms = world.scene.faults_until_ms;
        while world.record().broken.is_none() {
            self.obey();
            if let Some(task) = self.tasks.step(&world.dice) {
                self.steps += 1;
                let number = u64::try_from(task).unwrap() ^ (world.time.now_ms().unsigned_abs() << 20);
                world.record().note(number);
                self.auditor.check(&world);
                if let Some(line) = self.ears.heard() {
                    world.record().breaks(Law::NothingLeaks, None, line);
                }
                if self.steps > MOST_STEPS {
                    world.record().breaks(Law::SettlesInTheEnd, None, "steps without end");
                }
                continue;
            }
            if world.now_ms() > look_at_ms && self.is_over() {
                self.auditor.check_end(&world, &self.shops);
                break;
            }
            look_at_ms = look_at_ms.max(world.now_ms() + 500);
            assert!(world.time.pass(), "nobody waits for anything");
        }
    }

    fn is_over(&self) -> bool {
        let world = &self.world;
        let is_late = world.now_ms() > world.scene.faults_until_ms + PATIENCE_MS;
        is_late || (world.state().is_calm && world.state().shops_busy == 0 && self.auditor.is_at_rest(world))
    }

    /// Takes up what was started, deals the blows, and brings knocks to the doors.
    fn obey(&mut self) {
        self.tasks.take_up(&self.world.inbox);
        let (blows, knocks) = {
            let mut state = self.world.state();
            (std::mem::take(&mut state.blows), std::mem::take(&mut state.knocks))
        };
        for blow in blows {
            self.strike(blow);
        }
        for knock in knocks {
            let door = self.doors.borrow()[knock.node].clone();
            if let Some(door) = door {
                let owner = self.owner(knock.node);
                self.tasks.add(owner, door(knock));
            }
        }
        self.tasks.take_up(&self.world.inbox);
    }

    fn owner(&self, node: usize) -> Owner {
        Owner::Node {
            node,
            life: self.lives[node],
        }
    }

    fn strike(&mut self, blow: Blow) {
        self.world.tell(None, || format!("{blow:?}"));
        match blow {
            Blow::Kill(node) => {
                let door = self.doors.borrow_mut()[node].take();
                drop(door);
                self.tasks.kill(self.owner(node));
                // What it started as it died dies too.
                self.tasks.take_up(&self.world.inbox);
                self.tasks.kill(self.owner(node));
            }
            Blow::Start(node) => {
                self.lives[node] += 1;
                let site = Site {
                    world: Arc::clone(&self.world),
                    shops: self.shops.clone(),
                    node,
                    life: self.lives[node],
                    clock: self.clocks[node].clone(),
                    store: self.world.store.of_another_process(),
                };
                let owner = self.owner(node);
                self.tasks.add(owner, Box::pin(site.start(Rc::clone(&self.doors))));
            }
            Blow::SetClock(node, offset_ms) => self.clocks[node].set(offset_ms),
        }
    }

    fn outcome(mut self) -> Outcome {
        let world = Arc::clone(&self.world);
        // Tasks hold on to the world, and the world to what they started.
        for node in 0..world.scene.nodes {
            self.tasks.kill(self.owner(node));
        }
        self.tasks.kill(Owner::World);
        self.tasks.take_up(&world.inbox);
        let mut record = world.record();
        Outcome {
            hash: record.hash,
            steps: self.steps,
            took_ms: world.now_ms(),
            orders: self.auditor.known.len(),
            strikes: world.state().strikes.clone(),
            noted: std::mem::take(&mut record.noted),
            broken: record.broken.clone(),
            lines: std::mem::take(&mut record.lines),
        }
    }
}
