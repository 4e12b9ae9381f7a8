//! Attacks on `decide`: stories for each rule, random histories, and every history of a small world.

mod bench;
mod chaos;
mod desk;
mod explore;
mod money;
mod progress;
mod settle;
