//! The rooms of the house and who may import whom.
//!
//! One package instead of twenty: this table gives what crate walls would. A room is a file or a
//! folder directly under src/. Rooms that are not built yet may stand here; a file that belongs to
//! no room may not stand in src/.

use std::collections::BTreeMap;

use crate::paths::{Named, paths};

/// What a room may import.
pub enum May {
    /// These rooms only.
    Only(&'static [&'static str]),
    /// Every room: for those that put the house together.
    Everything,
}

/// The table. A room is on the left, what it may import on the right.
pub const ROOMS: &[(&str, May)] = &[
    ("domain", May::Only(&[])),
    ("seams", May::Only(&[])),
    ("telemetry", May::Only(&[])),
    ("router", May::Only(&["domain"])),
    ("adapters", May::Only(&["domain"])),
    ("config", May::Only(&["domain", "adapters"])),
    ("ratelimit", May::Only(&["domain", "seams"])),
    ("peers", May::Only(&["domain", "ratelimit", "seams"])),
    ("store", May::Only(&["domain", "seams"])),
    ("net", May::Only(&["domain", "seams"])),
    (
        "dispatch",
        May::Only(&["domain", "router", "adapters", "ratelimit", "store", "net", "seams"]),
    ),
    ("callbacks", May::Only(&["domain", "store", "net", "seams"])),
    ("audit", May::Only(&["domain", "store", "seams"])),
    ("api", May::Only(SHOP_SIDE)),
    ("faces", May::Only(SHOP_SIDE)),
    ("console", May::Only(SHOP_SIDE)),
    ("app", May::Everything),
    ("cli", May::Everything),
    ("demo", May::Everything),
    ("lib", May::Everything),
    ("main", May::Everything),
];

const SHOP_SIDE: &[&str] = &["domain", "adapters", "store", "dispatch", "seams"];

/// Room to the rooms it imports, each with the first place where it does (`src/a/b.rs:12`).
pub type Graph = BTreeMap<String, BTreeMap<String, String>>;

/// The room a file belongs to: `src/store/sqlite.rs` and `src/store.rs` both give `store`.
pub fn room_of(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    let first = inside.split('/').next().unwrap_or(inside);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// The imports of one file that leave its room: line, and the path as it was meant.
pub fn departures(path: &str, source: &str) -> Vec<Named> {
    let here = room_of(path);
    paths(path, source)
        .into_iter()
        .filter(|named| named.segments.first().is_some_and(|first| first == "crate"))
        .filter(|named| named.segments.get(1).is_some_and(|room| room != here))
        .collect()
}

/// Who imports whom in these files (path, text).
pub fn graph<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Graph {
    let mut graph = Graph::new();
    for (path, source) in files {
        let imports = graph.entry(room_of(path).to_owned()).or_default();
        for named in departures(path, source) {
            if let Some(room) = named.segments.get(1) {
                imports.entry(room.clone()).or_insert_with(|| format!("{path}:{}", named.line));
            }
        }
    }
    graph
}
