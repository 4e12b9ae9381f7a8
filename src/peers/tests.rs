//! Three processes and a real redis-server that is killed and started again.

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::{Link, Peers};
use crate::domain::ids::{OrderId, ShopId};
use crate::domain::limits::{Limits, Rate};
use crate::ratelimit::Lane;
use crate::ratelimit::shared::Seat;
use crate::seams::{Clock, SystemClock};

const RATE: Rate = Rate {
    per_minute: 3_000,
    burst: 30,
};
const STEP_US: u64 = 20_000;

/// A redis-server of this test's own, on a socket file: no port, no disk.
struct Redis {
    folder: tempfile::TempDir,
    server: Option<Child>,
}

impl Redis {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            server: None,
        }
    }

    fn start(&mut self) {
        let server = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket", "redis.sock"])
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is needed: apt-get install redis-server");
        self.server = Some(server);
    }

    fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    fn url(&self) -> String {
        format!("redis+unix://{}", self.folder.path().join("redis.sock").display())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_real_redis_killed_and_started_again_three_processes_stay_within_the_contract() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let mut redis = Redis::new();
    redis.start();
    let limits = Limits {
        submit: RATE,
        concurrency: 300,
        ..Limits::default()
    };
    let sent = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    for node in 0..3 {
        let (seat, thirst) = (Seat { node, nodes: 3 }, Arc::new(Notify::new()));
        let lane = Lane::shared(&limits, seat, Arc::clone(&thirst), Arc::clone(&clock));
        for n in 0..5_000 {
            lane.enqueue(ShopId(1), OrderId::from_stored(n + 1).unwrap());
        }
        let link = Link::new(&redis.url(), None).unwrap();
        tasks.spawn(Peers::new(link, seat, vec![("mock".to_owned(), lane.clone())], thirst, Arc::clone(&clock)).run());
        let (sent, clock) = (Arc::clone(&sent), Arc::clone(&clock));
        tasks.spawn(async move {
            loop {
                drop(lane.next().await);
                let at = u64::try_from(clock.monotonic().as_micros()).unwrap();
                sent.lock().unwrap().push(at);
            }
        });
    }
    let mut used = Vec::new();
    for phase in 0..3 {
        match phase {
            0 => {}
            1 => redis.kill(),
            _ => redis.start(),
        }
        // Into the new state, then a stretch that is counted.
        clock.sleep(Duration::from_secs(3)).await;
        let before = sent.lock().unwrap().len();
        let from = clock.monotonic();
        clock.sleep(Duration::from_secs(4)).await;
        let lasted_us = u64::try_from(clock.monotonic().saturating_sub(from).as_micros()).unwrap();
        let count = u64::try_from(sent.lock().unwrap().len() - before).unwrap();
        used.push(count * STEP_US * 100 / lasted_us);
    }
    tasks.shutdown().await;
    let mut sent = sent.lock().unwrap().clone();
    sent.sort_unstable();
    println!("{} sent; used with Redis, without, with it again: {used:?} %", sent.len());
    for (i, first) in sent.iter().enumerate() {
        for (j, last) in sent.iter().enumerate().skip(i) {
            let allowed = u64::from(RATE.burst) + (last - first) / STEP_US;
            let count = u64::try_from(j - i + 1).unwrap();
            assert!(count <= allowed, "{count} in {} us", last - first);
        }
    }
    assert!(used.iter().all(|percent| *percent >= 90), "{used:?} % of the contract used");
}
