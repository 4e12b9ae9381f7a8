//! Judges imports against the table of rooms: leaving a room, circles, strangers in src/.

use std::collections::BTreeSet;

use crate::rooms::{Graph, May, ROOMS, departures, room_of};

/// Imports of this file that its room may not have.
pub fn violations(path: &str, source: &str) -> Vec<String> {
    let here = room_of(path);
    let Some((_, may)) = ROOMS.iter().find(|(room, _)| *room == here) else {
        return Vec::new(); // `strangers` tells about it once, and better.
    };
    let mut found = Vec::new();
    for named in departures(path, source) {
        let there = named.segments[1].as_str();
        let written = named.segments.join("::");
        let place = format!("{path}:{}", named.line);
        let is_assembly = matches!(may, May::Everything);
        if there == "*" {
            if !is_assembly {
                found.push(format!("{place}: {here} imports the whole crate; name the room instead"));
            }
        } else if !is_room(there) {
            found.push(format!(
                "{place}: {here} imports {written}, and `{there}` is not a room; import it from the room that owns it"
            ));
        } else if let May::Only(allowed) = may
            && !allowed.contains(&there)
        {
            let rule = if allowed.is_empty() {
                "nothing of ours".to_owned()
            } else {
                allowed.join(", ")
            };
            found.push(format!("{place}: {here} imports {there} ({written}); {here} may import {rule}"));
        }
    }
    found
}

/// Whether the table knows this room.
fn is_room(name: &str) -> bool {
    ROOMS.iter().any(|(room, _)| *room == name)
}

/// Files and folders of src/ that belong to no room.
pub fn strangers<'p>(paths: impl IntoIterator<Item = &'p str>) -> Vec<String> {
    let rooms: BTreeSet<&str> = paths.into_iter().map(room_of).filter(|room| !is_room(room)).collect();
    rooms
        .into_iter()
        .map(|room| format!("src/{room}: not a room; put it in one, or add it to ROOMS with what it may import"))
        .collect()
}

/// One circle of rooms, if there is any, written `a -> b -> a`.
pub fn circle(graph: &Graph) -> Option<String> {
    let mut cleared = BTreeSet::new();
    graph.keys().find_map(|room| walk(graph, room, &mut Vec::new(), &mut cleared))
}

fn walk<'g>(graph: &'g Graph, room: &'g str, way: &mut Vec<&'g str>, cleared: &mut BTreeSet<&'g str>) -> Option<String> {
    if let Some(start) = way.iter().position(|seen| *seen == room) {
        way.push(room);
        return Some(way[start..].join(" -> "));
    }
    if cleared.contains(room) {
        return None;
    }
    way.push(room);
    for next in graph.get(room).into_iter().flat_map(|imports| imports.keys()) {
        if let Some(circle) = walk(graph, next, way, cleared) {
            return Some(circle);
        }
    }
    way.pop();
    cleared.insert(room);
    None
}
