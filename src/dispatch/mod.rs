//! Acting on decisions: taking orders in, sending to suppliers, settling what is unknown.
//!
//! Everything that moves an order goes through here: the shop's request (`intake`), the one place
//! that sends (`gate`), the schedule (`run`), answers and notifications (`settle`), and the return
//! after a crash (`recover`). Each loads the order, asks `domain::decide`, commits (`journey`), and
//! obeys.
//!
//! Invariant: no byte leaves for a supplier before the stamp of its transmission is known to be
//! committed (R2), and no database transaction is open while a request is in flight.

mod bookings;
mod checks;
mod desk;
mod frozen;
mod gate;
mod gossip;
mod hand;
pub mod intake;
mod journey;
mod mint;
pub mod parts;
mod purse;
mod queues;
mod recent;
mod recover;
mod recovery;
mod remember;
pub mod replay;
mod run;
mod schedule;
mod scorecard;
pub mod scorecard_link;
mod sent;
pub mod settle;
mod shelf;
mod standing;
mod steer;
pub mod steering;
mod verdicts;

pub use desk::Acted;
pub use intake::{FieldError, FieldProblem, NewOrder, Submitted, Turned};
pub use parts::{Parts, Supplier};
pub use scorecard::{AnswerCard, Costly, FacetCard, NamedCard, Scorecard};
pub use settle::Heard;
pub use shelf::Shelf;

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::domain::decide::Facts;
use crate::domain::ids::{ProcessId, SupplierId};
use crate::domain::outcome::BalanceReading;
use crate::seams::SendFailure;
use crate::store::Outage;

/// The working heart of the gateway; cheap to clone, shared by every face.
#[derive(Clone)]
pub struct Dispatch {
    house: Arc<House>,
}

/// Most due orders being read, and written without being sent, at once: a flood of them leaves readers
/// and writer to everybody else.
const LOOKERS: usize = 64;

/// What all of dispatch shares.
struct House {
    parts: Parts,
    standing: Mutex<Arc<standing::Standing>>,
    process: ProcessId,
    bookings: bookings::Bookings,
    purses: purse::Purses,
    frozen: frozen::Frozen,
    recovery: recovery::Recovery,
    steer: steer::Steer,
    shelf: Mutex<Arc<Shelf>>,
    restored: settle::Restored,
    forged: settle::Forged,
    mint: mint::Mint,
    schedule: schedule::Schedule,
    verdicts: verdicts::Verdicts,
    hands: hand::Hands,
    recent: recent::Recent,
    lookers: Arc<Semaphore>,
    at_work: AtomicUsize,
    is_stopping: AtomicBool,
}

/// Why a balance could not be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoBalance {
    /// adapters.toml has no such supplier.
    NoSuchSupplier,
    /// Its dialect has no balance question.
    NotOffered,
    /// Its turn under the supplier's limits did not come in time.
    NoTurn,
    /// The request did not come through.
    Send(SendFailure),
}

impl Dispatch {
    /// A dispatch over its parts, with the catalog read once.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn new(parts: Parts) -> Result<Self, Outage> {
        let catalog = parts.store.catalog().await?;
        let deeds = standing::deeds(&*parts.store).await?;
        let published = steering::latest(&*parts.store).await?;
        let mut mark = [0_u8; 8];
        parts.random.fill(&mut mark);
        let house = House {
            process: ProcessId(u64::from_le_bytes(mark)),
            purses: purse::Purses::default(),
            bookings: bookings::Bookings::new(mark, parts.clock.now_ms()),
            frozen: frozen::Frozen::default(),
            recovery: recovery::Recovery::read(&*parts.store).await?,
            steer: steer::Steer::default(),
            standing: Mutex::new(Arc::new(standing::Standing::of(&parts, &deeds))),
            shelf: Mutex::new(Arc::new(Shelf::new(catalog))),
            restored: settle::Restored::default(),
            forged: settle::Forged::default(),
            mint: mint::Mint::new(parts.node),
            schedule: schedule::Schedule::new(Arc::clone(&parts.clock)),
            verdicts: verdicts::Verdicts::default(),
            hands: hand::Hands::default(),
            recent: recent::Recent::default(),
            lookers: Arc::new(Semaphore::new(LOOKERS)),
            at_work: AtomicUsize::new(0),
            is_stopping: AtomicBool::new(false),
            parts,
        };
        if published.version > 0 {
            house.steer_by(published);
        }
        Ok(Self { house: Arc::new(house) })
    }

    /// Asks a supplier for our balance there, within its limits.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn supplier_balance(&self, supplier: &SupplierId) -> Result<BalanceReading, NoBalance> {
        let known = self.house.parts.suppliers.get(supplier).ok_or(NoBalance::NoSuchSupplier)?;
        self.house.ask_balance(supplier, known).await
    }

    /// Whether new orders are taken: false while stopping, while the database is away, and while a
    /// restored backup's gap is not covered.
    #[must_use]
    pub fn is_accepting(&self) -> bool {
        !self.house.is_stopping.load(Ordering::Relaxed) && self.house.parts.store.is_writable() && !self.house.recovery.lasts()
    }

    /// Shops, products and offers as last read.
    #[must_use]
    pub fn shelf(&self) -> Arc<Shelf> {
        self.house.shelf()
    }

    /// Reads shops, products and offers again after a change.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reload_catalog(&self) -> Result<(), Outage> {
        let catalog = self.house.parts.store.catalog().await?;
        *self.house.shelf.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(Shelf::new(catalog));
        Ok(())
    }

    /// How many orders wait for a permit, over all suppliers.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.house.parts.suppliers.values().map(|supplier| supplier.lane.waiting()).sum()
    }

    /// Stops taking and sending, and waits up to `grace` for what is in flight. What is still in
    /// flight then is safe: it is stamped, and the next start settles it.
    pub async fn stop(&self, grace: Duration) -> bool {
        self.house.is_stopping.store(true, Ordering::Relaxed);
        self.house.schedule.wake();
        self.house.verdicts.let_go();
        let clock = &self.house.parts.clock;
        let end = clock.monotonic().saturating_add(grace);
        while self.house.at_work.load(Ordering::Acquire) > 0 {
            if clock.monotonic() >= end {
                return false;
            }
            clock.sleep(Duration::from_millis(10)).await;
        }
        true
    }
}

impl House {
    fn facts<'a>(&'a self, standing: &'a standing::Standing) -> Facts<'a> {
        Facts {
            policy: &self.parts.policy,
            rules: &standing.rules,
            process: self.process,
        }
    }

    fn standing(&self) -> Arc<standing::Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn shelf(&self) -> Arc<Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    fn now_ms(&self) -> i64 {
        self.parts.clock.now_ms()
    }

    /// Runs `work` to its end, even if its caller goes away; a graceful stop waits for it.
    fn work(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        self.at_work.fetch_add(1, Ordering::AcqRel);
        let done = AtWork { house: Arc::clone(self) };
        // Boxed first: a future that is captured and then awaited takes its place twice, for as long as
        // a supplier holds the connection.
        let work = Box::pin(work);
        self.parts.spawner.spawn(Box::pin(async move {
            let _done = done;
            work.await;
        }));
    }
}

/// Counts a task as at work until dropped.
struct AtWork {
    house: Arc<House>,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.house.at_work.fetch_sub(1, Ordering::AcqRel);
    }
}
