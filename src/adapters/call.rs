//! What an adapter is given about an attempt, and what it makes of a supplier's push.

use super::tree::Tree;
use crate::domain::attempt::Attempt;
use crate::domain::ids::AttemptId;
use crate::domain::order::Terms;
use crate::domain::outcome::Trust;
use crate::domain::recipient::Inputs;

/// One attempt with everything its request may carry.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The attempt as stamped.
    pub attempt: &'a Attempt,
    /// The number the supplier sees.
    pub attempt_id: AttemptId,
    /// What was agreed with the shop.
    pub terms: &'a Terms,
    /// What the buyer entered.
    pub inputs: &'a Inputs,
    /// The time of this request, UTC milliseconds; the attempt's own time is what a submit carries.
    pub now_ms: i64,
    /// Where the supplier may notify us; empty if nowhere.
    pub notify_url: &'a str,
}

/// What a supplier's push to us is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// News about an attempt.
    About {
        /// The attempt's id as the supplier sees it; not yet known to be ours.
        number: String,
        /// Whether it proves anything, or is only a reason to query.
        trust: Trust,
        /// The message itself, parsed and verified.
        message: Opened,
    },
    /// The signature is wrong or missing.
    Forged {
        /// What gave it away.
        why: &'static str,
    },
    /// Not this dialect's notification.
    Unreadable {
        /// What is wrong with it; free of data.
        why: String,
    },
}

/// A notification that was parsed and whose signature, where its dialect has one, is right. Only
/// `Adapter::read_notification` makes one; it means nothing to another adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// All of it, as the acknowledgement may repeat it.
    pub(super) whole: Tree,
    /// What its signature covers: the only part that is believed.
    pub(super) covered: Tree,
}
