//! One supplier's table in adapters.toml: where it is, what it allows and promises, which account is ours.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use secrecy::SecretString;
use toml::de::DeValue;

use super::dialect::Dialect;
use super::fault::LoadError;
use super::scope::{Account, Secrets};
use super::section::{Item, Section};
use super::statement::StatementForm;
use super::status::{Operation, Words, words};
use crate::domain::limits::Limits;
use crate::domain::money::{Currency, Money};
use crate::domain::policy::{Promises, QuietWindow};

/// Whether a supplier may be given new orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SupplierState {
    /// It may be tried.
    Active,
    /// Not tried for now; open attempts are settled, and it may come back.
    Paused,
    /// Being removed: no new attempts, open ones are settled.
    Draining,
}

/// What a supplier's table says.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) label: String,
    pub(super) base_url: String,
    pub(super) state: SupplierState,
    pub(super) priority: u16,
    pub(super) connect_timeout_ms: u64,
    pub(super) submit_timeout_ms: u64,
    pub(super) query_timeout_ms: u64,
    pub(super) max_reply_bytes: usize,
    pub(super) limits: Limits,
    pub(super) is_shared: bool,
    pub(super) promises: Promises,
    pub(super) quiet_window: Option<QuietWindow>,
    pub(super) statement: Option<StatementForm>,
    pub(super) recall_after_ms: Option<i64>,
    pub(super) recipient_input: String,
    pub(super) notify_from: Vec<Network>,
    pub(super) status: BTreeMap<Operation, Words>,
    pub(super) account: Account,
}

/// An address or a range of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    base: u128,
    mask: u128,
    is_v4: bool,
}

/// Where secrets come from, by their name.
pub(super) type SecretOf<'a> = dyn Fn(&str) -> Option<SecretString> + 'a;

impl Settings {
    pub(super) fn read(item: &Item<'_>, dialect: &Dialect, secret: &SecretOf<'_>) -> Result<Self, LoadError> {
        let mut section = item.section()?;
        section.get("dialect");
        let allows_plain_http = section.flag("allow_plain_http", false)?;
        let base_url = base_url(&section.need("base_url")?, allows_plain_http)?;
        let is_shared = section.flag("shared", true)?;
        let label = section.text("label")?.unwrap_or(item.key()).to_owned();
        let currency = match section.get("currency") {
            None => Currency::Cny,
            Some(item) => Currency::from_code(item.text()?).ok_or_else(|| item.fault("there are: CNY, USD, HKD, JPY"))?,
        };
        let zone_offset_s = section.get("zone").map_or(Ok(8 * 3600), |item| zone(&item))?;
        let state = match section.get("state") {
            None => SupplierState::Active,
            Some(item) => match item.text()? {
                "active" => SupplierState::Active,
                "paused" => SupplierState::Paused,
                "draining" => SupplierState::Draining,
                _ => return Err(item.fault("there are: active, paused, draining")),
            },
        };
        let mut number =
            |key, default: u64, range: std::ops::RangeInclusive<u64>| section.get(key).map_or(Ok(default), |item| item.number(range));
        let priority = number("priority", 100, 0..=65_535)?;
        let connect_timeout_ms = number("connect_timeout_ms", 3_000, 100..=60_000)?;
        let submit_timeout_ms = number("submit_timeout_ms", 15_000, 100..=300_000)?;
        let query_timeout_ms = number("query_timeout_ms", 10_000, 100..=300_000)?;
        let max_reply_bytes = number("max_reply_bytes", 262_144, 1_024..=4_194_304)?;
        let limits = section.get("limits").map_or(Ok(Limits::default()), |item| limits(&item))?;
        let promises: Promises = section.get("promises").map_or(Ok(Promises::default()), |item| item.read())?;
        let quiet_window = section
            .section("quiet_window")?
            .map(|window| quiet_window(window, currency))
            .transpose()?;
        if quiet_window.is_some() && !promises.query_consistent {
            let fault = item.fault_key("a quiet window rests on queries that find what was taken: promises.query_consistent is missing");
            return Err(fault.help("ask the supplier, then write promises.query_consistent = true, or leave the window out"));
        }
        let recall_after_ms = section
            .get("recall_after_ms")
            .map(|item| recall_after_ms(&item, dialect))
            .transpose()?;
        let statement = section.section("statement")?.map(StatementForm::read).transpose()?;
        let recipient_input = section.text("recipient_input")?.unwrap_or("account").to_owned();
        let notify_from = section
            .get("notify_from")
            .map_or(Ok(Vec::new()), |item| item.list()?.iter().map(Network::read).collect())?;
        let status = section
            .section("status")?
            .map_or(Ok(BTreeMap::new()), |section| extensions(section, dialect))?;
        let cfg = cfg(section.section("cfg")?, dialect, item)?;
        let secrets = secrets(section.section("secrets")?, dialect, item, secret)?;
        section.finish()?;
        Ok(Self {
            label,
            base_url,
            state,
            priority: u16::try_from(priority).unwrap_or(u16::MAX),
            connect_timeout_ms,
            submit_timeout_ms,
            query_timeout_ms,
            max_reply_bytes: usize::try_from(max_reply_bytes).unwrap_or(usize::MAX),
            limits,
            is_shared,
            promises,
            quiet_window,
            statement,
            recall_after_ms,
            recipient_input,
            notify_from,
            status,
            account: Account::new(cfg, secrets, zone_offset_s, currency),
        })
    }
}

