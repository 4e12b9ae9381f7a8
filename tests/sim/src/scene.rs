//! What one history is made of, drawn from its seed: how many nodes, shops and orders, which suppliers,
//! and how often each thing goes wrong. In half of all histories a fault is switched off, in some it is
//! three times as frequent, so that there are histories all about few of them.

use recharge_gateway::domain::limits::{Limits, Rate};

use crate::cast::CAST;
use crate::dice::Dice;

/// Something that goes wrong, or may go either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A connection to a supplier is refused.
    Refused,
    /// A request to a supplier is lost on its way.
    RequestLost,
    /// It arrives minutes later.
    RequestLate,
    /// The network delivers it twice (only where the supplier deduplicates).
    RequestTwice,
    /// A supplier's reply is lost.
    ReplyLost,
    /// It comes late, perhaps after the time-out.
    ReplyLate,
    /// It is garbage: 5xx, HTML, empty, cut off, a redirect, an unlisted code, another number.
    ReplyGarbage,
    /// A query is answered from an earlier state of the books.
    QueryLags,
    /// A supplier refuses at its gate.
    GateRefuses,
    /// A supplier delivers before it replies.
    DeliversAtOnce,
    /// A supplier takes minutes.
    WorksSlowly,
    /// A supplier fails what it took.
    Fails,
    /// A supplier delivers a part.
    DeliversPart,
    /// A supplier turns a failure into a success, or takes a success back.
    Flips,
    /// A notification is lost.
    NoteLost,
    /// It is sent ten times.
    NoteManifold,
    /// It comes minutes late, after younger ones.
    NoteLate,
    /// Somebody forges one.
    NoteForged,
    /// It names a wrong amount.
    NoteWrongAmount,
    /// It names a number that nobody sent.
    NoteUnknownNumber,
    /// Another supplier speaks about a number that is not its own.
    NoteOfAnother,
    /// A commit happens and its acknowledgement is lost.
    CommitUnknownWritten,
    /// A commit does not happen, and nobody can tell.
    CommitUnknownLost,
    /// A commit of unknown outcome happens seconds later.
    CommitUnknownLate,
    /// A commit is declined.
    CommitOutage,
    /// A commit, or the way back from it, takes a while.
    CommitSlow,
    /// What was read is old when it is looked at.
    ReadSlow,
    /// The database is away, for one node or for all.
    DatabaseAway,
    /// A node dies and comes back.
    Crash,
    /// A node's wall clock jumps.
    ClockJumps,
    /// A shop's endpoint is down for a while.
    ShopDown,
    /// It answers with an error, or asks for a pause.
    ShopRefuses,
    /// It takes longer than we wait.
    ShopSlow,
    /// It has heard, and its answer is lost.
    ShopReplyLost,
    /// A shop repeats its POST, perhaps at another node, perhaps at once.
    PostRepeated,
    /// A shop uses a number for something else.
    PostConflicts,
    /// A shop does not hear the answer to its POST.
    PostReplyLost,
}

impl Fault {
    /// All of them, each with how often in a thousand it strikes where it is at home.
    pub const ALL: [(Self, u32); 37] = [
        (Self::Refused, 120),
        (Self::RequestLost, 120),
        (Self::RequestLate, 100),
        (Self::RequestTwice, 120),
        (Self::ReplyLost, 150),
        (Self::ReplyLate, 150),
        (Self::ReplyGarbage, 150),
        (Self::QueryLags, 250),
        (Self::GateRefuses, 200),
        (Self::DeliversAtOnce, 150),
        (Self::WorksSlowly, 200),
        (Self::Fails, 250),
        (Self::DeliversPart, 60),
        (Self::Flips, 400),
        (Self::NoteLost, 400),
        (Self::NoteManifold, 100),
        (Self::NoteLate, 250),
        (Self::NoteForged, 100),
        (Self::NoteWrongAmount, 100),
        (Self::NoteUnknownNumber, 30),
        (Self::NoteOfAnother, 60),
        (Self::CommitUnknownWritten, 60),
        (Self::CommitUnknownLost, 100),
        (Self::CommitUnknownLate, 40),
        (Self::CommitOutage, 60),
        (Self::CommitSlow, 200),
        (Self::ReadSlow, 150),
        (Self::DatabaseAway, 500),
        (Self::Crash, 700),
        (Self::ClockJumps, 300),
        (Self::ShopDown, 300),
        (Self::ShopRefuses, 200),
        (Self::ShopSlow, 100),
        (Self::ShopReplyLost, 150),
        (Self::PostRepeated, 300),
        (Self::PostConflicts, 80),
        (Self::PostReplyLost, 150),
    ];

