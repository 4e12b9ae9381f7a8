//! `picture`: the rooms as they are built, read from the source by the architecture test's own eyes.

use crate::rooms::{May, ROOMS, graph};
use crate::tree;

/// Prints each room, what it imports and the first place where, and what it could but does not.
pub fn run(_options: &[String]) -> anyhow::Result<()> {
    let files = tree::files("src", "rs")?;
    let graph = graph(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let mut absent = Vec::new();
    for (room, may) in ROOMS {
        let Some(imports) = graph.get(*room) else {
            absent.push(*room);
            continue;
        };
        println!("{room}");
        for (other, place) in imports {
            println!("  -> {other:<10} {place}");
        }
        if let May::Only(allowed) = may {
            let idle: Vec<&str> = allowed.iter().filter(|other| !imports.contains_key(**other)).copied().collect();
            if !idle.is_empty() {
                println!("  may also import {}", idle.join(", "));
            }
        }
    }
    for room in graph.keys().filter(|room| !ROOMS.iter().any(|(known, _)| known == room)) {
        println!("{room}: not in the table of rooms");
    }
    if !absent.is_empty() {
        println!("not built: {}", absent.join(", "));
    }
    Ok(())
}
