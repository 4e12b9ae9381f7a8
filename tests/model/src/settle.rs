//! Whether every order can still be settled, from every state there is.
//!
//! A second search, independent of stateright's, keeps the whole graph; then everything from which a
//! settled state can be reached is marked backwards, along steps that happen by themselves
//! (`is_prescribed`): no lost notification is waited for, and no step that the schedule does not
//! name. stateright's own `eventually` holds only on acyclic paths and is not used.
//!
//! Deliberately absent: fairness. What *can* be settled is settled if suppliers answer in the end.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

use crate::moves::{Move, collect, is_by_person, is_prescribed};
use crate::record::Stand;
use crate::search::Way;
use crate::steps::Play;
use crate::world::{World, numbers};

/// What the backward search says of all states.
pub struct Settling {
    /// How many states there are.
    pub states: usize,
    /// How many steps lead from state to state.
    pub steps: usize,
    /// States from which the order is settled by suppliers' words alone.
    pub by_words: usize,
    /// States from which it takes the word of persons who were called and say what is so.
    pub by_person: usize,
    /// A shortest way to a state from which neither is so.
    pub stuck: Option<Way>,
}

type Fixed = BuildHasherDefault<DefaultHasher>;

/// Explores everything and searches backwards.
#[must_use]
pub fn settle(play: &Play) -> Settling {
    let graph = Graph::of(play);
    let settled: Vec<u32> = graph.which(|world| is_settled(play, world));
    let by_words = graph.leads_to(&settled, &[&graph.by_itself]);
    let by_either = graph.leads_to(&settled, &[&graph.by_itself, &graph.by_person]);
    let count = |marks: &[bool]| marks.iter().filter(|mark| **mark).count();
    let stuck = by_either.iter().position(|mark| !mark);
    Settling {
        states: graph.worlds.len(),
        steps: graph.steps,
        by_words: count(&by_words),
        by_person: count(&by_either) - count(&by_words),
        stuck: stuck.map(|at| graph.way(play, at)),
    }
}

/// The verdict stands, no attempt is open, and whatever was charged is known.
fn is_settled(play: &Play, world: &World) -> bool {
    let gist = play.desk.gist(world.record);
    let is_known = |(at, seq)| {
        let place = usize::from(seq) - 1;
        world.page(at, seq).charges == 0 || (gist.at[place] == at && gist.stand[place] == Stand::Delivered)
    };
    gist.end.is_some() && gist.open.is_none() && numbers().all(is_known)
}

struct Graph {
    worlds: Vec<World>,
    /// By state: the one it was first reached from.
    from: Vec<u32>,
    /// Prescribed steps.
    by_itself: Backwards,
    /// What persons do.
    by_person: Backwards,
    steps: usize,
}

/// Steps backwards: where a state's predecessors begin, and all of them.
struct Backwards {
    begin: Vec<usize>,
    before: Vec<u32>,
}

impl Backwards {
    fn of(edges: &[(u32, u32)], count: usize) -> Self {
        let (begin, before) = rows(edges, count);
        Self { begin, before }
    }

    fn from(&self, at: usize) -> &[u32] {
        &self.before[self.begin[at]..self.begin[at + 1]]
    }
}

impl Graph {
    fn of(play: &Play) -> Self {
        let mut worlds = vec![World::new()];
        let mut from = vec![0];
        let mut known: HashMap<World, u32, Fixed> = HashMap::default();
        known.insert(World::new(), 0);
        let mut edges: Vec<(u32, u32)> = Vec::new();
        let mut spoken: Vec<(u32, u32)> = Vec::new();
        let mut steps = 0;
        let mut moves = Vec::new();
        let mut at = 0;
        while let Some(world) = worlds.get(at).copied() {
            let here = number(at);
            let gist = play.desk.gist(world.record);
            moves.clear();
            collect(&play.scene, &play.desk, &world, &mut moves);
            for step in moves.drain(..) {
                let Some(next) = play.after(&world, step) else { continue };
                steps += 1;
                let there = *known.entry(next).or_insert_with(|| {
                    worlds.push(next);
                    from.push(here);
                    number(worlds.len() - 1)
                });
                if is_prescribed(&play.scene, &gist, step) {
                    edges.push((there, here));
                }
                if is_by_person(step) {
                    spoken.push((there, here));
                }
            }
            at += 1;
        }
        Self {
            by_itself: Backwards::of(&edges, worlds.len()),
            by_person: Backwards::of(&spoken, worlds.len()),
            worlds,
            from,
            steps,
        }
    }

    fn which(&self, is_it: impl Fn(&World) -> bool) -> Vec<u32> {
        (0..)
            .zip(&self.worlds)
            .filter(|(_, world)| is_it(world))
            .map(|(at, _)| at)
            .collect()
    }

    fn leads_to(&self, goals: &[u32], along: &[&Backwards]) -> Vec<bool> {
        let mut marks = vec![false; self.worlds.len()];
        let mut front: Vec<u32> = goals.to_vec();
        while let Some(at) = front.pop() {
            let at = usize::try_from(at).unwrap();
            if !std::mem::replace(&mut marks[at], true) {
                along.iter().for_each(|steps| front.extend(steps.from(at)));
            }
        }
        marks
    }

    fn way(&self, play: &Play, mut at: usize) -> Way {
        let mut way = vec![(self.worlds[at], None)];
        while at != 0 {
            let before = usize::try_from(self.from[at]).unwrap();
            way.insert(0, (self.worlds[before], step_between(play, &self.worlds[before], &self.worlds[at])));
            at = before;
        }
        way
    }
}

fn step_between(play: &Play, before: &World, after: &World) -> Option<Move> {
    let mut moves = Vec::new();
    collect(&play.scene, &play.desk, before, &mut moves);
    moves.into_iter().find(|step| play.after(before, *step).as_ref() == Some(after))
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap()
}

/// Edges by their first end: where each row begins, and the rows.
fn rows(edges: &[(u32, u32)], count: usize) -> (Vec<usize>, Vec<u32>) {
    let mut begin = vec![0; count + 1];
    for (there, _) in edges {
        begin[usize::try_from(*there).unwrap() + 1] += 1;
    }
    for at in 0..count {
        begin[at + 1] += begin[at];
    }
    let mut next = begin.clone();
    let mut before = vec![0; edges.len()];
    for (there, here) in edges {
        let place = &mut next[usize::try_from(*there).unwrap()];
        before[*place] = *here;
        *place += 1;
    }
    (begin, before)
}