    /// Its place among all.
    #[must_use]
    pub fn place(self) -> usize {
        Self::ALL.iter().position(|(fault, _)| *fault == self).unwrap()
    }
}

/// One order that a shop will place.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Which shop, by its place.
    pub shop: usize,
    /// Under which number.
    pub number: String,
    /// What.
    pub sku: &'static str,
    /// For whom.
    pub recipient: String,
    /// When, in milliseconds of the history.
    pub at_ms: i64,
    /// How long it may wait for a supplier.
    pub deadline_seconds: Option<u32>,
    /// Whether the shop wants to be told.
    pub wants_callback: bool,
}

/// A history before it begins.
#[derive(Debug, Clone)]
pub struct Scene {
    /// How many nodes share the store.
    pub nodes: usize,
    /// What each shop has, in minor units, and how far it may go below zero.
    pub shops: Vec<(i64, i64)>,
    /// The suppliers, by their place in the cast, the preferred one first.
    pub suppliers: Vec<usize>,
    /// What a supplier allows each node.
    pub limits: Limits,
    /// The steering document that is in force from the beginning, if one is.
    pub steering: Option<String>,
    /// How often in a thousand a supplier says that it is asked too often.
    pub too_many: u32,
    /// After how many seconds in doubt the risk account stands in, and for how much at most, in minor units.
    pub advance: Option<(u32, i64)>,
    /// How often in a thousand the operator at each node finds something to give back or to charge when he looks.
    pub moves_later: u32,
    /// The orders.
    pub orders: Vec<Planned>,
    /// How often in a thousand each fault strikes.
    pub rates: Vec<u32>,
    /// Until when things go wrong, in milliseconds of the history.
    pub faults_until_ms: i64,
}

impl Scene {
    /// Draws a scene; at most `most_orders` orders.
    #[must_use]
    pub fn draw(dice: &Dice, most_orders: usize) -> Self {
        let rates = Fault::ALL.iter().map(|(_, rate)| rate * dice.pick(&[0, 0, 0, 0, 0, 1, 1, 1, 1, 3]));
        let rates = rates.map(|rate| rate.min(700)).collect();
        let faults_until_ms = dice.between(20, 400) * 1_000;
        let shops: Vec<(i64, i64)> = (0..dice.between(2, 3)).map(|_| purse(dice)).collect();
        let count = dice.between(3, 7);
        let last_ms = faults_until_ms / 2;
        let orders = (0..count).map(|number| planned(dice, number, shops.len(), last_ms));
        let orders: Vec<Planned> = orders.collect();
        let mut suppliers: Vec<usize> = (0..CAST.len()).collect();
        for place in (1..CAST.len()).rev() {
            suppliers.swap(place, dice.place(place + 1));
        }
        suppliers.truncate(usize::try_from(dice.between(2, 4)).unwrap());
        let mut scene = Self {
            nodes: dice.pick(&[1, 2, 2, 3]),
            shops,
            suppliers,
            limits: limits(dice),
            steering: None,
            too_many: 0,
            advance: None,
            moves_later: 0,
            orders: orders.into_iter().take(most_orders).collect(),
            rates,
            faults_until_ms,
        };
        // Drawn aside: what was drawn before there was all this stays as it was.
        let aside = dice.aside(0x000B_007E_D0DA_7E00);
        bound(&mut scene, &aside);
        scene.steering = steering(&aside);
        scene.too_many = aside.pick(&[0, 0, 0, 100, 400]);
        // For one order, or for all.
        scene.advance = aside.pick(&[None, None, Some((10, 12_000)), Some((10, 1_000_000)), Some((120, 1_000_000))]);
        scene.moves_later = aside.pick(&[0, 0, 100, 500]);
        if aside.falls(120) {
            leave_alone(&mut scene);
        }
        scene
    }
}

