//! The other gateway processes, as far as Redis tells of them: what they share of each contract.
//!
//! One task, one connection. Every 25 to 100 ms it asks Redis for the slots that this process wants
//! and pours them into the lanes, so no order waits for Redis. Each call is waited for 20 ms at most.
//! What is allowed when Redis is away, and when it is back, is decided in `ratelimit::shared`; here
//! is only the carrying. Besides, it carries what each process saw of the suppliers to the others
//! (`talk`). Keys carry Redis' run id: one that starts anew, even from a snapshot, has forgotten
//! everything. Deliberately absent: anything that safety of money needs (R19), and anything about
//! shops or recipients.

mod link;
mod talk;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;
use tokio::sync::Notify;

use crate::ratelimit::Lane;
use crate::ratelimit::shared::{Member, Move, Seat};
use crate::seams::Clock;

use link::Wish;
pub use link::{Link, LinkError};
use talk::Conversation;
pub use talk::Talk;

const BUSY_EVERY: Duration = Duration::from_millis(25);
const IDLE_EVERY: Duration = Duration::from_millis(75);

/// This process among the others.
pub struct Peers {
    link: Link,
    seat: Seat,
    /// How many processes there are: as Redis last told, but no fewer than gateway.toml says.
    nodes: u16,
    lanes: Vec<(String, Lane)>,
    thirst: Arc<Notify>,
    clock: Arc<dyn Clock>,
}

impl Peers {
    /// The lanes by supplier; `thirst` is the bell that they were made with.
    #[must_use]
    pub fn new(link: Link, seat: Seat, lanes: Vec<(String, Lane)>, thirst: Arc<Notify>, clock: Arc<dyn Clock>) -> Self {
        Self {
            link,
            seat,
            nodes: seat.nodes,
            lanes,
            thirst,
            clock,
        }
    }

    /// Asks for slots and talks until dropped.
    pub async fn run(mut self, talk: Arc<dyn Talk>) {
        let mut member = Member::new(self.clock.monotonic());
        let mut conversation = Conversation::new(talk, self.seat.node);
        loop {
            self.turn(&mut member).await;
            if let Err(error) = conversation.turn(&mut self.link, self.clock.as_ref()).await {
                member.missed();
                metrics::counter!("redis_calls_missed_total").increment(1);
                tracing::debug!(%error, "Redis did not answer in time");
            }
            self.clock.sleep(BUSY_EVERY).await;
            let thirst = std::pin::pin!(self.thirst.notified());
            drop(select(thirst, self.clock.sleep(IDLE_EVERY)).await);
        }
    }

    async fn turn(&mut self, member: &mut Member) {
        let sent = self.clock.monotonic();
        let was_alone = member.is_alone();
        let answered = match member.next(sent) {
            Move::Probe => self.probe(member, sent).await,
            Move::Ask { void_after_us } => self.ask(member, sent, void_after_us).await,
        };
        if let Err(error) = answered {
            member.missed();
            metrics::counter!("redis_calls_missed_total").increment(1);
            tracing::debug!(%error, "Redis did not answer in time");
        }
        if member.falls(self.clock.monotonic()) {
            tracing::warn!(
                nodes = self.nodes,
                "Redis is away: this process uses its own part of each supplier's limits"
            );
            self.lanes.iter().for_each(|(_, lane)| lane.fall(self.nodes));
        }
        if was_alone && !member.is_alone() {
            tracing::info!("Redis is back: suppliers' limits are shared again");
        }
        metrics::gauge!("redis_is_away").set(if member.is_alone() { 1_u8 } else { 0 });
    }

    async fn probe(&mut self, member: &mut Member, sent: Duration) -> Result<(), LinkError> {
        let redis_us = self.link.time(self.clock.as_ref()).await?;
        if member.heard(redis_us, sent) {
            // Before the pool is asked: its slots and the own place never overlap.
            self.lanes.iter().for_each(|(_, lane)| lane.join());
        }
        Ok(())
    }

    /// Takes in how many processes there are. That some count more than this one is somebody's mistake, or a
    /// change under way: the part that is used alone must be the smaller one, as the pool's parts are.
    fn count(&mut self, told: u16) {
        let nodes = told.max(self.seat.nodes);
        if nodes != self.nodes && nodes > self.seat.nodes {
            tracing::error!(
                here = self.seat.nodes,
                elsewhere = told,
                "the processes do not count the same [peers] nodes: the greatest number counts; make them equal"
            );
        }
        self.nodes = nodes;
    }

    async fn ask(&mut self, member: &mut Member, sent: Duration, void_after_us: u64) -> Result<(), LinkError> {
        let mut wishes = Vec::new();
        for (at, (supplier, lane)) in self.lanes.iter().enumerate() {
            for (operation, terms, wanted) in lane.wishes() {
                let name = format!("{supplier}/{operation:?}");
                wishes.push((at, operation, Wish { name, terms, wanted }));
            }
        }
        wishes.retain(|(_, _, wish)| wish.wanted > 0);
        let asked: Vec<&Wish> = wishes.iter().map(|(_, _, wish)| wish).collect();
        let answer = self.link.ask(self.clock.as_ref(), self.seat, void_after_us, &asked).await;
        let heard = self.clock.monotonic();
        if let Ok(given) = &answer {
            member.heard(given.now_us, sent);
            self.count(given.nodes);
            for ((at, operation, _), slots) in wishes.iter().zip(&given.slots) {
                if let Some((_, lane)) = self.lanes.get(*at) {
                    lane.pour(*operation, slots, sent, heard);
                }
            }
        }
        // Whether or not there are slots now, whoever still wants some must say so again.
        let mut woken = None;
        for (at, _, _) in &wishes {
            if woken.replace(*at) != Some(*at)
                && let Some((_, lane)) = self.lanes.get(*at)
            {
                lane.wake();
            }
        }
        answer.map(|_| ())
    }
}
