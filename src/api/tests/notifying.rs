//! Suppliers' notifications, probes, and the paths and methods there are not.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::Ordering;

use actix_web::http::Method;
use actix_web::test::TestRequest;
use bytes::Bytes;

use crate::api::ApiLimits;
use crate::dispatch::Heard;

use super::World;

fn notification() -> TestRequest {
    TestRequest::post()
        .uri("/notify/first?order=7&sign=a%20b")
        .peer_addr("203.0.113.9:4000".parse().unwrap())
        .insert_header(("Content-Type", "application/x-www-form-urlencoded"))
        .append_header(("X-Twice", "one"))
        .append_header(("X-Twice", "two"))
        .set_payload(b"state=1&name=\xd6\xd0".to_vec())
}

#[actix_web::test]
async fn a_notification_is_carried_in_exactly_as_it_arrived() {
    let world = World::new();
    let acknowledgement = http::Response::builder()
        .status(202)
        .header("Content-Type", "text/plain; charset=gbk")
        .header("Content-Length", "999")
        .header("X-Ack", "1")
        .body(Bytes::from_static(b"success"))
        .unwrap();
    *world.front.heard.lock().unwrap() = Some(Heard::Acknowledge(acknowledgement));
    let answer = world.send(notification()).await;
    assert_eq!((answer.status, &answer.body[..]), (202, &b"success"[..]));
    assert_eq!(
        (answer.header("content-type"), answer.header("x-ack")),
        ("text/plain; charset=gbk", "1")
    );
    assert_ne!(answer.header("content-length"), "999", "the framing stays the server's");
    let notified = world.front.notified.lock().unwrap();
    let (supplier, request) = &notified[0];
    assert_eq!((supplier.as_str(), request.method().as_str()), ("first", "POST"));
    assert_eq!(request.uri().to_string(), "/notify/first?order=7&sign=a%20b");
    assert_eq!(&request.body()[..], b"state=1&name=\xd6\xd0");
    let twice: Vec<_> = request.headers().get_all("x-twice").iter().collect();
    assert_eq!(twice, ["one", "two"]);
    assert_eq!(
        request.extensions().get::<IpAddr>(),
        Some(&IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)))
    );
}

#[actix_web::test]
async fn each_way_of_not_hearing_has_its_status() {
    for (heard, status, code) in [
        (Heard::NoSuchSupplier, 404, "supplier_unknown"),
        (Heard::NotAuthentic, 401, "notification_not_authentic"),
        (Heard::Unreadable, 400, "notification_unreadable"),
        (Heard::TooMany, 429, "notifications_too_many"),
        (Heard::Unavailable, 503, "unavailable"),
    ] {
        let world = World::new();
        *world.front.heard.lock().unwrap() = Some(heard);
        let answer = world.send(notification()).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
        assert!(answer.json().get("order_may_exist").is_none(), "suppliers make no orders");
        assert_eq!(answer.header("retry-after").is_empty(), status < 429);
    }
}

#[actix_web::test]
async fn a_get_is_a_notification_too() {
    let world = World::new();
    *world.front.heard.lock().unwrap() = Some(Heard::Acknowledge(http::Response::new(Bytes::from_static(b"ok"))));
    let answer = world.send(TestRequest::get().uri("/notify/first?order=7")).await;
    assert_eq!((answer.status, &answer.body[..]), (200, &b"ok"[..]));
    let notified = world.front.notified.lock().unwrap();
    assert_eq!((notified[0].1.method().as_str(), notified[0].1.body().len()), ("GET", 0));
}

