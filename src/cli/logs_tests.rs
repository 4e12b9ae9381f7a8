//! Log lines of things that hold secrets: the types hide them, at every level and in both forms.

use std::io;
use std::sync::{Arc, Mutex};

use secrecy::SecretString;

use crate::console::stage::{CARD_SECRET, RECIPIENT, Stage};
use crate::console::{AdminCall, AdminReply, OrderKey};
use crate::domain::ids::ShopOrderNo;
use crate::domain::recipient::mask;
use crate::store::Store;
use crate::telemetry::{Format, subscriber};

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Logs everything an order and its shop consist of, as carelessly as code can.
async fn careless(format: Format) -> String {
    let page = Page::default();
    let writer = page.clone();
    let subscriber = subscriber(format, "trace", move || writer.clone()).unwrap();
    let guard = tracing::subscriber::set_default(subscriber);
    let stage = Stage::new();
    let shop = stage.add_shop("Alpha").await;
    stage.credit(shop, "500.00", "bank-1").await;
    let order = stage.delivered(shop, "A-1").await;
    let store = &stage.store;
    let inputs = store.inputs(order.id).await.unwrap().unwrap();
    tracing::info!(recipient = mask(inputs.get("account").unwrap()), "delivered");
    tracing::info!(?inputs, ?order, "order");
    tracing::info!(history = ?store.history(order.id).await.unwrap(), "history");
    tracing::info!(evidence = ?store.evidence(order.id).await.unwrap(), "evidence");
    tracing::info!(deliveries = ?store.deliveries(order.id).await.unwrap(), "deliveries");
    tracing::info!(callbacks = ?store.callbacks_of(order.id).await.unwrap(), "callbacks");
    tracing::info!(catalog = ?store.catalog().await.unwrap(), "catalog");
    tracing::info!(secret = ?SecretString::from("whsec_hidden"), "secret");
    let show = AdminCall::OrderShow(OrderKey::ShopNo {
        shop,
        number: ShopOrderNo::from("A-1"),
    });
    let reply: AdminReply = stage.perform(show).await;
    tracing::info!(?reply, "shown");
    drop(guard);
    let bytes = page.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn no_log_line_holds_a_full_recipient_or_a_secret() {
    for format in [Format::Json, Format::Text] {
        let text = careless(format).await;
        assert!(text.contains("138****8000") && text.contains("A-1"), "{text}");
        assert!(text.lines().count() >= 8);
        let secrets = [RECIPIENT, CARD_SECRET, "whsec_"];
        for line in text.lines() {
            assert!(secrets.iter().all(|secret| !line.contains(secret)), "{line}");
        }
    }
}
