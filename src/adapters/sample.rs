//! Samples: a dialect proves at load that it writes and reads what its file says it does.
//!
//! Every request must be shown once, every class of status a dialect lists once, an unlisted code
//! once, and everything it takes, compares or verifies once; so every expression has been evaluated
//! before the first order. A sample that fails refuses the file, with its line underlined.

mod given;
mod got;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use secrecy::SecretString;

use self::given::given;
use self::got::Got;
pub(super) use self::got::told;
use super::dialect::{Dialect, Exchange};
use super::fault::LoadError;
use super::read::{Arrived, Reader};
use super::scope::{Account, Facts, Scope, Secrets};
use super::section::{Item, Section};
use super::sign::template;
use super::status::Operation;
use super::take::lenient;
use super::write::Signed;
use crate::domain::money::{Currency, Money};
use crate::domain::outcome::{BalanceReading, Doubt, Reading};

const ZONE_OFFSET_S: i32 = 8 * 3600;
const BASE_URL: &str = "https://supplier.example";

/// The samples of an operation, in the order of the file.
pub(super) fn read<'a>(section: &mut Section<'a>, operation: Operation) -> Result<Vec<Item<'a>>, LoadError> {
    match section.get("sample") {
        Some(item) => item.list(),
        None => Err(section.fault(format!("[[{}.sample]] is missing: an operation proves itself", operation.word()))),
    }
}

/// Runs every sample, then asks whether they cover the dialect.
pub(super) fn prove(dialect: &Dialect, shared: Section<'_>, proofs: Vec<(Operation, Vec<Item<'_>>)>) -> Result<(), LoadError> {
    let stage = Stage::read(dialect, shared)?;
    for (operation, samples) in proofs {
        let mut seen = Seen::default();
        for sample in &samples {
            stage.run(dialect, operation, sample, &mut seen)?;
        }
        let Some(place) = samples.last() else { continue };
        if let Some(reader) = dialect.reader(operation) {
            seen.covers(reader, operation, dialect.exchange(operation), place)?;
        }
    }
    Ok(())
}

/// The account and the order that all samples share.
struct Stage {
    account: Account,
    facts: Facts<'static>,
}

impl Stage {
    fn read(dialect: &Dialect, mut section: Section<'_>) -> Result<Self, LoadError> {
        let mut cfg: BTreeMap<String, String> = dialect
            .cfg
            .iter()
            .filter_map(|(key, default)| Some((key.clone(), default.clone()?)))
            .collect();
        for item in section.section("cfg")?.iter().flat_map(Section::entries) {
            if !dialect.cfg.contains_key(item.key()) {
                return Err(item.fault_key("not among the [cfg] of this dialect"));
            }
            cfg.insert(item.key().to_owned(), item.text()?.to_owned());
        }
        let mut secrets = Secrets::default();
        for item in section.section("secrets")?.iter().flat_map(Section::entries) {
            if !dialect.secrets.iter().any(|known| known == item.key()) {
                return Err(item.fault_key("not among the [secrets] of this dialect"));
            }
            secrets.0.insert(item.key().to_owned(), SecretString::from(item.text()?.to_owned()));
        }
        let blank = Facts {
            attempt_id: String::new(),
            opened_at_ms: 0,
            now_ms: 0,
            cost: Money::new(0, Currency::Cny),
            code: "".into(),
            inputs: Cow::default(),
            recipient_input: "account".into(),
            face: Money::new(0, Currency::Cny),
            quantity: 1,
            notify_url: "".into(),
        };
        let facts = given(&mut section, blank)?;
        section.finish()?;
        Ok(Self {
            account: Account::new(cfg, secrets, ZONE_OFFSET_S, Currency::Cny),
            facts,
        })
    }

    fn run(&self, dialect: &Dialect, operation: Operation, sample: &Item<'_>, seen: &mut Seen) -> Result<(), LoadError> {
        let mut section = sample.section()?;
        let facts = match section.section("given")? {
            None => self.facts.clone(),
            Some(mut section) => {
                let facts = given(&mut section, self.facts.clone())?;
                section.finish()?;
                facts
            }
        };
        let arrived = section.get("reply").or_else(|| section.get("message"));
        let in_hex = section.get("reply_hex").or_else(|| section.get("message_hex"));
        match (arrived.or(in_hex.clone()), dialect.exchange(operation)) {
            (Some(item), _) => {
                let bytes = bytes(dialect, &item, in_hex.is_some())?;
                let answer = Answer {
                    status: status(section.get("http"))?,
                    headers: headers(section.section("headers")?)?,
                    bytes,
                };
                self.answer(dialect, operation, &facts, &answer, &mut section, seen)?;
            }
            (None, Some(exchange)) => {
                self.request(dialect, operation, exchange, &facts, &mut section)?;
                seen.has_request = true;
            }
            (None, None) => return Err(section.fault("`message` is missing")),
        }
        section.finish()
    }

