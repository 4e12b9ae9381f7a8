//! One measurement: a load on one process for a while, and what it cost.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::book::Book;
use crate::gateway::counter;
use crate::process::{Process, cpu_us, machine_ticks};
use crate::shop::{Clients, Load};

/// More of the machine's time taken away by its host than this, and a round does not count.
pub const MOST_STEAL: f64 = 0.05;
/// How often a round is tried again that was disturbed.
const TRIES: u32 = 3;

/// How long a load runs before and while it is measured.
#[derive(Clone, Copy)]
pub struct Times {
    pub warm_up: Duration,
    pub measured: Duration,
}

/// What one round showed. Times in milliseconds, CPU in microseconds an order.
#[derive(Clone, Default)]
pub struct Figures {
    pub orders_per_s: f64,
    pub cpu_us: f64,
    pub world_cpu_us: f64,
    pub accept_p50_ms: f64,
    pub accept_p99_ms: f64,
    pub whole_p50_ms: f64,
    pub word_p50_ms: f64,
    pub word_p99_ms: f64,
    pub commits: f64,
    pub statements: f64,
    pub steal: f64,
    pub refused: f64,
    pub discarded: f64,
}

/// Measures until a round was not disturbed, or as often as makes sense.
pub async fn round(process: &Process, load: &Load, book: &Arc<Book>, times: Times, is_gateway: bool) -> anyhow::Result<Figures> {
    let mut discarded = 0.0;
    loop {
        let mut figures = once(process, load, book, times, is_gateway).await?;
        figures.discarded = discarded;
        if figures.steal <= MOST_STEAL || discarded >= f64::from(TRIES) {
            return Ok(figures);
        }
        println!("  discarded: {:.1} % of the CPU was taken away", figures.steal * 100.0);
        discarded += 1.0;
    }
}

struct Mark {
    at: Instant,
    told: u64,
    process_us: u64,
    world_us: u64,
    machine: (u64, u64),
    commits: u64,
    statements: u64,
}

impl Mark {
    async fn now(process: &Process, book: &Book, is_gateway: bool) -> anyhow::Result<Self> {
        let (mut commits, mut statements) = (0, 0);
        if is_gateway {
            commits = counter(process, "recharge_store_commits_total").await?;
            statements = counter(process, "recharge_store_statements_total").await?;
        }
        Ok(Self {
            at: Instant::now(),
            told: book.told_count(),
            process_us: process.cpu_us(),
            world_us: cpu_us("self"),
            machine: machine_ticks(),
            commits,
            statements,
        })
    }
}

async fn once(process: &Process, load: &Load, book: &Arc<Book>, times: Times, is_gateway: bool) -> anyhow::Result<Figures> {
    let clients = Clients::start(load, book, usize::MAX);
    tokio::time::sleep(times.warm_up).await;
    let first = book.serials();
    let since_us = book.now_us();
    clients.since_us.store(since_us, Ordering::Relaxed);
    let begin = Mark::now(process, book, is_gateway).await?;
    tokio::time::sleep(times.measured).await;
    let end = Mark::now(process, book, is_gateway).await?;
    let seen = clients.stop().await;
    let last = book.serials();
    settle(book, first, last).await;

    let orders = ratio(end.told - begin.told, 1);
    let accept = sorted(seen.accept_us);
    let entries = || (first..last).filter_map(|serial| book.entry(serial));
    let word = sorted(entries().filter_map(|entry| entry.word_to_callback_us(since_us)).collect());
    let whole = sorted(entries().filter_map(|entry| entry.whole_us(since_us)).collect());
    Ok(Figures {
        orders_per_s: orders / end.at.duration_since(begin.at).as_secs_f64(),
        cpu_us: ratio(end.process_us - begin.process_us, 1) / orders,
        world_cpu_us: ratio(end.world_us - begin.world_us, 1) / orders,
        accept_p50_ms: quantile_ms(&accept, 0.5),
        accept_p99_ms: quantile_ms(&accept, 0.99),
        whole_p50_ms: quantile_ms(&whole, 0.5),
        word_p50_ms: quantile_ms(&word, 0.5),
        word_p99_ms: quantile_ms(&word, 0.99),
        commits: ratio(end.commits - begin.commits, 1) / orders,
        statements: ratio(end.statements - begin.statements, 1) / orders,
        steal: ratio(end.machine.1 - begin.machine.1, 1) / ratio(end.machine.0 - begin.machine.0, 1).max(1.0),
        refused: ratio(seen.refused, 1),
        discarded: 0.0,
    })
}

/// Waits a moment for what is on its way still, so that the next round starts at rest.
async fn settle(book: &Book, first: usize, last: usize) {
    for _ in 0..40 {
        let is_done = (first..last).all(|serial| book.entry(serial).is_none_or(crate::book::Entry::is_told));
        if is_done {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

pub fn ratio(above: u64, below: u64) -> f64 {
    above as f64 / below as f64
}

fn sorted(mut times: Vec<u64>) -> Vec<u64> {
    times.sort_unstable();
    times
}

fn quantile_ms(sorted: &[u64], quantile: f64) -> f64 {
    let place = (sorted.len().saturating_sub(1) as f64 * quantile).round() as usize;
    sorted.get(place).map_or(0.0, |us| ratio(*us, 1_000))
}