impl super::adapter::Adapter {
    /// Whether other processes of `[peers]` have this supplier, too.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.settings.is_shared
    }

    /// The offset of its supplier's clock from UTC, in seconds: its windows lie there.
    #[must_use]
    pub fn zone_offset_s(&self) -> i32 {
        self.settings.account.zone_offset_s()
    }
}

fn base_url(item: &Item<'_>, allows_plain_http: bool) -> Result<String, LoadError> {
    let text = item.text()?.trim_end_matches('/');
    let url = url::Url::parse(text).map_err(|_| item.fault("not an absolute URL, such as https://api.example.com"))?;
    let has_more = url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some();
    if has_more {
        let fault = item.fault("a base_url has neither a query, a fragment nor credentials: they belong into the dialect and `secrets`");
        return Err(fault.hidden());
    }
    let is_loopback = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => Ok(text.to_owned()),
        "http" if is_loopback || allows_plain_http => Ok(text.to_owned()),
        "http" => Err(item
            .fault("plain http to another machine: anybody on the way can read and change orders")
            .help("use https, or set allow_plain_http = true if this supplier has nothing else")),
        _ => Err(item.fault("only https and http are spoken")),
    }
}

fn zone(item: &Item<'_>) -> Result<i32, LoadError> {
    let text = item.text()?;
    let parsed = text.split_at_checked(1).and_then(|(sign, rest)| {
        let sign = match sign {
            "+" => 1,
            "-" => -1,
            _ => return None,
        };
        let (hours, minutes) = rest.split_once(':')?;
        let two = |part: &str| (part.len() == 2).then(|| part.parse::<u8>().ok()).flatten();
        let (hours, minutes) = (two(hours).filter(|h| *h <= 14)?, two(minutes).filter(|m| *m < 60)?);
        let seconds = i32::from(hours)
            .saturating_mul(3600)
            .saturating_add(i32::from(minutes).saturating_mul(60));
        Some(seconds.saturating_mul(sign))
    });
    parsed.ok_or_else(|| item.fault("not a fixed offset, such as \"+08:00\""))
}

