//! A replay in words.

use super::super::table::Table;
use super::time;
use crate::console::replay::{ReplayLine, WayLine};
use crate::domain::report::rfc3339;

pub(super) fn replayed(replayed: &ReplayLine) -> String {
    let mut text = format!(
        "{} decisions since {} made again, {} of them differ\n",
        replayed.decisions,
        rfc3339(replayed.from_ms),
        replayed.moved
    );
    if replayed.is_cut {
        text.push_str("  there are more orders than one replay reads: the oldest are left out\n");
    }
    let percent = |bp: Option<u64>| {
        bp.map_or_else(
            || "-".to_owned(),
            |bp| format!("{}.{:02} %", bp.div_euclid(100), bp.rem_euclid(100)),
        )
    };
    let mut table = Table::new(&["", "attempts", "expected to deliver", "expected unknown", "cost"], &[1, 2, 3, 4]);
    let mut row = |name: &str, way: &WayLine| {
        table.row([
            name.to_owned(),
            way.attempts.to_string(),
            percent(way.success_bp),
            percent(way.unknown_bp),
            way.cost.join(", "),
        ]);
    };
    row("as it was", &replayed.then);
    row("by the document", &replayed.draft);
    text.push_str(&table.text(2));
    let delivered = u64::from(replayed.delivered)
        .saturating_mul(10_000)
        .checked_div(u64::from(replayed.decisions));
    text.push_str(&format!(
        "  as it was, {} ({}) did deliver\n",
        replayed.delivered,
        percent(delivered)
    ));
    if replayed.nobody > 0 {
        text.push_str(&format!(
            "  for {} decisions the document has nobody: those orders would have waited, or failed\n",
            replayed.nobody
        ));
    }
    let mut table = Table::new(&["supplier", "as it was", "by the document"], &[1, 2]);
    for share in &replayed.shares {
        table.row([share.supplier.to_string(), share.then.to_string(), share.draft.to_string()]);
    }
    text.push_str("\nattempts\n");
    text.push_str(&table.text(2));
    if !replayed.moves.is_empty() {
        let mut table = Table::new(&["when", "attempt", "got it", "would get it", "why"], &[]);
        for moved in replayed.moves.iter().rev() {
            table.row([
                time(Some(moved.at_ms)),
                moved.attempt.clone(),
                moved.from.to_string(),
                moved.to.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string),
                moved.why.clone(),
            ]);
        }
        text.push_str("\nthe latest that differ, newest first\n");
        text.push_str(&table.text(2));
    }
    text
}
