//! Upstream recharge gateway: every order charged at most once, every shop told.

pub mod callbacks;
pub mod dispatch;
pub mod domain;
pub mod router;
pub mod seams;
pub mod store;
