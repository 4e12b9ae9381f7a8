//! History must stay readable for ever: the fixture holds one event of every kind and version ever
//! written. Lines are only ever added.

use std::collections::BTreeSet;

use recharge_gateway::domain::event::Event;

const FIXTURE: &str = include_str!("../fixtures/events.jsonl");

/// Every kind there is; the match below fails to compile when one is added and not listed here.
const KINDS: [&str; 27] = [
    "order_accepted",
    "order_waiting",
    "attempt_opened",
    "attempt_resubmitted",
    "attempt_accepted",
    "attempt_doubted",
    "attempt_hinted",
    "attempt_won",
    "attempt_refused",
    "attempt_not_sent",
    "attempt_excess",
    "attempt_late",
    "attempt_contradicted",
    "order_succeeded",
    "order_partially_succeeded",
    "order_failed",
    "order_overdue",
    "case_opened",
    "attempt_confirmed",
    "attempt_given_up",
    "cost_recovered",
    "order_refunded",
    "attempt_assumed_dead",
    "order_cancelled",
    "order_charged",
    "order_advanced",
    "advance_declined",
];

fn place(event: &Event) -> usize {
    match event {
        Event::OrderAccepted { .. } => 0,
        Event::OrderWaiting { .. } => 1,
        Event::AttemptOpened { .. } => 2,
        Event::AttemptResubmitted { .. } => 3,
        Event::AttemptAccepted { .. } => 4,
        Event::AttemptDoubted { .. } => 5,
        Event::AttemptHinted { .. } => 6,
        Event::AttemptWon { .. } => 7,
        Event::AttemptRefused { .. } => 8,
        Event::AttemptNotSent { .. } => 9,
        Event::AttemptExcess { .. } => 10,
        Event::AttemptLate { .. } => 11,
        Event::AttemptContradicted { .. } => 12,
        Event::OrderSucceeded { .. } => 13,
        Event::OrderPartiallySucceeded { .. } => 14,
        Event::OrderFailed { .. } => 15,
        Event::OrderOverdue => 16,
        Event::CaseOpened { .. } => 17,
        Event::AttemptConfirmed { .. } => 18,
        Event::AttemptGivenUp { .. } => 19,
        Event::CostRecovered { .. } => 20,
        Event::OrderRefunded { .. } => 21,
        Event::OrderCancelled => 23,
        Event::OrderCharged { .. } => 24,
        Event::OrderAdvanced { .. } => 25,
        Event::AdvanceDeclined { .. } => 26,
        Event::AttemptAssumedDead { .. } => 22,
    }
}

fn fixture() -> Vec<(i32, String)> {
    let lines = FIXTURE.lines().map(|line| {
        let whole: serde_json::Value = serde_json::from_str(line).unwrap();
        let version = i32::try_from(whole["version"].as_i64().unwrap()).unwrap();
        (version, whole["body"].to_string())
    });
    lines.collect()
}

#[test]
fn every_event_ever_written_can_be_read() {
    for (version, body) in fixture() {
        let events = Event::upcast(version, &format!("[{body}]")).unwrap_or_else(|error| panic!("{body}: {error}"));
        let event = &events[0];
        assert_eq!(KINDS[place(event)], event.kind());
        if version == Event::VERSION {
            // What is read is written again as it was, so no field was silently dropped.
            assert_eq!(serde_json::to_string(event).unwrap(), body);
        }
    }
}

#[test]
fn the_fixture_holds_every_kind_in_every_version() {
    let seen: BTreeSet<(i32, &str)> = fixture()
        .iter()
        .map(|(version, body)| (*version, Event::upcast(*version, &format!("[{body}]")).unwrap()[0].kind()))
        .collect();
    for version in 1..=Event::VERSION {
        for kind in KINDS {
            assert!(
                seen.contains(&(version, kind)),
                "add {kind} in version {version} to tests/fixtures/events.jsonl"
            );
        }
    }
}

#[test]
fn an_event_of_a_newer_program_is_an_error_and_not_skipped() {
    assert!(Event::upcast(Event::VERSION + 1, "[]").is_err());
    assert!(Event::upcast(1, r#"[{"type":"order_exploded"}]"#).is_err());
}
