//! One supplier: its settings with its compiled dialect. The only face of this room at run time.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Response};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::call::{Call, Notice, Opened};
use super::dialect::{Dialect, Exchange};
use super::fault::LoadError;
use super::load;
use super::read::{Arrived, Reader};
use super::sample::told;
use super::scope::{Facts, Scope};
use super::settings::{Settings, SupplierState};
use super::status::Operation;
use super::take::lenient;
use super::write::Unencodable;
use crate::domain::ids::{SettingsDigest, SupplierId};
use crate::domain::limits::Limits;
use crate::domain::money::Currency;
use crate::domain::outcome::{BalanceReading, Doubt, Outcome, Reading, Trust};
use crate::domain::policy::{QuietWindow, Rules};

const MAX_NUMBER: usize = 64;

/// One supplier, ready to be written to and read from; immutable.
pub struct Adapter {
    id: SupplierId,
    pub(super) settings: Settings,
    dialect: Arc<Dialect>,
    document: String,
    digest: SettingsDigest,
}

impl fmt::Debug for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Adapter({}, {} at {})", self.id, self.dialect.name, self.settings.base_url)
    }
}

impl Adapter {
    pub(super) fn new(id: SupplierId, settings: Settings, dialect: Arc<Dialect>, document: String) -> Self {
        let digest = SettingsDigest::from(hex::encode(Sha256::digest(document.as_bytes())).as_str());
        Self {
            id,
            settings,
            dialect,
            document,
            digest,
        }
    }

    /// Makes the adapter of a stored document again: an attempt is resubmitted by the version that
    /// wrote it first.
    ///
    /// # Errors
    /// When the document is damaged, a secret is gone, or this gateway reads the dialect differently.
    pub fn restore(document: &str, secret: &dyn Fn(&str) -> Option<SecretString>) -> Result<Self, LoadError> {
        load::restore(document, secret)
    }

    /// Settings and dialect as one text, without secrets; `restore` reads it.
    #[must_use]
    pub fn document(&self) -> String {
        self.document.clone()
    }

    /// The name of its table in adapters.toml.
    #[must_use]
    pub fn id(&self) -> &SupplierId {
        &self.id
    }

