//! Upstream recharge gateway: every order charged at most once, every shop told.

pub mod dispatch;
pub mod domain;
<<<<<<< .merge_file_9PQTSY
pub mod router;
=======
pub mod ratelimit;
>>>>>>> .merge_file_B7LIax
pub mod seams;
pub mod store;
