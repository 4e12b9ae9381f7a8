//! What a mock is told before it starts.
//!
//! [`MockConfig::new`] gives a healthy, deduplicating supplier with the documented demo credentials; tests change the
//! fields they care about.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::fault::Fault;
use crate::money::share;

/// The wire format a mock speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wire {
    /// UTF-8 form in, JSON out, upper-case MD5 over the sorted parameters.
    Dayuanren,
    /// Query or GBK form in, GBK XML out, upper-case MD5 over concatenated values, unsigned notifications.
    Ofpay,
    /// JSON in and out, SHA-1 in a header.
    Kasushou,
}

impl Wire {
    /// Every wire format, in the order of their default ports.
    pub const ALL: [Self; 3] = [Self::Dayuanren, Self::Ofpay, Self::Kasushou];

    /// The name used on the command line and as the default supplier name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dayuanren => "dayuanren",
            Self::Ofpay => "ofpay",
            Self::Kasushou => "kasushou",
        }
    }

    /// The port the binary listens on when it starts all three.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Dayuanren => 9101,
            Self::Ofpay => 9102,
            Self::Kasushou => 9103,
        }
    }

    /// The documented demo credentials of this wire format.
    pub fn demo_credentials(self) -> Credentials {
        let (user, key, password) = match self {
            Self::Dayuanren => ("10001", "demo-dayuanren-key", None),
            Self::Ofpay => ("A00001", "demo-ofpay-key", Some("demo-password")),
            Self::Kasushou => ("20002", "demo-kasushou-key", None),
        };
        Credentials {
            user: user.to_owned(),
            key: key.to_owned(),
            password: password.map(str::to_owned),
        }
    }
}

/// What the mock does with an id it has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dedupe {
    /// The same id is answered as a duplicate and charges nothing.
    ById {
        /// True: failed and refused ids stay taken. False: they may be submitted again, and then charge.
        keeps_failed: bool,
    },
    /// The same id twice charges twice.
    Never,
}

/// What a caller must know to be served.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The account: `userid` or the `UserId` header.
    pub user: String,
    /// The signing key.
    pub key: String,
    /// Only ofpay: the plain password whose lower-case MD5 travels as `userpws`.
    pub password: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// One product in the mock's price list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// What the mock bills for one, in fen.
    pub cost_minor: i64,
    /// What one delivers, in fen.
    pub face_minor: i64,
}

/// What the mock bills: a price list, and a rule for everything that is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Costs {
    /// Product code to listing. An order that states another face value than the listing follows the rule instead.
    pub by_product: BTreeMap<String, Listing>,
    /// The rule: cost as basis points of the face value.
    pub rule_bp: u32,
    /// Face value in fen of an unlisted product whose order states none.
    pub default_face_minor: i64,
}

impl Default for Costs {
    fn default() -> Self {
        Self {
            by_product: BTreeMap::new(),
            rule_bp: 9_800,
            default_face_minor: 10_000,
        }
    }
}

impl Costs {
    /// (cost, face value) in fen of one unit of `product`, for an order that may state its face value.
    pub(crate) fn price(&self, product: &str, stated_face_minor: Option<i64>) -> (i64, i64) {
        let listed = self
            .by_product
            .get(product)
            .filter(|listing| stated_face_minor.is_none_or(|face| face == listing.face_minor));
        match listed {
            Some(listing) => (listing.cost_minor, listing.face_minor),
            None => {
                let face = stated_face_minor.unwrap_or(self.default_face_minor);
                (share(face, self.rule_bp, 10_000), face)
            }
        }
    }
}

/// Everything a mock is told before it starts.
#[derive(Debug, Clone)]
pub struct MockConfig {
    /// The supplier name in the book.
    pub name: String,
    /// The wire format.
    pub wire: Wire,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who is served.
    pub credentials: Credentials,
    /// What happens to a repeated id.
    pub dedupe: Dedupe,
    /// Money in the account at the start, in fen; the charges of a reloaded book are taken off it.
    pub balance_minor: i64,
    /// Milliseconds from acceptance to the final state; 0 settles before the answer.
    pub settle_after_ms: u64,
    /// Whether final states are pushed to the address in the order.
    pub notify: bool,
    /// Milliseconds between the tries of one notification that is not acknowledged; at most three gaps, four tries.
    pub notify_gaps_ms: Vec<u64>,
    /// JSON lines, appended before the answer leaves and reloaded at the start.
    pub book_file: Option<PathBuf>,
    /// Kasushou: product ids whose orders deliver card secrets, shown by `order/info` only.
    pub card_products: Vec<String>,
    /// What is billed.
    pub costs: Costs,
    /// Makes the rated faults repeatable.
    pub seed: u64,
    /// Faults with their rate in 10 000, for recipients without a script.
    pub fault_rate: Vec<(Fault, u32)>,
}

impl MockConfig {
    /// A healthy supplier on a free loopback port with the demo credentials: deduplicates, keeps failed ids, notifies,
    /// settles after 200 ms, and has 100 000.00 yuan.
    pub fn new(name: &str, wire: Wire) -> Self {
        Self {
            name: name.to_owned(),
            wire,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            credentials: wire.demo_credentials(),
            dedupe: Dedupe::ById { keeps_failed: true },
            balance_minor: 10_000_000,
            settle_after_ms: 200,
            notify: true,
            notify_gaps_ms: vec![200, 400, 800],
            book_file: None,
            card_products: Vec::new(),
            costs: Costs::default(),
            seed: 0,
            fault_rate: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_holds_only_for_its_own_face_value() {
        let listing = Listing {
            cost_minor: 9_700,
            face_minor: 10_000,
        };
        let costs = Costs {
            by_product: BTreeMap::from([("12".to_owned(), listing)]),
            ..Costs::default()
        };
        assert_eq!(costs.price("12", None), (9_700, 10_000));
        assert_eq!(costs.price("12", Some(5_000)), (4_900, 5_000));
        assert_eq!(costs.price("13", None), (9_800, 10_000));
    }

    #[test]
    fn credentials_do_not_show_their_secrets() {
        let shown = format!("{:?}", Wire::Ofpay.demo_credentials());
        assert!(!shown.contains("demo"), "{shown}");
    }
}
