//! A file with a mistake is refused as a whole, with the mistake underlined and a remedy.

use miette::Diagnostic;
use recharge_gateway::adapters::{Adapters, LoadError};

use super::{SUPPLIERS, load, secret};

fn refused(text: &str) -> LoadError {
    match load(text) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(error) => error,
    }
}

/// (what to change, into what, what must be underlined, what the message must hold)
const MISTAKES: [(&str, &str, &str, &str); 26] = [
    (
        "cfg = { userid = \"10001\" }",
        "cfg = { userid = \"10001\", nosuch = \"1\" }",
        "nosuch",
        "not among the cfg",
    ),
    ("cfg = { userid = \"10001\" }", "", "dayuanren", "`cfg.userid` is missing"),
    ("secrets = { key = \"TEST\" }", "", "dayuanren", "`secrets.key` is missing"),
    (
        "secrets = { key = \"TEST\" }",
        "secrets = { key = \"ABSENT\" }",
        "\"ABSENT\"",
        "no secret of the name",
    ),
    (
        "secrets = { key = \"TEST\" }",
        "secrets = { key = \"TEST\", other = \"TEST\" }",
        "other",
        "not among the secrets",
    ),
    ("dialect = \"dayuanren\"", "dialect = \"dayuanrem\"", "\"dayuanrem\"", "no dialect"),
    (
        "dialect = \"dayuanren\"",
        "dialect = \"dayuanren\"\npriorty = 1",
        "priorty",
        "not a key",
    ),
    (
        "dialect = \"dayuanren\"",
        "dialect = \"dayuanren\"\npriority = -1",
        "-1",
        "whole number",
    ),
    (
        "dialect = \"dayuanren\"",
        "dialect = \"dayuanren\"\nstate = \"off\"",
        "\"off\"",
        "active, paused, draining",
    ),
    (
        "dialect = \"dayuanren\"",
        "dialect = \"dayuanren\"\ncurrency = \"RMB\"",
        "\"RMB\"",
        "CNY",
    ),
    (
        "dialect = \"dayuanren\"",
        "dialect = \"dayuanren\"\nzone = \"Asia/Shanghai\"",
        "\"Asia/Shanghai\"",
        "fixed offset",
    ),
    (
        "dialect = \"dayuanren\"",
        "dialect = \"dayuanren\"\nnotify_from = [\"localhost\"]",
        "\"localhost\"",
        "IP address",
    ),
    (
        "dialect = \"dayuanren\"",
        "dialect = \"dayuanren\"\nlimits = { submit = { per_minute = 0, burst = 1 } }",
        "limits",
        "at least 1",
    ),
    (
        "dialect = \"dayuanren\"",
        "dialect = \"dayuanren\"\nlimits = { concurency = 3 }",
        "concurency",
        "unknown field",
    ),
    (
        "dialect = \"dayuanren\"",
        "dialect = \"dayuanren\"\npromises = { dedupes = true }",
        "dedupes",
        "unknown field",
    ),
    (
        "dialect = \"dayuanren\"",
        "dialect = \"dayuanren\"\nquiet_window.after_ms = 7_200_000\nquiet_window.max_cost = \"0\"",
        "\"0\"",
        "at no risk",
    ),
    (
        "dialect = \"dayuanren\"",
        "dialect = \"dayuanren\"\nquiet_window = { after_ms = 5, max_cost = \"9\" }",
        "5",
        "from 60000",
    ),
    (
        "[supplier.dayuanren]\ndialect",
        "[supplier.dayuanren]\nquiet_window = { after_ms = 60000, max_cost = \"9\" }\ndialect",
        "dayuanren",
        "query_consistent is missing",
    ),
    (
        "dialect = \"dayuanren\"",
        "dialect = \"dayuanren\"\nrecall_after_ms = 5",
        "5",
        "from 1000",
    ),
    (
        "dialect = \"ofpay\"",
        "dialect = \"ofpay\"\nrecall_after_ms = 60000",
        "recall_after_ms",
        "has no recall",
    ),
    (
        "dialect = \"dayuanren\"",
        "dialect = \"dayuanren\"\nstatus.recall = { 5 = \"refused:failed\" }",
        "recall",
        "settles nothing",
    ),
    (
        "dialect = \"dayuanren\"",
        "dialect = \"dayuanren\"\nstatement = { number = \"n\", state = \"s\" }",
        "{ number = \"n\", state = \"s\" }",
        "belong together",
    ),
    (
        "dialect = \"dayuanren\"",
        "dialect = \"dayuanren\"\nstatus.submit = { 4 = \"refused:money\" }",
        "\"refused:money\"",
        "status word",
    ),
    (
        "dialect = \"dayuanren\"",
        "dialect = \"dayuanren\"\nstatus.submit = { 4 = \"not_found\" }",
        "\"not_found\"",
        "cannot mean",
    ),
    (
        "https://dayuanren.example",
        "http://dayuanren.example",
        "\"http://dayuanren.example\"",
        "plain http",
    ),
    ("[supplier.dayuanren]", "[supplier.Dayuanren]", "Dayuanren", "lower-case"),
];

