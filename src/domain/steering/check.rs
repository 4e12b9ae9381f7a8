//! What is wrong with a steering document, field by field.

use std::collections::{BTreeMap, BTreeSet};

use super::Steering;
use super::calendar::Begins;
use super::parts::{CircuitRules, HealthRules, LowerRate, ProductSteering, SupplierSteering};
use crate::domain::ids::{Sku, SupplierId};
use crate::domain::limits::{Limits, Rate};
use crate::domain::money::{Currency, Money};

/// One thing that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Where: the path of the field.
    pub field: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl Flaw {
    /// With the field and what is wrong with it.
    #[must_use]
    pub fn new(field: &str, problem: String) -> Self {
        Self {
            field: field.to_owned(),
            problem,
        }
    }
}

/// What a document is held against.
#[derive(Debug, Clone)]
pub struct Ground<'a> {
    /// Every supplier with what may be sent to it by contract.
    pub contracts: BTreeMap<&'a SupplierId, &'a Limits>,
    /// Every product.
    pub skus: BTreeSet<&'a Sku>,
    /// The keys of all shops.
    pub shop_keys: BTreeSet<&'a str>,
    /// The carriers that number segments name.
    pub carriers: BTreeSet<&'a str>,
    /// The regions that they name.
    pub regions: BTreeSet<&'a str>,
}

impl Steering {
    /// Everything that is wrong with it.
    #[must_use]
    pub fn flaws(&self, ground: &Ground<'_>) -> Vec<Flaw> {
        let mut flaws = Flaws(Vec::new());
        for (pattern, product) in &self.product {
            let fits = ground.skus.iter().any(|sku| Self::fits(pattern, sku));
            let field = format!("product.\"{pattern}\"");
            if !fits && pattern != "*" {
                flaws.add(
                    &field,
                    "no product has this sku, or begins so: correct it, or import the product first",
                );
            }
            product.flaws(&field, ground, &mut flaws);
        }
        for (supplier, steered) in &self.supplier {
            let field = format!("supplier.{supplier}");
            match ground.contracts.get(supplier) {
                Some(contract) => steered.flaws(&field, contract, ground, &mut flaws),
                None => flaws.add(&field, "adapters.toml names no such supplier; `supplier list` shows all"),
            }
        }
        for (key, shop) in &self.shop {
            if !ground.shop_keys.contains(key.as_str()) {
                flaws.add(&format!("shop.{key}"), "there is no shop with this key; `shop list` shows all");
            }
            flaws.within(&format!("shop.{key}.weight"), u64::from(shop.weight), 1, 1_000);
        }
        self.health.flaws(&mut flaws);
        self.circuit.flaws(&mut flaws);
        flaws.0
    }
}

struct Flaws(Vec<Flaw>);

impl Flaws {
    fn add(&mut self, field: &str, problem: impl Into<String>) {
        self.0.push(Flaw::new(field, problem.into()));
    }

    fn within(&mut self, field: &str, value: u64, least: u64, most: u64) {
        if !(least..=most).contains(&value) {
            self.add(field, format!("{value} is not between {least} and {most}"));
        }
    }
}

