//! The ways a supplier can go wrong, and when each one applies.
//!
//! Faults combine: a submit meets at most one fault of each `Stage`, and an order carries all of its `Order` faults.
//! Faults of the stages `Arrival`, `Copies`, `Answer` and `Pace` are used up by a submit (several of one stage are
//! taken in turn, one a submit), so a resubmit of the same id meets the healthy, deduplicating path.
//! `Refusal` faults meet every submit, `Order` faults every order of the recipient.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One way to go wrong; each variant says what it means for money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Charges, then never answers.
    ChargeThenHang,
    /// Charges, then resets the connection.
    ChargeThenReset,
    /// Never answers and never charges.
    HangUncharged,
    /// The request is handled only after a while, even when the caller has gone: until then queries find nothing.
    ArriveLate {
        /// Milliseconds until the request is handled.
        after_ms: u64,
    },
    /// The network delivers the request twice: a supplier that never deduplicates charges twice.
    Duplicate,
    /// HTTP 500.
    Status500 {
        /// Whether the order was charged before the answer.
        charged: bool,
    },
    /// HTTP 502 with a proxy's HTML page.
    Html502 {
        /// Whether the order was charged before the answer.
        charged: bool,
    },
    /// HTTP 200 without a body.
    Empty {
        /// Whether the order was charged before the answer.
        charged: bool,
    },
    /// The accepting answer, cut off in the middle of its body.
    Truncated {
        /// Whether the order was charged before the answer.
        charged: bool,
    },
    /// The accepting answer with bytes that are valid in neither UTF-8 nor GBK: only a lossy reader believes it.
    GbkGarbage {
        /// Whether the order was charged before the answer.
        charged: bool,
    },
    /// A well-formed answer with a code no document lists as definite.
    UnlistedCode {
        /// Whether the order was charged before the answer.
        charged: bool,
    },
    /// HTTP 307 to the same address, uncharged: a client that follows it submits again, and that one charges.
    Redirect307,
    /// Charged, but the first queries say that there is no such order.
    NotFoundThenSuccess {
        /// How many queries are answered wrongly.
        times: u32,
    },
    /// First a failure, later a success: the recipient is topped up in the end.
    FailedThenSuccess {
        /// Milliseconds from the failure to the success.
        after_ms: u64,
    },
    /// First a success, later reversed: the money is given back.
    SuccessThenFailed {
        /// Milliseconds from the success to the reversal.
        after_ms: u64,
    },
    /// Every notification is sent twice at the same time, acknowledged or not.
    NotifyTwice,
    /// All notifications leave at the end, newest first, followed by a stale "processing" where the wire has one.
    NotifyReordered,
    /// Notifications are late.
    NotifyLate {
        /// Milliseconds of delay.
        after_ms: u64,
    },
    /// Settles at once and notifies before the submit is answered; the answer still says "processing".
    NotifyBeforeReply,
    /// No notification ever.
    NoNotify,
    /// The answer comes one byte at a time.
    SlowDrip {
        /// Milliseconds before each byte.
        ms_per_byte: u64,
    },
    /// The definite, documented refusal of a bad number: nothing is charged.
    Refuse,
    /// The documented refusal "your balance is too low", whatever the balance: nothing is charged.
    BalanceEmpty,
    /// Charges, then answers that such an order exists already.
    OrderExists,
    /// Delivers and bills only a part (dayuanren and kasushou; ofpay has no word for it and delivers all).
    Partial {
        /// Percent of the face value that is delivered.
        percent: u32,
    },
    /// Accepted, then definitely fails: nothing stays charged.
    FailLater,
}

/// When a fault applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Before the request is handled.
    Arrival,
    /// How many times the request is handled.
    Copies,
    /// Instead of handling: a definite no.
    Refusal,
    /// What becomes of the answer.
    Answer,
    /// How fast the answer leaves.
    Pace,
    /// The life of the order afterwards.
    Order,
}

impl Stage {
    /// The stages that a submit uses up.
    pub(crate) const USED_UP: [Self; 4] = [Self::Arrival, Self::Copies, Self::Answer, Self::Pace];
}

impl Fault {
    /// When this fault applies.
    pub(crate) fn stage(self) -> Stage {
        match self {
            Self::ArriveLate { .. } => Stage::Arrival,
            Self::Duplicate => Stage::Copies,
            Self::Refuse | Self::BalanceEmpty => Stage::Refusal,
            Self::ChargeThenHang
            | Self::ChargeThenReset
            | Self::HangUncharged
            | Self::Status500 { .. }
            | Self::Html502 { .. }
            | Self::Empty { .. }
            | Self::Truncated { .. }
            | Self::GbkGarbage { .. }
            | Self::UnlistedCode { .. }
            | Self::Redirect307
            | Self::OrderExists => Stage::Answer,
            Self::SlowDrip { .. } => Stage::Pace,
            Self::NotFoundThenSuccess { .. }
            | Self::FailedThenSuccess { .. }
            | Self::SuccessThenFailed { .. }
            | Self::NotifyTwice
            | Self::NotifyReordered
            | Self::NotifyLate { .. }
            | Self::NotifyBeforeReply
            | Self::NoNotify
            | Self::Partial { .. }
            | Self::FailLater => Stage::Order,
        }
    }

