//! Every kind of harm planted once into good evidence: a judge that does not see it proves nothing.

use super::{Count, Evidence, Stored};
use crate::door::Letter;
use crate::world::FORGETFUL;

/// What the judge must say, and the harm.
type Plant = (&'static str, fn(&mut Evidence));

/// One order that succeeded, one that failed, one in doubt where nothing can help it.
fn good() -> Evidence {
    let letter = |status: &str| Letter {
        event: format!("evt_{status}"),
        status: status.to_owned(),
        body: Vec::new(),
    };
    let stored = |number: &str, status: &str, captured, released| Stored {
        number: number.to_owned(),
        status: status.to_owned(),
        held: 9_950,
        captured,
        released,
        open_at: None,
        has_case: false,
        can_hear: true,
    };
    let mut doubtful = stored("C", "processing", 0, 0);
    doubtful.open_at = Some(FORGETFUL.to_owned());
    doubtful.has_case = true;
    Evidence {
        accepted: [("A".to_owned(), 1), ("B".to_owned(), 2), ("C".to_owned(), 3)].into(),
        stored: [
            (1, stored("A", "succeeded", 9_950, 0)),
            (2, stored("B", "failed", 0, 9_950)),
            (3, doubtful),
        ]
        .into(),
        delivered: [(1, 1)].into(),
        letters: [(1, vec![letter("succeeded")]), (2, vec![letter("failed")])].into(),
        accounts: vec![("shop".to_owned(), -9_950, -9_950), ("sales".to_owned(), 9_950, 9_950)],
        ..Evidence::default()
    }
}

#[test]
fn a_good_run_is_found_good() {
    let (found, count) = good().judge();
    assert!(found.is_empty(), "{found:?}");
    let expected = Count {
        succeeded: 1,
        failed: 1,
        in_doubt: 1,
    };
    assert_eq!(count, expected);
}

#[test]
fn every_planted_harm_is_seen() {
    let plants: [Plant; 16] = [
        ("LOST", |e| {
            e.stored.remove(&3);
        }),
        ("LOST", |e| {
            e.accepted.insert("A".to_owned(), 2);
        }),
        ("TWICE", |e| {
            e.delivered.insert(1, 2);
        }),
        ("TWICE", |e| {
            e.delivered.insert(3, 2);
        }),
        ("MONEY", |e| {
            e.delivered.insert(2, 1);
        }),
        ("MONEY", |e| {
            e.delivered.remove(&1);
        }),
        ("MONEY", |e| e.stored.get_mut(&1).unwrap().captured = 0),
        ("UNKNOWN", |e| {
            e.delivered.insert(9, 1);
        }),
        ("UNSETTLED", |e| e.stored.get_mut(&3).unwrap().has_case = false),
        ("UNSETTLED", |e| e.stored.get_mut(&3).unwrap().open_at = Some("north".to_owned())),
        ("SILENT", |e| {
            e.letters.remove(&2);
        }),
        ("CONFLICT", |e| {
            let mut other = e.letters[&1][0].clone();
            other.event = "evt_other".to_owned();
            e.letters.get_mut(&1).unwrap().push(other);
        }),
        ("CONFLICT", |e| e.letters.get_mut(&1).unwrap()[0].status = "failed".to_owned()),
        ("LEDGER", |e| e.accounts[0].1 += 1),
        ("LEAK", |e| {
            let secrets = ["whsec".to_owned()];
            let log = "INFO a word\nINFO id=1390000000100 to 139****0001\nINFO account=\"13900000001\"\n";
            e.leaks = super::leaks(log, &secrets);
            assert_eq!(e.leaks, ["INFO account=\"13900000001\""]);
            assert_eq!(super::leaks("DEBUG key whsec", &secrets).len(), 1);
        }),
        ("UNSTAMPED", |e| e.unstamped.push("101 was sent 1 times".to_owned())),
    ];
    for (at, (word, plant)) in plants.iter().enumerate() {
        let mut evidence = good();
        plant(&mut evidence);
        let (found, _) = evidence.judge();
        assert!(found.iter().any(|told| told.starts_with(word)), "plant {at}, {word}: {found:?}");
    }
}