impl ProductSteering {
    fn flaws(&self, field: &str, ground: &Ground<'_>, flaws: &mut Flaws) {
        flaws.within(&format!("{field}.explore_percent"), u64::from(self.explore_percent), 0, 100);
        flaws.within(
            &format!("{field}.most_demoted_percent"),
            u64::from(self.most_demoted_percent),
            0,
            100,
        );
        flaws.within(&format!("{field}.doubt_cost_bp"), u64::from(self.doubt_cost_bp), 0, 1_000_000);
        flaws.within(&format!("{field}.minute_cost_bp"), u64::from(self.minute_cost_bp), 0, 1_000_000);
        if let Some(seconds) = self.max_delay_seconds {
            flaws.within(&format!("{field}.max_delay_seconds"), u64::from(seconds), 1, 31 * 86_400);
        }
        if let Some(text) = &self.cost_ceiling {
            // Of all currencies' forms the strictest is unknown here; the widest is checked.
            let is_money = Money::parse(text, Currency::Cny).is_ok_and(|money| money.minor > 0);
            if !is_money {
                flaws.add(
                    &format!("{field}.cost_ceiling"),
                    "write a decimal amount above 0 in quotes, such as \"98.50\"",
                );
            }
        }
        for (supplier, steered) in &self.supplier {
            let field = |name| format!("{field}.supplier.{supplier}.{name}");
            named(&steered.carriers, &ground.carriers, &field("carriers"), flaws);
            named(&steered.regions, &ground.regions, &field("regions"), flaws);
        }
        for supplier in self.supplier.keys().filter(|supplier| !ground.contracts.contains_key(supplier)) {
            flaws.add(
                &format!("{field}.supplier.{supplier}"),
                "adapters.toml names no such supplier; `supplier list` shows all",
            );
        }
    }
}

fn named(wanted: &BTreeSet<String>, known: &BTreeSet<&str>, field: &str, flaws: &mut Flaws) {
    let list = || known.iter().copied().collect::<Vec<_>>().join(", ");
    for name in wanted.iter().filter(|name| !known.contains(name.as_str())) {
        let problem = if known.is_empty() {
            format!("the number segments name none, so not {name}: set [suppliers] segments_file to a table that does")
        } else {
            format!("no number segment names {name}; there are: {}", list())
        };
        flaws.add(field, problem);
    }
}

impl SupplierSteering {
    fn flaws(&self, field: &str, contract: &Limits, ground: &Ground<'_>, flaws: &mut Flaws) {
        let lower = &self.limits;
        let mut rate = |name: &str, wanted: Option<LowerRate>, contract: Rate| {
            let Some(wanted) = wanted else { return };
            let field = format!("{field}.limits.{name}");
            flaws.within(
                &format!("{field}.per_minute"),
                u64::from(wanted.per_minute),
                1,
                u64::from(contract.per_minute),
            );
            flaws.within(&format!("{field}.burst"), u64::from(wanted.burst), 1, u64::from(contract.burst));
        };
        rate("submit", lower.submit, contract.submit);
        rate("query", lower.query, contract.query);
        if let Some(concurrency) = lower.concurrency {
            let least = contract.reserved_for_doubt.saturating_add(1).min(contract.concurrency);
            flaws.within(
                &format!("{field}.limits.concurrency"),
                u64::from(concurrency),
                u64::from(least),
                u64::from(contract.concurrency),
            );
        }
        if let Some(orders) = lower.daily_orders {
            let most = contract.daily_orders.unwrap_or(u32::MAX);
            flaws.within(&format!("{field}.limits.daily_orders"), u64::from(orders), 1, u64::from(most));
        }
        if let Some(cost) = lower.daily_cost_minor {
            let unsigned = |minor: i64| u64::try_from(minor).unwrap_or(0);
            let most = contract.daily_cost_minor.unwrap_or(i64::MAX);
            flaws.within(&format!("{field}.limits.daily_cost_minor"), unsigned(cost), 1, unsigned(most));
        }
        if let Some(spacing) = lower.recipient_spacing_ms {
            flaws.within(
                &format!("{field}.limits.recipient_spacing_ms"),
                u64::from(spacing),
                u64::from(contract.recipient_spacing_ms),
                u64::from(Limits::MOST_SPACING_MS),
            );
        }
        for key in self.shops.iter().filter(|key| !ground.shop_keys.contains(key.as_str())) {
            flaws.add(
                &format!("{field}.shops"),
                format!("no shop has the key {key}; `shop list` shows all"),
            );
        }
        for (place, window) in self.window.iter().enumerate() {
            let field = format!("{field}.window[{place}]");
            if let Err(problem) = Begins::read(&window.from) {
                flaws.add(&format!("{field}.from"), problem);
            }
            flaws.within(&format!("{field}.minutes"), u64::from(window.minutes), 1, 31 * 24 * 60);
            if window.reason.trim().is_empty() {
                flaws.add(&format!("{field}.reason"), "say why, for those who look at night");
            }
        }
    }
}

