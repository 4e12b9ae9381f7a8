//! What leaves, and when it is certain that nothing did.

use std::time::{Duration, Instant};

use bytes::Bytes;
use recharge_gateway::net::Roots;
use recharge_gateway::seams::{MaybeSent, NotSent, Outbound, SendFailure, Transport};
use tokio::net::TcpListener;

use crate::server::{LOCAL, Names, answer, failure, post, post_to, serve, supplier, supplier_with};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    let listener = TcpListener::bind((LOCAL, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(
        failure(post_to(&supplier(), address, "/").await),
        Err(SendFailure::NotSent(NotSent::Connect))
    );
}

#[tokio::test]
async fn a_name_without_address_is_not_sent() {
    let client = supplier_with(Names::new(&[]), Roots::Public);
    let result = client.send(post("http://supplier.test/")).await;
    assert_eq!(failure(result), Err(SendFailure::NotSent(NotSent::Address)));
}

#[tokio::test]
async fn the_systems_own_resolver_knows_no_invalid_names() {
    let result = supplier().send(post("http://nonexistent.invalid/")).await;
    // Where no name server answers at all, the connect time-out strikes first.
    let result = failure(result);
    assert!(
        [NotSent::Address, NotSent::Connect]
            .map(|why| Err(SendFailure::NotSent(why)))
            .contains(&result),
        "{result:?}"
    );
}

#[tokio::test]
async fn a_connection_that_does_not_come_about_in_time_is_not_sent() {
    // A full backlog swallows further SYNs on Linux: nobody answers, nobody refuses.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((LOCAL, 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    let is_full = loop {
        let connecting = tokio::time::timeout(Duration::from_millis(300), tokio::net::TcpStream::connect(address)).await;
        match connecting {
            Ok(connected) => queued.push(connected.unwrap()),
            Err(_) => break true,
        }
        if queued.len() > 200 {
            break false;
        }
    };
    assert!(is_full, "this kernel takes any number of connections");
    let start = Instant::now();
    let result = post_to(&supplier(), address, "/").await;
    assert_eq!(failure(result), Err(SendFailure::NotSent(NotSent::Connect)));
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn a_time_out_that_strikes_before_the_connect_time_out_proves_nothing() {
    let (address, _) = serve(|conn| async move {
        let _held = conn;
        tokio::time::sleep(Duration::from_secs(60)).await;
    })
    .await;
    let mut outbound = post(&format!("https://{address}/"));
    outbound.timeout_ms = 300;
    assert_eq!(
        failure(supplier().send(outbound).await),
        Err(SendFailure::MaybeSent(MaybeSent::Timeout))
    );
}

#[tokio::test]
async fn a_reset_with_nothing_read_may_have_been_sent() {
    let (address, seen) = serve(|conn| async move {
        conn.stream.set_zero_linger().unwrap();
        drop(conn);
    })
    .await;
    assert_eq!(
        failure(post_to(&supplier(), address, "/").await),
        Err(SendFailure::MaybeSent(MaybeSent::Broken))
    );
    assert_eq!(seen.connections(), 1, "it was not tried again");
}

#[tokio::test]
async fn a_close_without_an_answer_may_have_been_sent() {
    let (address, seen) = serve(|mut conn| async move {
        conn.read().await;
    })
    .await;
    assert_eq!(
        failure(post_to(&supplier(), address, "/").await),
        Err(SendFailure::MaybeSent(MaybeSent::Broken))
    );
    assert_eq!((seen.connections(), seen.requests().len()), (1, 1));
}

#[tokio::test]
async fn what_leaves_is_what_was_written() {
    let (address, seen) = answer(OK).await;
    let body = r#"{"account":"充值","face":"98.50"}"#;
    let outbound = Outbound {
        request: http::Request::post(format!("http://{address}/a//b/%7e?sign=%2B%2f&b=~!()*&b=&c"))
            .header("X-Sign", "0aF==")
            .header("content-type", "application/json;charset=GBK")
            .header("x-twice", "one")
            .header("x-twice", "two")
            .body(Bytes::from(body))
            .unwrap(),
        timeout_ms: 5_000,
        max_reply_bytes: 1_000,
    };
    let reply = supplier().send(outbound).await.unwrap();
    assert_eq!((reply.status().as_u16(), reply.body().as_ref()), (200, b"ok".as_slice()));
    let requests = seen.requests();
    let [request] = requests.as_slice() else {
        panic!("once: {requests:?}")
    };
    let (head, sent_body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(sent_body, body);
    let mut lines: Vec<&str> = head.split("\r\n").collect();
    assert_eq!(lines.remove(0), "POST /a//b/%7e?sign=%2B%2f&b=~!()*&b=&c HTTP/1.1");
    lines.sort_unstable();
    let (host, length) = (format!("host: {address}"), format!("content-length: {}", body.len()));
    let mut expected = vec![
        "x-sign: 0aF==",
        "content-type: application/json;charset=GBK",
        "x-twice: one",
        "x-twice: two",
        // The only lines that are not the caller's.
        "accept: */*",
        &host,
        &length,
    ];
    expected.sort_unstable();
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn a_get_carries_no_body_and_an_empty_post_says_so() {
    let (address, seen) = answer(OK).await;
    for method in [http::Method::GET, http::Method::POST] {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("http://{address}/"))
            .body(Bytes::new())
            .unwrap();
        let outbound = Outbound {
            request,
            timeout_ms: 5_000,
            max_reply_bytes: 10,
        };
        assert!(supplier().send(outbound).await.is_ok());
    }
    let requests = seen.requests();
    assert!(
        !requests[0].contains("content-length") && !requests[0].contains("transfer-encoding"),
        "{}",
        requests[0]
    );
    assert!(requests[1].contains("content-length: 0\r\n"), "{}", requests[1]);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_the_order_arrives_once() {
    let (elsewhere, seen_elsewhere) = answer(OK).await;
    for status in [301, 302, 303, 307, 308] {
        let (address, seen) = answer(format!(
            "HTTP/1.1 {status} Moved\r\nlocation: http://{elsewhere}/there\r\ncontent-length: 0\r\n\r\n"
        ))
        .await;
        let reply = post_to(&supplier(), address, "/").await.unwrap();
        assert_eq!(reply.status().as_u16(), status);
        assert_eq!(seen.requests().len(), 1);
    }
    assert_eq!(seen_elsewhere.connections(), 0);
}

#[tokio::test]
async fn no_status_makes_it_send_again() {
    for status in [
        "408 Request Timeout",
        "421 Misdirected",
        "425 Too Early",
        "429 Too Many",
        "502 Bad Gateway",
        "503 Unavailable",
    ] {
        let (address, seen) = answer(format!("HTTP/1.1 {status}\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n")).await;
        assert!(post_to(&supplier(), address, "/").await.is_ok());
        assert_eq!((seen.connections(), seen.requests().len()), (1, 1), "{status}");
    }
}

#[tokio::test]
async fn a_cookie_is_not_kept() {
    let (address, seen) = answer("HTTP/1.1 200 OK\r\nset-cookie: a=b; Path=/\r\ncontent-length: 0\r\n\r\n").await;
    let client = supplier();
    for _ in 0..2 {
        assert!(post_to(&client, address, "/").await.is_ok());
    }
    assert!(seen.requests().iter().all(|request| !request.to_lowercase().contains("cookie")));
}

#[test]
fn a_proxy_in_the_environment_is_ignored() {
    // In a process of its own, since an environment is shared by all tests of this one.
    let nowhere = "http://127.0.0.1:9";
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sending::what_leaves_is_what_was_written"])
        .envs(["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].map(|name| (name, nowhere)))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(status.status.success() && told.contains("1 passed"), "{told}");
}
