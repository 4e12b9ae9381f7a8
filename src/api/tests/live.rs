//! The server itself, on a real socket with a real clock: the deadlines that no service call can show.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use metrics_exporter_prometheus::PrometheusBuilder;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::api::{ApiLimits, ApiState, serve, sign};
use crate::dispatch::Shelf;
use crate::seams::{Clock, SystemClock};

use super::fakes::{self, FakeFront, FakeStore};
use super::{KEY, ORDER, SECRET};

/// Runs `story` against a server whose deadlines are short.
async fn with_server<S: Future<Output = ()>>(story: impl FnOnce(SocketAddr) -> S) {
    with_limits(ApiLimits::default(), story).await;
}

async fn with_limits<S: Future<Output = ()>>(limits: ApiLimits, story: impl FnOnce(SocketAddr) -> S) {
    let shelf = Arc::new(Shelf::new(fakes::catalog()));
    let state = ApiState::new(
        Arc::new(FakeFront::default()),
        Arc::new(FakeStore::default()),
        Arc::new(move || Arc::clone(&shelf)),
        Arc::new(SystemClock::new()),
        PrometheusBuilder::new().build_recorder().handle(),
        ApiLimits {
            header_timeout_ms: 300,
            body_timeout_ms: 300,
            idle_timeout_ms: 1_000,
            ..limits
        },
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = serve(listener, 1, Arc::new(state), |_| ()).unwrap();
    let handle = server.handle();
    let told = async {
        story(address).await;
        handle.stop(false).await;
    };
    let (served, ()) = join(server, told).await;
    served.unwrap();
}

fn head(body: &str, declared: usize) -> String {
    let timestamp = (SystemClock::new().now_ms() / 1_000).to_string();
    let nonce = "nonce-on-a-socket";
    let signature = sign(
        &SecretString::from(SECRET),
        "POST",
        "/v1/orders",
        &timestamp,
        nonce,
        body.as_bytes(),
    );
    format!(
        "POST /v1/orders HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: {declared}\r\n\
         X-Shop-Key: {KEY}\r\nX-Timestamp: {timestamp}\r\nX-Nonce: {nonce}\r\nX-Signature: {signature}\r\n\r\n"
    )
}

/// Everything the server says until it closes, which it must.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    let closed = timeout(Duration::from_secs(10), stream.read_to_end(&mut heard)).await;
    assert!(
        closed.is_ok(),
        "the connection is still open after {:?}",
        String::from_utf8_lossy(&heard)
    );
    String::from_utf8_lossy(&heard).into_owned()
}

#[actix_web::test]
async fn an_order_over_a_socket_is_taken_and_the_idle_connection_closed() {
    with_server(|address| async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(format!("{}{ORDER}", head(ORDER, ORDER.len())).as_bytes())
            .await
            .unwrap();
        let heard = until_closed(&mut stream).await;
        assert!(heard.starts_with("HTTP/1.1 201"), "{heard}");
        assert!(heard.contains("\"status\":\"processing\""), "{heard}");
    })
    .await;
}

#[actix_web::test]
async fn dripping_headers_and_dripping_bodies_are_closed_while_others_are_served() {
    with_server(|address| async move {
        let mut headers = TcpStream::connect(address).await.unwrap();
        headers.write_all(b"POST /v1/orders HTTP/1.1\r\nHost: g").await.unwrap();
        let mut body = TcpStream::connect(address).await.unwrap();
        body.write_all(format!("{}{{", head(ORDER, ORDER.len())).as_bytes()).await.unwrap();
        let mut other = TcpStream::connect(address).await.unwrap();
        let probe = b"GET /livez HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n";
        other.write_all(probe).await.unwrap();
        assert!(until_closed(&mut other).await.starts_with("HTTP/1.1 200"));
        let heard = until_closed(&mut body).await;
        assert!(
            heard.starts_with("HTTP/1.1 408") && heard.contains("\"code\":\"body_timeout\""),
            "{heard}"
        );
        let heard = until_closed(&mut headers).await;
        assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 408"), "{heard}");
    })
    .await;
}

#[actix_web::test]
async fn an_endless_body_is_answered_and_cut_off() {
    with_server(|address| async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = head(ORDER, 1_000_000_000);
        stream.write_all(request.as_bytes()).await.unwrap();
        let heard = until_closed(&mut stream).await;
        assert!(heard.starts_with("HTTP/1.1 413"), "{heard}");
    })
    .await;
}

#[actix_web::test]
async fn whoever_is_turned_away_keeps_the_connection_unless_its_body_is_still_to_come() {
    let full = ApiLimits {
        max_submitting: 0,
        ..ApiLimits::default()
    };
    with_limits(full, |address| async move {
        let whole = format!("{}{ORDER}", head(ORDER, ORDER.len()));
        let mut stream = TcpStream::connect(address).await.unwrap();
        for _ in 0..3 {
            stream.write_all(whole.as_bytes()).await.unwrap();
            let mut heard = [0; 4_096];
            let length = stream.read(&mut heard).await.unwrap();
            let heard = String::from_utf8_lossy(heard.get(..length).unwrap());
            assert!(heard.starts_with("HTTP/1.1 503"), "{heard}");
        }
        assert!(until_closed(&mut stream).await.is_empty());
        let mut endless = TcpStream::connect(address).await.unwrap();
        endless.write_all(head(ORDER, 1_000_000_000).as_bytes()).await.unwrap();
        let heard = until_closed(&mut endless).await;
        assert!(heard.starts_with("HTTP/1.1 503"), "{heard}");
    })
    .await;
}
