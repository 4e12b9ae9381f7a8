//! Planted violations: each rule must catch its own, and let its neighbour pass.

use crate::rooms::graph;
use crate::{bans, walls, words};

/// Complaints about imports in a file of this name.
fn imports(path: &str, source: &str) -> String {
    walls::violations(path, source).join("\n")
}

fn bans(path: &str, source: &str) -> String {
    bans::violations(path, source).join("\n")
}

#[track_caller]
fn caught(complaints: &str, parts: &[&str]) {
    for part in parts {
        assert!(complaints.contains(part), "no `{part}` in: {complaints:?}");
    }
}

#[track_caller]
fn passes(complaints: &str) {
    assert_eq!(complaints, "");
}

#[test]
fn an_import_out_of_the_table_is_told_with_place_and_rule() {
    let complaint = imports("src/router/route.rs", "//! x\nuse crate::store::Pool;\n");
    caught(
        &complaint,
        &[
            "src/router/route.rs:2:",
            "router imports store (crate::store::Pool)",
            "may import domain",
        ],
    );
    passes(&imports(
        "src/router/route.rs",
        "use crate::domain::Order; use crate::router::Plan;",
    ));
}

#[test]
fn an_import_inside_braces_is_seen() {
    let source = "use crate::{\n    domain::{money::Money, order},\n    net::{self, Client as C},\n};";
    let complaint = imports("src/store/mod.rs", source);
    caught(&complaint, &["src/store/mod.rs:3: store imports net"]);
    assert_eq!(complaint.lines().count(), 2, "net itself and net::Client: {complaint}");
}

#[test]
fn a_path_without_use_is_seen() {
    let source = "fn f() -> Vec<crate::api::Order> { g::<crate::console::Page>(crate::faces::X) }";
    caught(
        &imports("src/dispatch.rs", source),
        &["imports api", "imports console", "imports faces"],
    );
}

#[test]
fn climbing_out_of_a_room_is_seen() {
    caught(
        &imports("src/router/route.rs", "use super::super::store::Pool;"),
        &["router imports store"],
    );
    caught(
        &imports("src/router/mod.rs", "use super::{net, router::plan};"),
        &["router imports net"],
    );
    caught(
        &imports("src/router/a.rs", "use super::{super::{seams, domain}};"),
        &["router imports seams"],
    );
    caught(
        &imports("src/domain/a.rs", "mod t { use super::super::super::store; }"),
        &["domain imports store"],
    );
    passes(&imports("src/domain/a.rs", "mod t { use super::super::money; } use super::order;"));
    passes(&imports("src/domain/a.rs", "mod t { fn f() { if true { } } } use super::store;"));
    caught(
        &imports("src/domain.rs", "mod t { fn f() { if true { } } } use super::store;"),
        &["domain imports store"],
    );
}

#[test]
fn our_own_package_name_is_no_way_round() {
    caught(&imports("src/net.rs", "use recharge_gateway::store::Pool;"), &["net imports store"]);
    passes(&imports("src/main.rs", "use recharge_gateway::{api, cli};"));
}

#[test]
fn the_whole_crate_cannot_be_imported_at_once() {
    for source in [
        "use crate::*;",
        "use super::*;",
        "use crate as c;",
        "use crate::{self as c};",
        "use super as c;",
    ] {
        caught(&imports("src/net.rs", source), &["imports the whole crate"]);
    }
    passes(&imports(
        "src/net.rs",
        "pub(crate) fn f() {} pub(super) struct S; mod tests { use super::*; }",
    ));
}

#[test]
fn a_name_at_the_root_that_is_no_room_is_told() {
    caught(&imports("src/api/mod.rs", "use crate::Pool;"), &["`Pool` is not a room"]);
}

#[test]
fn comments_and_strings_import_nothing() {
    let source = r##"
        // use crate::store;
        /* use crate::store; /* nested */ use crate::net; */
        const A: &str = "use crate::store; \" crate::net";
        const B: &str = r#"crate::store " crate::net"#;
        const C: &[u8] = b"crate::store"; const D: char = '"'; const E: char = '\'';
        fn f<'a>(x: &'a str) -> &'a str { x }
    "##;
    passes(&imports("src/domain.rs", source));
    let behind = format!("{source} use crate::store;");
    caught(&imports("src/domain.rs", &behind), &["src/domain.rs:8: domain imports store"]);
}

