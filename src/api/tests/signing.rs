//! Who is let in: every header, every age, every secret, and no second time.

use actix_web::test::TestRequest;
use secrecy::SecretString;

use crate::api::{ApiLimits, auth, sign};

use super::{KEY, NOW, OLD_SECRET, ORDER, OTHER_KEY, OTHER_SECRET, SECRET, World, signed_as};

fn post(key: &str, secret: &str, nonce: &str) -> TestRequest {
    let request = TestRequest::post()
        .uri("/v1/orders")
        .insert_header(("Content-Type", "application/json"))
        .set_payload(ORDER);
    signed_as(request, key, secret, nonce, "POST", "/v1/orders", ORDER)
}

#[actix_web::test]
async fn a_correct_signature_with_any_current_secret_lets_the_order_in() {
    let world = World::new();
    for (n, secret) in [SECRET, OLD_SECRET].into_iter().enumerate() {
        let answer = world.send(post(KEY, secret, &format!("nonce-{n:08}"))).await;
        assert_eq!(answer.status, 201, "{secret}");
    }
}

#[actix_web::test]
async fn a_missing_header_is_named() {
    for header in [auth::KEY, auth::TIMESTAMP, auth::NONCE, auth::SIGNATURE] {
        let world = World::new();
        let nonce = "nonce-12345";
        let signature = sign(
            &SecretString::from(SECRET),
            "POST",
            "/v1/orders",
            &NOW.to_string(),
            nonce,
            ORDER.as_bytes(),
        );
        let all = [
            (auth::KEY, KEY.to_owned()),
            (auth::TIMESTAMP, NOW.to_string()),
            (auth::NONCE, nonce.to_owned()),
            (auth::SIGNATURE, signature),
        ];
        let bare = TestRequest::post()
            .uri("/v1/orders")
            .insert_header(("Content-Type", "application/json"));
        let request = all
            .into_iter()
            .filter(|(name, _)| *name != header)
            .fold(bare.set_payload(ORDER), |request, pair| request.insert_header(pair));
        let answer = world.send(request).await;
        answer.refuses(401, "credential_missing", false);
        assert!(answer.json()["detail"].as_str().unwrap().contains(header));
        assert!(!answer.header("www-authenticate").is_empty());
        assert!(world.front.taken.lock().unwrap().is_empty());
    }
}

#[actix_web::test]
async fn a_malformed_or_doubled_header_is_named() {
    let good_signature = "a".repeat(64);
    let upper = "A".repeat(64);
    let long = "n".repeat(65);
    for (header, value) in [
        (auth::KEY, ""),
        (auth::TIMESTAMP, "1.8e9"),
        (auth::TIMESTAMP, "-1800000000"),
        (auth::TIMESTAMP, "1800000000000"),
        (auth::NONCE, "short"),
        (auth::NONCE, &long),
        (auth::NONCE, "has spaces in it"),
        (auth::NONCE, "semi;colon"),
        (auth::SIGNATURE, "beef"),
        (auth::SIGNATURE, &upper),
    ] {
        let world = World::new();
        let answer = world.send(world.posting(ORDER).insert_header((header, value))).await;
        answer.refuses(401, "credential_malformed", false);
        assert!(answer.json()["detail"].as_str().unwrap().contains(header), "{header} {value:?}");
    }
    let world = World::new();
    let doubled = world.posting(ORDER).append_header((auth::SIGNATURE, good_signature));
    world.send(doubled).await.refuses(401, "credential_malformed", false);
}

#[actix_web::test]
async fn a_timestamp_is_good_for_the_window_in_both_directions_and_not_a_second_longer() {
    for (skew, status) in [(300, 201), (-300, 201), (301, 401), (-301, 401), (-400_000_000, 401)] {
        let world = World::new();
        world.clock.advance(skew);
        let answer = world.post(ORDER).await;
        assert_eq!(answer.status, status, "skew {skew}");
        if status == 401 {
            answer.refuses(401, "timestamp_out_of_window", false);
            let now = (NOW + skew).to_string();
            assert!(answer.json()["detail"].as_str().unwrap().contains(&now), "our clock is told");
        }
    }
}

