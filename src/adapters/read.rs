//! Reading answers. Total: whatever cannot be read with certainty is `Unknown`, never an error (R7).
//!
//! The order is fixed: HTTP status, charset, format, signature, then the code, then whether the answer
//! is about our attempt at all, then what else it tells. Texts of doubts name our own expressions and
//! never quote an answer, which may hold recipients and secrets.

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::HeaderMap;
use minijinja::Value;

use super::call::Opened;
use super::charset::Charset;
use super::fault::LoadError;
use super::scope::{Account, Facts, Scope, Texts};
use super::section::{Item, Section};
use super::sign::Verify;
use super::status::{Operation, StatusTable, Word, Words};
use super::take::{self, Take, expr, lenient};
use super::template::{Expr, NoValue};
use super::tree::{List, Tree};
use super::{form, json, xml};
use crate::domain::money::Currency;
use crate::domain::outcome::{BalanceReading, Doubt, Outcome, Reading, Refusal, printable_code};

/// How one operation's answers are read.
#[derive(Debug)]
pub(super) struct Reader {
    operation: Operation,
    pub(super) format: Format,
    http: Vec<u16>,
    lists: Vec<String>,
    pub(super) verify: Option<Verify>,
    entry: Option<Entry>,
    pub(super) number: Option<Expr>,
    matches: Vec<Match>,
    pub(super) status: StatusTable,
    pub(super) take: Take,
}

/// The format of an answer or a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Xml,
    Form,
    /// The address's query: some suppliers notify with GET.
    Query,
}

/// Where a list of orders stands, and which field names ours.
#[derive(Debug)]
struct Entry {
    list: Expr,
    number: String,
}

/// Something an answer repeats that must be as we said it.
#[derive(Debug)]
struct Match {
    name: String,
    theirs: Expr,
    ours: Expr,
}

/// What arrived.
pub(super) struct Arrived<'a> {
    pub(super) headers: &'a HeaderMap,
    /// The body, or the query of an address.
    pub(super) bytes: &'a [u8],
}

impl Reader {
    pub(super) fn read(section: &mut Section<'_>, operation: Operation) -> Result<Self, LoadError> {
        let key = if operation == Operation::Notification { "message" } else { "reply" };
        let item = section.need(key)?;
        let format = match (item.text()?, operation) {
            ("json", _) => Format::Json,
            ("xml", _) => Format::Xml,
            ("form", _) => Format::Form,
            ("query", Operation::Notification) => Format::Query,
            _ => return Err(item.fault("there are: json, xml, form, and for a notification also query")),
        };
        let mut http = Vec::new();
        if operation != Operation::Notification
            && let Some(item) = section.get("http")
        {
            for status in item.list()? {
                http.push(u16::try_from(status.number(400..=599)?).unwrap_or_default());
            }
        }
        let status = StatusTable::read(&section.need("status")?, operation)?;
        let verify = section.section("verify")?.map(Verify::read).transpose()?;
        let is_unprotected = verify.is_none() && (format == Format::Form || format == Format::Query);
        if is_unprotected && operation != Operation::Notification && status.words.values().any(|word| word.is_final()) {
            return Err(item.fault("a form that is cut off is still a form: without `verify` it may not settle anything"));
        }
        let entry = if operation == Operation::Query {
            section.section("entry")?
        } else {
            None
        };
        let entry = entry.map(Entry::read).transpose()?;
        let has_orders = operation != Operation::Balance;
        let number = if has_orders { expr(section.get("number"))? } else { None };
        let settles = status.words.values().any(|word| word.speaks_of_an_order());
        let must_name = match operation {
            Operation::Notification => true,
            Operation::Query => entry.is_none(),
            Operation::Recall => settles,
            Operation::Submit | Operation::Balance => false,
        };
        if must_name && number.is_none() {
            return Err(section.fault("`number` is missing: an answer that does not name the attempt proves nothing"));
        }
        let matches = if has_orders { section.section("match")? } else { None };
        let matches = matches
            .map(|section| section.entries().map(|item| Match::read(&item)).collect())
            .transpose()?;
        Ok(Self {
            operation,
            format,
            http,
            lists: section.texts("lists")?.into_iter().map(str::to_owned).collect(),
            verify,
            entry,
            number,
            matches: matches.unwrap_or_default(),
            take: Take::read(section.section("take")?, operation)?,
            status,
        })
    }

    /// Whether answers with this HTTP status are read at all.
    pub(super) fn admits(&self, status: http::StatusCode) -> bool {
        status.is_success() || self.http.contains(&status.as_u16())
    }