/// In some histories suppliers take few orders a day, or keep recipients apart, and recipients come twice.
fn bound(scene: &mut Scene, dice: &Dice) {
    scene.limits.daily_orders = dice.pick(&[None, None, None, None, Some(1), Some(2), Some(3)]);
    scene.limits.recipient_spacing_ms = dice.pick(&[0, 0, 0, 0, 5_000, 60_000, 300_000]);
    if scene.limits.recipient_spacing_ms > 0 {
        for planned in &mut scene.orders {
            planned.recipient = dice.pick(&["13800138000", "13800138000", "13800138001"]).to_owned();
        }
    }
}

/// In some histories there is only the one that breaks its promises: what it failed and delivers after all is late.
fn leave_alone(scene: &mut Scene) {
    scene.suppliers = CAST.iter().position(|character| character.breaks_promises).into_iter().collect();
    scene.rates[Fault::Fails.place()] = 600;
    scene.rates[Fault::Flips.place()] = 700;
    scene.moves_later = 700;
    // There is nobody else to speak of its numbers.
    scene.rates[Fault::NoteOfAnother.place()] = 0;
}

/// In some histories scores and circuits decide, and circuits open easily.
fn steering(dice: &Dice) -> Option<String> {
    let strategy = dice.pick(&["", "", "priority", "health", "cheapest", "value", "weighted"]);
    if strategy.is_empty() {
        return None;
    }
    let class = dice.pick(&["fast", "fast", "fast", "strict"]);
    let all_out = dice.pick(&["wait", "best"]);
    let (explore, demoted) = (dice.pick(&[0, 2, 50]), dice.pick(&[0, 50, 100]));
    let (faults, open_ms, probes) = (dice.between(1, 5), dice.pick(&[1_000, 10_000, 60_000]), dice.between(1, 3));
    Some(format!(
        "[product.\"*\"]\nstrategy = \"{strategy}\"\nclass = \"{class}\"\nwhen_all_out = \"{all_out}\"\nexplore_percent = {explore}\n\
         most_demoted_percent = {demoted}\n[circuit]\nfaults_in_a_row = {faults}\nsample = {faults}\nopen_ms = {open_ms}\n\
         probes_to_close = {probes}\nprobe_spare_ms = 5000\n"
    ))
}

/// Enough for all, or only for the first few.
fn purse(dice: &Dice) -> (i64, i64) {
    dice.pick(&[(10_000_000, 0), (10_000_000, 0), (25_000, 0), (5_000, 20_000)])
}

fn planned(dice: &Dice, number: i64, shops: usize, last_ms: i64) -> Planned {
    Planned {
        shop: dice.place(shops),
        number: format!("N{number}"),
        sku: dice.pick(&["top-up-100", "top-up-100", "top-up-50"]),
        recipient: format!("1380013{:04}", 8_000 + number),
        at_ms: dice.between(0, last_ms),
        deadline_seconds: dice.pick(&[None, None, Some(30), Some(200)]),
        wants_callback: dice.falls(900),
    }
}

fn limits(dice: &Dice) -> Limits {
    let tight = dice.falls(200);
    let rate = if tight {
        Rate { per_minute: 60, burst: 1 }
    } else {
        Rate {
            per_minute: 60_000,
            burst: 100,
        }
    };
    Limits {
        submit: rate,
        query: rate,
        balance: rate,
        concurrency: if tight { 2 } else { 32 },
        reserved_for_doubt: 1,
        ..Limits::default()
    }
}
