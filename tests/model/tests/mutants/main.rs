//! Every rule that is switched off, in the world or in our own code, breaks a law; its story is told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

mod patch;

// Written by build.rs; clippy need not judge code that is wrong on purpose.
#[cfg(not(clippy))]
include!(concat!(env!("OUT_DIR"), "/mutants.rs"));
#[cfg(clippy)]
const MUTANTS: &[(&str, &str, &str, &str, model::told::Gateway)] = &[];

use std::sync::Arc;

use model::cast::scene_named;
use model::flaws::Flaw;
use model::laws::Law;
use model::search::search;
use model::settle::settle;
use model::steps::Play;
use model::story::tell;

/// The story of the first law, once all of them are found to break.
fn caught(play: &Arc<Play>, laws: &[Law]) -> Option<String> {
    let stories = laws.iter().map(|law| {
        let way = if *law == Law::CanBeSettled {
            settle(play).stuck
        } else {
            search(play, Some(*law)).way
        };
        way.map(|way| tell(play, &way, *law))
    });
    stories.collect::<Option<Vec<String>>>()?.into_iter().next()
}

#[test]
fn every_broken_rule_of_the_world_breaks_a_law_and_its_story_is_told() {
    let mut survived = Vec::new();
    for (flaw, scene, laws) in Flaw::ALL {
        let play = Arc::new(Play::of(scene_named(scene).unwrap().with(flaw)));
        match caught(&play, laws) {
            Some(story) => println!("MUTANT OF THE WORLD: {}\n{story}", flaw.says()),
            None => survived.push(format!("{flaw:?} in {scene}: {laws:?}")),
        }
    }
    assert!(survived.is_empty(), "survived: {survived:#?}");
}

#[test]
fn every_rule_of_our_own_code_that_is_taken_out_breaks_a_law_and_its_story_is_told() {
    let mut survived = Vec::new();
    for (name, rule, scene, laws, gateway) in MUTANTS {
        let laws: Vec<Law> = laws.split(' ').map(|law| Law::named(law).unwrap()).collect();
        let play = Arc::new(Play::by(scene_named(scene).unwrap(), *gateway));
        match caught(&play, &laws) {
            Some(story) => println!("MUTANT OF OUR CODE {name}: {rule}\n{story}"),
            None => survived.push(format!("{name} in {scene}: {laws:?}")),
        }
    }
    assert!(survived.is_empty(), "survived: {survived:#?}");
}
