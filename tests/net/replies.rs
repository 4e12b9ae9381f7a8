//! What comes back, and how much of it is read.

use std::time::{Duration, Instant};

use recharge_gateway::seams::{MaybeSent, SendFailure, Transport};

use crate::server::{Conn, answer, failure, post, post_to, serve, supplier};

fn doubt(why: MaybeSent) -> SendFailure {
    SendFailure::MaybeSent(why)
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_broken() {
    for reply in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"status\":\"FAILED\"}",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "<html>hello</html>",
    ] {
        let (address, seen) = answer(reply).await;
        assert_eq!(
            failure(post_to(&supplier(), address, "/").await),
            Err(doubt(MaybeSent::Broken)),
            "{reply:?}"
        );
        assert_eq!((seen.connections(), seen.requests().len()), (1, 1), "{reply:?}");
    }
}

#[tokio::test]
async fn a_reply_without_a_length_ends_with_the_connection() {
    let (address, _) = answer("HTTP/1.1 200 OK\r\n\r\nsuccess").await;
    assert_eq!(post_to(&supplier(), address, "/").await.unwrap().body().as_ref(), b"success");
}

#[tokio::test]
async fn headers_and_odd_statuses_come_through() {
    let (address, _) = answer("HTTP/1.1 299 Odd\r\nX-Ref: 77\r\nX-Ref: 78\r\ncontent-length: 1\r\n\r\nx").await;
    let reply = post_to(&supplier(), address, "/").await.unwrap();
    assert_eq!(reply.status().as_u16(), 299);
    assert_eq!(reply.headers().get_all("x-ref").iter().collect::<Vec<_>>(), ["77", "78"]);
}

#[tokio::test]
async fn silence_and_slow_drips_end_by_the_time_out() {
    async fn drip(mut conn: Conn, head: &str, drop: &str) {
        conn.read().await;
        conn.write(head).await;
        for _ in 0..200 {
            conn.write(drop).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let (silent, _) = serve(|conn| drip(conn, "", "")).await;
    let (slow_head, _) = serve(|conn| drip(conn, "HTTP/1.1 200 OK\r\nx: ", "y")).await;
    let (slow_body, _) = serve(|conn| drip(conn, "HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n", "z")).await;
    let (interim, _) = serve(|conn| drip(conn, "", "HTTP/1.1 100 Continue\r\n\r\n")).await;
    for address in [silent, slow_head, slow_body, interim] {
        let start = Instant::now();
        let mut outbound = post(&format!("http://{address}/"));
        outbound.timeout_ms = 400;
        assert_eq!(failure(supplier().send(outbound).await), Err(doubt(MaybeSent::Timeout)));
        assert!(start.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn a_reply_above_the_bound_is_too_large_and_one_at_the_bound_is_not() {
    let chunked = |n: usize| {
        format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{n:x}\r\n{}\r\n0\r\n\r\n",
            "a".repeat(n)
        )
    };
    let announced = |n: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {n}\r\n\r\n{}", "a".repeat(n));
    let until_close = |n: usize| format!("HTTP/1.1 200 OK\r\n\r\n{}", "a".repeat(n));
    let shapes: [fn(usize) -> String; 3] = [chunked, announced, until_close];
    for reply in shapes {
        for (bytes, max_reply_bytes, expected) in [
            (3_000, 3_000, Ok(3_000)),
            (3_001, 3_000, Err(doubt(MaybeSent::TooLarge))),
            (200_000, 3_000, Err(doubt(MaybeSent::TooLarge))),
            (0, 0, Ok(0)),
            (1, 0, Err(doubt(MaybeSent::TooLarge))),
        ] {
            let (address, _) = answer(reply(bytes)).await;
            let mut outbound = post(&format!("http://{address}/"));
            outbound.max_reply_bytes = max_reply_bytes;
            assert_eq!(supplier().send(outbound).await.map(|reply| reply.body().len()), expected);
        }
    }
}

#[tokio::test]
async fn an_endless_reply_is_cut_while_it_streams() {
    let (address, _) = serve(|mut conn| async move {
        conn.read().await;
        conn.write("HTTP/1.1 200 OK\r\n\r\n").await;
        loop {
            conn.write(&"a".repeat(10_000)).await;
            tokio::task::yield_now().await;
        }
    })
    .await;
    let start = Instant::now();
    assert_eq!(failure(post_to(&supplier(), address, "/").await), Err(doubt(MaybeSent::TooLarge)));
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn endless_headers_are_cut_too() {
    let (address, _) = serve(|mut conn| async move {
        conn.read().await;
        conn.write("HTTP/1.1 200 OK\r\n").await;
        loop {
            conn.write(&format!("x-a: {}\r\n", "a".repeat(10_000))).await;
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(failure(post_to(&supplier(), address, "/").await), Err(doubt(MaybeSent::Broken)));
}

#[tokio::test]
async fn a_compressed_reply_is_left_as_it_is() {
    let (address, _) = answer("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nwhat").await;
    assert_eq!(post_to(&supplier(), address, "/").await.unwrap().body().as_ref(), b"what");
}
