//! Signature recipes of families that are not embedded: each is said in a dialect file, without code.
//!
//! The vectors use invented keys and were computed from the published recipes.

use recharge_gateway::adapters::Adapters;

use super::secret;

/// Loads a dialect made of these tables; its samples are the assertion.
fn prove(name: &str, head: &str, submit: &str, signature: &str) {
    let text = format!(
        r#"{head}
[submit]
{submit}
reply = "json"
status = {{ from = "body.code", "0" = "accepted" }}
[[submit.sample]]
signature = "{signature}"
[[submit.sample]]
reply = '{{"code":0}}'
reads = "accepted"
[[submit.sample]]
reply = '{{"code":1}}'
reads = "unknown:unlisted_code"
"#
    );
    let extra = [(format!("{name}.toml"), text)];
    if let Err(error) = Adapters::load("adapters.toml", "", &secret, &extra) {
        panic!("{name}: {error:?}");
    }
}

const SAMPLE: &str = r#"
time_ms = 1767196801000
inputs = { account = "13800138000" }
face = "100"
cost = "98.5"
notify_url = "http://127.0.0.1:9/cb"
"#;

#[test]
fn values_in_documented_order_with_the_key_at_the_end() {
    let head = format!(
        "secrets.key = \"key\"\n[sample]\nsecrets.key = \"testkey\"\nattempt_id = \"G0001\"\ncode = \"1001\"{SAMPLE}\n[sign]\n{}",
        r#"over = ["prodid", "agentid", "backurl", "returntype", "orderid", "mobilenum", "source", "mark"]
suffix = "&merchantKey={{ secret.key }}"
digest = "md5"
into = "query.verifystring""#
    );
    let submit = r#"request = "GET /order"
query = { prodid = "{{ offer.code }}", agentid = "AG01", backurl = "{{ notify_url }}", returntype = "2", orderid = "{{ attempt.id }}", mobilenum = "{{ order.recipient }}", source = "esales", mark = "" }"#;
    prove("gaoyang", &head, submit, "aebd10078f032c812bcab32166c10b1b");
}

#[test]
fn the_sorted_characters_of_json_within_json() {
    let head = format!(
        "secrets.key = \"key\"\n[sample]\nsecrets.key = \"testsecret\"\nattempt_id = \"F0001\"{SAMPLE}\n[sign]\n{}",
        r#"over = "characters"
suffix = "{{ secret.key }}"
digest = "md5"
into = "json.sign""#
    );
    let submit = r#"request = "POST /api/getway"
json = {
    app_key = "ak",
    method = "fulu.order.mobile.add",
    timestamp = "{{ attempt.time_ms | stamp('%Y-%m-%d %H:%M:%S') }}",
    version = "2.0",
    format = "json",
    charset = "utf-8",
    sign_type = "md5",
    app_auth_token = "",
    biz_content = { "$json" = { charge_phone = "{{ order.recipient }}", charge_value = 100.0, customer_order_no = "{{ attempt.id }}" } },
}"#;
    prove("fulu", &head, submit, "b83cbdf424c24da3d60b0f3bba12b010");
}

#[test]
fn a_form_in_gbk_with_named_fields_in_order() {
    let head = format!(
        "charset = \"gbk\"\nsecrets.key = \"key\"\n[sample]\nsecrets.key = \"testkey\"\nattempt_id = \"D0001\"{SAMPLE}\n[sign]\n{}",
        r#"over = ["userid", "productid", "price", "num", "mobile", "spordertime", "sporderid"]
suffix = "&key={{ secret.key }}"
digest = "md5"
encode = "HEX"
into = "form.sign""#
    );
    let submit = r#"request = "POST /onlinepay.do"
form = { userid = "U1", productid = "", price = "{{ order.face }}", num = "{{ order.quantity }}", mobile = "{{ order.recipient }}", spordertime = "{{ attempt.time_ms | stamp('%Y%m%d%H%M%S') }}", sporderid = "{{ attempt.id }}", back_url = "{{ notify_url }}" }"#;
    prove("dingyin", &head, submit, "F83B4EC7319AA473796D0ED376F9A26E");
}