#[test]
fn only_those_that_assemble_import_the_edge_and_the_settings() {
    for edge in ["api", "faces", "console", "config", "telemetry", "cli", "app", "demo"] {
        let source = format!("use crate::{edge};");
        for room in ["domain", "dispatch", "callbacks", "audit", "store", "net", "config", "telemetry"] {
            if room != edge {
                caught(&imports(&format!("src/{room}.rs"), &source), &[&format!("imports {edge}")]);
            }
        }
        for room in ["app", "cli", "demo"] {
            passes(&imports(&format!("src/{room}.rs"), &source));
        }
    }
}

#[test]
fn a_circle_is_found_and_written_out() {
    let files = [
        ("src/app.rs", "use crate::cli;"),
        ("src/cli/mod.rs", "use crate::demo;"),
        ("src/demo.rs", "fn f() { crate::app::run() }"),
        ("src/store.rs", "use crate::domain;"),
    ];
    let circle = walls::circle(&graph(files)).unwrap();
    assert_eq!(circle, "app -> cli -> demo -> app");
    assert_eq!(walls::circle(&graph(files.into_iter().skip(1))), None);
}

#[test]
fn a_stranger_in_src_is_told() {
    let complaints = walls::strangers(["src/lib.rs", "src/domain", "src/store.rs", "src/shared", "src/money.rs"]);
    caught(&complaints.join("\n"), &["src/money: not a room", "src/shared: not a room"]);
    assert_eq!(complaints.len(), 2);
}

/// Ban by ban: a place where the name is caught, one where it is at home, and the code.
#[test]
fn every_banned_name_is_caught_outside_its_room_and_free_inside() {
    let planted = [
        ("src/dispatch/gate.rs", "src/net/client.rs", "use reqwest::Client;"),
        ("src/dispatch/gate.rs", "src/net/client.rs", "fn f(x: ::reqwest::Client) {}"),
        ("src/audit.rs", "src/store/sqlite.rs", "fn f() { sqlx::query(\"x\"); }"),
        ("src/net.rs", "src/seams/clock.rs", "fn f() { std::time::Instant::now(); }"),
        ("src/net.rs", "src/seams/clock.rs", "use std::{fmt, time::{Duration, SystemTime}};"),
        ("src/store.rs", "src/seams/clock.rs", "let t = jiff::Timestamp::now();"),
        ("src/dispatch.rs", "src/seams/chance.rs", "fn f() { getrandom::fill(&mut [0]); }"),
        ("src/store.rs", "src/seams/chance.rs", "use chacha20poly1305::aead::{Aead, OsRng};"),
        ("src/net.rs", "src/config.rs", "use std::{env, fs};"),
        ("src/net.rs", "src/cli/mod.rs", "let x = std::env::var(\"X\");"),
        ("src/dispatch.rs", "src/seams.rs", "tokio::spawn(async {});"),
        ("src/api.rs", "src/app.rs", "use tokio::task; fn f() { task::spawn(async {}); }"),
        ("src/cli.rs", "src/demo/mod.rs", "use mock_suppliers::Mock;"),
        ("src/dispatch.rs", "src/api/v1.rs", "use actix_web::web;"),
        ("src/adapters/engine.rs", "src/store/journal.rs", "use tokio::sync::mpsc;"),
        ("src/domain/plan.rs", "src/net.rs", "fn f(s: std::net::TcpStream) {}"),
        ("src/domain/money.rs", "src/api/money.rs", "fn f(x: f64) {}"),
        ("src/store/row.rs", "src/console/chart.rs", "const X: u8 = f(1.5f32);"),
    ];
    for (caught_in, home, source) in planted {
        caught(&bans(caught_in, source), &[&format!("{caught_in}:1: `")]);
        passes(&bans(home, source));
    }
    caught(&bans("src/seams.rs", "std::thread::sleep(x);"), &["sleeping thread"]);
    for ban in bans::BANS {
        let is_planted = ban.names.iter().any(|name| {
            let last = name.last().unwrap();
            planted.iter().any(|(_, _, source)| source.contains(last)) || *last == "sleep"
        });
        assert!(is_planted, "nothing is planted for `{}`", ban.reason);
    }
}

