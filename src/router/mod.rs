//! Who may be tried for an order, in which order, and why the others may not.
//!
//! A pure function over what is known at one moment: the order's terms and attempts, the offers and
//! a view of the suppliers. It serves an order that does not exist yet (no attempts) and one
//! that has been refused three times alike. Every supplier with an offer is named exactly once, as
//! a candidate or with the reason why not; that reason is what operators see.
//!
//! Deliberately absent: permits, and deciding. A plan says who may be tried; whether an attempt may
//! be opened at all is `domain::decide`'s to say.

mod chance;
mod constraint;
mod health;
mod probe;
mod rank;
mod replay;
mod route;
mod snapshot;
mod strategy;

pub use health::{Answering, Circuit, Evidence, Facet, Fact, HealthBook, Question, Sighting, Standing, sightings, sightings_of};
pub use replay::{Ground, replay};
pub use route::route;
pub use snapshot::{Load, Snapshot, SupplierState, SupplierView, Switch, View};
