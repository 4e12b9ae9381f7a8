//! Upstream recharge gateway: every order charged at most once, every shop told.
//!
//! The rooms and who may import whom are drawn in ARCHITECTURE.md and held by `tests/tidy`.

pub mod adapters;
pub mod api;
pub mod app;
pub mod audit;
pub mod callbacks;
pub mod cli;
pub mod config;
pub mod console;
#[cfg(feature = "demo")]
pub mod demo;
pub mod dispatch;
pub mod domain;
pub mod net;
pub mod peers;
pub mod ratelimit;
pub mod router;
pub mod seams;
pub mod store;
pub mod telemetry;
