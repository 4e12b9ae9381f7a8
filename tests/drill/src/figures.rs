//! What a rule came to, over one world or many.

/// The figures of one rule in one world.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Orders that came in.
    pub orders: u64,
    /// Delivered within the deadline.
    pub in_time: u64,
    /// Delivered after it.
    pub late: u64,
    /// Failed, the hold released.
    pub failed: u64,
    /// Without a verdict at the end.
    pub open: u64,
    /// Attempts opened.
    pub attempts: u64,
    /// Attempts that came to be unknown.
    pub unknown: u64,
    /// Orders whose first attempt met a supplier in trouble.
    pub met_bad: u64,
    /// Cost of what was delivered, in minor units.
    pub cost: i64,
    /// Orders charged by more than one supplier: must be none, whatever the rule.
    pub twice: u64,
    /// For each total outage: faults seen until the circuit opened.
    pub faults_to_open: Vec<u32>,
    /// For each total outage that was over: how long until all of the traffic was back, in milliseconds.
    pub returns_ms: Vec<i64>,
}

impl Figures {
    /// Delivered in time, in basis points of all orders.
    #[must_use]
    pub fn in_time_bp(&self) -> i64 {
        share_bp(self.in_time, self.orders)
    }

    /// What a delivery cost on average, in thousandths of a minor unit.
    #[must_use]
    pub fn cost_each(&self) -> i64 {
        let delivered = i64::try_from(self.in_time + self.late).unwrap();
        (self.cost * 1_000).checked_div(delivered).unwrap_or(0)
    }
}

/// `part` of `whole` in basis points.
#[must_use]
pub fn share_bp(part: u64, whole: u64) -> i64 {
    let bp = (part * 10_000).checked_div(whole).unwrap_or(0);
    i64::try_from(bp).unwrap()
}

/// The middle one.
#[must_use]
pub fn median(mut numbers: Vec<i64>) -> i64 {
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied().unwrap_or(0)
}
