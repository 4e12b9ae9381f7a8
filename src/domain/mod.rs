//! What the gateway knows about orders and money, as pure functions over plain data.
//!
//! `decide` looks at one order and says what happens; `evolve` makes an event part of the order.
//! No socket, clock, random number or SQL is reachable from here, so every rule of settlement can
//! be tried in a microsecond and explored by a model. Time arrives as an argument, UTC milliseconds.
//!
//! Invariant: only `decide` creates events, and only events change an order.

pub mod attempt;
pub mod callback;
pub mod case;
pub mod decide;
pub mod desk;
pub mod effect;
pub mod event;
pub mod evolve;
pub mod failure;
pub mod ids;
pub mod ledger;
pub mod limits;
pub mod money;
pub mod offer;
pub mod order;
pub mod outcome;
pub mod plan;
pub mod policy;
pub mod product;
pub mod recipient;
pub mod replay;
pub mod report;
pub mod segment;
pub mod shop;
pub mod statement;
pub mod steering;
