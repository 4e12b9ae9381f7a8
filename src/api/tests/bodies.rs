//! What arrives after the headers: too much, too slowly, or not what it says.

use std::sync::atomic::Ordering;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::test::TestRequest;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{iter, pending, repeat_with};

use super::{ORDER, World};

fn stream(chunks: impl futures_util::Stream<Item = Result<Bytes, PayloadError>> + 'static) -> Payload {
    Payload::Stream { payload: Box::pin(chunks) }
}

fn bare(world: &World) -> TestRequest {
    let request = TestRequest::post()
        .uri("/v1/orders")
        .insert_header(("Content-Type", "application/json"));
    world.signed(request, "POST", "/v1/orders", ORDER)
}

#[actix_web::test]
async fn a_body_that_drips_is_closed_by_its_deadline() {
    let world = World::new();
    world.clock.hurry();
    let first_byte = iter([Ok(Bytes::from_static(b"{"))]);
    let answer = world.send_streaming(bare(&world), stream(first_byte.chain(pending()))).await;
    answer.refuses(408, "body_timeout", false);
    assert_eq!(world.state.gates.reading.inside(), 0, "its slot is free again");
}

#[actix_web::test]
async fn a_body_that_is_there_in_time_is_not_hurt_by_the_deadline() {
    let world = World::new();
    world.clock.hurry();
    assert_eq!(world.post(ORDER).await.status, 201);
}

#[actix_web::test]
async fn a_body_without_end_is_cut_off_at_the_cap() {
    let world = World::new();
    let endless = repeat_with(|| Ok(Bytes::from_static(&[b' '; 1_000])));
    let answer = world.send_streaming(bare(&world), stream(endless)).await;
    answer.refuses(413, "body_too_large", false);
}

#[actix_web::test]
async fn a_body_declared_too_long_is_refused_before_it_is_read() {
    let world = World::new();
    let request = bare(&world).insert_header(("Content-Length", "65537"));
    let answer = world.send_streaming(request, stream(pending())).await;
    answer.refuses(413, "body_too_large", false);
}

#[actix_web::test]
async fn a_body_of_exactly_the_cap_is_read() {
    let world = World::new();
    let padded = format!("{ORDER}{}", " ".repeat(64 * 1024 - ORDER.len()));
    assert_eq!(world.post(&padded).await.status, 201);
    world.post(&format!("{padded} ")).await.refuses(413, "body_too_large", false);
}

#[actix_web::test]
async fn a_body_that_breaks_off_is_no_order() {
    let world = World::new();
    let broken = iter([Ok(Bytes::from_static(b"{")), Err(PayloadError::Incomplete(None))]);
    let answer = world.send_streaming(bare(&world), stream(broken)).await;
    answer.refuses(400, "body_broken", false);
}

#[actix_web::test]
async fn without_good_credentials_not_a_byte_of_the_body_is_awaited() {
    let world = World::new();
    world.clock.hurry();
    let request = TestRequest::post()
        .uri("/v1/orders")
        .insert_header(("Content-Type", "application/json"));
    let answer = world.send_streaming(request, stream(pending())).await;
    answer.refuses(401, "credential_missing", false);
    world.front.is_closed.store(true, Ordering::Relaxed);
    let answer = world.send_streaming(bare(&world), stream(pending())).await;
    answer.refuses(503, "unavailable", false);
}

#[actix_web::test]
async fn only_json_is_taken_and_parameters_of_its_type_are_ignored() {
    for (content_type, status) in [
        ("application/json", 201),
        ("Application/JSON; charset=utf-8", 201),
        ("text/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/jsonp", 415),
    ] {
        let world = World::new();
        let request = world.posting(ORDER).insert_header(("Content-Type", content_type));
        let answer = world.send(request).await;
        assert_eq!(answer.status, status, "{content_type}");
        if status == 415 {
            answer.refuses(415, "not_json", false);
        }
    }
}

#[actix_web::test]
async fn json_with_two_meanings_is_refused() {
    for (body, code, field) in [
        (r#"{"sku":"a","sku":"b"}"#, "json_duplicate_key", "sku"),
        (
            r#"{"inputs":{"account":"1","account":"2"}}"#,
            "json_duplicate_key",
            "inputs.account",
        ),
        ("[]", "json_not_an_object", ""),
        ("null", "json_not_an_object", ""),
        ("", "json_unreadable", ""),
        ("{} {}", "json_unreadable", ""),
    ] {
        let world = World::new();
        let answer = world.post(body).await;
        answer.refuses(400, code, false);
        if !field.is_empty() {
            assert_eq!(answer.json()["errors"][0]["field"], field);
        }
        assert!(world.front.taken.lock().unwrap().is_empty());
    }
}

#[actix_web::test]
async fn every_wrong_field_is_named_at_once_with_its_remedy() {
    let world = World::new();
    let body = r#"{"shop_order_no":"has space","sku":5,"inputs":{"account":13800138000},"quantity":"2",
        "face_value":10.0,"max_price":"","callback_url":"x","deadline_seconds":-1,"adresse":"?"}"#;
    let answer = world.post(body).await;
    answer.refuses(422, "fields_invalid", false);
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    let found: Vec<(String, String)> = errors
        .iter()
        .map(|e| (e["field"].as_str().unwrap().to_owned(), e["code"].as_str().unwrap().to_owned()))
        .collect();
    for (field, code) in [
        ("adresse", "unknown_field"),
        ("shop_order_no", "characters"),
        ("sku", "wrong_type"),
        ("inputs.account", "wrong_type"),
        ("quantity", "wrong_type"),
        ("face_value", "wrong_type"),
        ("max_price", "length"),
        ("deadline_seconds", "out_of_range"),
    ] {
        assert!(found.contains(&(field.to_owned(), code.to_owned())), "{field}: {found:?}");
    }
    assert_eq!(found.len(), 8, "and nothing else: {found:?}");
    assert!(
        errors
            .iter()
            .all(|e| !e["message"].as_str().unwrap().is_empty() && !e["remedy"].as_str().unwrap().is_empty())
    );
    assert!(world.front.taken.lock().unwrap().is_empty());
}

#[actix_web::test]
async fn absent_fields_are_missing_and_null_is_absent() {
    let world = World::new();
    for body in ["{}", r#"{"shop_order_no":null,"sku":null,"inputs":null}"#] {
        let answer = world.post(body).await;
        answer.refuses(422, "fields_invalid", false);
        let errors = answer.json()["errors"].clone();
        assert_eq!(errors.as_array().unwrap().len(), 2, "{errors}");
        assert_eq!(
            (&errors[0]["field"], &errors[0]["code"]),
            (&"shop_order_no".into(), &"missing".into())
        );
        assert_eq!((&errors[1]["field"], &errors[1]["code"]), (&"sku".into(), &"missing".into()));
    }
    let body = r#"{"shop_order_no":"A-1","sku":"card","quantity":null,"face_value":null}"#;
    assert_eq!(world.post(body).await.status, 201);
    let order = world.front.only_order();
    assert!(order.inputs.0.is_empty() && order.quantity.is_none() && order.face_value.is_none());
}
