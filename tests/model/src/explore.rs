//! A scene explored to its last state, twice: forwards for broken laws, backwards for orders that
//! nobody could settle.

use std::sync::Arc;

use crate::cast::scene_named;
use crate::laws::Law;
use crate::search::search;
use crate::settle::settle;
use crate::steps::Play;
use crate::story::tell;

/// Explores the scene by both searches; answers what it is like, for the record.
///
/// # Panics
/// With the story, when a law is broken, an order can no longer be settled, or the searches disagree.
#[must_use]
pub fn explored(name: &str) -> String {
    let play = Arc::new(Play::of(scene_named(name).unwrap()));
    let found = search(&play, None);
    if let Some(way) = found.way {
        let law = play.broken(&way.last().unwrap().0).first().unwrap();
        panic!("{name}: a law is broken\n{}", tell(&play, &way, law));
    }
    let settling = settle(&play);
    if let Some(way) = &settling.stuck {
        panic!("{name}: stuck\n{}", tell(&play, way, Law::CanBeSettled));
    }
    assert_eq!(found.states, settling.states, "two searches disagree about {name}");
    // A person is needed only where a supplier may be left that nobody can ask or send to again.
    assert!(settling.by_words > settling.by_person, "{name}: mostly a person settles");
    let (records, decisions) = play.desk.counts();
    format!(
        "{name}: {} states, {} steps, at most {} deep; {records} records, {decisions} decisions; settled by words from {}, by a person from {}",
        settling.states, settling.steps, found.depth, settling.by_words, settling.by_person
    )
}
