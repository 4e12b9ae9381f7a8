//! Past orders steered again, for operators.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::admin::AdminContext;
use super::calls::{AdminReply, Trouble};
use super::desk::running;
use super::steering::not_published;
use super::{chosen, drafts};
use crate::dispatch::replay::{MAX_HOURS, Replayed};
use crate::domain::ids::{AttemptId, SupplierId};
use crate::domain::money::{Currency, Money};
use crate::domain::replay::{Move, Way};

/// What is to be replayed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReplayAsked {
    /// The document, TOML, or `@NAME` of a draft; absent: the one in force.
    #[serde(default)]
    pub text: Option<String>,
    /// Over how many hours up to now.
    pub hours: u32,
}

/// What came of a replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayLine {
    /// From when on decisions were made again, UTC milliseconds.
    pub from_ms: i64,
    /// There were too many orders: the oldest were left out.
    pub is_cut: bool,
    /// Decisions made again: attempts that were opened.
    pub decisions: u32,
    /// Attempts that delivered, as they were made.
    pub delivered: u32,
    /// Decisions for which the document has nobody.
    pub nobody: u32,
    /// As they were made.
    pub then: WayLine,
    /// As the document makes them.
    pub draft: WayLine,
    /// By supplier.
    pub shares: Vec<ShareLine>,
    /// How many decisions differ.
    pub moved: u32,
    /// The latest of those, oldest first.
    pub moves: Vec<MoveLine>,
}

/// What could be expected of decisions when they were made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayLine {
    /// Attempts opened.
    pub attempts: u32,
    /// Expected deliveries among them, in basis points.
    pub success_bp: Option<u64>,
    /// Expected unknown outcomes among them, in basis points.
    pub unknown_bp: Option<u64>,
    /// What they cost if all deliver: decimal, with currencies.
    pub cost: Vec<String>,
}

/// One supplier's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareLine {
    /// Who.
    pub supplier: SupplierId,
    /// Attempts that it got.
    pub then: u32,
    /// Attempts that it would get.
    pub draft: u32,
}

/// A decision that the document makes otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveLine {
    /// The number that the supplier saw.
    pub attempt: String,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// Who got it.
    pub from: SupplierId,
    /// Who would have got it; absent: nobody.
    pub to: Option<SupplierId>,
    /// Why, in words.
    pub why: String,
}

pub(super) async fn replay(context: &AdminContext, asked: ReplayAsked) -> Result<AdminReply, Trouble> {
    if !(1..=MAX_HOURS).contains(&asked.hours) {
        let message = format!("hours: {} is out of range", asked.hours);
        return Err(Trouble::new(message, format!("ask for 1 to {MAX_HOURS} hours")));
    }
    let text = match asked.text {
        Some(text) => Some(drafts::text(context, text).await?),
        None => None,
    };
    let replayed = running(context)?.replay(text, asked.hours).await;
    replayed.map_or_else(not_published, |replayed| Ok(AdminReply::Replayed(Box::new(line(replayed)))))
}

fn line(replayed: Replayed) -> ReplayLine {
    let Replayed {
        replay, from_ms, is_cut, ..
    } = replayed;
    let share = |(supplier, (then, draft))| ShareLine { supplier, then, draft };
    ReplayLine {
        from_ms,
        is_cut,
        decisions: replay.decisions,
        delivered: replay.delivered,
        nobody: replay.nobody,
        then: way(&replay.then),
        draft: way(&replay.draft),
        shares: replay.shares.into_iter().map(share).collect(),
        moved: replay.moved,
        moves: replay.moves.iter().map(moved).collect(),
    }
}

fn way(way: &Way) -> WayLine {
    let mean = |sum: u64| sum.checked_div(u64::from(way.attempts));
    WayLine {
        attempts: way.attempts,
        success_bp: mean(way.success_bp),
        unknown_bp: mean(way.unknown_bp),
        cost: costs(&way.cost),
    }
}

fn costs(costs: &BTreeMap<Currency, i128>) -> Vec<String> {
    let cost = |(currency, minor): (&Currency, &i128)| Money::new(i64::try_from(*minor).unwrap_or(i64::MAX), *currency).to_string();
    costs.iter().map(cost).collect()
}

fn moved(moved: &Move) -> MoveLine {
    let attempt = AttemptId {
        order: moved.order,
        seq: moved.seq,
    };
    let why = match (&moved.left_out, &moved.to) {
        (Some(reason), _) => format!("{}: {}", moved.from, chosen::skip_reason(reason)),
        (None, Some((_, because))) => chosen::because(*because).to_owned(),
        (None, None) => format!("{} has no offer of it any more", moved.from),
    };
    MoveLine {
        attempt: attempt.to_string(),
        at_ms: moved.at_ms,
        from: moved.from.clone(),
        to: moved.to.as_ref().map(|(supplier, _)| supplier.clone()),
        why,
    }
}