    fn request(
        &self,
        dialect: &Dialect,
        operation: Operation,
        exchange: &Exchange,
        facts: &Facts<'_>,
        section: &mut Section<'_>,
    ) -> Result<(), LoadError> {
        let scope = match operation {
            Operation::Balance => self.account.scope().with("now_ms", facts.now_ms),
            Operation::Submit | Operation::Query | Operation::Recall | Operation::Notification => Scope::of(&self.account, facts),
        };
        let mut signed: Option<Signed> = None;
        let written = exchange
            .shape
            .compose(BASE_URL, dialect.charset, &scope.with_secrets(), Some(&mut signed));
        let unwritable = section.get("unwritable");
        let request = match (written, unwritable) {
            (Ok(request), None) => request,
            (Ok(_), Some(item)) => return Err(item.fault("the request could be written")),
            (Err(error), Some(item)) => return expect(&item, &error.why),
            (Err(error), None) => return Err(section.fault(error.to_string())),
        };
        let mut is_proven = false;
        if let Some(item) = section.get("request") {
            let target = request
                .uri()
                .path_and_query()
                .map(http::uri::PathAndQuery::as_str)
                .unwrap_or_default();
            expect(&item, &format!("{} {target}", request.method()))?;
            is_proven = true;
        }
        if let Some(item) = section.get("body") {
            expect(&item, &dialect.charset.decode(request.body()).unwrap_or_default())?;
            is_proven = true;
        }
        if let Some(headers) = section.section("headers")? {
            for item in headers.entries() {
                let value = request.headers().get(item.key()).and_then(|value| value.to_str().ok());
                expect(&item, value.unwrap_or("no such header"))?;
            }
        }
        if let Some(item) = section.get("canonical") {
            expect(&item, signed.as_ref().map(|signed| signed.canonical.as_str()).unwrap_or_default())?;
        }
        if let Some(item) = section.get("signature") {
            let signed = signed.as_ref();
            let got = signed.map(|signed| signed.signature.as_str()).unwrap_or("no signature");
            let over = signed.map(|signed| signed.canonical.as_str()).unwrap_or_default();
            expect(&item, got).map_err(|fault| fault.help(format!("the text that was signed: {over}")))?;
            is_proven = true;
        } else if exchange.shape.is_signed() {
            return Err(section.fault(format!(
                "`signature` is missing: it would be {}",
                signed.map(|signed| signed.signature).unwrap_or_default()
            )));
        }
        if is_proven {
            Ok(())
        } else {
            Err(section.fault("a request sample shows `signature`, `request` or `body`"))
        }
    }

    fn answer(
        &self,
        dialect: &Dialect,
        operation: Operation,
        facts: &Facts<'_>,
        answer: &Answer,
        section: &mut Section<'_>,
        seen: &mut Seen,
    ) -> Result<(), LoadError> {
        let Some(reader) = dialect.reader(operation) else {
            return Err(section.fault("this dialect has no such operation"));
        };
        let arrived = Arrived {
            headers: &answer.headers,
            bytes: &answer.bytes,
        };
        let account = &self.account;
        let scope = match operation {
            Operation::Submit | Operation::Query | Operation::Recall => Scope::of(account, facts),
            Operation::Notification | Operation::Balance => account.scope(),
        };
        let opened = if operation == Operation::Notification || reader.admits(answer.status) {
            reader.open(&arrived, dialect.charset, &scope).map(|opened| opened.covered)
        } else {
            Err(Doubt::HttpStatus {
                status: answer.status.as_u16(),
            })
        };
        let is_forged = opened == Err(Doubt::BadSignature);
        let mut known = None;
        let got = match (operation, opened) {
            (Operation::Notification, Ok(tree)) => {
                let of_order = Scope::of(account, facts);
                known = Some(Got::of(&reader.judge(&tree, &of_order, account.currency, None)));
                let number = lenient(reader.number.as_ref(), &scope.clone().with_body(&tree)).ok().flatten();
                Got::of(&reader.judge(&tree, &scope, account.currency, None)).with("number", number)
            }
            (Operation::Notification, Err(Doubt::BadSignature)) => Got::words("forged", ""),
            (Operation::Notification, Err(doubt)) => Got::words("unreadable", &told(&doubt)),
            (Operation::Balance, Ok(tree)) => Got::balance(&reader.balance(&tree, account, None)),
            (Operation::Balance, Err(doubt)) => Got::balance(&BalanceReading::Unreadable(doubt)),
            (Operation::Submit | Operation::Query | Operation::Recall, Ok(tree)) => {
                Got::of(&reader.judge(&tree, &scope, account.currency, None))
            }
            (Operation::Submit | Operation::Query | Operation::Recall, Err(doubt)) => Got::of(&Reading::unknown(doubt)),
        };
        let would_be = if is_forged {
            self.would_be(dialect, reader, &arrived)
        } else {
            None
        };
        got.compare(section).map_err(|fault| match would_be {
            Some(signature) => fault.help(format!("with the sample's secrets the signature is {signature}")),
            None => fault,
        })?;
        if let Some(known) = known {
            known.compare_known(section, &got)?;
            seen.reads.insert(known.reads);
        }
        if let Some(acknowledged) = template(section.get("acknowledged"))? {
            let expected = acknowledged.render(&Scope::default()).unwrap_or_default();
            let written = dialect.notification.as_ref().map(|notification| {
                let tree = reader.parse(&answer.bytes, dialect.charset).ok();
                let scope = account.scope();
                let scope = tree.iter().fold(scope, |scope, (tree, _)| scope.with_body(tree));
                notification.acknowledgement.body.render(&scope).unwrap_or_default()
            });
            if written.as_deref() != Some(expected.as_str()) {
                return Err(section.fault(format!("expected the acknowledgement {expected:?}, got {written:?}")));
            }
        }
        seen.record(got);
        Ok(())
    }

