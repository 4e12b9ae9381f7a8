//! What a rule made of a contest, read from the database of its gateway when all has come to rest.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};

use super::contest::COSTS_MINOR;
use super::script::{LENGTH, Phase};
use crate::world::{ANY, World};

/// An order delivered later than this is late, in milliseconds.
pub const IN_TIME_MS: i64 = 2_000;
/// Of a second's orders: with no more of them a supplier is left alone, with as many all of its own are back.
const LEFT_ALONE_PERCENT: usize = 10;
const BACK_PERCENT: usize = 25;

/// One rule's figures.
#[derive(Debug, Default)]
pub struct Figures {
    pub orders: usize,
    pub in_time: usize,
    pub late: usize,
    pub failed: usize,
    /// Orders with an attempt whose outcome was unknown for a while, or is.
    pub unknown: usize,
    /// Attempts opened at a supplier while it was in trouble.
    pub met: usize,
    /// What was paid for what was delivered, in minor units.
    pub cost_minor: i64,
    pub delivered: usize,
    /// When each was accepted, in milliseconds from the beginning of the script.
    pub accepted_ms: Vec<u64>,
    /// For each phase: until the supplier was left alone, and from its end until its orders were back, in
    /// milliseconds; nothing if it never was, or had none to get back.
    pub left_alone_ms: Vec<Option<u64>>,
    pub back_ms: Vec<Option<u64>>,
}

impl Figures {
    /// Of a thousand orders.
    fn in_time_permille(&self) -> usize {
        1_000 * self.in_time / self.orders.max(1)
    }

    /// Of one delivery, in minor units.
    fn cost(&self) -> usize {
        usize::try_from(self.cost_minor).unwrap() / self.delivered.max(1)
    }

    /// A line of the table.
    pub fn line(&self, rule: &str) -> String {
        let seconds = |times: &[Option<u64>]| {
            let each = times
                .iter()
                .map(|time| time.map_or("–".to_owned(), |ms| format!("{}.{}", ms / 1_000, ms % 1_000 / 100)));
            each.collect::<Vec<_>>().join(", ")
        };
        format!(
            "| {rule} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            self.orders,
            percent(self.in_time_permille()),
            self.late,
            self.failed,
            self.unknown,
            self.met,
            money(self.cost()),
            seconds(&self.left_alone_ms),
            seconds(&self.back_ms)
        )
    }
}

fn percent(permille: usize) -> String {
    format!("{}.{} %", permille / 10, permille % 10)
}

fn money(minor: usize) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// The heads of the table.
pub const HEADS: &str = "| rule | orders | in time | late | failed | unknown | met a supplier in trouble | cost of a delivery | left alone after (s) | all back after (s) |\n|---|---|---|---|---|---|---|---|---|---|";

/// Reads what came of the orders that a script met which began at `begin_ms`.
pub async fn read(world: &World, phases: &[Phase], begin_ms: i64) -> Figures {
    let mut database = reader(world).await;
    let orders = sqlx::query(
        "SELECT status, accepted_at_ms, finished_at_ms - accepted_at_ms AS took_ms,
                EXISTS (SELECT 1 FROM history AS h WHERE h.order_id = o.id AND h.events LIKE '%\"attempt_doubted\"%') AS is_unknown
         FROM order_list AS o",
    );
    let mut figures = Figures::default();
    for order in orders.fetch_all(&mut database).await.unwrap() {
        figures.orders += 1;
        figures.accepted_ms.push(since(begin_ms, order.get("accepted_at_ms")));
        figures.unknown += usize::from(order.get::<bool, _>("is_unknown"));
        match order.get::<&str, _>("status") {
            "succeeded" if order.get::<i64, _>("took_ms") <= IN_TIME_MS => figures.in_time += 1,
            "succeeded" => figures.late += 1,
            _ => figures.failed += 1,
        }
    }
    let attempts = sqlx::query("SELECT supplier, state, cost_minor, opened_at_ms FROM attempts ORDER BY opened_at_ms");
    let mut opened: Vec<(String, u64)> = Vec::new();
    for attempt in attempts.fetch_all(&mut database).await.unwrap() {
        if attempt.get::<&str, _>("state") == "won" {
            figures.delivered += 1;
            figures.cost_minor += attempt.get::<i64, _>("cost_minor");
        }
        opened.push((attempt.get("supplier"), since(begin_ms, attempt.get("opened_at_ms"))));
    }
    database.close().await.unwrap();
    for phase in phases {
        figures.met += opened
            .iter()
            .filter(|(to, at_ms)| to == phase.supplier && phase.is_at(*at_ms))
            .count();
        let part = |from_ms: u64| part_of_a_second(&opened, phase.supplier, from_ms);
        let until_ms = phase.until_ms - 1_000;
        let left_alone = steps(phase.from_ms, until_ms).find(|ms| part(*ms) <= LEFT_ALONE_PERCENT);
        figures.left_alone_ms.push(left_alone.map(|ms| ms - phase.from_ms));
        let is_first = phase.supplier == ANY.1[0];
        let end_ms = u64::try_from(LENGTH.as_millis()).unwrap() - 1_000;
        let back = steps(phase.until_ms, end_ms)
            .find(|ms| part(*ms) >= BACK_PERCENT)
            .filter(|_| is_first);
        figures.back_ms.push(back.map(|ms| ms - phase.until_ms));
    }
    figures
}

