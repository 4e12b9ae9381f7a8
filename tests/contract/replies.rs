//! Every sample reply of every embedded dialect, damaged in every place.

use encoding_rs::GBK;
use recharge_gateway::adapters::{Adapter, Adapters, LoadError, Notice, Opened};
use recharge_gateway::domain::outcome::{Doubt, Outcome, Reading, Trust};

use super::{NAMES, OPENED_MS, SUPPLIERS, Story, adapter, notification, reply, secret};

/// A sample of a dialect file, as bytes on the wire.
struct Sample {
    operation: &'static str,
    reads: String,
    http: u16,
    bytes: Vec<u8>,
}

/// All samples that arrive, with the sample's own number replaced by `number` where nothing signs it.
fn samples(dialect: &str, number: &str) -> Vec<Sample> {
    let path = format!("{}/src/adapters/dialects/{dialect}.toml", env!("CARGO_MANIFEST_DIR"));
    let table: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let is_gbk = table.get("charset").and_then(toml::Value::as_str) == Some("gbk");
    let own = table["sample"]["attempt_id"].as_str().unwrap();
    let mut found = Vec::new();
    for operation in ["submit", "query", "recall", "notification"] {
        let of_operation = table.get(operation).and_then(|table| table["sample"].as_array());
        for sample in of_operation.into_iter().flatten() {
            let Some(text) = sample.get("reply").or(sample.get("message")).and_then(toml::Value::as_str) else {
                continue;
            };
            let text = if operation == "notification" {
                text.to_owned()
            } else {
                text.replace(own, number)
            };
            let bytes = if is_gbk {
                GBK.encode(&text).0.into_owned()
            } else {
                text.into_bytes()
            };
            found.push(Sample {
                operation,
                reads: sample["reads"].as_str().unwrap().to_owned(),
                http: sample
                    .get("http")
                    .and_then(toml::Value::as_integer)
                    .map_or(200, |status| u16::try_from(status).unwrap()),
                bytes,
            });
        }
    }
    assert!(found.len() > 10, "{dialect}: only {} samples", found.len());
    found
}

/// What an adapter concludes from these bytes; `None` where it is no fact.
fn concluded(adapter: &Adapter, story: &Story, sample: &Sample, bytes: Vec<u8>) -> Option<Reading> {
    let call = story.call(OPENED_MS);
    let mut response = reply(bytes.clone());
    *response.status_mut() = http::StatusCode::from_u16(sample.http).unwrap();
    match sample.operation {
        "submit" => Some(adapter.read_submit(&call, &response)),
        "recall" => Some(adapter.read_recall(&call, &response).1),
        "query" => match adapter.read_query(&call, &response) {
            (Trust::Fact, reading) => Some(reading),
            (Trust::Trigger, _) => None,
        },
        _ => match adapter.read_notification(&notification(bytes)) {
            Notice::About {
                trust: Trust::Fact,
                message,
                ..
            } => Some(adapter.read_notification_alone(&message).1),
            Notice::About { .. } | Notice::Forged { .. } | Notice::Unreadable { .. } => None,
        },
    }
}

fn settles(reading: &Reading) -> bool {
    matches!(
        reading.outcome,
        Outcome::Succeeded { .. } | Outcome::Partial { .. } | Outcome::Refused(_)
    )
}

#[test]
fn samples_read_the_same_through_the_public_face() {
    let story = Story::new();
    for name in NAMES {
        let adapter = adapter(name);
        for sample in samples(name, &story.id.to_string()) {
            let expected = sample.reads.split(':').next().unwrap();
            if sample.operation == "notification" || sample.reads.starts_with("partial") {
                continue;
            }
            let reading = concluded(&adapter, &story, &sample, sample.bytes.clone()).unwrap();
            let got = match reading.outcome {
                Outcome::Succeeded { .. } => "succeeded",
                Outcome::Accepted => "accepted",
                Outcome::Partial { .. } => "partial",
                Outcome::Refused(_) => "refused",
                Outcome::NotFound => "not_found",
                Outcome::Unknown(_) => "unknown",
            };
            assert_eq!(got, expected, "{name} {}: {}", sample.operation, sample.reads);
        }
    }
}

#[test]
fn a_reply_cut_off_anywhere_settles_nothing() {
    let story = Story::new();
    for name in NAMES {
        let adapter = adapter(name);
        for sample in samples(name, &story.id.to_string()) {
            for end in 0..sample.bytes.len() {
                let cut = sample.bytes.get(..end).unwrap().to_vec();
                if let Some(reading) = concluded(&adapter, &story, &sample, cut) {
                    assert!(!settles(&reading), "{name} {} cut at {end}: {reading:?}", sample.operation);
                }
            }
        }
    }
}

