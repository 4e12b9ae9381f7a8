//! What leaves: the same bytes for the same attempt, nothing broken out of, nothing secret shown.

use proptest::prelude::*;
use recharge_gateway::adapters::{Adapter, Adapters, SupplierState};
use recharge_gateway::domain::ids::SupplierId;
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::domain::outcome::{BalanceReading, Outcome, RefusalKind};

use super::{NAMES, OPENED_MS, SUPPLIERS, Story, adapter, load, reply, secret};

#[test]
fn a_resubmit_is_the_same_to_the_byte_whenever_it_leaves() {
    let story = Story::new();
    for name in NAMES {
        let adapter = adapter(name);
        let first = adapter.submit(&story.call(OPENED_MS)).unwrap();
        let again = adapter.submit(&story.call(OPENED_MS + 86_400_000)).unwrap();
        assert_eq!(format!("{first:?}"), format!("{again:?}"));
    }
}

#[test]
fn a_stored_version_writes_the_same_bytes() {
    let story = Story::new();
    for name in NAMES {
        let adapter = adapter(name);
        let restored = Adapter::restore(&adapter.document(), &secret).unwrap();
        assert_eq!(restored.digest(), adapter.digest());
        assert_eq!(restored.id(), adapter.id());
        assert_eq!(restored.document(), adapter.document());
        let call = story.call(OPENED_MS);
        assert_eq!(
            format!("{:?}", restored.submit(&call).unwrap()),
            format!("{:?}", adapter.submit(&call).unwrap())
        );
    }
    assert!(Adapter::restore("{}", &secret).is_err());
    assert!(Adapter::restore(&adapter("ofpay").document(), &|_| None).is_err());
}

#[test]
fn the_digest_follows_content_and_not_layout() {
    let text = |cfg: &str| format!("[supplier.a]\n{cfg}\ndialect = \"dayuanren\"\nsecrets = {{ key = \"TEST\" }}\n");
    let digest = |text: &str| load(text).unwrap().iter().next().unwrap().digest().clone();
    let first = digest(&text("base_url = \"https://a.example\"\ncfg = { userid = \"1\" }"));
    let moved = digest(&text("# a comment\ncfg.userid = \"1\"\nbase_url = 'https://a.example'"));
    let other = digest(&text("base_url = \"https://a.example\"\ncfg = { userid = \"2\" }"));
    assert_eq!(first, moved);
    assert_ne!(first, other);
}

#[test]
fn no_secret_is_shown_or_stored() {
    for name in NAMES {
        let adapter = adapter(name);
        for shown in [format!("{adapter:?}"), adapter.document()] {
            // The samples' invented keys stand in the dialect text; the account's own never do.
            let settings = shown.split("\"dialect\"").next().unwrap();
            assert!(!settings.contains("testkey") && !settings.contains("pw123456"), "{settings}");
        }
    }
}

#[test]
fn what_a_dialect_cannot_say_is_refused_before_anything_is_sent() {
    let mut story = Story::new();
    story.terms.quantity = 2;
    for name in ["dayuanren", "ofpay"] {
        assert_eq!(adapter(name).submit(&story.call(OPENED_MS)).unwrap_err().field, "requires");
    }
    let mut story = Story::new();
    story.inputs.0.clear();
    assert_eq!(
        adapter("ofpay").submit(&story.call(OPENED_MS)).unwrap_err().field,
        "query.game_userid"
    );
    story.inputs.0.insert("account".to_owned(), "😀".to_owned());
    assert!(adapter("ofpay").submit(&story.call(OPENED_MS)).is_err());
    assert!(adapter("dayuanren").submit(&story.call(OPENED_MS)).is_ok());
}