    fn would_be(&self, dialect: &Dialect, reader: &Reader, arrived: &Arrived<'_>) -> Option<String> {
        let (tree, text) = reader.parse(arrived.bytes, dialect.charset).ok()?;
        let scope = super::read::seen(self.account.scope().with_secrets(), &tree, arrived.headers);
        reader.verify.as_ref()?.expected(&tree, &text, &scope, dialect.charset).ok()
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

/// What the samples of one operation have shown.
#[derive(Default)]
struct Seen {
    has_request: bool,
    reads: BTreeSet<String>,
    fields: BTreeSet<&'static str>,
}

impl Seen {
    fn record(&mut self, got: Got) {
        let class = match got.reads.split_once(':') {
            Some(("refused" | "partial", _)) => got.reads.split(':').next().unwrap_or_default().to_owned(),
            Some(("balance", _)) => "answered".to_owned(),
            Some(_) | None => got.reads.clone(),
        };
        self.reads.insert(class);
        self.fields.extend(got.fields.into_keys());
    }

    fn covers(&self, reader: &Reader, operation: Operation, exchange: Option<&Exchange>, place: &Item<'_>) -> Result<(), LoadError> {
        let mut due: BTreeSet<&str> = reader.status.words.values().map(|word| word.class()).collect();
        due.insert("unknown:unlisted_code");
        let is_compared = reader.match_names().next().is_some();
        let is_asked =
            operation == Operation::Query || [Operation::Submit, Operation::Recall].contains(&operation) && reader.number.is_some();
        if is_compared || is_asked {
            due.insert("unknown:not_ours");
        }
        if reader.verify.is_some() {
            due.insert(if operation == Operation::Notification {
                "forged"
            } else {
                "unknown:bad_signature"
            });
        }
        let missing = due.into_iter().find(|class| !self.reads.contains(*class));
        if let Some(class) = missing {
            return Err(place.fault(format!("no sample of `{}` reads {class}", operation.word())));
        }
        let taken = [
            ("supplier_ref", reader.take.supplier_ref.is_some()),
            ("cost", reader.take.cost.is_some()),
            ("receipt", reader.take.receipt.is_some()),
            ("cards", reader.take.cards.is_some()),
        ];
        if let Some((key, _)) = taken.iter().find(|(key, is_taken)| *is_taken && !self.fields.contains(key)) {
            return Err(place.fault(format!("no sample of `{}` shows `take.{key}`", operation.word())));
        }
        if exchange.is_some() && !self.has_request {
            return Err(place.fault(format!("no sample of `{}` shows its request", operation.word())));
        }
        Ok(())
    }
}

fn expect(item: &Item<'_>, got: &str) -> Result<(), LoadError> {
    let expected = item.text()?;
    if expected == got {
        Ok(())
    } else {
        Err(item.fault(format!("this sample fails: expected {expected:?}, got {got:?}")))
    }
}

fn bytes(dialect: &Dialect, item: &Item<'_>, is_hex: bool) -> Result<Vec<u8>, LoadError> {
    let text = item.text()?;
    if is_hex {
        let digits: String = text.split_whitespace().collect();
        return hex::decode(digits).map_err(|_| item.fault("not hexadecimal"));
    }
    let encoded = dialect
        .charset
        .encode(text)
        .ok_or_else(|| item.fault("a character is not in the dialect's charset"))?;
    Ok(encoded.into_owned())
}

fn status(item: Option<Item<'_>>) -> Result<StatusCode, LoadError> {
    let Some(item) = item else {
        return Ok(StatusCode::OK);
    };
    let status = u16::try_from(item.number(100..=599)?)
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok());
    status.ok_or_else(|| item.fault("not an HTTP status"))
}

fn headers(section: Option<Section<'_>>) -> Result<HeaderMap, LoadError> {
    let mut headers = HeaderMap::new();
    for item in section.iter().flat_map(Section::entries) {
        let name: HeaderName = item.key().parse().map_err(|_| item.fault_key("not a header name"))?;
        headers.insert(
            name,
            HeaderValue::from_str(item.text()?).map_err(|_| item.fault("not a header value"))?,
        );
    }
    Ok(headers)
}
