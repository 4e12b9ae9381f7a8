//! Upstream recharge gateway: every order charged at most once, every shop told.

pub mod adapters;
pub mod dispatch;
pub mod domain;
pub mod seams;
pub mod store;
