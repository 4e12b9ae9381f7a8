//! A supplier's own view, under a link.

use actix_web::test::TestRequest;

use crate::dispatch::scorecard_link::issue;
use crate::domain::ids::SupplierId;
use crate::store::{SealKey, Signer};

use super::{NOW, World};

#[actix_web::test]
async fn a_link_shows_one_supplier_its_scorecard_and_anything_else_is_no_address() {
    let world = World::new();
    let signer = Signer::new(&SealKey::new([9; 32])).unwrap();
    let until_ms = NOW * 1_000 + 60_000;
    let token = issue(&signer, &SupplierId::from("north"), until_ms);
    let answer = world.send(TestRequest::get().uri(&format!("/scorecards/{token}"))).await;
    assert_eq!(answer.status, 200);
    let card = answer.json();
    assert_eq!((card["supplier"].as_str(), card["score_bp"].as_u64()), (Some("north"), Some(8_700)));
    let over = issue(&signer, &SupplierId::from("north"), NOW * 1_000);
    for token in [over.as_str(), "x", "a.b.c"] {
        let answer = world.send(TestRequest::get().uri(&format!("/scorecards/{token}"))).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "route_unknown"));
    }
}
