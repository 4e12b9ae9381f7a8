//! Upstream recharge gateway: every order charged at most once, every shop told.

pub mod cli;
pub mod config;
pub mod console;
pub mod dispatch;
pub mod domain;
pub mod seams;
pub mod store;
pub mod telemetry;
