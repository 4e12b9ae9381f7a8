//! Idle connections: none to suppliers by default, and where they are kept, still nothing is sent
//! twice. Shops may hear a callback twice, so theirs are kept, and one that broke costs them nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use recharge_gateway::net::{ShopClient, ShopProfile, SupplierClient, SupplierProfile};
use recharge_gateway::seams::{MaybeSent, SendFailure};

use crate::server::{PROFILE, Seen, failure, post_to, serve, supplier};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn pooled() -> SupplierClient {
    SupplierClient::new(SupplierProfile {
        keep_alive: true,
        ..PROFILE
    })
    .unwrap()
}

fn shop() -> ShopClient {
    let profile = ShopProfile {
        may_call_loopback: true,
        connect_timeout_ms: 2_000,
    };
    ShopClient::new(profile).unwrap()
}

/// Request lines, each of which must be there once.
fn paths(seen: &Seen) -> BTreeSet<String> {
    let requests = seen.requests();
    let paths: BTreeSet<String> = requests.iter().map(|request| request.lines().next().unwrap().to_owned()).collect();
    assert_eq!(paths.len(), requests.len(), "something arrived twice");
    paths
}

#[tokio::test]
async fn by_default_a_connection_carries_one_request() {
    let (address, seen) = serve(|mut conn| async move {
        while conn.read().await {
            conn.write(OK).await;
        }
    })
    .await;
    let client = supplier();
    for n in 0..50 {
        assert!(post_to(&client, address, &format!("/{n}")).await.is_ok());
    }
    assert_eq!((seen.connections(), paths(&seen).len()), (50, 50));
}

#[tokio::test]
async fn by_default_a_server_that_closes_idle_connections_causes_no_doubt() {
    let (address, seen) = serve(|mut conn| async move {
        if conn.read().await {
            conn.write(OK).await;
        }
    })
    .await;
    let client = supplier();
    for n in 0..300 {
        let result = post_to(&client, address, &format!("/{n}")).await;
        assert!(result.is_ok(), "{n}: {result:?}");
    }
    assert_eq!(paths(&seen).len(), 300);
}

#[tokio::test]
async fn a_kept_connection_is_used_again() {
    let (address, seen) = serve(|mut conn| async move {
        while conn.read().await {
            conn.write(OK).await;
        }
    })
    .await;
    let client = pooled();
    for n in 0..50 {
        assert!(post_to(&client, address, &format!("/{n}")).await.is_ok());
    }
    assert!(seen.connections() < 50);
    assert_eq!(paths(&seen).len(), 50);
}

#[tokio::test]
async fn a_request_read_on_a_kept_connection_and_not_answered_is_not_sent_again() {
    let (address, seen) = serve(|mut conn| async move {
        conn.read().await;
        conn.write(OK).await;
        conn.read().await;
    })
    .await;
    let client = pooled();
    assert!(post_to(&client, address, "/first").await.is_ok());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(
        failure(post_to(&client, address, "/second").await),
        Err(SendFailure::MaybeSent(MaybeSent::Broken))
    );
    assert_eq!(seen.connections(), 1);
    assert_eq!(paths(&seen).len(), 2);
}

/// The race that idle connections bring: the server closes while the next request is being written.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_closes_idle_connections_never_gets_a_request_twice() {
    let (address, seen) = serve(|mut conn| async move {
        if conn.read().await {
            conn.write(OK).await;
            for _ in 0..conn.stream.peer_addr().unwrap().port() % 7 {
                tokio::task::yield_now().await;
            }
            conn.stream.set_zero_linger().unwrap();
        }
    })
    .await;
    let client = pooled();
    let mut answered = 0;
    let mut doubtful = 0;
    for n in 0..1_000 {
        match post_to(&client, address, &format!("/{n}")).await {
            Ok(_) => answered += 1,
            Err(SendFailure::MaybeSent(_)) => doubtful += 1,
            Err(SendFailure::NotSent(why)) => panic!("{n} was not sent: {why:?}"),
        }
    }
    let arrived = paths(&seen).len();
    assert!(
        answered <= arrived && arrived <= answered + doubtful,
        "{answered} answered, {doubtful} in doubt, {arrived} arrived"
    );
}

#[tokio::test]
async fn connections_to_shops_are_kept() {
    let (address, seen) = serve(|mut conn| async move {
        while conn.read().await {
            conn.write(OK).await;
        }
    })
    .await;
    let client = shop();
    for n in 0..50 {
        assert!(post_to(&client, address, &format!("/{n}")).await.is_ok());
    }
    assert!(seen.connections() < 50);
    assert_eq!(paths(&seen).len(), 50);
}

/// The same race as above, and it costs a shop no failed try.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_shop_that_closes_idle_connections_fails_no_try() {
    let (address, seen) = serve(|mut conn| async move {
        if conn.read().await {
            conn.write(OK).await;
            for _ in 0..conn.stream.peer_addr().unwrap().port() % 7 {
                tokio::task::yield_now().await;
            }
        }
    })
    .await;
    let client = shop();
    for n in 0..1_000 {
        let result = post_to(&client, address, &format!("/{n}")).await;
        assert!(result.is_ok(), "{n}: {result:?}");
    }
    assert!(seen.requests().len() >= 1_000);
}

#[tokio::test]
async fn a_callback_that_broke_a_kept_connection_is_sent_once_more_on_a_fresh_one() {
    let is_first = Arc::new(AtomicBool::new(true));
    let (address, seen) = serve(move |mut conn| {
        let is_first = is_first.swap(false, Ordering::SeqCst);
        async move {
            conn.read().await;
            conn.write(OK).await;
            if is_first {
                // Read, and never answered.
                conn.read().await;
            }
        }
    })
    .await;
    let client = shop();
    assert!(post_to(&client, address, "/first").await.is_ok());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(post_to(&client, address, "/second").await.is_ok());
    assert_eq!((seen.connections(), seen.requests().len()), (2, 3));
}

#[tokio::test]
async fn a_shop_that_breaks_every_connection_is_called_once_a_try() {
    let (address, seen) = serve(|mut conn| async move {
        conn.read().await;
    })
    .await;
    let client = shop();
    for n in 0..5 {
        assert_eq!(
            failure(post_to(&client, address, &format!("/{n}")).await),
            Err(SendFailure::MaybeSent(MaybeSent::Broken))
        );
    }
    assert_eq!((seen.connections(), paths(&seen).len()), (5, 5));
}