fn limits(item: &Item<'_>) -> Result<Limits, LoadError> {
    let limits: Limits = item.read()?;
    let rates = [limits.submit, limits.query, limits.balance];
    if rates.iter().any(|rate| rate.per_minute == 0 || rate.burst == 0) || limits.concurrency == 0 {
        return Err(item.fault_key("a rate, a burst and the concurrency are at least 1"));
    }
    if limits.reserved_for_doubt >= limits.concurrency {
        return Err(item.fault_key("reserved_for_doubt leaves nothing of the concurrency"));
    }
    if limits.daily_orders == Some(0) || limits.daily_cost_minor.is_some_and(|minor| minor < 1) {
        return Err(item.fault_key("daily_orders and daily_cost_minor are at least 1; to send nothing, set state = \"paused\""));
    }
    if limits.recipient_spacing_ms > Limits::MOST_SPACING_MS {
        return Err(item.fault_key("recipient_spacing_ms is at most 3600000, an hour"));
    }
    Ok(limits)
}

fn recall_after_ms(item: &Item<'_>, dialect: &Dialect) -> Result<i64, LoadError> {
    if dialect.recall.is_none() {
        return Err(item.fault_key(format!("dialect `{}` has no recall: nothing can be withdrawn there", dialect.name)));
    }
    let after_ms = item.number(1_000..=604_800_000)?;
    Ok(i64::try_from(after_ms).unwrap_or(i64::MAX))
}

/// Both keys are needed: a window without a cap would be an open purse.
fn quiet_window(mut section: Section<'_>, currency: Currency) -> Result<QuietWindow, LoadError> {
    let after_ms = section.need("after_ms")?.number(60_000..=604_800_000)?;
    let item = section.need("max_cost")?;
    let max_cost = Money::parse(item.text()?, currency).map_err(|error| item.fault(error.to_string()))?;
    if max_cost.minor <= 0 {
        return Err(item.fault("an attempt that costs nothing is at no risk: give an amount above 0"));
    }
    section.finish()?;
    Ok(QuietWindow {
        after_ms: i64::try_from(after_ms).unwrap_or(i64::MAX),
        max_cost,
    })
}

fn extensions(section: Section<'_>, dialect: &Dialect) -> Result<BTreeMap<Operation, Words>, LoadError> {
    let mut section = section;
    let mut extensions = BTreeMap::new();
    let named = [
        ("submit", Operation::Submit),
        ("query", Operation::Query),
        ("recall", Operation::Recall),
        ("notification", Operation::Notification),
        ("balance", Operation::Balance),
    ];
    for (key, operation) in named {
        if let Some(item) = section.get(key) {
            if dialect.reader(operation).is_none() {
                return Err(item.fault_key(format!("dialect `{}` has no {key}", dialect.name)));
            }
            let more = words(&item.section()?, operation, &[])?;
            let names_nobody = operation == Operation::Recall && dialect.reader(operation).is_some_and(|reader| reader.number.is_none());
            if names_nobody && more.values().any(|word| word.speaks_of_an_order()) {
                return Err(
                    item.fault_key("an answer to a recall that does not name the attempt settles nothing: `requested` is all it can mean")
                );
            }
            extensions.insert(operation, more);
        }
    }
    section.finish()?;
    Ok(extensions)
}

fn cfg(section: Option<Section<'_>>, dialect: &Dialect, supplier: &Item<'_>) -> Result<BTreeMap<String, String>, LoadError> {
    let mut cfg = BTreeMap::new();
    for item in section.iter().flat_map(Section::entries) {
        if !dialect.cfg.contains_key(item.key()) {
            return Err(unknown(&item, dialect, "cfg", dialect.cfg.keys()));
        }
        let text = match item.value() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => return Err(item.fault("a setting is a text or a whole number")),
        };
        cfg.insert(item.key().to_owned(), text);
    }
    for (key, default) in &dialect.cfg {
        match (cfg.contains_key(key), default) {
            (true, _) => {}
            (false, Some(default)) => {
                cfg.insert(key.clone(), default.clone());
            }
            (false, None) => {
                let fault = supplier.fault_key(format!("`cfg.{key}` is missing: dialect `{}` needs it", dialect.name));
                return Err(fault.help(format!("cfg = {{ {key} = \"…\" }}")));
            }
        }
    }
    Ok(cfg)
}

