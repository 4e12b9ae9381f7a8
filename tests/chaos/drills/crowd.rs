//! Connections that cost their owner nothing: idle ones, heads and bodies that drip.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::{join, join_all};
use recharge_gateway::seams::{Clock, SystemClock};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::load::Load;
use crate::world::{Plan, World};

const IDLE: usize = 2_000;
const DRIPPING: usize = 60;
/// Deadlines are 5 s for a head and 10 s for a body, looked at now and then.
const CLOSED_WITHIN: Duration = Duration::from_secs(20);

#[actix_web::test]
async fn idle_and_dripping_connections_are_closed_and_others_are_served() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).expect("this drill needs 3,000 descriptors");
    let world = World::open(Plan::default()).await;
    let process = world.serve().await;
    let load = Load::new(&world);
    load.run_for(Duration::from_millis(300)).await;
    let before = process.resident();
    let idle = join_all((0..IDLE).map(|_| TcpStream::connect(world.address))).await;
    let idle: Vec<TcpStream> = idle.into_iter().map(|stream| stream.expect("a connection")).collect();
    let taken = load.accepted.borrow().len();
    let is_over = Cell::new(false);
    let crowd = async {
        let idle = join_all(idle.into_iter().map(closed));
        let heads = join_all((0..DRIPPING).map(|_| drip(world.address, b"POST /v1/orders HTTP/1.1\r\nhost: gateway\r\nx-")));
        let begun = b"POST /notify/north HTTP/1.1\r\nhost: gateway\r\ncontent-length: 5000\r\n\r\n";
        let bodies = join_all((0..DRIPPING).map(|_| drip(world.address, begun)));
        let (idle, (heads, bodies)) = join(idle, join(heads, bodies)).await;
        let slowest = |times: &[Duration]| times.iter().max().copied().unwrap_or_default();
        println!(
            "{IDLE} idle connections closed within {:?}, {DRIPPING} heads within {:?}, {DRIPPING} bodies within {:?}",
            slowest(&idle),
            slowest(&heads),
            slowest(&bodies)
        );
        for times in [&idle, &heads, &bodies] {
            assert!(slowest(times) < CLOSED_WITHIN, "one was kept for {:?}", slowest(times));
        }
        is_over.set(true);
    };
    join(load.run(&is_over), crowd).await;
    let served = load.accepted.borrow().len() - taken;
    println!(
        "meanwhile {served} orders; memory grew by {} MiB",
        process.resident().saturating_sub(before) >> 20
    );
    assert!(served > 100 && load.slowest_refusal.get() == Duration::ZERO, "served {served}");
    let count = world.rest_and_judge(&load, Some(process)).await;
    assert!(count.in_doubt == 0, "{count:?}");
}

/// How long the other side keeps a connection on which nothing comes.
async fn closed(mut stream: TcpStream) -> Duration {
    let clock = SystemClock::new();
    let begin = clock.monotonic();
    let mut rest = Vec::new();
    let ended = stream.read_to_end(&mut rest);
    let patience = clock.sleep(CLOSED_WITHIN);
    // A reset closes as well as a farewell does.
    let _ = futures_util::future::select(std::pin::pin!(ended), patience).await;
    clock.monotonic().saturating_sub(begin)
}

/// How long the other side listens to something that never ends, ten bytes a second.
async fn drip(address: SocketAddr, begun: &[u8]) -> Duration {
    let clock = SystemClock::new();
    let begin = clock.monotonic();
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let is_over = Cell::new(false);
    let write = async {
        // It fails once the other side has had enough.
        let mut is_heard = writing.write_all(begun).await.is_ok();
        while is_heard && !is_over.get() {
            clock.sleep(Duration::from_millis(100)).await;
            is_heard = writing.write_all(b"x").await.is_ok();
        }
    };
    let read = async {
        let mut rest = Vec::new();
        let ended = reading.read_to_end(&mut rest);
        let patience = clock.sleep(CLOSED_WITHIN);
        let _ = futures_util::future::select(std::pin::pin!(ended), patience).await;
        is_over.set(true);
    };
    join(write, read).await;
    clock.monotonic().saturating_sub(begin)
}