    /// Its name for people.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.settings.label
    }

    /// The dialect it speaks.
    #[must_use]
    pub fn dialect(&self) -> &str {
        &self.dialect.name
    }

    /// SHA-256 of the document, in hex.
    #[must_use]
    pub fn digest(&self) -> &SettingsDigest {
        &self.digest
    }

    /// What `decide` must know about it.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            promises: self.settings.promises.clone(),
            submit_timeout_ms: i64::try_from(self.settings.submit_timeout_ms).unwrap_or(i64::MAX),
            answers_queries: self.dialect.query.is_some(),
            recall_after_ms: self.settings.recall_after_ms,
        }
    }

    /// When a quiet attempt there is assumed dead; `None` is never.
    #[must_use]
    pub fn quiet_window(&self) -> Option<QuietWindow> {
        self.settings.quiet_window
    }

    /// What may be sent to it, by contract.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    /// Its place among suppliers where an offer does not say; lower is tried first.
    #[must_use]
    pub fn default_priority(&self) -> u16 {
        self.settings.priority
    }

    /// Whether it may be given new orders.
    #[must_use]
    pub fn state(&self) -> SupplierState {
        self.settings.state
    }

    /// The currency it bills in.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.settings.account.currency
    }

    /// How long a query or a balance question may take, in milliseconds.
    #[must_use]
    pub fn query_timeout_ms(&self) -> u64 {
        self.settings.query_timeout_ms
    }

    /// How long a submit may take, in milliseconds.
    #[must_use]
    pub fn submit_timeout_ms(&self) -> u64 {
        self.settings.submit_timeout_ms
    }

    /// How long connecting may take, in milliseconds.
    #[must_use]
    pub fn connect_timeout_ms(&self) -> u64 {
        self.settings.connect_timeout_ms
    }

    /// A longer answer is not read.
    #[must_use]
    pub fn max_reply_bytes(&self) -> usize {
        self.settings.max_reply_bytes
    }

    /// Whether notifications are heard from this address; everybody's where the settings name none.
    #[must_use]
    pub fn may_notify_from(&self, ip: IpAddr) -> bool {
        let allowed = &self.settings.notify_from;
        allowed.is_empty() || allowed.iter().any(|network| network.contains(ip))
    }

    /// The order call. The same attempt gives the same bytes, whenever it is called.
    ///
    /// # Errors
    /// When the order cannot be said in this dialect; nothing is sent then.
    pub fn submit(&self, call: &Call<'_>) -> Result<Request<Bytes>, Unencodable> {
        self.write_of(Operation::Submit, call)
    }

    /// The status call.
    ///
    /// # Errors
    /// When the dialect has none, or the question cannot be said in it.
    pub fn query(&self, call: &Call<'_>) -> Result<Request<Bytes>, Unencodable> {
        self.write_of(Operation::Query, call)
    }

    /// The balance call, where the dialect has one.
    ///
    /// # Errors
    /// When the question cannot be written with this account.
    pub fn balance(&self, now_ms: i64) -> Result<Option<Request<Bytes>>, Unencodable> {
        if self.dialect.balance.is_none() {
            return Ok(None);
        }
        let scope = self.settings.account.scope().with("now_ms", now_ms);
        self.write(Operation::Balance, scope).map(Some)
    }

    /// What the reply to our submit means.
    #[must_use]
    pub fn read_submit(&self, call: &Call<'_>, reply: &Response<Bytes>) -> Reading {
        self.read(Operation::Submit, call, reply).1
    }

    /// What the reply to our query means, and how far it may be believed.
    #[must_use]
    pub fn read_query(&self, call: &Call<'_>, reply: &Response<Bytes>) -> (Trust, Reading) {
        self.read(Operation::Query, call, reply)
    }

    /// What the reply to our balance question says.
    #[must_use]
    pub fn read_balance(&self, reply: &Response<Bytes>) -> BalanceReading {
        let Some(exchange) = &self.dialect.balance else {
            return BalanceReading::Unreadable(unreadable("this dialect has no balance"));
        };
        let account = &self.settings.account;
        match self.open(&exchange.reader, reply, &account.scope()) {
            Ok(opened) => exchange.reader.balance(&opened.covered, account, self.extra(Operation::Balance)),
            Err(doubt) => BalanceReading::Unreadable(doubt),
        }
    }

    /// What a request to our notification address is, before anything is known about its order. It is
    /// parsed and verified here and nowhere else; `read_notification_of` and `acknowledgement` take
    /// the message that was opened.
    #[must_use]
    pub fn read_notification(&self, request: &Request<Bytes>) -> Notice {
        let Some(notification) = &self.dialect.notification else {
            return Notice::Unreadable {
                why: "this dialect has no notifications".to_owned(),
            };
        };
        let reader = &notification.reader;
        let scope = self.settings.account.scope();
        let message = match self.open_notification(reader, request, &scope) {
            Ok(message) => message,
            Err(Doubt::BadSignature) => {
                return Notice::Forged {
                    why: "the signature is wrong or missing",
                };
            }
            Err(doubt) => return Notice::Unreadable { why: told(&doubt) },
        };
        let number = lenient(reader.number.as_ref(), &scope.with_body(&message.covered)).ok().flatten();
        let is_number = |text: &String| text.len() <= MAX_NUMBER && text.bytes().all(|b| b.is_ascii_graphic());
        let Some(number) = number.filter(is_number) else {
            return Notice::Unreadable {
                why: "it names no order".to_owned(),
            };
        };
        Notice::About {
            number,
            trust: notification.trust,
            message,
        }
    }

    /// What a notification says by itself, as long as nothing is known about its order:
    /// `read_notification_of` also compares numbers and amounts.
    #[must_use]
    pub fn read_notification_alone(&self, message: &Opened) -> (Trust, Reading) {
        self.read_message(message, &self.settings.account.scope())
    }

    /// What a notification means for the attempt it was found to be about: its number and the amounts it
    /// repeats must be ours. Total, like every reading.
    #[must_use]
    pub fn read_notification_of(&self, call: &Call<'_>, message: &Opened) -> (Trust, Reading) {
        let facts = self.facts(call);
        self.read_message(message, &Scope::of(&self.settings.account, &facts))
    }

    fn read_message(&self, message: &Opened, scope: &Scope<'_>) -> (Trust, Reading) {
        let Some(notification) = &self.dialect.notification else {
            return (Trust::Trigger, Reading::unknown(unreadable("this dialect has none")));
        };
        let currency = self.settings.account.currency;
        let extra = self.extra(Operation::Notification);
        let reading = notification.reader.judge(&message.covered, scope, currency, extra);
        believed(notification.trust, reading)
    }

    /// The answer the supplier takes as receipt of this notification. Only to be given once what the
    /// notification says is stored.
    #[must_use]
    pub fn acknowledgement(&self, message: &Opened) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        let Some(notification) = &self.dialect.notification else {
            *response.status_mut() = http::StatusCode::NOT_FOUND;
            return response;
        };
        let acknowledgement = &notification.acknowledgement;
        let scope = self.settings.account.scope().with_body(&message.whole);
        let text = acknowledgement.body.render(&scope).unwrap_or_default();
        *response.status_mut() = acknowledgement.status;
        response.headers_mut().insert(CONTENT_TYPE, acknowledgement.content_type.clone());
        *response.body_mut() = self.dialect.charset.wire(text).unwrap_or_default();
        response
    }

    fn facts<'a>(&'a self, call: &'a Call<'_>) -> Facts<'a> {
        Facts {
            attempt_id: call.attempt_id.to_string(),
            opened_at_ms: call.attempt.opened_at_ms,
            now_ms: call.now_ms,
            cost: call.attempt.cost,
            code: Cow::Borrowed(&call.attempt.code),
            inputs: Cow::Borrowed(&call.inputs.0),
            recipient_input: Cow::Borrowed(&self.settings.recipient_input),
            face: call.terms.face,
            quantity: call.terms.quantity,
            notify_url: Cow::Borrowed(call.notify_url),
        }
    }

    pub(super) fn write_of(&self, operation: Operation, call: &Call<'_>) -> Result<Request<Bytes>, Unencodable> {
        self.write(operation, Scope::of(&self.settings.account, &self.facts(call)))
    }

    fn write(&self, operation: Operation, scope: Scope<'_>) -> Result<Request<Bytes>, Unencodable> {
        let Some(exchange) = self.dialect.exchange(operation) else {
            return Err(Unencodable {
                operation: operation.word(),
                field: "request".to_owned(),
                why: "this dialect has no such operation".to_owned(),
            });
        };
        exchange
            .shape
            .write(&self.settings.base_url, self.dialect.charset, &scope.with_secrets())
    }

    pub(super) fn read(&self, operation: Operation, call: &Call<'_>, reply: &Response<Bytes>) -> (Trust, Reading) {
        let Some(Exchange { reader, trust, .. }) = self.dialect.exchange(operation) else {
            return (Trust::Trigger, Reading::unknown(unreadable("this dialect has no such operation")));
        };
        let account = &self.settings.account;
        let facts = self.facts(call);
        let scope = Scope::of(account, &facts);
        let reading = match self.open(reader, reply, &scope) {
            Ok(opened) => reader.judge(&opened.covered, &scope, account.currency, self.extra(operation)),
            Err(doubt) => Reading::unknown(doubt),
        };
        believed(*trust, reading)
    }

    fn open(&self, reader: &Reader, reply: &Response<Bytes>, scope: &Scope<'_>) -> Result<Opened, Doubt> {
        if !reader.admits(reply.status()) {
            return Err(Doubt::HttpStatus {
                status: reply.status().as_u16(),
            });
        }
        if reply.body().len() > self.settings.max_reply_bytes {
            return Err(Doubt::ReplyTooLarge);
        }
        let arrived = Arrived {
            headers: reply.headers(),
            bytes: reply.body(),
        };
        reader.open(&arrived, self.dialect.charset, scope)
    }

    fn open_notification(&self, reader: &Reader, request: &Request<Bytes>, scope: &Scope<'_>) -> Result<Opened, Doubt> {
        let arrived = Arrived {
            headers: request.headers(),
            bytes: self.message(request),
        };
        if arrived.bytes.len() > self.settings.max_reply_bytes {
            return Err(Doubt::ReplyTooLarge);
        }
        reader.open(&arrived, self.dialect.charset, scope)
    }

    fn extra(&self, operation: Operation) -> Option<&super::status::Words> {
        self.settings.status.get(&operation)
    }

    fn message<'a>(&self, request: &'a Request<Bytes>) -> &'a [u8] {
        if self.dialect.notifies_by_query() {
            request.uri().query().unwrap_or_default().as_bytes()
        } else {
            request.body()
        }
    }
}

/// What anybody may have said is a reason to ask, and hands nothing over.
fn believed(trust: Trust, mut reading: Reading) -> (Trust, Reading) {
    match (&mut reading.outcome, trust) {
        (Outcome::Succeeded { deliveries } | Outcome::Partial { deliveries, .. }, Trust::Trigger) => deliveries.clear(),
        (Outcome::Succeeded { .. } | Outcome::Partial { .. }, Trust::Fact)
        | (Outcome::Accepted | Outcome::Refused(_) | Outcome::NotFound | Outcome::Unknown(_), _) => {}
    }
    (trust, reading)
}

fn unreadable(detail: &str) -> Doubt {
    Doubt::Unreadable { detail: detail.to_owned() }
}