fn secrets(section: Option<Section<'_>>, dialect: &Dialect, supplier: &Item<'_>, secret: &SecretOf<'_>) -> Result<Secrets, LoadError> {
    let mut secrets = Secrets::default();
    for item in section.iter().flat_map(Section::entries) {
        if !dialect.secrets.iter().any(|known| known == item.key()) {
            return Err(unknown(&item, dialect, "secrets", dialect.secrets.iter()));
        }
        let name = item.text()?;
        let is_name = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(is_name) {
            let fault = item.fault(format!("`secrets.{}` is not the name of an environment variable", item.key()));
            let fault = fault
                .help("write a NAME of capitals, digits and _ here, and give that variable the value; a secret never stands in this file");
            return Err(fault.hidden());
        }
        let found = secret(name).ok_or_else(|| {
            item.fault(format!("no secret of the name `{name}`"))
                .help("write the NAME of an environment variable here, and give that variable its value")
        })?;
        secrets.0.insert(item.key().to_owned(), found);
    }
    if let Some(key) = dialect.secrets.iter().find(|key| !secrets.0.contains_key(*key)) {
        let fault = supplier.fault_key(format!("`secrets.{key}` is missing: dialect `{}` needs it", dialect.name));
        return Err(fault.help(format!("secrets = {{ {key} = \"NAME_OF_AN_ENVIRONMENT_VARIABLE\" }}")));
    }
    Ok(secrets)
}

fn unknown<'k>(item: &Item<'_>, dialect: &Dialect, table: &str, known: impl Iterator<Item = &'k String>) -> LoadError {
    let known: Vec<&str> = known.map(String::as_str).collect();
    let fault = item.fault_key(format!("`{}` is not among the {table} of dialect `{}`", item.key(), dialect.name));
    fault.help(format!("known here: {}", known.join(", ")))
}

impl Network {
    fn read(item: &Item<'_>) -> Result<Self, LoadError> {
        let text = item.text()?;
        Self::parse(text).ok_or_else(|| item.fault("not an IP address, nor a range such as 203.0.113.0/24"))
    }

    fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            None => (text, None),
            Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
        };
        let (bits, width, is_v4) = bits(address.parse().ok()?);
        let length = length.unwrap_or(width);
        if length > width {
            return None;
        }
        let mask = u128::MAX.checked_shl(width.checked_sub(length)?).unwrap_or(0);
        Some(Self {
            base: bits & mask,
            mask,
            is_v4,
        })
    }

    /// Whether an address belongs to it; IPv4 written as IPv6 counts as IPv4.
    pub(super) fn contains(&self, ip: IpAddr) -> bool {
        let (bits, _, is_v4) = bits(ip);
        is_v4 == self.is_v4 && bits & self.mask == self.base
    }
}

fn bits(ip: IpAddr) -> (u128, u32, bool) {
    match ip.to_canonical() {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)), Ipv4Addr::BITS, true),
        IpAddr::V6(ip) => (u128::from(ip), Ipv6Addr::BITS, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_its_own_addresses_only() {
        let range = Network::parse("203.0.113.0/24").unwrap();
        assert!(range.contains("203.0.113.9".parse().unwrap()));
        assert!(range.contains("::ffff:203.0.113.9".parse().unwrap()));
        assert!(!range.contains("203.0.114.9".parse().unwrap()));
        assert!(!range.contains("2001:db8::1".parse().unwrap()));
        assert!(Network::parse("0.0.0.0/0").unwrap().contains("8.8.8.8".parse().unwrap()));
        assert!(!Network::parse("::/0").unwrap().contains("8.8.8.8".parse().unwrap()));
        let one = Network::parse("2001:db8::1").unwrap();
        assert!(one.contains("2001:db8::1".parse().unwrap()));
        assert!(!one.contains("2001:db8::2".parse().unwrap()));
        for text in ["", "1.2.3", "1.2.3.4/33", "1.2.3.4/-1", "::/129"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