    /// Whether a submit that meets this fault is handled (and so charges, unless refused or a duplicate).
    pub(crate) fn lets_charge(self) -> bool {
        match self {
            Self::HangUncharged | Self::Redirect307 => false,
            Self::Status500 { charged }
            | Self::Html502 { charged }
            | Self::Empty { charged }
            | Self::Truncated { charged }
            | Self::GbkGarbage { charged }
            | Self::UnlistedCode { charged } => charged,
            Self::ChargeThenHang
            | Self::ChargeThenReset
            | Self::OrderExists
            | Self::ArriveLate { .. }
            | Self::Duplicate
            | Self::Refuse
            | Self::BalanceEmpty
            | Self::SlowDrip { .. }
            | Self::NotFoundThenSuccess { .. }
            | Self::FailedThenSuccess { .. }
            | Self::SuccessThenFailed { .. }
            | Self::NotifyTwice
            | Self::NotifyReordered
            | Self::NotifyLate { .. }
            | Self::NotifyBeforeReply
            | Self::NoNotify
            | Self::Partial { .. }
            | Self::FailLater => true,
        }
    }
}

impl FromStr for Fault {
    type Err = String;

    /// Reads `name` or `name:argument` as on the command line: a number, or `charged` / `uncharged` (the default).
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, argument) = match text.split_once(':') {
            Some((name, argument)) => (name, Some(argument)),
            None => (text, None),
        };
        let number = || -> Result<u64, String> {
            argument
                .and_then(|a| a.parse().ok())
                .ok_or_else(|| format!("{name} needs a number: {name}:<n>"))
        };
        let small = || -> Result<u32, String> { u32::try_from(number()?).map_err(|_| format!("{name}: the number is too large")) };
        let charged = || -> Result<bool, String> {
            match argument {
                None | Some("uncharged") => Ok(false),
                Some("charged") => Ok(true),
                Some(other) => Err(format!("{name}: charged or uncharged, not {other}")),
            }
        };
        let bare = |fault: Self| match argument {
            None => Ok(fault),
            Some(_) => Err(format!("{name} takes no argument")),
        };
        match name {
            "charge_then_hang" => bare(Self::ChargeThenHang),
            "charge_then_reset" => bare(Self::ChargeThenReset),
            "hang_uncharged" => bare(Self::HangUncharged),
            "arrive_late" => Ok(Self::ArriveLate { after_ms: number()? }),
            "duplicate" => bare(Self::Duplicate),
            "status500" => Ok(Self::Status500 { charged: charged()? }),
            "html502" => Ok(Self::Html502 { charged: charged()? }),
            "empty" => Ok(Self::Empty { charged: charged()? }),
            "truncated" => Ok(Self::Truncated { charged: charged()? }),
            "gbk_garbage" => Ok(Self::GbkGarbage { charged: charged()? }),
            "unlisted_code" => Ok(Self::UnlistedCode { charged: charged()? }),
            "redirect307" => bare(Self::Redirect307),
            "not_found_then_success" => Ok(Self::NotFoundThenSuccess { times: small()? }),
            "failed_then_success" => Ok(Self::FailedThenSuccess { after_ms: number()? }),
            "success_then_failed" => Ok(Self::SuccessThenFailed { after_ms: number()? }),
            "notify_twice" => bare(Self::NotifyTwice),
            "notify_reordered" => bare(Self::NotifyReordered),
            "notify_late" => Ok(Self::NotifyLate { after_ms: number()? }),
            "notify_before_reply" => bare(Self::NotifyBeforeReply),
            "no_notify" => bare(Self::NoNotify),
            "slow_drip" => Ok(Self::SlowDrip { ms_per_byte: number()? }),
            "refuse" => bare(Self::Refuse),
            "balance_empty" => bare(Self::BalanceEmpty),
            "order_exists" => bare(Self::OrderExists),
            "partial" => Ok(Self::Partial { percent: small()? }),
            "fail_later" => bare(Self::FailLater),
            other => Err(format!("no such fault: {other}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_and_json_use_the_same_names() {
        for (text, json) in [
            ("charge_then_hang", r#""charge_then_hang""#),
            ("status500:charged", r#"{"status500":{"charged":true}}"#),
            ("html502", r#"{"html502":{"charged":false}}"#),
            ("redirect307", r#""redirect307""#),
            ("arrive_late:300", r#"{"arrive_late":{"after_ms":300}}"#),
            ("partial:40", r#"{"partial":{"percent":40}}"#),
        ] {
            let fault: Fault = text.parse().unwrap();
            assert_eq!(serde_json::to_string(&fault).unwrap(), json);
        }
    }

    #[test]
    fn nonsense_is_no_fault() {
        for text in ["", "nothing", "arrive_late", "partial:x", "refuse:1", "empty:maybe"] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