#[test]
fn words_that_only_look_banned_pass() {
    passes(&bans(
        "src/domain.rs",
        "// reqwest, sqlx and f64\nconst A: &str = \"std::env\"; let n = 0x1f64;",
    ));
    passes(&bans(
        "src/net.rs",
        "fn f(deadline: std::time::Instant, env: u8) { let x = operand; }",
    ));
}

#[test]
fn back_doors_are_shut() {
    caught(
        &bans("src/net.rs", "#[path = \"../store.rs\"]\nmod s;"),
        &["src/net.rs:1: `#[path]`"],
    );
    caught(&bans("src/net.rs", "include!(\"x.rs\");"), &["`include!`"]);
    caught(&bans("src/net.rs", "extern crate sqlx as s;"), &["`extern crate`"]);
    caught(&bans("src/net.rs", "tokio::select! { _ = a => {} }"), &["by chance"]);
    passes(&bans("src/net.rs", "tokio::select! { biased; _ = a => {} }"));
}

#[test]
fn a_module_without_a_purpose_is_told() {
    assert!(words::purpose_missing("src/a.rs", "use std::fmt;\n//! late").is_some());
    assert!(words::purpose_missing("src/a.rs", "//! What it is for.\n").is_none());
}

#[test]
fn a_file_beyond_its_limit_is_told_unless_excused() {
    let of = |lines: usize| "x\n".repeat(lines);
    let long = |path: &str, lines| words::too_long(path, &of(lines), &[("src/big.rs", 500, "a table")]);
    assert!(long("src/a.rs", 401).is_some());
    assert!(long("src/a.rs", 400).is_none());
    assert!(long("src/big.rs", 500).is_none());
    assert!(long("src/big.rs", 501).is_some(), "an excuse has its own limit");
    assert!(long("tests/it/story.rs", 600).is_none());
    assert!(long("tests/it/story.rs", 601).is_some());
}

#[test]
fn an_excuse_that_excuses_nothing_is_told() {
    let long = [
        ("src/big.rs", 500, "a table"),
        ("src/small.rs", 500, "was big"),
        ("src/gone.rs", 500, "gone"),
    ];
    let lines = |path: &str| match path {
        "src/big.rs" => Some(450),
        "src/small.rs" => Some(40),
        _ => None,
    };
    let idle = words::idle_excuses(&long, lines);
    assert_eq!(idle.len(), 2, "{idle:?}");
}

#[test]
fn file_names_that_say_nothing_are_told() {
    for path in [
        "src/utils.rs",
        "src/net/http_helper.rs",
        "tests/common/mod.rs",
        "src/store/manager/a.rs",
    ] {
        assert!(words::empty_name(path).is_some(), "{path}");
    }
    assert!(words::empty_name("src/domain/commons_law.rs").is_none());
}

#[test]
fn unfinished_work_is_told() {
    let planted = format!("// {}: later\n// {}(me) never\n// todos are fine", "TODO", "FIXME");
    let found = words::loose_ends("src/a.rs", &planted);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn the_other_word_for_callback_is_told() {
    let told = |line: &str| words::foreign_words("src/a.rs", line).len();
    for line in [
        "fn send_webhook() {}",
        "struct WebhookSender;",
        "// a webhook to the shop",
        "// a standard webhook",
        "webhooks",
    ] {
        assert_eq!(told(line), 1, "{line}");
    }
    for line in [
        "// as Standard Webhooks says",
        "\"webhook-id\" \"Webhook-Timestamp\" `webhook-signature`",
    ] {
        assert_eq!(told(line), 0, "{line}");
    }
}

#[test]
fn a_supplier_named_in_code_is_told() {
    let dialects = ["ofpay".to_owned()];
    let told = |path: &str, source: &str| words::dialect_names(path, source, &dialects).len();
    assert_eq!(told("src/dispatch.rs", "if supplier == \"OfPay\" {}"), 1);
    assert_eq!(told("src/adapters/codec.rs", "struct OfpayCodec; // ofpay"), 1);
    assert_eq!(told("src/adapters/dialects.rs", "include_str!(\"dialects/ofpay.toml\")"), 0);
    assert_eq!(told("src/demo/mod.rs", "ofpay"), 0);
    assert_eq!(
        told("src/adapters/sign.rs", "fn f() {}\n#[cfg(test)]\nmod tests { /* ofpay */ }"),
        0
    );
    assert_eq!(told("src/adapters/tests.rs", "ofpay"), 0);
}
