//! What people read: the timeline in both languages, and the logs.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mock_suppliers::{Fault, Operation, Wire};
use recharge_gateway::seams::Clock;
use recharge_gateway::store::Store;
use recharge_gateway::telemetry::{Format, subscriber};
use serde_json::Value;

use crate::house::{House, SHOP_SECRET, script};
use crate::voice;

impl House {
    /// Waits until an order's timeline satisfies `is_so`.
    pub async fn until_timeline(&self, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let started = self.clock.monotonic();
        loop {
            let (status, told) = self.shop.get(&format!("/v1/orders/{id}/timeline")).await;
            assert_eq!(status, 200, "{told}");
            if is_so(&told) {
                return told;
            }
            let waited = self.clock.monotonic().saturating_sub(started);
            assert!(waited.as_secs() < 20, "waited in vain: {told}");
            self.clock.sleep(Duration::from_millis(20)).await;
        }
    }
}

#[actix_web::test]
async fn the_timeline_names_every_step_in_both_languages_and_no_supplier_and_no_recipient() {
    let house = House::open().await;
    script(&house.north, "13800000001", &[Fault::Refuse]);
    script(&house.river, "13800000001", &[Fault::ChargeThenHang]);
    script(&house.north, "13800000002", &[Fault::HangUncharged]);
    script(&house.stone, "13800000003", &[Fault::HangUncharged]);
    let moved = house.order("T1", "north", "13800000001").await["id"].as_str().unwrap().to_owned();
    let again = house.order("T2", "north", "13800000002").await["id"].as_str().unwrap().to_owned();
    let doubt = house.place("T3", "stone", "13800000003").await;
    house
        .until_so("questions", || house.seen("stone", Operation::Query, &doubt) >= 2)
        .await;
    let wanted: [(&str, &[&str]); 3] = [
        (
            &moved,
            &[
                "order_accepted",
                "attempt_opened",
                "attempt_refused",
                "attempt_doubted",
                "attempt_won",
                "order_succeeded",
            ],
        ),
        (&again, &["attempt_doubted", "attempt_resubmitted", "attempt_won"]),
        (&doubt, &["attempt_opened", "attempt_doubted"]),
    ];
    for (id, codes) in wanted {
        let path = format!("/v1/orders/{id}/timeline");
        for language in ["zh-CN", "en"] {
            let headers = [("accept-language", language)];
            let (status, told) = house.shop.call(http::Method::GET, &path, String::new(), &headers).await;
            assert_eq!(status, 200, "{told}");
            let events = told["events"].as_array().unwrap();
            let history = house.gateway.store().history(id.parse().unwrap()).await.unwrap();
            assert!(
                events.len() <= history.len() && events.len() + 2 >= history.len(),
                "a step is missing: {told}"
            );
            for code in codes {
                assert!(events.iter().any(|event| event["code"] == **code), "{code} is missing: {told}");
            }
            for event in events {
                let text = event["text"].as_str().unwrap();
                let is_chinese = text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
                assert_eq!(is_chinese, language == "zh-CN", "{text}");
                assert!(event["at"].is_string() && text.chars().count() > 5, "{event}");
            }
            let words = told.to_string().to_lowercase();
            for secret in ["north", "river", "stone", "dayuanren", "ofpay", "kasushou", "1380000000", "98.00"] {
                assert!(!words.contains(secret), "{secret} is told: {told}");
            }
            let is_open = id == doubt;
            assert_eq!(told["next"].is_object(), is_open, "{told}");
        }
    }
    house.close().await;
}

/// Whatever was logged in this process since the page was laid out.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[actix_web::test]
async fn no_log_line_holds_a_recipient_or_a_secret_however_talkative_the_log() {
    let page = Page::default();
    let writer = page.clone();
    let lines = subscriber(Format::Json, "info,recharge_gateway=trace", move || writer.clone()).unwrap();
    // For the whole process: the other stories' lines land here too, and are judged with ours.
    tracing::subscriber::set_global_default(lines).unwrap();
    let house = House::open().await;
    let mut ids = Vec::new();
    let mut recipients = vec!["1779946802".to_owned()];
    let faults = [
        Fault::Refuse,
        Fault::ChargeThenReset,
        Fault::GbkGarbage { charged: true },
        Fault::UnlistedCode { charged: true },
        Fault::Html502 { charged: true },
    ];
    for (n, fault) in faults.into_iter().enumerate() {
        for (m, first) in ["north", "river", "stone"].into_iter().enumerate() {
            let recipient = format!("1779{n}{m}46802");
            script(house.mock(first), &recipient, &[fault]);
            ids.push(house.place(&format!("G-{n}-{m}"), first, &recipient).await);
            recipients.push(recipient);
        }
    }
    // Things that are refused are logged too: a wrong signature, rubbish, a recipient that is none.
    house.hear("north", &voice::north("27123", "1", "1.00", "guessed")).await;
    house.shop.post("/v1/orders", &house.body("G-x", "north", "1779946802x")).await;
    for id in &ids {
        house.until_final(id).await;
        house.until_told(id).await;
    }
    house.close().await;
    let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains(&ids[0]), "nothing was logged about the orders");
    for recipient in &recipients {
        assert!(!text.contains(recipient), "a recipient is logged: {}", line_with(&text, recipient));
    }
    let credentials = Wire::ALL.map(Wire::demo_credentials);
    let secrets = credentials
        .iter()
        .flat_map(|known| [Some(known.key.clone()), known.password.clone()]);
    for secret in secrets
        .flatten()
        .chain([SHOP_SECRET.to_owned(), "story-callback-secret".to_owned()])
    {
        assert!(!text.contains(&secret), "a secret is logged: {}", line_with(&text, &secret));
    }
}

fn line_with<'a>(text: &'a str, part: &str) -> &'a str {
    text.lines().find(|line| line.contains(part)).unwrap_or_default()
}
