//! The search for a broken law: stateright's, breadth first, so that a story is a shortest one.
//!
//! One thread a search, so that the same sources give the same story; scenes run side by side.

use std::sync::Arc;

use stateright::{Checker, HasDiscoveries, Model, Path, Property};

use crate::laws::Law;
use crate::moves::{Move, collect};
use crate::steps::Play;
use crate::world::World;

/// A way through the world: each world with what happened in it; the last with nothing.
pub type Way = Vec<(World, Option<Move>)>;

/// What a search has found.
pub struct Found {
    /// How many states there are, or were visited before a law was broken.
    pub states: usize,
    /// How many steps the farthest state is away.
    pub depth: usize,
    /// A shortest way to a broken law.
    pub way: Option<Way>,
}

/// Searches everything, or until a law (the one sought, otherwise any) is broken.
#[must_use]
pub fn search(play: &Arc<Play>, sought: Option<Law>) -> Found {
    let quest = Quest {
        play: Arc::clone(play),
        sought,
    };
    let checker = quest.checker().threads(1).finish_when(HasDiscoveries::Any).spawn_bfs().join();
    Found {
        states: checker.unique_state_count(),
        depth: checker.max_depth().saturating_sub(1),
        way: checker.discovery(NAME).map(Path::into_vec),
    }
}

const NAME: &str = "no law is broken";

struct Quest {
    play: Arc<Play>,
    sought: Option<Law>,
}

impl Quest {
    fn holds(&self, world: &World) -> bool {
        let broken = self.play.broken(world);
        self.sought.map_or(broken.is_empty(), |law| !broken.has(law))
    }
}

impl Model for Quest {
    type State = World;
    type Action = Move;

    fn init_states(&self) -> Vec<World> {
        vec![World::new()]
    }

    fn actions(&self, world: &World, moves: &mut Vec<Move>) {
        collect(&self.play.scene, &self.play.desk, world, moves);
    }

    fn next_state(&self, world: &World, step: Move) -> Option<World> {
        self.play.after(world, step)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always(NAME, Self::holds)]
    }
}