impl HealthRules {
    fn flaws(&self, flaws: &mut Flaws) {
        flaws.within("health.half_life_seconds", u64::from(self.half_life_seconds), 1, 31 * 86_400);
        flaws.within("health.ill_below_bp", u64::from(self.ill_below_bp), 0, 10_000);
        flaws.within(
            "health.well_from_bp",
            u64::from(self.well_from_bp),
            u64::from(self.ill_below_bp),
            10_000,
        );
        flaws.within("health.slow_after_ms", self.slow_after_ms, 1, 31 * 86_400_000);
        flaws.within("health.thin_below", u64::from(self.thin_below), 1, 100_000);
    }
}

impl CircuitRules {
    fn flaws(&self, flaws: &mut Flaws) {
        flaws.within("circuit.faults_in_a_row", u64::from(self.faults_in_a_row), 1, 1_000);
        flaws.within("circuit.sample", u64::from(self.sample), 1, 256);
        flaws.within("circuit.fault_percent", u64::from(self.fault_percent), 1, 100);
        flaws.within("circuit.unknown_percent", u64::from(self.unknown_percent), 1, 100);
        flaws.within("circuit.open_ms", self.open_ms, 100, 86_400_000);
        flaws.within("circuit.open_max_ms", self.open_max_ms, self.open_ms, 86_400_000);
        flaws.within("circuit.probes", u64::from(self.probes), 1, 1_000);
        flaws.within("circuit.probes_to_close", u64::from(self.probes_to_close), 1, 1_000);
        flaws.within("circuit.step_ms", self.step_ms, 100, 86_400_000);
        let is_growing = self.return_percent.is_sorted() && self.return_percent.iter().all(|percent| (1..=100).contains(percent));
        if !is_growing {
            flaws.add("circuit.return_percent", "write growing shares from 1 to 100, such as [10, 30, 60]");
        }
    }
}