#[actix_web::test]
async fn an_unknown_key_and_a_wrong_secret_answer_byte_for_byte_alike() {
    let world = World::new();
    let unknown = world.send(post("nobody", SECRET, "nonce-00000001")).await;
    let wrong = world.send(post(KEY, "guess", "nonce-00000002")).await;
    let anothers = world.send(post(KEY, OTHER_SECRET, "nonce-00000003")).await;
    let none = world.send(post("shop-without-secrets", "", "nonce-00000004")).await;
    let padding = "no shop has this secret";
    let padded = world.send(post(KEY, padding, "nonce-00000005")).await;
    let nobody = world.send(post("nobody", padding, "nonce-00000006")).await;
    for answer in [&wrong, &anothers, &none, &padded, &nobody] {
        answer.refuses(401, "signature_wrong", false);
        assert_eq!(answer.body, unknown.body);
    }
    assert!(world.front.taken.lock().unwrap().is_empty());
}

#[actix_web::test]
async fn whatever_is_signed_cannot_be_changed_afterwards() {
    let world = World::new();
    let other_body = ORDER.replace("10.00", "99.00");
    let changes: [fn(TestRequest) -> TestRequest; 3] = [
        |request| request.uri("/v1/orders?x=1"),
        |request| request.insert_header((auth::NONCE, "another-nonce")),
        |request| request.insert_header((auth::TIMESTAMP, (NOW + 1).to_string())),
    ];
    for change in changes {
        let answer = world.send(change(world.posting(ORDER))).await;
        answer.refuses(401, "signature_wrong", false);
    }
    let answer = world.send(world.posting(ORDER).set_payload(other_body)).await;
    answer.refuses(401, "signature_wrong", false);
    let get = world.send(world.posting("").method(actix_web::http::Method::GET)).await;
    assert_eq!((get.status, get.code().as_str()), (401, "signature_wrong"));
}

#[actix_web::test]
async fn the_query_is_signed_exactly_as_it_is_sent() {
    let world = World::new();
    world.store.put(super::fakes::pending(1, crate::domain::ids::ShopId(1)));
    let answer = world.get("/v1/orders?shop_order_no=A%2D1").await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let unescaped = signed_as(
        TestRequest::get().uri("/v1/orders?shop_order_no=A%2D1"),
        KEY,
        SECRET,
        "nonce-of-its-own",
        "GET",
        "/v1/orders?shop_order_no=A-1",
        "",
    );
    assert_eq!(world.send(unescaped).await.status, 401);
}

#[actix_web::test]
async fn a_repeated_request_is_told_to_sign_again_with_the_same_number() {
    let world = World::new();
    let nonce = "used-only-once";
    assert_eq!(world.send(post(KEY, SECRET, nonce)).await.status, 201);
    let again = world.send(post(KEY, SECRET, nonce).insert_header(("Accept-Language", "en"))).await;
    again.refuses(401, "nonce_repeated", true);
    assert!(again.json()["remedy"].as_str().unwrap().contains("same number"));
    assert_eq!(world.front.taken.lock().unwrap().len(), 1, "the repetition went no further");
    let elsewhere = world.send(post(OTHER_KEY, OTHER_SECRET, nonce)).await;
    assert_eq!(elsewhere.status, 201, "another shop's nonces are its own");
}

#[actix_web::test]
async fn rubbish_does_not_use_up_a_nonce() {
    let world = World::with(ApiLimits {
        max_nonces_per_shop: 1,
        ..ApiLimits::default()
    });
    for _ in 0..10 {
        let forged = world.send(post(KEY, "guess", "the-good-nonce")).await;
        forged.refuses(401, "signature_wrong", false);
    }
    assert_eq!(world.send(post(KEY, SECRET, "the-good-nonce")).await.status, 201);
    let full = world.send(post(KEY, SECRET, "one-too-many")).await;
    full.refuses(429, "nonces_exhausted", false);
    assert_eq!(full.header("retry-after"), "30");
}

#[actix_web::test]
async fn a_suspended_shop_may_look_but_not_order() {
    let world = World::new();
    let (key, secret) = ("shop-three", "secret-of-shop-three");
    world
        .send(post(key, secret, "nonce-00000001"))
        .await
        .refuses(403, "shop_suspended", false);
    let looking = TestRequest::get().uri("/v1/balance");
    let looking = signed_as(looking, key, secret, "nonce-00000002", "GET", "/v1/balance", "");
    assert_eq!(world.send(looking).await.status, 200);
}