#[test]
fn sorted_without_empties_and_the_key_bare() {
    let head = format!(
        "secrets.key = \"key\"\n[sample]\nsecrets.key = \"testkey\"\nattempt_id = \"KK0001\"\ncode = \"5\"{SAMPLE}\n[sign]\n{}",
        r#"over = "sorted"
empties = "dropped"
suffix = "{{ secret.key }}"
digest = "md5"
into = "form.sign""#
    );
    let submit = r#"request = "POST /dockapi/index/buy"
form = { userid = "9", goodsid = "{{ offer.code }}", buynum = "{{ order.quantity }}", outorderno = "{{ attempt.id }}", maxmoney = "{{ attempt.cost }}", attach = "{{ order.recipient }}", callbackurl = "{{ notify_url }}", mark = "" }"#;
    prove("kakayun", &head, submit, "e4b3a32dc21d16fbfe82127f2a4225f4");
}

#[test]
fn a_keyed_hash_over_method_path_time_and_body() {
    let head = format!(
        "secrets.key = \"key\"\n[sample]\nsecrets.key = \"testsecret\"\nattempt_id = \"DJ1\"\ncode = \"1\"{}\n[sign]\n{}",
        SAMPLE
            .replace("1767196801000", "1767225601000")
            .replace("http://127.0.0.1:9/cb", "http://127.0.0.1:9/api/v1/upstream/callback"),
        r#"over = "{{ request.method }}\n{{ request.path }}\n{{ request.headers.timestamp }}\n{{ request.body | md5 }}"
digest = "hmac-sha256"
key = "{{ secret.key }}"
into = "header.Signature""#
    );
    let submit = r#"request = "POST /api/v1/upstream/orders"
headers = { Timestamp = "{{ attempt.time_ms | seconds }}" }
json = { sku_id = "{{ offer.code | number }}", quantity = "{{ order.quantity | number }}", downstream_order_no = "{{ attempt.id }}", manual_form_data = { account = "{{ order.recipient }}" }, callback_url = "{{ notify_url }}" }"#;
    prove(
        "dujiao",
        &head,
        submit,
        "90de933bbaa88c1282f01474502b3895c809214ded625c275b2cea4360f07c5b",
    );
}

#[test]
fn a_notification_signed_over_its_raw_body_and_a_header() {
    let head = format!("secrets.key = \"key\"\n[sample]\nsecrets.key = \"whsecret\"\nattempt_id = \"1\"{SAMPLE}");
    let submit = r#"request = "POST /topups"
json = { customIdentifier = "{{ attempt.id }}" }
sign = false"#;
    let body = r#"{"type":"async_airtime_transaction.status_changed","data":{"transactionId":1}}"#;
    let text = format!(
        r#"{head}
[submit]
{submit}
reply = "json"
status = {{ from = "body.code", "0" = "accepted" }}
[[submit.sample]]
body = '{{"customIdentifier":"1"}}'
[[submit.sample]]
reply = '{{"code":0}}'
reads = "accepted"
[[submit.sample]]
reply = '{{"code":1}}'
reads = "unknown:unlisted_code"
[notification]
message = "json"
trust = "fact"
number = "body.data.transactionId"
acknowledge = {{ body = "ok" }}
status = {{ from = "body.type", "async_airtime_transaction.status_changed" = "accepted" }}
[notification.verify]
from = "header.X-Reloadly-Signature"
over = "body"
suffix = ":{{{{ headers.x_reloadly_request_timestamp }}}}"
digest = "hmac-sha256"
key = "{{{{ secret.key }}}}"
[[notification.sample]]
message = '{body}'
headers = {{ X-Reloadly-Signature = "df3d31804029f170ae7d2213426b697e329c0edec813d9388e502c1729dcddd6", X-Reloadly-Request-Timestamp = "1767225601" }}
reads = "accepted"
number = "1"
[[notification.sample]]
message = '{body}'
headers = {{ X-Reloadly-Signature = "df3d31804029f170ae7d2213426b697e329c0edec813d9388e502c1729dcddd6", X-Reloadly-Request-Timestamp = "1767225602" }}
reads = "forged"
[[notification.sample]]
message = '{{"type":"other","data":{{"transactionId":1}}}}'
headers = {{ X-Reloadly-Signature = "@", X-Reloadly-Request-Timestamp = "1" }}
reads = "unknown:unlisted_code"
number = "1"
"#
    );
    // The signature of the last sample is made here, by the crate's own recipe and not by the engine.
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"whsecret").unwrap();
    mac.update(br#"{"type":"other","data":{"transactionId":1}}:1"#);
    let text = text.replace("\"@\"", &format!("\"{}\"", hex::encode(mac.finalize().into_bytes())));
    let extra = [("reloadly.toml".to_owned(), text)];
    if let Err(error) = Adapters::load("adapters.toml", "", &secret, &extra) {
        panic!("{error:?}");
    }
}
