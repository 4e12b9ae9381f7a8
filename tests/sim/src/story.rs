//! A failure in words: the law, the order's story, and how to see it again.

use std::fmt::Write;

use crate::history::Bounds;
use crate::record::Broken;
use crate::shrink::Shorter;

/// Lines of a story that are printed, the last ones.
const MOST_LINES: usize = 120;

/// The story of what broke in the history of `seed`.
#[must_use]
pub fn tell(seed: u64, broken: &Broken, shorter: &Shorter) -> String {
    let mut text = format!("seed {seed} breaks {}\n  {}\n", broken.law, broken.how);
    let told = shorter.outcome.broken.as_ref().unwrap_or(broken);
    let Bounds {
        most_faults,
        muted,
        most_orders,
        ..
    } = shorter.bounds;
    let _ = writeln!(
        text,
        "  shortest prefix found: {} steps, {} faults{}",
        shorter.outcome.steps,
        shorter.outcome.strikes.iter().sum::<u64>(),
        if most_orders == usize::MAX {
            String::new()
        } else {
            format!(", its first {most_orders} orders")
        },
    );
    let _ = write!(text, "  again: cargo xtask sim --seed {seed} --histories 1");
    if muted != 0 {
        let _ = write!(text, " --muted {muted}");
    }
    if most_faults != u64::MAX {
        let _ = write!(text, " --faults {most_faults}");
    }
    if most_orders != usize::MAX {
        let _ = write!(text, " --orders {most_orders}");
    }
    text.push('\n');
    let of_order: Vec<_> = shorter
        .outcome
        .lines
        .iter()
        .filter(|line| line.order.is_none() || line.order == told.order)
        .collect();
    let skipped = of_order.len().saturating_sub(MOST_LINES);
    if let Some(order) = told.order {
        let _ = writeln!(text, "  the story of order {order}:");
    }
    if skipped > 0 {
        let _ = writeln!(text, "  ({skipped} lines before)");
    }
    for line in of_order.iter().skip(skipped) {
        let _ = writeln!(text, "  {:>9} ms  {}", line.at_ms, line.text);
    }
    let _ = writeln!(text, "  and so: {}", told.how);
    text
}