impl Limits {
    /// The contract's limits, narrowed: nothing here can raise one.
    #[must_use]
    pub fn lowered(&self, lower: &super::parts::LowerLimits) -> Self {
        let rate = |contract: Rate, wanted: Option<LowerRate>| {
            wanted.map_or(contract, |wanted| Rate {
                per_minute: wanted.per_minute.min(contract.per_minute),
                burst: wanted.burst.min(contract.burst),
            })
        };
        Self {
            submit: rate(self.submit, lower.submit),
            query: rate(self.query, lower.query),
            concurrency: lower.concurrency.map_or(self.concurrency, |wanted| wanted.min(self.concurrency)),
            daily_orders: lower.daily_orders.into_iter().chain(self.daily_orders).min(),
            daily_cost_minor: lower.daily_cost_minor.into_iter().chain(self.daily_cost_minor).min(),
            recipient_spacing_ms: lower.recipient_spacing_ms.unwrap_or(0).max(self.recipient_spacing_ms),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parts::{LowerLimits, Window};
    use super::*;

    fn contract() -> Limits {
        Limits {
            daily_orders: Some(1_000),
            daily_cost_minor: Some(5_000_000),
            recipient_spacing_ms: 60_000,
            ..Limits::default()
        }
    }

    fn flaws(change: impl FnOnce(&mut Steering)) -> Vec<String> {
        let (north, sku, contract) = (SupplierId::from("north"), Sku::from("mobile-100"), contract());
        let ground = Ground {
            contracts: BTreeMap::from([(&north, &contract)]),
            skus: BTreeSet::from([&sku]),
            shop_keys: BTreeSet::from(["shop-1"]),
            carriers: BTreeSet::from(["mobile", "unicom"]),
            regions: BTreeSet::new(),
        };
        let mut steering = Steering::default();
        steering.product.insert("mobile-*".to_owned(), ProductSteering::default());
        steering.supplier.insert(north.clone(), SupplierSteering::default());
        change(&mut steering);
        steering.flaws(&ground).into_iter().map(|flaw| flaw.field).collect()
    }

    fn north(steering: &mut Steering) -> &mut SupplierSteering {
        steering.supplier.get_mut(&SupplierId::from("north")).unwrap()
    }

    fn mobile(steering: &mut Steering) -> &mut ProductSteering {
        steering.product.get_mut("mobile-*").unwrap()
    }

    #[test]
    fn what_is_right_has_no_flaws() {
        assert_eq!(flaws(|_| {}), Vec::<String>::new());
    }

    #[test]
    fn each_field_that_is_wrong_is_named() {
        let window = Window {
            reason: " ".to_owned(),
            from: "at night".to_owned(),
            minutes: 0,
        };
        assert_eq!(
            flaws(|steering| {
                mobile(steering).explore_percent = 101;
                mobile(steering).cost_ceiling = Some("dear".to_owned());
                let offer = mobile(steering).supplier.entry(SupplierId::from("north")).or_default();
                offer.carriers = BTreeSet::from(["mobile".to_owned(), "morse".to_owned()]);
                offer.regions = BTreeSet::from(["北京".to_owned()]);
                steering.product.insert("qq-*".to_owned(), ProductSteering::default());
                north(steering).window.push(window);
                north(steering).shops.insert("shop-2".to_owned());
                steering.supplier.insert(SupplierId::from("south"), SupplierSteering::default());
                steering.health.well_from_bp = 100;
                steering.circuit.return_percent = vec![30, 10];
            }),
            [
                "product.\"mobile-*\".explore_percent",
                "product.\"mobile-*\".cost_ceiling",
                "product.\"mobile-*\".supplier.north.carriers",
                "product.\"mobile-*\".supplier.north.regions",
                "product.\"qq-*\"",
                "supplier.north.shops",
                "supplier.north.window[0].from",
                "supplier.north.window[0].minutes",
                "supplier.north.window[0].reason",
                "supplier.south",
                "health.well_from_bp",
                "circuit.return_percent",
            ]
        );
    }

    #[test]
    fn a_contract_may_be_lowered_and_never_raised() {
        let raised = LowerRate {
            per_minute: 601,
            burst: 11,
        };
        let lower = LowerLimits {
            submit: Some(raised),
            concurrency: Some(33),
            daily_orders: Some(1_001),
            daily_cost_minor: Some(0),
            recipient_spacing_ms: Some(59_999),
            ..LowerLimits::default()
        };
        assert_eq!(
            flaws(|steering| north(steering).limits = lower.clone()),
            [
                "supplier.north.limits.submit.per_minute",
                "supplier.north.limits.submit.burst",
                "supplier.north.limits.concurrency",
                "supplier.north.limits.daily_orders",
                "supplier.north.limits.daily_cost_minor",
                "supplier.north.limits.recipient_spacing_ms",
            ]
        );
        let contract = contract();
        let slipped = LowerLimits {
            daily_cost_minor: None,
            ..lower
        };
        assert_eq!(contract.lowered(&slipped), contract, "and what slips through raises nothing");
        let halved = LowerLimits {
            concurrency: Some(16),
            ..LowerLimits::default()
        };
        assert_eq!(contract.lowered(&halved).concurrency, 16);
        let narrower = LowerLimits {
            daily_orders: Some(10),
            recipient_spacing_ms: Some(120_000),
            ..LowerLimits::default()
        };
        let lowered = contract.lowered(&narrower);
        assert_eq!((lowered.daily_orders, lowered.daily_cost_minor), (Some(10), Some(5_000_000)));
        assert_eq!(lowered.recipient_spacing_ms, 120_000, "a longer spacing is the narrower one");
    }
}
