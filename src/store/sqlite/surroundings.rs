//! What a SQLite store needs of the outside world.

use std::sync::Arc;

use crate::seams::{Clock, Random, Spawner};
use crate::store::Faults;

/// Connections for reading, unless said otherwise.
const READERS: u32 = 4;

/// What a store needs of the outside world.
#[derive(Clone)]
pub struct Surroundings {
    /// Dates what no decision dates, and ends what takes too long.
    pub clock: Arc<dyn Clock>,
    /// Nonces of the seal.
    pub random: Arc<dyn Random>,
    /// Runs the writer.
    pub spawner: Arc<dyn Spawner>,
    /// Connections for reading.
    pub readers: u32,
    /// What is to go wrong on purpose; none by default.
    pub faults: Arc<Faults>,
}

impl Surroundings {
    /// These seams, and no fault planned.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>, spawner: Arc<dyn Spawner>) -> Self {
        let faults = Arc::default();
        Self {
            clock,
            random,
            spawner,
            readers: READERS,
            faults,
        }
    }
}
