//! The book file: written before the answer, read after a death.

use std::path::PathBuf;

use mock_suppliers::{Fault, MockConfig, MockSupplier, Settled, Wire, read_book};

use crate::client::*;

/// A file of its own for one test, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mock-book-{}-{name}", std::process::id()));
        std::fs::remove_file(&path).ok();
        Self(path)
    }

    async fn mock(&self, wire: Wire) -> MockSupplier {
        let mut config = MockConfig::new("booked", wire);
        config.settle_after_ms = 150;
        config.book_file = Some(self.0.clone());
        MockSupplier::start(config).await.unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

#[tokio::test]
async fn the_file_has_the_charge_when_the_answer_comes_even_one_that_never_comes() {
    for wire in Wire::ALL {
        let scratch = Scratch::new(&format!("before-{}", wire.name()));
        let mock = scratch.mock(wire).await;
        send(&mock, wire, "A1").await;
        assert_eq!(read_book(&scratch.0, "booked", u64::MAX).unwrap().len(), 1);
        mock.script(PHONE, vec![Fault::ChargeThenReset]);
        assert_eq!(send(&mock, wire, "A2").await, Got::Reset);
        let book = read_book(&scratch.0, "booked", u64::MAX).unwrap();
        assert_eq!(book[1].id, "A2");
        assert!(book[1].is_delivered());
    }
}

#[tokio::test]
async fn a_restarted_mock_knows_its_ids_its_money_and_its_future() {
    let wire = Wire::Dayuanren;
    let scratch = Scratch::new("restart");
    let receiver = Receiver::answering(&["success"]).await;
    let first = scratch.mock(wire).await;
    first.script(PHONE, vec![Fault::Refuse]);
    send(&first, wire, "A0").await;
    first.script(PHONE, vec![]);
    exchange(&first, submit(wire, "A1", PHONE, &receiver.url), 2_000).await;
    first.stop().await;
    // A write that the death of the mock cut off; nobody was answered for it.
    let mut text = std::fs::read(&scratch.0).unwrap();
    text.extend_from_slice(b"{\"id\":\"A2\",\"recip");
    std::fs::write(&scratch.0, text).unwrap();

    let second = scratch.mock(wire).await;
    assert_eq!(second.book().len(), 1);
    assert_eq!(second.book()[0].id, "A1");
    assert_eq!(second.balance_minor(), 10_000_000 - 9_800);
    assert_eq!(send(&second, wire, "A0").await.json()["errno"], 1);
    assert_eq!(send(&second, wire, "A1").await.json()["errno"], 1);
    until(|| second.book()[0].settled == Settled::Delivered).await;
    until(|| receiver.bodies().len() == 1).await;
    assert!(accepts(wire, &send(&second, wire, "A2").await));
    second.stop().await;
    assert_eq!(scratch.mock(wire).await.book().len(), 2);
}

#[tokio::test]
async fn a_mock_does_not_start_on_a_book_it_cannot_read() {
    let scratch = Scratch::new("unreadable");
    std::fs::write(&scratch.0, "no book\n").unwrap();
    let mut config = MockConfig::new("booked", Wire::Ofpay);
    config.book_file = Some(scratch.0.clone());
    assert!(MockSupplier::start(config).await.is_err());
}