#[test]
fn every_mistake_is_underlined_where_it_is() {
    for (from, to, underlined, message) in MISTAKES {
        let text = SUPPLIERS.replacen(from, to, 1);
        let error = refused(&text);
        assert!(error.to_string().contains(message), "{error:?}");
        assert_eq!(error.underlined(), underlined, "{error:?}");
        assert!(error.to_string().starts_with("adapters.toml:") && error.labels().is_some() && error.source_code().is_some());
    }
    assert!(refused("[supplier.a").to_string().contains("adapters.toml:1"));
    assert!(load("").unwrap().iter().next().is_none());
    assert!(
        load(&SUPPLIERS.replacen(
            "https://dayuanren.example\"",
            "http://dayuanren.example\"\nallow_plain_http = true",
            1
        ))
        .is_ok()
    );
    assert!(load(&SUPPLIERS.replacen("https://dayuanren.example", "http://127.0.0.1:1", 1)).is_ok());
}

#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    for (from, to, message) in [
        ("https://dayuanren.example", "https://u:hunter2@dayuanren.example", "credentials"),
        ("key = \"TEST\"", "key = \"hunter2\"", "not the name of an environment variable"),
    ] {
        let error = refused(&SUPPLIERS.replacen(from, to, 1));
        assert!(error.to_string().contains(message), "{error:?}");
        let mut rendered = String::new();
        miette::GraphicalReportHandler::new().render_report(&mut rendered, &error).unwrap();
        assert!(!format!("{error:?} {error} {rendered}").contains("hunter2"), "{rendered}");
    }
}

#[test]
fn a_refusal_is_rendered_with_its_line_and_a_remedy() {
    let error = refused(&SUPPLIERS.replacen("userid = \"10001\"", "userld = \"10001\"", 1));
    let mut rendered = String::new();
    let theme = miette::GraphicalTheme::unicode_nocolor();
    miette::GraphicalReportHandler::new_themed(theme)
        .render_report(&mut rendered, &error)
        .unwrap();
    assert_eq!(error.line(), 5);
    for part in ["adapters.toml:5", "cfg = { userld = \"10001\" }", "known here: userid"] {
        assert!(rendered.contains(part), "{part} is missing in:\n{rendered}");
    }
}

/// A small dialect that is right, to be broken in one place at a time.
const GOOD: &str = r#"
[cfg.userid]
about = "account"
[secrets]
key = "signing key"
[sample]
cfg = { userid = "U" }
secrets = { key = "k" }
attempt_id = "A1"
time_ms = 1767196801000
code = "1"
inputs = { account = "13800138000" }
face = "100"
cost = "98.5"
[submit]
request = "POST /buy"
form = { id = "{{ attempt.id }}", who = "{{ order.recipient }}" }
reply = "json"
number = "body.id"
[submit.sign]
over = "sorted"
suffix = "{{ secret.key }}"
digest = "md5"
into = "form.sign"
[submit.status]
from = "body.code"
"0" = "accepted"
"5" = "refused:stock"
[submit.take]
cost = "body.cost"
[[submit.sample]]
signature = "09b4ea1cb4be52d2b4e9cd0f7d5d3c8b"
[[submit.sample]]
reply = '{"code":0,"id":"A1","cost":"98.50"}'
reads = "accepted"
cost = "98.50"
[[submit.sample]]
reply = '{"code":5}'
reads = "refused:stock"
[[submit.sample]]
reply = '{"code":9}'
reads = "unknown:unlisted_code"
[[submit.sample]]
reply = '{"code":0,"id":"A2"}'
reads = "unknown:not_ours"
"#;

fn with_dialect(text: &str) -> Result<Adapters, LoadError> {
    Adapters::load("adapters.toml", "", &secret, &[("small.toml".to_owned(), text.to_owned())])
}

/// The small dialect with the signature it really makes, learnt from the refusal's own words.
fn good() -> String {
    let error = with_dialect(GOOD).expect_err("the placeholder is no signature");
    let text = error.to_string();
    let signature = text.rsplit("got \"").next().unwrap().trim_end_matches('"').to_owned();
    assert_eq!(signature.len(), 32, "{error:?}");
    GOOD.replace("09b4ea1cb4be52d2b4e9cd0f7d5d3c8b", &signature)
}

