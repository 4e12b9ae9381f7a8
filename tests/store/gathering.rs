//! When the writer waits for company, and that a lone command never waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use recharge_gateway::domain::ledger::Posting;
use recharge_gateway::domain::money::Currency;
use recharge_gateway::seams::{BoxFuture, Clock, SystemClock};
use recharge_gateway::store::sqlite::Surroundings;
use recharge_gateway::store::{Answer, Command, SealKey, SqliteStore, Store};

use crate::world::{SHOP, cny, surroundings};

/// The machine's clock, which counts the short pauses that nothing but gathering asks for.
struct CountingClock {
    clock: SystemClock,
    gathered: AtomicU64,
}

impl Clock for CountingClock {
    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if duration < Duration::from_millis(100) {
            assert!(duration <= Duration::from_millis(2), "longer than a shop would not notice");
            self.gathered.fetch_add(1, Ordering::SeqCst);
        }
        self.clock.sleep(duration)
    }
}

fn deposit(number: usize) -> Command {
    Command::Post(Posting::credit(SHOP, cny(1), &number.to_string()))
}

#[tokio::test]
async fn a_busy_writer_gathers_and_a_lone_command_never_waits() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(CountingClock {
        clock: SystemClock::new(),
        gathered: AtomicU64::new(0),
    });
    let around = Surroundings {
        clock: clock.clone(),
        ..surroundings()
    };
    let store = SqliteStore::open(&folder.path().join("test.db"), &SealKey::new([1; 32]), around)
        .await
        .unwrap();
    let gathered = || clock.gathered.load(Ordering::SeqCst);
    for number in 0..20 {
        assert_eq!(store.commit(deposit(number)).await, Answer::Done);
    }
    assert_eq!(gathered(), 0, "twenty lone commands, none of which waited");

    let batch = (20..120).map(deposit).collect();
    assert_eq!(store.commit_all(batch).await, vec![Answer::Done; 100]);
    assert_eq!(store.commit(deposit(120)).await, Answer::Done);
    assert_eq!(gathered(), 1, "after a large batch the writer looks whether more are coming");
    assert_eq!(store.commit(deposit(121)).await, Answer::Done);
    assert_eq!(gathered(), 1, "and stops as soon as there were none");
    assert_eq!(store.balance(SHOP, Currency::Cny).await.unwrap().available, cny(122));
    store.close().await;
}
