//! The four places where the outside world enters: time, chance, concurrency and the wire.
//!
//! Everything that acts reaches them only through these traits, so a simulation can replace
//! all four and replay a history from one seed. The real ones live beside their trait,
//! except the transport, which is `net`. Beside them, in drills only, the places to die (`failpoint`). Deliberately absent: anything of ours. A seam that
//! knew an order could not be replaced without it.

pub mod clock;
pub mod failpoint;
pub mod random;
pub mod spawn;
pub mod transport;

use std::future::Future;
use std::pin::Pin;

pub use clock::{Clock, SystemClock};
pub use random::{Random, SystemRandom};
pub use spawn::{Spawner, TokioSpawner};
pub use transport::{MaybeSent, NotSent, Outbound, SendFailure, Transport};

/// A future that can be stored and moved between threads: what an object-safe async method returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