#[actix_web::test]
async fn notifications_have_the_same_cap_and_deadline_as_orders() {
    let world = World::new();
    let long = world.send(notification().set_payload(vec![b'x'; 64 * 1024 + 1])).await;
    assert_eq!((long.status, long.code().as_str()), (413, "body_too_large"));
    world.clock.hurry();
    let stalled: actix_web::dev::Payload = actix_web::dev::Payload::Stream {
        payload: Box::pin(futures_util::stream::pending()),
    };
    let slow = world.send_streaming(TestRequest::post().uri("/notify/first"), stalled).await;
    assert_eq!((slow.status, slow.code().as_str()), (408, "body_timeout"));
    assert!(world.front.notified.lock().unwrap().is_empty());
    let full = World::with(ApiLimits {
        max_notifying: 0,
        ..ApiLimits::default()
    });
    assert_eq!(full.send(notification()).await.status, 503);
}

#[actix_web::test]
async fn a_process_that_cannot_take_orders_lives_but_is_not_ready() {
    let world = World::new();
    let probe = |path: &str| TestRequest::get().uri(path);
    assert_eq!(world.send(probe("/readyz")).await.status, 200);
    world.front.is_closed.store(true, Ordering::Relaxed);
    let answer = world.send(probe("/readyz")).await;
    assert_eq!((answer.status, &answer.json()["accepting_orders"]), (503, &false.into()));
    world.front.is_closed.store(false, Ordering::Relaxed);
    world.store.is_away.store(true, Ordering::Relaxed);
    let answer = world.send(probe("/readyz")).await;
    assert_eq!((answer.status, &answer.json()["database_writable"]), (503, &false.into()));
    assert_eq!(world.send(probe("/livez")).await.status, 200);
    assert_eq!(
        world.send(TestRequest::default().method(Method::HEAD).uri("/livez")).await.status,
        200
    );
}

#[actix_web::test]
async fn measures_name_routes_and_never_an_order_or_a_shop() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let world = World::new();
    world.get("/v1/orders/123456789").await;
    world.post(super::ORDER).await;
    world.send(notification()).await;
    world.send(TestRequest::get().uri("/metrics")).await;
    let text = handle.render();
    for expected in [
        r#"api_requests_total{route="/v1/orders/{id}",method="GET",status="404"} 1"#,
        r#"api_requests_total{route="/v1/orders",method="POST",status="201"} 1"#,
        r#"api_problems_total{route="/v1/orders/{id}",code="order_not_found"} 1"#,
        r#"api_in_flight{station="submitting"} 0"#,
    ] {
        assert!(text.contains(expected), "{expected} not in\n{text}");
    }
    for private in ["123456789", "A-1", "13800138000", super::KEY, "order=7", "\"first\""] {
        assert!(!text.contains(private), "{private} in\n{text}");
    }
}

#[actix_web::test]
async fn paths_that_are_not_there_are_404_in_problem_json() {
    let world = World::new();
    for path in [
        "/",
        "/v1",
        "/v1/orders/",
        "/v1/orders/1/x",
        "/v2/orders",
        "/notify",
        "/notify/",
        "/%ff",
    ] {
        let answer = world.send(TestRequest::get().uri(path)).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "route_unknown"), "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(!answer.header("content-language").is_empty());
    }
    world
        .send(TestRequest::post().uri("/v1/order"))
        .await
        .refuses(404, "route_unknown", false);
}

#[actix_web::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let world = World::new();
    for (method, path, allow) in [
        (Method::PUT, "/v1/orders", "GET, POST"),
        (Method::DELETE, "/v1/orders/1", "GET"),
        (Method::POST, "/v1/orders/1/timeline", "GET"),
        (Method::POST, "/v1/products", "GET"),
        (Method::PATCH, "/v1/balance", "GET"),
        (Method::PUT, "/notify/first", "GET, POST"),
        (Method::POST, "/livez", "GET, HEAD"),
        (Method::POST, "/readyz", "GET, HEAD"),
        (Method::DELETE, "/metrics", "GET, HEAD"),
    ] {
        let answer = world.send(TestRequest::default().method(method).uri(path)).await;
        assert_eq!((answer.status, answer.code().as_str()), (405, "method_wrong"), "{path}");
        assert_eq!(answer.header("allow"), allow, "{path}");
    }
}