#[test]
fn codes_that_a_supplier_confirmed_are_settings() {
    let story = Story::new();
    let call = story.call(OPENED_MS);
    let body = r#"{"errno":4,"errmsg":"余额不足","data":[]}"#;
    let plain = adapter("dayuanren").read_submit(&call, &reply(body));
    assert!(matches!(plain.outcome, Outcome::Unknown(_)));
    let text = format!("{SUPPLIERS}\n[supplier.dayuanren.status.submit]\n4 = \"refused:supplier_balance\"\n");
    let adapters = load(&text).unwrap();
    let adapter = adapters.get(&SupplierId::from("dayuanren")).unwrap();
    let outcome = adapter.read_submit(&call, &reply(body)).outcome;
    let Outcome::Refused(refusal) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((refusal.kind, refusal.code.as_str()), (RefusalKind::SupplierBalance, "4"));
    assert_ne!(adapter.digest(), self::adapter("dayuanren").digest());
}

#[test]
fn the_example_file_is_right_and_the_demo_can_use_it() {
    let text = std::fs::read_to_string(format!("{}/adapters.toml", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let adapters = Adapters::load("adapters.toml", &text, &|name| secret("TEST").filter(|_| name.contains('_')), &[])
        .unwrap_or_else(|error| panic!("{error:?}"));
    let ids: Vec<&str> = adapters.iter().map(|adapter| adapter.id().as_str()).collect();
    assert_eq!(ids, ["north", "east", "west"]);
    let north = adapters.get(&SupplierId::from("north")).unwrap();
    assert_eq!(
        (north.dialect(), north.state(), north.currency()),
        ("dayuanren", SupplierState::Active, Currency::Cny)
    );
    let rules = adapters.rule_book().of(&SupplierId::from("north"));
    assert!(rules.promises.permit_resubmit() && rules.answers_queries);
    assert_eq!(rules.submit_timeout_ms, 5_000);
    assert_eq!(north.limits().concurrency, 64);
}

#[test]
fn notifications_are_heard_from_the_listed_addresses_only() {
    let text = SUPPLIERS.replacen(
        "[supplier.ofpay]",
        "[supplier.ofpay]\nnotify_from = [\"203.0.113.7\", \"198.51.100.0/24\"]",
        1,
    );
    let adapters = load(&text).unwrap();
    let adapter = adapters.get(&SupplierId::from("ofpay")).unwrap();
    for (ip, is_heard) in [
        ("203.0.113.7", true),
        ("203.0.113.8", false),
        ("198.51.100.200", true),
        ("::ffff:203.0.113.7", true),
    ] {
        assert_eq!(adapter.may_notify_from(ip.parse().unwrap()), is_heard, "{ip}");
    }
    assert!(self::adapter("ofpay").may_notify_from("192.0.2.1".parse().unwrap()));
}

#[test]
fn a_balance_is_asked_and_read() {
    let adapter = adapter("ofpay");
    let request = adapter.balance(OPENED_MS).unwrap().unwrap();
    assert_eq!(request.uri().path(), "/queryuserinfo.do");
    let body = "<userinfo><retcode>1</retcode><ret_leftcredit>-1.50</ret_leftcredit></userinfo>";
    assert_eq!(
        adapter.read_balance(&reply(body)),
        BalanceReading::Balance(Money::new(-150, Currency::Cny))
    );
    assert!(matches!(adapter.read_balance(&reply("<userinfo/>")), BalanceReading::Unreadable(_)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a buyer enters stays inside its field: the request has the same fields, and that one value.
    #[test]
    fn data_never_breaks_out_of_its_place(account in "\\PC{1,24}") {
        let mut story = Story::new();
        story.inputs.0.insert("account".to_owned(), account.clone());
        let call = story.call(OPENED_MS);
        for adapter in NAMES.map(adapter) {
            let Ok(request) = adapter.submit(&call) else { continue };
            match adapter.dialect() {
                "kasushou" => {
                    let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
                    prop_assert_eq!(body["attach"]["recharge_account"].as_str(), Some(account.as_str()));
                    prop_assert_eq!(body.as_object().unwrap().len(), 6);
                }
                "dayuanren" => {
                    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(request.body()).into_owned().collect();
                    prop_assert_eq!(pairs.len(), 8);
                    prop_assert_eq!(&pairs[3], &("mobile".to_owned(), account.clone()));
                }
                _ => {
                    let query = request.uri().query().unwrap();
                    prop_assert_eq!(query.split('&').count(), 10);
                }
            }
        }
    }
}
