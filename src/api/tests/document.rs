//! The shop's manual is part of the contract: its examples are computed, its tables are complete.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;

use crate::api::problem::{Fault, Flaw, Kind, Problem};
use crate::api::reply::Audience;
use crate::api::sign;
use crate::api::words::fields;
use crate::dispatch::FieldProblem;
use crate::domain::failure::Locale;
use crate::domain::ids::OrderId;

use super::fakes::cny;

const MANUAL: &str = include_str!("../../../docs/shop-api.md");

/// The fenced blocks of one kind, each as its `name: value` lines.
fn vectors(kind: &str) -> Vec<Vec<(&'static str, &'static str)>> {
    let fence = format!("```vector {kind}\n");
    let blocks = MANUAL.split(fence.as_str()).skip(1);
    let lines = |block: &'static str| block.split("```").next().unwrap().lines().map(|line| line.split_once(':').unwrap());
    blocks
        .map(|block| lines(block).map(|(name, value)| (name, value.trim())).collect())
        .collect()
}

fn value(vector: &[(&'static str, &'static str)], name: &str) -> &'static str {
    vector
        .iter()
        .find(|(known, _)| *known == name)
        .unwrap_or_else(|| panic!("no {name}"))
        .1
}

#[test]
fn the_signing_vectors_of_the_manual_are_what_the_gateway_computes() {
    let vectors = vectors("request");
    assert_eq!(vectors.len(), 2);
    for vector in vectors {
        let get = |name| value(&vector, name);
        let secret = SecretString::from(get("secret"));
        let body = get("body").as_bytes();
        let signature = sign(&secret, get("method"), get("target"), get("timestamp"), get("nonce"), body);
        assert_eq!(signature, get("signature"));
    }
}

#[test]
fn the_callback_vector_of_the_manual_is_signed_as_the_manual_says() {
    let vectors = vectors("callback");
    assert_eq!(vectors.len(), 1);
    let get = |name| value(&vectors[0], name);
    let key = STANDARD.decode(get("secret").strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{}.{}.{}", get("id"), get("timestamp"), get("body")).as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(signature, get("signature"));
}

/// One of every problem that a shop can meet.
fn problems() -> Vec<Problem> {
    let order = OrderId::from_stored(1).unwrap();
    let header = "X-Nonce";
    vec![
        Problem::CredentialMissing { header },
        Problem::CredentialMalformed { header },
        Problem::TimestampOutOfWindow {
            now_seconds: 1,
            window_seconds: 300,
        },
        Problem::SignatureWrong,
        Problem::NonceRepeated,
        Problem::ShopSuspended,
        Problem::OrderNotFound,
        Problem::OrderInFlight { order },
        Problem::OrderEnded { order },
        Problem::RouteUnknown,
        Problem::MethodWrong { allows: "GET" },
        Problem::BodyTimeout,
        Problem::BodyBroken,
        Problem::BodyTooLarge { max_bytes: 65_536 },
        Problem::NotJson,
        Problem::JsonUnreadable { line: 1, column: 2 },
        Problem::JsonNotAnObject,
        Problem::JsonDuplicateKey { field: "sku".to_owned() },
        Problem::JsonTooDeep { max: 8 },
        Problem::JsonTooManyKeys { max: 64 },
        Problem::Fields(
            faults()
                .into_iter()
                .map(|fault| Flaw {
                    field: "sku".to_owned(),
                    fault,
                })
                .collect(),
        ),
        Problem::NumberUsed { order },
        Problem::InsufficientBalance {
            available: cny(1),
            price: cny(2),
        },
        Problem::ShopBusy,
        Problem::NoncesExhausted,
        Problem::Overloaded,
        Problem::Unavailable,
        Problem::OrderUnreadable { order },
        Problem::OutcomeUnknown,
    ]
}

fn faults() -> Vec<Fault> {
    let problems = [
        FieldProblem::Missing,
        FieldProblem::NotAsked,
        FieldProblem::NoSuchProduct,
        FieldProblem::Length { min: 1, max: 2 },
        FieldProblem::Characters,
        FieldProblem::NotMoney,
        FieldProblem::NotOnSale {
            choices: vec!["10.00".to_owned()],
        },
        FieldProblem::OutOfRange { min: 1, max: 2 },
        FieldProblem::PriceAbove { price: "9.85".to_owned() },
        FieldProblem::NotCallable,
    ];
    let own = [
        Fault::UnknownField { known: &["sku"] },
        Fault::WrongType { expected: Kind::Text },
        Fault::WrongType { expected: Kind::Whole },
        Fault::WrongType { expected: Kind::Object },
        Fault::Repeated,
    ];
    problems.into_iter().map(Fault::Problem).chain(own).collect()
}

#[test]
fn the_manual_lists_every_problem_with_its_status_and_whether_an_order_may_exist() {
    for problem in problems() {
        let may_exist = if problem.order_may_exist() { "**true**" } else { "false" };
        let row = format!("| `{}` | {} | {may_exist} |", problem.code(), problem.status().as_u16());
        assert!(MANUAL.contains(&row), "the manual has no row {row}");
    }
    for fault in faults() {
        let row = format!("\n| `{}` | ", fields::code(&fault));
        assert!(MANUAL.contains(&row), "the manual has no row {row}");
    }
}

#[test]
fn every_problem_speaks_both_languages_and_names_a_remedy() {
    let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let texts = |problem: &Problem, locale| {
        let document = problem.document(Audience {
            locale,
            posts_an_order: true,
        });
        let mut texts: Vec<String> = ["title", "detail", "remedy"]
            .map(|key| document[key].as_str().unwrap().to_owned())
            .to_vec();
        for error in document["errors"].as_array().into_iter().flatten() {
            texts.extend(["message", "remedy"].map(|key| error[key].as_str().unwrap().to_owned()));
        }
        texts
    };
    for problem in problems() {
        for text in texts(&problem, Locale::ZhCn) {
            assert!(is_chinese(&text), "{problem:?}: {text:?}");
        }
        for text in texts(&problem, Locale::En) {
            assert!(!text.is_empty() && !is_chinese(&text), "{problem:?}: {text:?}");
        }
    }
}

#[test]
fn the_manual_names_every_reason_and_every_field_of_an_order() {
    for code in [
        "in_doubt",
        "recipient_refused",
        "product_unavailable",
        "suppliers_refused",
        "no_supplier",
        "deadline_passed",
    ] {
        assert!(MANUAL.contains(&format!("| `{code}` |")), "{code}");
    }
    let order = super::fakes::succeeded(1, crate::domain::ids::ShopId(1));
    let report = serde_json::to_value(crate::domain::report::Report::of(&order, &[])).unwrap();
    for field in report.as_object().unwrap().keys() {
        assert!(MANUAL.contains(&format!("`{field}`")), "{field}");
    }
}