/// A rule's figures over several seeds: the median of each, and the worst.
#[derive(Debug)]
pub struct Median {
    /// Of a thousand that the oracle delivers in time.
    pub in_time_permille: (usize, usize),
    pub late: (usize, usize),
    pub unknown: (usize, usize),
    pub met: (usize, usize),
    /// Of one delivery, in minor units.
    pub cost: (usize, usize),
}

impl Median {
    pub const HEADS: &str =
        "| rule | in time, of the oracle's | late | unknown | met a supplier in trouble | cost of a delivery |\n|---|---|---|---|---|---|";

    /// For each rule, in the order in which each seed played them.
    pub fn of_each(seeds: &[Vec<(&'static str, Figures)>]) -> Vec<(&'static str, Self)> {
        let rules = seeds[0].iter().enumerate();
        rules
            .map(|(at, (rule, _))| (*rule, Self::of(seeds.iter().map(|seed| &seed[at].1))))
            .collect()
    }

    fn of<'f>(played: impl Iterator<Item = &'f Figures> + Clone) -> Self {
        let sorted = |figure: fn(&Figures) -> usize| {
            let mut all: Vec<usize> = played.clone().map(figure).collect();
            all.sort_unstable();
            let middle = usize::midpoint(all[(all.len() - 1) / 2], all[all.len() / 2]);
            (all[0], middle, all[all.len() - 1])
        };
        let most_is_worst = |figure| {
            let (_, middle, most) = sorted(figure);
            (middle, most)
        };
        let (least, middle, _) = sorted(Figures::in_time_permille);
        Self {
            in_time_permille: (middle, least),
            late: most_is_worst(|figures| figures.late),
            unknown: most_is_worst(|figures| figures.unknown),
            met: most_is_worst(|figures| figures.met),
            cost: most_is_worst(Figures::cost),
        }
    }

    pub fn line(&self, rule: &str) -> String {
        let counts = [self.late, self.unknown, self.met].map(|(middle, worst)| format!("{middle} ({worst})"));
        format!(
            "| {rule} | {} ({}) | {} | {} ({}) |",
            percent(self.in_time_permille.0),
            percent(self.in_time_permille.1),
            counts.join(" | "),
            money(self.cost.0),
            money(self.cost.1)
        )
    }
}

/// Of somebody who knows the script: each order goes to the cheapest that delivers it in time.
pub fn oracle(accepted_ms: &[u64], phases: &[Phase]) -> Figures {
    let fails = |supplier: &str, ms: u64| {
        let mut there = phases.iter().filter(|phase| phase.supplier == supplier);
        // What is on its way when the trouble begins meets it, too.
        there.any(|phase| phase.is_at(ms) || phase.is_at(ms + 200))
    };
    let by_cost = || ANY.1.iter().zip(COSTS_MINOR);
    let cost = |ms: &u64| by_cost().find(|(supplier, _)| !fails(supplier, *ms)).unwrap().1;
    Figures {
        orders: accepted_ms.len(),
        in_time: accepted_ms.len(),
        delivered: accepted_ms.len(),
        cost_minor: accepted_ms.iter().map(cost).sum(),
        ..Figures::default()
    }
}

fn since(begin_ms: i64, at_ms: i64) -> u64 {
    u64::try_from(at_ms - begin_ms).unwrap_or(0)
}

fn steps(from_ms: u64, until_ms: u64) -> impl Iterator<Item = u64> {
    (from_ms..until_ms).step_by(100)
}

/// Of all attempts of one second, how many went there, in percent.
fn part_of_a_second(opened: &[(String, u64)], supplier: &str, from_ms: u64) -> usize {
    let second = opened.iter().filter(|(_, at_ms)| (from_ms..from_ms + 1_000).contains(at_ms));
    let (there, all) = second.fold((0, 0), |(there, all), (to, _)| (there + usize::from(to == supplier), all + 1));
    100 * there / all.max(1)
}

/// The database, to look only.
pub async fn reader(world: &World) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(&world.database).read_only(true);
    options.connect().await.unwrap()
}
