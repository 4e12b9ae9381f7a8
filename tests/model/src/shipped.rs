//! The decisions that the gateway ships, with the way into them.

pub use crate::domain::*;
pub use crate::told;

#[path = "asking.rs"]
pub mod asking;
