//! Callbacks: URLs that shops chose, and names that change their mind.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use recharge_gateway::net::{Roots, ShopClient, ShopProfile};
use recharge_gateway::seams::{MaybeSent, NotSent, SendFailure, Transport};

use crate::server::{LOCAL, Names, Seen, answer, failure, post, post_to};

const METADATA: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nsuccess";

fn shop(may_call_loopback: bool, names: &Names) -> ShopClient {
    let profile = ShopProfile {
        may_call_loopback,
        connect_timeout_ms: 500,
    };
    ShopClient::with(profile, Arc::new(names.clone()), Roots::Public).unwrap()
}

async fn listener() -> (SocketAddr, Seen) {
    answer(OK).await
}

#[tokio::test]
async fn a_public_name_that_points_inwards_is_not_called() {
    let (address, seen) = listener().await;
    for inward in [
        LOCAL,
        METADATA,
        "10.0.0.1".parse().unwrap(),
        "::1".parse().unwrap(),
        "::ffff:127.0.0.1".parse().unwrap(),
    ] {
        let client = shop(false, &Names::new(&[&[inward]]));
        let result = client.send(post(&format!("http://shop.example:{}/cb", address.port()))).await;
        assert_eq!(failure(result), Err(SendFailure::NotSent(NotSent::Address)), "{inward}");
    }
    assert_eq!(seen.connections(), 0);
}

#[tokio::test]
async fn a_url_written_carelessly_is_called_as_it_was_judged() {
    let (address, seen) = listener().await;
    let client = shop(true, &Names::new(&[]));
    assert!(post_to(&client, address, "/a/../cb?name='x'").await.is_ok());
    assert!(seen.requests()[0].starts_with("POST /cb?name=%27x%27 HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_name_is_judged_anew_at_every_call() {
    let (address, seen) = listener().await;
    // The development setting makes this machine the allowed place of the first answer.
    let client = shop(true, &Names::new(&[&[LOCAL], &[METADATA], &[LOCAL]]));
    let url = format!("http://shop.example:{}/cb", address.port());
    assert!(client.send(post(&url)).await.is_ok());
    assert_eq!(failure(client.send(post(&url)).await), Err(SendFailure::NotSent(NotSent::Address)));
    assert!(client.send(post(&url)).await.is_ok());
    assert_eq!(seen.connections(), 2);
}

#[tokio::test]
async fn a_literal_never_reaches_a_resolver_and_is_refused_all_the_same() {
    let (address, seen) = listener().await;
    let client = ShopClient::new(ShopProfile {
        may_call_loopback: false,
        connect_timeout_ms: 500,
    })
    .unwrap();
    let port = address.port();
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "0",
        "[::ffff:127.0.0.1]",
        "localhost",
        "localhost.",
    ] {
        let result = client.send(post(&format!("http://{host}:{port}/cb"))).await;
        assert_eq!(failure(result), Err(SendFailure::NotSent(NotSent::Address)), "{host}");
    }
    for url in [format!("http://user@127.0.0.1:{port}/"), format!("ftp://127.0.0.1:{port}/")] {
        assert_eq!(
            failure(client.send(post(&url)).await),
            Err(SendFailure::NotSent(NotSent::Request)),
            "{url}"
        );
    }
    assert_eq!(seen.connections(), 0);
}

#[tokio::test]
async fn the_development_setting_reaches_this_machine() {
    let (address, seen) = listener().await;
    let client = shop(true, &Names::new(&[]));
    assert_eq!(post_to(&client, address, "/cb").await.unwrap().body().as_ref(), b"success");
    assert_eq!(seen.requests().len(), 1);
}

#[tokio::test]
async fn a_redirect_inwards_is_not_followed() {
    let (inside, seen_inside) = listener().await;
    let (address, _) = answer(format!(
        "HTTP/1.1 307 Moved\r\nlocation: http://{inside}/\r\ncontent-length: 0\r\n\r\n"
    ))
    .await;
    let client = shop(true, &Names::new(&[]));
    assert_eq!(post_to(&client, address, "/cb").await.unwrap().status().as_u16(), 307);
    assert_eq!(seen_inside.connections(), 0);
}

#[tokio::test]
async fn an_acknowledgement_is_short_whatever_the_caller_allows() {
    let client = shop(true, &Names::new(&[]));
    for (bytes, expected) in [
        (ShopClient::MAX_REPLY_BYTES, Ok(ShopClient::MAX_REPLY_BYTES)),
        (ShopClient::MAX_REPLY_BYTES + 1, Err(SendFailure::MaybeSent(MaybeSent::TooLarge))),
    ] {
        let (address, _) = answer(format!("HTTP/1.1 200 OK\r\n\r\n{}", "a".repeat(bytes))).await;
        let mut outbound = post(&format!("http://{address}/cb"));
        outbound.max_reply_bytes = 1_000_000;
        assert_eq!(client.send(outbound).await.map(|reply| reply.body().len()), expected);
    }
}