    /// What arrived: decoded, parsed, and cut down to what its signature covers.
    pub(super) fn open(&self, arrived: &Arrived<'_>, charset: Charset, scope: &Scope<'_>) -> Result<Opened, Doubt> {
        let (whole, text) = self.parse(arrived.bytes, charset)?;
        let Some(verify) = &self.verify else {
            let covered = whole.clone();
            return Ok(Opened { whole, covered });
        };
        let scope = scope.clone().with_secrets();
        let scope = if verify.sees_headers() {
            seen(scope, &whole, arrived.headers)
        } else {
            scope.with_body(&whole)
        };
        let covered = verify
            .check(&whole, &text, arrived.headers, &scope, charset)
            .ok_or(Doubt::BadSignature)?;
        Ok(Opened { whole, covered })
    }

    pub(super) fn parse<'b>(&self, bytes: &'b [u8], charset: Charset) -> Result<(Tree, Cow<'b, str>), Doubt> {
        if bytes.trim_ascii().is_empty() {
            return Err(Doubt::EmptyReply);
        }
        let text = charset.decode(bytes).ok_or_else(|| unreadable("not in its charset"))?;
        let start = text.trim_start();
        let begins_with = |tag: &str| start.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
        if begins_with("<!doctype html") || begins_with("<html") {
            return Err(unreadable("an HTML page"));
        }
        let tree = match self.format {
            Format::Json => json::parse(&text),
            Format::Xml => xml::parse(&text, charset, &self.lists),
            Format::Form | Format::Query => form::parse(bytes, charset),
        };
        Ok((tree.map_err(unreadable)?, text))
    }

    /// What an opened answer means for the attempt of the scope; a notification read alone has none. `currency`
    /// is that of amounts where the order does not say.
    pub(super) fn judge(&self, tree: &Tree, scope: &Scope<'_>, currency: Currency, extra: Option<&Words>) -> Reading {
        self.judged(tree, scope, currency, extra).unwrap_or_else(Reading::unknown)
    }

    fn judged(&self, tree: &Tree, scope: &Scope<'_>, currency: Currency, extra: Option<&Words>) -> Result<Reading, Doubt> {
        let ask = scope.facts();
        let mut scope = scope.clone().with_body(tree);
        let mut has_entry = true;
        let entry;
        if let (Some(wanted), Some(ask)) = (&self.entry, ask) {
            let found = wanted.find(&scope, &ask.attempt_id)?;
            has_entry = found.is_some();
            entry = found.unwrap_or(Tree::Null);
            scope = scope.with_entry(&entry);
        }
        let code = self.status.from.need(&scope).map_err(no_value)?;
        let word = self.status.word(&code, extra).unwrap_or(Word::Unknown);
        if word == Word::Unknown {
            return Err(Doubt::UnlistedCode {
                value: printable_code(&code),
            });
        }
        if let Some(ask) = ask {
            self.bind(word, has_entry, &scope, ask)?;
        }
        self.compare(&scope, ask.is_some())?;
        let supplier_ref = self.take.supplier_ref(&scope).map_err(no_value)?;
        let cost = if take::bills(word) {
            self.take.cost(&scope, currency).map_err(no_value)?
        } else {
            None
        };
        let outcome = match word {
            Word::Succeeded => Outcome::Succeeded {
                deliveries: self.take.deliveries(&scope).map_err(no_value)?,
            },
            Word::Partial => {
                let delivered = self.take.delivered(&scope, ask, currency).map_err(no_value)?;
                Outcome::Partial {
                    delivered: delivered.ok_or_else(|| unreadable("the delivered part is not said"))?,
                    deliveries: self.take.deliveries(&scope).map_err(no_value)?,
                }
            }
            Word::Accepted => Outcome::Accepted,
            Word::Refused(kind) => Outcome::Refused(Refusal {
                kind,
                code: printable_code(&code),
            }),
            Word::NotFound => Outcome::NotFound,
            Word::OrderExists => Outcome::Unknown(Doubt::OrderExists),
            Word::Requested => Outcome::Unknown(Doubt::RecallAsked),
            Word::Unknown | Word::Answered => Outcome::Unknown(Doubt::UnlistedCode {
                value: printable_code(&code),
            }),
        };
        Ok(Reading {
            outcome,
            supplier_ref,
            cost,
        })
    }

    /// The answer must be about our attempt. A reply to a submit is bound by its connection and may leave
    /// the number out; a query's answer may not.
    fn bind(&self, word: Word, has_entry: bool, scope: &Scope<'_>, ask: &Facts<'_>) -> Result<(), Doubt> {
        let not_ours = || Doubt::NotOurs {
            field: "number".to_owned(),
        };
        if !has_entry && word.speaks_of_an_order() {
            return Err(not_ours());
        }
        let must_name = self.operation != Operation::Submit && self.number.is_some() && word.speaks_of_an_order();
        match lenient(self.number.as_ref(), scope).map_err(no_value)? {
            Some(number) if number != ask.attempt_id => Err(not_ours()),
            Some(_) => Ok(()),
            None if must_name => Err(not_ours()),
            None => Ok(()),
        }
    }

    /// What the answer repeats must be as we said it. Without an order, what only an order can say is
    /// not compared.
    fn compare(&self, scope: &Scope<'_>, knows_order: bool) -> Result<(), Doubt> {
        for check in &self.matches {
            if let Some(theirs) = lenient(Some(&check.theirs), scope).map_err(no_value)? {
                let ours = match check.ours.need(scope) {
                    Err(error) if error.is_missing && !knows_order => continue,
                    ours => ours.map_err(no_value)?,
                };
                if theirs != ours {
                    return Err(Doubt::NotOurs { field: check.name.clone() });
                }
            }
        }
        Ok(())
    }

    /// The names of everything an answer is compared with.
    pub(super) fn match_names(&self) -> impl Iterator<Item = &str> {
        self.matches.iter().map(|check| check.name.as_str())
    }

    /// The balance in an opened answer.
    pub(super) fn balance(&self, tree: &Tree, account: &Account, extra: Option<&Words>) -> BalanceReading {
        let scope = account.scope().with_body(tree);
        let code = match self.status.from.need(&scope) {
            Ok(code) => code,
            Err(error) => return BalanceReading::Unreadable(no_value(error)),
        };
        if self.status.word(&code, extra) != Some(Word::Answered) {
            return BalanceReading::Unreadable(Doubt::UnlistedCode {
                value: printable_code(&code),
            });
        }
        match take::balance(&self.take, &scope, account.currency) {
            Ok(money) => BalanceReading::Balance(money),
            Err(error) => BalanceReading::Unreadable(no_value(error)),
        }
    }
}

