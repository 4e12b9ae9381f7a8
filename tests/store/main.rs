//! Stores are proven here: the same sentences for each, the same random histories to both, and
//! what only the one on a disk can get wrong.

mod conformance;
mod equivalence;
mod events;
mod sqlite;
mod visible;
mod world;
