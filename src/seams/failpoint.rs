//! Places where a chaos drill lets this process die, as if the power had gone.
//!
//! A program as it is built for use has none: without the feature `failpoints`, which is off by
//! default and which nothing of ours switches on but `cargo xtask chaos`, `reach` is empty and no
//! name of a point is in the binary (docs/decisions/0044). Invariant: a point ends the process or
//! does nothing. It never changes what is decided, written or sent.

/// A moment in an order's life, named after what has just become true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// The stamp is durable and nobody has been told: the supplier was asked for nothing.
    AfterStamp,
    /// The first byte to the supplier is the next thing to happen.
    BeforeSend,
    /// The supplier's answer is known to this process only.
    AfterReply,
    /// What the supplier answered is durable.
    AfterFact,
    /// Verdict, money and callback are durable, and nobody has been told.
    AfterVerdict,
    /// The shop has been told, and this is not written down.
    AfterOutboxSend,
}

/// Passes a point. Without the feature this is nothing.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn reach(_point: Point) {}

/// Passes a point; the process ends here if it is to die at this passage.
#[cfg(feature = "failpoints")]
pub fn reach(point: Point) {
    armed::pass(point);
}

#[cfg(feature = "failpoints")]
mod armed {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use rustix::process::{Signal, getpid, kill_process};

    use super::Point;

    /// `after-stamp:3` dies at the third passage.
    const NAME: &str = "RECHARGE_FAILPOINT";

    static ARMED: LazyLock<Option<(Point, AtomicU32)>> = LazyLock::new(|| {
        #[expect(clippy::disallowed_methods, reason = "a failpoint is no setting: config must not know it")]
        let wish = std::env::var(NAME).ok()?;
        let (word, passages) = wish.split_once(':')?;
        let point = match word {
            "after-stamp" => Point::AfterStamp,
            "before-send" => Point::BeforeSend,
            "after-reply" => Point::AfterReply,
            "after-fact" => Point::AfterFact,
            "after-verdict" => Point::AfterVerdict,
            "after-outbox-send" => Point::AfterOutboxSend,
            _ => return None,
        };
        Some((point, AtomicU32::new(passages.parse().ok()?)))
    });

    pub(super) fn pass(point: Point) {
        let Some((_, left)) = ARMED.as_ref().filter(|(armed, _)| *armed == point) else {
            return;
        };
        if left.fetch_sub(1, Ordering::SeqCst) == 1 {
            // SIGKILL: no destructor, no flush, no goodbye. It is delivered before the call returns.
            let _ = kill_process(getpid(), Signal::KILL);
        }
    }
}
