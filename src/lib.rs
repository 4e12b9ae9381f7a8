//! Upstream recharge gateway: every order charged at most once, every shop told.

pub mod dispatch;
pub mod domain;
pub mod net;
pub mod ratelimit;
pub mod seams;
pub mod store;
