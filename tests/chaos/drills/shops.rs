//! Shops whose doors are shut, slow, elsewhere, or answer without end; and one beside them that is well.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use recharge_gateway::seams::{Clock, Spawner, SystemClock, TokioSpawner};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::under_load;
use crate::http;
use crate::load::Load;
use crate::world::{Plan, SKUS, World};

/// How a bad door answers.
#[derive(Clone, Copy)]
enum Manner {
    /// Never.
    Silent,
    /// With a redirect to another address.
    Elsewhere(SocketAddr),
    /// With 100 MB.
    Endless,
}

/// A door of this manner, and how many requests have come to it.
async fn door(manner: Manner) -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::<AtomicU64>::default();
    let counting = Arc::clone(&count);
    let spawner = TokioSpawner::new(tokio::runtime::Handle::current());
    spawner.clone().spawn(Box::pin(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let counting = Arc::clone(&counting);
            spawner.spawn(Box::pin(async move {
                // The gateway hangs up on most of these.
                let _ = answer(stream, manner, &counting).await;
            }));
        }
    }));
    (address, count)
}

async fn answer(mut stream: TcpStream, manner: Manner, count: &AtomicU64) -> std::io::Result<()> {
    while !http::message(&mut stream).await?.is_empty() {
        count.fetch_add(1, Ordering::Relaxed);
        match manner {
            Manner::Silent => SystemClock::new().sleep(Duration::from_secs(30)).await,
            Manner::Elsewhere(target) => {
                let answer = format!("HTTP/1.1 302 Found\r\nlocation: http://{target}/told\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).await?;
            }
            Manner::Endless => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n").await?;
                let piece = vec![b'x'; 65_536];
                for _ in 0..1_600 {
                    stream.write_all(&piece).await?;
                }
            }
        }
    }
    Ok(())
}

#[actix_web::test]
async fn doors_that_are_shut_slow_elsewhere_or_endless_hold_up_no_other_shop() {
    let world = World::open(Plan {
        callbacks: "timeout_ms = 1000",
        ..Plan::default()
    })
    .await;
    let process = world.serve().await;
    let (inside, strayed) = door(Manner::Silent).await;
    let (slow, slow_count) = door(Manner::Silent).await;
    let (elsewhere, elsewhere_count) = door(Manner::Elsewhere(inside)).await;
    let (endless, endless_count) = door(Manner::Endless).await;
    let shut = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let load = Load::new(&world);
    load.run_for(Duration::from_millis(500)).await;
    let before = process.resident();
    let mut bad = Vec::new();
    for n in 0..60_usize {
        for address in [shut, slow, elsewhere, endless] {
            let (number, account) = (format!("DEAF-{}-{n}", address.port()), format!("138{n:08}"));
            let url = format!("http://{address}/told");
            let answer = world.neighbour.order(&number, SKUS[n % 2].0, &account, &url).await.unwrap();
            assert_eq!(answer.status, 201, "{answer:?}");
            bad.push(answer.body["id"].as_str().unwrap().to_owned());
        }
    }
    let (told, asked) = (world.door.letters().len(), load.asked());
    under_load(&load, world.clock.sleep(Duration::from_secs(3))).await;
    let waited = world
        .until(
            "the shop that is well has heard of all its orders",
            Duration::from_secs(5),
            || async { world.door.letters().len() >= load.asked() },
        )
        .await;
    let grown = process.resident().saturating_sub(before) >> 20;
    println!(
        "240 callbacks to bad doors; meanwhile {} orders of the other shop, the last heard of within {waited:?}; memory grew by {grown} MiB",
        load.asked() - asked
    );
    assert!(world.door.letters().len() > told + 20, "hardly anything was told");
    assert!(grown < 100, "100 MB of answers were kept: memory grew by {grown} MiB");
    assert_eq!(strayed.load(Ordering::Relaxed), 0, "a redirect was followed");
    for (name, count) in [("slow", slow_count), ("elsewhere", elsewhere_count), ("endless", endless_count)] {
        assert!(count.load(Ordering::Relaxed) > 0, "nobody knocked at the {name} door");
    }
    // Its callbacks wait on the ladder; its orders and its money are as everybody's.
    for id in bad {
        let order = world.neighbour.get(&format!("/v1/orders/{id}")).await.unwrap();
        assert_eq!(order.body["status"], "succeeded", "{order:?}");
    }
    let count = world.rest_and_judge(&load, Some(process)).await;
    assert!(count.succeeded > 240 && count.in_doubt == 0, "{count:?}");
}
