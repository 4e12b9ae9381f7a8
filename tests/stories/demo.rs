//! The demo as anybody runs it first: the built program, its exit code and its last line.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

#[test]
fn the_demo_ends_well_and_says_so_in_one_line() {
    let done = Command::new(Path::new(env!("CARGO_BIN_EXE_recharge-gateway")))
        .args(["demo", "--exit", "--json", "--seed", "3", "--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (told, errors) = (
        String::from_utf8(done.stdout).unwrap(),
        String::from_utf8_lossy(&done.stderr).into_owned(),
    );
    assert!(done.status.success(), "{told}\n{errors}");
    let last: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    let keys: Vec<&str> = last.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "orders",
            "delivered",
            "failed",
            "partial",
            "in_doubt",
            "twice_recharged",
            "lost",
            "ledger_sum",
            "callbacks_delivered",
            "p50_ms",
            "p99_ms"
        ]
    );
    let number = |key: &str| last[key].as_i64().unwrap();
    assert_eq!(
        (number("orders"), number("twice_recharged"), number("lost"), number("ledger_sum")),
        (60, 0, 0, 0)
    );
    let ends = number("delivered") + number("failed") + number("partial") + number("in_doubt");
    assert_eq!(ends, 60, "{last}");
    assert_eq!(number("callbacks_delivered"), 60 - number("in_doubt"), "{last}");
}