#[test]
fn a_dialect_that_does_not_do_what_its_samples_say_is_refused() {
    let good = good();
    with_dialect(&good).unwrap_or_else(|error| panic!("{error:?}"));
    let breaks = [
        (
            "\"0\" = \"accepted\"",
            "\"0\" = \"succeeded\"",
            "\"accepted\"",
            "expected accepted, got succeeded",
        ),
        ("cost = \"98.50\"", "cost = \"98.51\"", "\"98.51\"", "got \"98.50\""),
        (
            "[submit.take]\ncost = \"body.cost\"",
            "[submit.take]\nsupplier_ref = \"body.cost\"",
            "\"accepted\"",
            "supplier_ref",
        ),
        ("body.code\"", "body.code | nosuch\"", "\"body.code | nosuch\"", "not a filter"),
        (
            "{{ order.recipient }}",
            "{{ order.recipent }}",
            "",
            "submit.form.who cannot be written",
        ),
        (
            "{{ order.recipient }}",
            "{{ order.recipient }",
            "\"{{ order.recipient }\"",
            "not closed",
        ),
        ("digest = \"md5\"", "digest = \"md6\"", "\"md6\"", "there are: md5"),
        (
            "into = \"form.sign\"",
            "into = \"json.sign\"",
            "\"json.sign\"",
            "a signature goes into",
        ),
        ("reply = \"json\"\nnumber", "reply = \"form\"\nnumber", "\"form\"", "cut off"),
        (
            "\"5\" = \"refused:stock\"",
            "\"5\" = \"refused:nothing\"",
            "\"refused:nothing\"",
            "status word",
        ),
        (
            "\"5\" = \"refused:stock\"",
            "\"5\" = \"refused:stock\"\n\"1\" = \"order_exists\"",
            "",
            "no sample of `submit` reads unknown:order_exists",
        ),
        ("charset", "charset", "", ""),
    ];
    for (from, to, underlined, message) in breaks.iter().filter(|(from, to, ..)| from != to) {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        let error = with_dialect(&text).expect_err(to);
        assert!(error.to_string().contains(message), "{error:?}");
        assert!(underlined.is_empty() || error.underlined() == *underlined, "{error:?}");
        assert!(error.to_string().starts_with("small.toml:"), "{error:?}");
    }
}

#[test]
fn a_sample_that_is_missing_is_missed() {
    let good = good();
    for (class, start) in [
        (
            "unlisted_code",
            "[[submit.sample]]\nreply = '{\"code\":9}'\nreads = \"unknown:unlisted_code\"\n",
        ),
        ("refused", "[[submit.sample]]\nreply = '{\"code\":5}'\nreads = \"refused:stock\"\n"),
        (
            "not_ours",
            "[[submit.sample]]\nreply = '{\"code\":0,\"id\":\"A2\"}'\nreads = \"unknown:not_ours\"\n",
        ),
    ] {
        assert!(good.contains(start));
        let error = with_dialect(&good.replacen(start, "", 1)).expect_err(class);
        assert!(error.to_string().contains(class), "{error:?}");
    }
}

#[test]
fn a_field_that_no_signature_covers_cannot_be_read_at_all() {
    let path = format!("{}/src/adapters/dialects/kasushou.toml", env!("CARGO_MANIFEST_DIR"));
    let own = std::fs::read_to_string(path).unwrap();
    let head = "[notification.take]\nsupplier_ref = \"body.ordersn\"\n";
    let greedy = head.to_owned() + "cards = { list = \"body.card_list\", secret = \"card.card_password\" }\n";
    let text = own.replacen(head, &greedy, 1);
    assert_ne!(text, own);
    // Every sample of it carries cards, and none can be seen.
    assert!(text.contains("DECOY"));
    let error = with_dialect(&text).unwrap_err();
    assert!(
        error.to_string().contains("no sample of `notification` shows `take.cards`"),
        "{error:?}"
    );
    let covered = text.replacen("except = [\"card_list\", \"express_list\"]", "except = [\"express_list\"]", 1);
    assert!(with_dialect(&covered).unwrap_err().to_string().contains("got forged"));
}

#[test]
fn a_name_that_is_taken_is_refused() {
    let extra = [("ofpay.toml".to_owned(), good())];
    assert!(Adapters::load("adapters.toml", "", &secret, &extra).is_err());
}

#[test]
fn an_unsigned_notification_may_not_call_itself_a_fact() {
    let text = format!(
        "{}{}",
        good(),
        r#"
[notification]
message = "form"
trust = "fact"
number = "body.id"
acknowledge = { body = "ok" }
status = { from = "body.state", "1" = "succeeded" }
[[notification.sample]]
message = "id=A1&state=1"
reads = "succeeded"
number = "A1"
[[notification.sample]]
message = "id=A1&state=2"
reads = "unknown:unlisted_code"
number = "A1"
"#
    );
    assert!(
        with_dialect(&text)
            .unwrap_err()
            .to_string()
            .contains("anybody can send or change this")
    );
    assert!(with_dialect(&text.replace("trust = \"fact\"", "trust = \"trigger\"")).is_ok());
}
