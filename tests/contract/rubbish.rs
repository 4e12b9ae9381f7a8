//! Random bytes and random structures: never a panic, never a settled attempt.

use proptest::prelude::*;
use recharge_gateway::adapters::Notice;
use recharge_gateway::domain::outcome::{Outcome, Reading, Trust};

use super::{NAMES, OPENED_MS, Story, adapter, notification, reply};

fn settles(reading: &Reading) -> bool {
    matches!(
        reading.outcome,
        Outcome::Succeeded { .. } | Outcome::Partial { .. } | Outcome::Refused(_)
    )
}

/// Bytes that look a little like answers, so that the readers are entered deeper.
fn almost_answers() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just(":"),
        Just("\""),
        Just("\\u00"),
        Just("\\ud800"),
        Just("\"errno\""),
        Just("\"data\""),
        Just("\"state\""),
        Just("\"code\""),
        Just("0"),
        Just("-"),
        Just("1e9"),
        Just("null"),
        Just("<orderinfo>"),
        Just("</orderinfo>"),
        Just("<retcode>"),
        Just("</retcode>"),
        Just("1007"),
        Just("&amp;"),
        Just("&#x"),
        Just("<![CDATA["),
        Just("]]>"),
        Just("<!--"),
        Just("<?"),
        Just("<!DOCTYPE"),
        Just("out_trade_num="),
        Just("&"),
        Just("="),
        Just("%"),
        Just("%zz"),
        Just("+"),
        Just("sign="),
        Just("充"),
    ];
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rubbish_settles_nothing(bytes in almost_answers()) {
        let story = Story::new();
        let call = story.call(OPENED_MS);
        for name in NAMES {
            let adapter = adapter(name);
            let (_, reading) = adapter.read_query(&call, &reply(bytes.clone()));
            prop_assert!(!settles(&reading), "{:?}", reading);
            // A refusal of a submit needs no number: 1007 alone in the right element is one.
            let _ = adapter.read_submit(&call, &reply(bytes.clone()));
            let _ = adapter.read_balance(&reply(bytes.clone()));
            let request = notification(bytes.clone());
            if let Notice::About { trust, message, .. } = adapter.read_notification(&request) {
                prop_assert!(trust != Trust::Fact, "a fact out of rubbish");
                let _ = adapter.acknowledgement(&message);
            }
        }
    }
}
