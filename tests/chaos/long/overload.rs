//! Many times what it can do, for a minute: it sheds, what it takes it takes fast, and it recovers.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use futures_util::future::{join, join_all};
use recharge_gateway::api::sign;
use recharge_gateway::seams::{Clock, SystemClock};
use secrecy::SecretString;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::http;
use crate::shop;
use crate::world::{Plan, SKUS, World};

/// Clients that are as many as it serves best.
const FEW: usize = 16;
/// Clients of a rush; each asks again as soon as it is turned away.
const MANY: usize = 400;
const CALM: Duration = Duration::from_secs(10);
const RUSH: Duration = Duration::from_secs(60);

/// What a phase was like.
#[derive(Default)]
struct Seen {
    taken: Cell<u32>,
    turned_away: Cell<u32>,
    broken: Cell<u32>,
    taken_ms: RefCell<Vec<u64>>,
}

impl Seen {
    fn per_second(&self, time: Duration) -> u64 {
        u64::from(self.taken.get()) * 1_000 / u64::try_from(time.as_millis()).unwrap()
    }

    fn p99_ms(&self) -> u64 {
        let mut times = self.taken_ms.borrow().clone();
        times.sort_unstable();
        times.get(times.len() * 99 / 100).copied().unwrap_or(0)
    }
}

#[actix_web::test]
async fn many_times_the_load_is_shed_and_what_is_taken_is_taken_fast() {
    let world = World::open(Plan {
        // So little that one machine can play both it and many times its clients.
        server: "max_in_flight = 32\nmax_in_flight_per_shop = 32\nworkers = 1",
        ..Plan::default()
    })
    .await;
    let process = world.serve().await;
    let number = Cell::new(0);
    let before = phase(&world, &number, FEW, CALM).await;
    let rush = phase(&world, &number, MANY, RUSH).await;
    let after = phase(&world, &number, FEW, CALM).await;
    let (peak, good) = (before.per_second(CALM), rush.per_second(RUSH));
    let offered = u64::from(rush.taken.get() + rush.turned_away.get()) * 1_000 / u64::try_from(RUSH.as_millis()).unwrap();
    println!(
        "{FEW} clients: {peak} orders a second, p99 {} ms; {MANY} clients offer {offered} a second for {RUSH:?}: {good} taken, p99 {} ms, {} turned away, {} broken; afterwards {} a second, p99 {} ms",
        before.p99_ms(),
        rush.p99_ms(),
        rush.turned_away.get(),
        rush.broken.get(),
        after.per_second(CALM),
        after.p99_ms()
    );
    assert!(offered >= 10 * peak, "this was no rush: {offered} a second");
    assert!(good * 10 >= peak * 9, "goodput fell from {peak} to {good} a second");
    assert!(rush.p99_ms() <= 1_000, "an order that was taken waited {} ms", rush.p99_ms());
    // What the rush left behind is still being delivered, on the same two cores.
    assert!(after.turned_away.get() == 0 && after.p99_ms() <= 1_000, "it did not recover");
    assert!(after.per_second(CALM) * 2 >= peak, "it did not recover");
    world
        .until("everything is settled", Duration::from_secs(120), || world.is_settled())
        .await;
    process.stop().await;
}

/// So many clients for so long.
async fn phase(world: &World, number: &Cell<u32>, clients: usize, time: Duration) -> Seen {
    let seen = Seen::default();
    let is_over = Cell::new(false);
    let end = async {
        world.clock.sleep(time).await;
        is_over.set(true);
    };
    let clients = (0..clients).map(|_| client(world, number, &seen, &is_over));
    join(join_all(clients), end).await;
    seen
}

/// Orders one after the other over a kept connection; what is turned away is sent again as it is.
async fn client(world: &World, number: &Cell<u32>, seen: &Seen, is_over: &Cell<bool>) {
    let clock = SystemClock::new();
    let mut stream = None;
    let mut waiting: Option<Vec<u8>> = None;
    while !is_over.get() {
        let mut open = match stream.take() {
            Some(open) => open,
            None => match TcpStream::connect(world.address).await {
                Ok(open) => open,
                Err(_) => {
                    clock.sleep(Duration::from_millis(20)).await;
                    continue;
                }
            },
        };
        let request = waiting.take().unwrap_or_else(|| {
            number.set(number.get() + 1);
            request(world, number.get())
        });
        let asked = clock.monotonic();
        let answer = match open.write_all(&request).await {
            Ok(()) => http::message(&mut open).await.unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        if answer.starts_with(b"HTTP/1.1 201") || answer.starts_with(b"HTTP/1.1 200") {
            seen.taken.set(seen.taken.get() + 1);
            let took = clock.monotonic().saturating_sub(asked);
            seen.taken_ms.borrow_mut().push(u64::try_from(took.as_millis()).unwrap());
        } else if answer.starts_with(b"HTTP/1.1 503") {
            seen.turned_away.set(seen.turned_away.get() + 1);
            waiting = Some(request);
        } else {
            seen.broken.set(seen.broken.get() + 1);
        }
        let head = &answer[..http::head_length(&answer).unwrap_or(0)];
        let is_kept = !head.is_empty() && http::header(head, "connection").is_none_or(|word| word != "close");
        stream = is_kept.then_some(open);
    }
}

fn request(world: &World, n: u32) -> Vec<u8> {
    let body = format!(
        r#"{{"shop_order_no":"RUSH-{n}","sku":"{}","inputs":{{"account":"139{n:08}"}}}}"#,
        SKUS[1].0
    );
    let now_s = SystemClock::new().now_ms().div_euclid(1_000).to_string();
    let nonce = format!("nonce-{n:08}");
    let secret = SecretString::from(shop::SECRET);
    let signature = sign(&secret, "POST", "/v1/orders", &now_s, &nonce, body.as_bytes());
    format!(
        "POST /v1/orders HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\nx-shop-key: chaos-shop\r\nx-timestamp: {now_s}\r\nx-nonce: {nonce}\r\nx-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
        world.address,
        body.len()
    )
    .into_bytes()
}