#[test]
fn a_flipped_byte_never_turns_a_signed_notification_into_another_fact() {
    let story = Story::new();
    for name in NAMES {
        let adapter = adapter(name);
        for sample in samples(name, &story.id.to_string()) {
            let original = concluded(&adapter, &story, &sample, sample.bytes.clone());
            for place in 0..sample.bytes.len() {
                for mask in [0x01, 0x20, 0x80] {
                    let mut bytes = sample.bytes.clone();
                    bytes[place] ^= mask;
                    let got = concluded(&adapter, &story, &sample, bytes);
                    // Unsigned replies only must not panic; a signed one is unchanged or no fact.
                    if sample.operation == "notification" && got.is_some() {
                        assert_eq!(got, original, "{name}: byte {place} ^ {mask:#x}");
                    }
                }
            }
        }
    }
}

/// A dialect, a body, and the doubt it must leave.
type Case = (&'static str, &'static [u8], fn(&Doubt) -> bool);

#[test]
fn what_is_not_an_answer_is_unknown_with_its_reason() {
    let story = Story::new();
    let call = story.call(OPENED_MS);
    let id = story.id.to_string();
    let cases: [Case; 9] = [
        ("dayuanren", b"", |doubt| *doubt == Doubt::EmptyReply),
        ("dayuanren", b" \r\n", |doubt| *doubt == Doubt::EmptyReply),
        ("dayuanren", b"<html><body>502 Bad Gateway</body></html>", is_unreadable),
        ("dayuanren", br#"{"errno":500,"errno":0,"data":[]}"#, is_unreadable),
        ("dayuanren", b"{\"errno\":0,\"errmsg\":\"\xB3\xE4\",\"data\":[]}", is_unreadable),
        ("dayuanren", br#"{"errno":"77","data":[]}"#, is_unlisted),
        (
            "ofpay",
            b"<!DOCTYPE x [<!ENTITY a 'b'>]><orderinfo><retcode>1007</retcode></orderinfo>",
            is_unreadable,
        ),
        ("ofpay", b"1007", is_unreadable),
        ("kasushou", br#"{"code":200,"data":{"external_orderno":"1"}}"#, |doubt| {
            matches!(doubt, Doubt::Unreadable { .. })
        }),
    ];
    for (name, body, is_expected) in cases {
        let (_, reading) = adapter(name).read_query(&call, &reply(body));
        let Outcome::Unknown(doubt) = &reading.outcome else {
            panic!("{name} {body:?}: {:?}", reading.outcome)
        };
        assert!(is_expected(doubt), "{name} {body:?}: {doubt:?}");
    }
    let mut redirect = reply(format!(r#"{{"errno":0,"data":[{{"out_trade_num":"{id}","state":1}}]}}"#));
    *redirect.status_mut() = http::StatusCode::FOUND;
    let (_, reading) = adapter("dayuanren").read_query(&call, &redirect);
    assert_eq!(reading.outcome, Outcome::Unknown(Doubt::HttpStatus { status: 302 }));
    let long = reply(vec![b' '; adapter("dayuanren").max_reply_bytes() + 1]);
    assert_eq!(
        adapter("dayuanren").read_submit(&call, &long).outcome,
        Outcome::Unknown(Doubt::ReplyTooLarge)
    );
}

fn is_unreadable(doubt: &Doubt) -> bool {
    matches!(doubt, Doubt::Unreadable { .. })
}

fn is_unlisted(doubt: &Doubt) -> bool {
    matches!(doubt, Doubt::UnlistedCode { .. })
}

#[test]
fn two_orders_under_our_number_prove_nothing() {
    let story = Story::new();
    let entry = format!(r#"{{"out_trade_num":"{}","state":1}}"#, story.id);
    let body = format!(r#"{{"errno":0,"data":[{entry},{entry}]}}"#);
    let (_, reading) = adapter("dayuanren").read_query(&story.call(OPENED_MS), &reply(body));
    assert!(!settles(&reading), "{reading:?}");
}

/// Dayuanren as it would be if its recalls were answered with what became of the order.
fn outspoken(number: &str) -> Result<Adapters, LoadError> {
    let path = format!("{}/src/adapters/dialects/dayuanren.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) = text
        .split_once("status = { from = \"body.errno\", \"0\" = \"requested\" }\n")
        .unwrap();
    let words = "\"0\" = \"requested\", \"2\" = \"refused:failed\", \"3\" = \"succeeded\", \"4\" = \"not_found\"";
    let sample = |reply: &str, reads: &str| format!("\n[[recall.sample]]\nreply = '{reply}'\nreads = \"{reads}\"\n");
    let samples: String = [
        sample(r#"{"errno":2,"data":{"out_trade_num":"T20260101000001"}}"#, "refused:failed"),
        sample(r#"{"errno":3,"data":{"out_trade_num":"T20260101000001"}}"#, "succeeded"),
        sample(r#"{"errno":4,"data":{}}"#, "not_found"),
        sample(r#"{"errno":2,"data":{"out_trade_num":"T20260101000002"}}"#, "unknown:not_ours"),
    ]
    .concat();
    let text = format!("{before}{number}status = {{ from = \"body.errno\", {words} }}\n{samples}{rest}");
    let suppliers = SUPPLIERS.replacen("dialect = \"dayuanren\"", "dialect = \"outspoken\"\nrecall_after_ms = 60000", 1);
    Adapters::load("adapters.toml", &suppliers, &secret, &[("outspoken.toml".to_owned(), text)])
}

#[test]
fn a_recall_that_says_what_became_of_the_order_must_name_it() {
    let error = outspoken("").expect_err("it names nobody");
    assert!(error.to_string().contains("`number` is missing"), "{error}");
    let adapters = outspoken("number = \"body.data.out_trade_num\"\n").unwrap_or_else(|error| panic!("{error:?}"));
    let adapter = adapters.get(&"dayuanren".into()).unwrap();
    let story = Story::new();
    let call = story.call(OPENED_MS);
    let request = adapter.recall(&call).unwrap();
    assert_eq!(request.uri().path(), "/yrapi.php/index/cancel");
    let says = |errno: u8, number: &str| {
        let body = format!(r#"{{"errno":{errno},"data":{{"out_trade_num":"{number}"}}}}"#);
        let (trust, reading) = adapter.read_recall(&call, &reply(body));
        assert_eq!(trust, Trust::Fact);
        reading.outcome
    };
    let own = story.id.to_string();
    assert!(matches!(says(2, &own), Outcome::Refused(_)));
    assert!(matches!(says(3, &own), Outcome::Succeeded { .. }));
    assert_eq!(says(0, &own), Outcome::Unknown(Doubt::RecallAsked));
    assert_eq!(says(4, ""), Outcome::NotFound);
    for errno in [2, 3] {
        for number in ["", "1"] {
            assert!(
                matches!(says(errno, number), Outcome::Unknown(Doubt::NotOurs { .. })),
                "{errno} {number}"
            );
        }
    }
}

#[test]
fn no_doubt_quotes_an_answer() {
    let story = Story::new();
    let call = story.call(OPENED_MS);
    for body in [
        r#"{"errno":{"13800138000":1},"data":[]}"#,
        r#"{"errno":0,"data":{"13800138000":"secret"}}"#,
        r#"{"13800138000":"13800138000","13800138000":1}"#,
    ] {
        let (_, reading) = adapter("dayuanren").read_query(&call, &reply(body));
        let shown = format!("{reading:?}");
        assert!(matches!(reading.outcome, Outcome::Unknown(_)) && !shown.contains("138"), "{shown}");
    }
}

#[test]
fn cards_of_an_unsigned_field_are_never_handed_over() {
    let story = Story::new();
    let adapter = adapter("kasushou");
    for sample in samples("kasushou", &story.id.to_string()) {
        let text = String::from_utf8(sample.bytes.clone()).unwrap();
        if text.contains("DECOY")
            && let Some(reading) = concluded(&adapter, &story, &sample, sample.bytes.clone())
            && let Outcome::Succeeded { deliveries } = reading.outcome
        {
            assert!(deliveries.is_empty());
        }
    }
}

#[test]
fn a_notification_about_another_amount_or_number_is_not_believed() {
    let story = Story::new();
    let adapter = adapter("dayuanren");
    let told = |number: &str, amount: &str| {
        let mut text = format!("charge_amount={amount}&out_trade_num={number}&state=1&userid=10001");
        let digest = md5_hex(&format!("{text}&apikey=testkey"));
        text.push_str(&format!("&sign={digest}"));
        let message = opened(&adapter, text.into_bytes()).unwrap();
        adapter.read_notification_of(&story.call(OPENED_MS), &message).1.outcome
    };
    let id = story.id.to_string();
    assert_eq!(told(&id, "100.00"), Outcome::Succeeded { deliveries: Vec::new() });
    for (number, amount) in [(id.as_str(), "50.00"), (&id, "1000"), (&id, "0"), ("1201", "100.00")] {
        let outcome = told(number, amount);
        assert!(
            matches!(outcome, Outcome::Unknown(Doubt::NotOurs { .. })),
            "{number} {amount}: {outcome:?}"
        );
    }
}

/// A notification that is authentic and names a number.
fn opened(adapter: &Adapter, bytes: Vec<u8>) -> Option<Opened> {
    match adapter.read_notification(&notification(bytes)) {
        Notice::About { message, .. } => Some(message),
        Notice::Forged { .. } | Notice::Unreadable { .. } => None,
    }
}

fn md5_hex(text: &str) -> String {
    use md5::{Digest, Md5};
    hex::encode(Md5::digest(text.as_bytes()))
}

#[test]
fn a_notification_is_acknowledged_in_the_supplier_s_own_word() {
    for (name, word) in [("dayuanren", "success"), ("ofpay", "success"), ("kasushou", "ok")] {
        let adapter = adapter(name);
        let mut news = samples(name, "").into_iter().filter(|sample| sample.operation == "notification");
        let message = news.find_map(|sample| opened(&adapter, sample.bytes)).unwrap();
        let response = adapter.acknowledgement(&message);
        assert_eq!((response.status().as_u16(), response.body().as_ref()), (200, word.as_bytes()));
    }
}