impl Entry {
    fn read(mut section: Section<'_>) -> Result<Self, LoadError> {
        let list = section.need("list")?;
        let entry = Self {
            list: Expr::compile(list.text()?).map_err(|why| list.fault(why))?,
            number: section.need("number")?.text()?.to_owned(),
        };
        section.finish()?;
        Ok(entry)
    }

    /// Our order in the list; nothing if the list is empty.
    fn find(&self, scope: &Scope<'_>, number: &str) -> Result<Option<Tree>, Doubt> {
        let list = self.list.eval(scope).map_err(no_value)?;
        let list = list
            .downcast_object_ref::<List>()
            .ok_or_else(|| unreadable("the list of orders is no list"))?;
        let mut ours = list
            .items()
            .iter()
            .filter(|item| item.get(&self.number).is_some_and(|named| named.literal() == number));
        match (ours.next(), ours.next(), list.items().is_empty()) {
            (Some(item), None, _) => Ok(Some(item.clone())),
            (Some(_), Some(_), _) => Err(unreadable("our number stands twice in the list")),
            (None, _, true) => Ok(None),
            (None, _, false) => Err(Doubt::NotOurs {
                field: "number".to_owned(),
            }),
        }
    }
}

impl Match {
    fn read(item: &Item<'_>) -> Result<Self, LoadError> {
        let pair = item.list()?;
        let [theirs, ours] = pair.as_slice() else {
            return Err(item.fault("write [what the answer says, what we said]"));
        };
        let compiled = |item: &Item<'_>| Expr::compile(item.text()?).map_err(|why| item.fault(why));
        Ok(Self {
            name: item.key().to_owned(),
            theirs: compiled(theirs)?,
            ours: compiled(ours)?,
        })
    }
}

/// A scope with what arrived in it: `body`, and `headers` with `-` written `_`.
pub(super) fn seen<'a>(scope: Scope<'a>, tree: &'a Tree, headers: &HeaderMap) -> Scope<'a> {
    let headers: BTreeMap<String, String> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().replace('-', "_"), value.to_str().ok()?.to_owned())))
        .collect();
    scope.with_body(tree).with("headers", Value::from_object(Texts(headers)))
}

fn unreadable(detail: &str) -> Doubt {
    Doubt::Unreadable { detail: detail.to_owned() }
}

fn no_value(error: NoValue) -> Doubt {
    Doubt::Unreadable { detail: error.why }
}
