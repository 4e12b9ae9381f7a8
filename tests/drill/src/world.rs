//! The suppliers of one seed, and what becomes of an attempt there.

use std::collections::VecDeque;

/// How long a world lasts, in milliseconds: half an hour.
pub const LASTS_MS: i64 = 1_800_000;
/// Orders that come in each second.
pub const ORDERS_A_SECOND: i64 = 4;
/// An order is good if it is delivered within this time, in milliseconds.
pub const DEADLINE_MS: i64 = 60_000;
/// What a shop pays for each order, in minor units.
pub const PRICE: i64 = 10_000;
/// How long a submit is awaited before it counts as lost, in milliseconds.
pub const TIMEOUT_MS: i64 = 10_000;
/// Suppliers in a world.
pub const SUPPLIERS: usize = 6;

/// What goes wrong with a supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It fails more and more.
    Degrades,
    /// Nothing reaches it.
    Dies,
    /// It takes orders and says nothing; half of them it delivers.
    Silent,
    /// It delivers long after the deadline.
    Slow,
    /// It dies and comes back every 40 seconds.
    Flaps,
    /// Our prepaid balance there is used up.
    NoMoney,
    /// It refuses what is beyond a tenth of the traffic.
    Limits,
}

impl Trouble {
    const ALL: [Self; 7] = [
        Self::Degrades,
        Self::Dies,
        Self::Silent,
        Self::Slow,
        Self::Flaps,
        Self::NoMoney,
        Self::Limits,
    ];

    /// Whether every attempt fails while it lasts.
    #[must_use]
    pub fn is_total(self) -> bool {
        match self {
            Self::Dies | Self::NoMoney => true,
            Self::Degrades | Self::Silent | Self::Slow | Self::Flaps | Self::Limits => false,
        }
    }
}

/// A trouble and when it lasts.
#[derive(Debug, Clone, Copy)]
pub struct Episode {
    /// What.
    pub trouble: Trouble,
    /// From when, in milliseconds of the world.
    pub from_ms: i64,
    /// Until when.
    pub until_ms: i64,
}

/// A supplier of this world.
#[derive(Debug, Clone)]
pub struct Supplier {
    /// Its name.
    pub name: String,
    /// What it bills, in minor units.
    pub cost: i64,
    /// How many of 10,000 it delivers when all is well.
    well_bp: u64,
    /// How long it usually takes, in milliseconds.
    takes_ms: i64,
    /// What goes wrong.
    pub episodes: Vec<Episode>,
}

/// What becomes of an attempt, and after how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Delivered.
    Delivered,
    /// Definitely refused by its own fault.
    Failed,
    /// The buyer's recipient is wrong.
    WrongRecipient,
    /// Our balance is used up.
    NoMoney,
    /// Too many requests.
    TooMany,
    /// Nothing could be sent.
    Unreachable,
    /// No answer; a query later tells whether it was delivered.
    Silence {
        /// The truth.
        is_delivered: bool,
        /// When a query tells it, in milliseconds from the submit.
        known_after_ms: i64,
    },
}

/// One seed's world.
#[derive(Debug, Clone)]
pub struct World {
    /// The seed.
    pub seed: u64,
    /// Its suppliers, the cheapest first: that is how operators set priorities.
    pub suppliers: Vec<Supplier>,
}

impl World {
    /// The world of a seed: six suppliers, of which three or four meet trouble, some twice.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice(mixed(seed ^ 0x5eed));
        let mut suppliers: Vec<Supplier> = (0..SUPPLIERS)
            .map(|_| Supplier {
                name: String::new(),
                cost: 9_500 + dice.below(400) as i64,
                well_bp: 9_700 + dice.below(250),
                takes_ms: 800 + dice.below(2_500) as i64,
                episodes: Vec::new(),
            })
            .collect();
        suppliers.sort_by_key(|supplier| supplier.cost);
        for (place, supplier) in suppliers.iter_mut().enumerate() {
            supplier.name = format!("s{place}");
        }
        let first = dice.below(7) as usize;
        // The cheapest one always meets trouble: it is where a fixed list sends everything.
        let mut troubled = vec![0];
        while troubled.len() < 3 + (dice.below(2) as usize) {
            let other = dice.below(SUPPLIERS as u64) as usize;
            if !troubled.contains(&other) {
                troubled.push(other);
            }
        }
        for (nth, place) in troubled.into_iter().enumerate() {
            let episodes = 1 + usize::from(dice.below(3) == 0);
            for episode in 0..episodes {
                let trouble = Trouble::ALL[(first + nth + episode * 3) % Trouble::ALL.len()];
                let from_ms = 120_000 + (episode as i64) * 800_000 + dice.below(400_000) as i64;
                let until_ms = from_ms + 200_000 + dice.below(400_000) as i64;
                suppliers[place].episodes.push(Episode {
                    trouble,
                    from_ms,
                    until_ms,
                });
            }
        }
        Self { seed, suppliers }
    }

    /// When order `k` comes in, in milliseconds of the world.
    #[must_use]
    pub fn arrives_ms(&self, k: u64) -> i64 {
        let slot = 1_000 / ORDERS_A_SECOND;
        (k as i64) * slot + (self.chance(k, 99, 0) % (slot as u64)) as i64
    }

    /// How many orders come in.
    #[must_use]
    pub fn orders(&self) -> u64 {
        (LASTS_MS / 1_000 * ORDERS_A_SECOND) as u64
    }

    /// What becomes of attempt `n` of order `k` at supplier `s` at a time, and after how many milliseconds:
    /// the same for whoever asks. `recent` are the supplier's accepted submits of the last minute.
    #[must_use]
    pub fn fate(&self, s: usize, k: u64, n: u64, at_ms: i64, recent: usize) -> (Fate, i64) {
        // A wrong recipient is wrong everywhere.
        if self.chance(k, 77, 0) % 10_000 < 40 {
            return (Fate::WrongRecipient, 400);
        }
        let supplier = &self.suppliers[s];
        let draw = self.chance(k, s as u64, n);
        let (luck, spread) = (draw % 10_000, (draw >> 20) % 1_000);
        let takes_ms = supplier.takes_ms * (600 + spread as i64) / 1_000;
        let episode = supplier
            .episodes
            .iter()
            .find(|episode| (episode.from_ms..episode.until_ms).contains(&at_ms));
        let usual = |bp: u64| {
            if luck < bp {
                (Fate::Delivered, takes_ms)
            } else if luck < bp + (10_000 - bp) * 9 / 10 {
                (Fate::Failed, 500 + takes_ms / 4)
            } else {
                (self.silence(draw, luck % 2 == 0), TIMEOUT_MS)
            }
        };
        match episode.map(|episode| (episode.trouble, episode)) {
            None => usual(supplier.well_bp),
            Some((Trouble::Degrades, episode)) => {
                let part = (at_ms - episode.from_ms) * 10_000 / (episode.until_ms - episode.from_ms).max(1);
                usual(supplier.well_bp * (10_000 - 9_000 * part.clamp(0, 10_000) as u64 / 10_000) / 10_000)
            }
            Some((Trouble::Dies, _)) => (Fate::Unreachable, 150),
            Some((Trouble::Silent, _)) if luck < 8_000 => (self.silence(draw, luck % 2 == 0), TIMEOUT_MS),
            Some((Trouble::Slow, _)) => (Fate::Delivered, 45_000 + takes_ms * 10),
            Some((Trouble::Flaps, episode)) if (at_ms - episode.from_ms) / 40_000 % 2 == 0 => (Fate::Unreachable, 150),
            Some((Trouble::NoMoney, _)) => (Fate::NoMoney, 300),
            Some((Trouble::Limits, _)) if recent >= (ORDERS_A_SECOND * 6) as usize => (Fate::TooMany, 200),
            Some((Trouble::Silent | Trouble::Flaps | Trouble::Limits, _)) => usual(supplier.well_bp),
        }
    }

    fn silence(&self, draw: u64, is_delivered: bool) -> Fate {
        let known_after_ms = TIMEOUT_MS + 5_000 + (draw >> 40) as i64 % 120_000;
        Fate::Silence {
            is_delivered,
            known_after_ms,
        }
    }

    /// Whether a supplier is in trouble at a time.
    #[must_use]
    pub fn is_bad(&self, s: usize, at_ms: i64) -> bool {
        let lasts = |episode: &Episode| (episode.from_ms..episode.until_ms).contains(&at_ms);
        self.suppliers[s].episodes.iter().any(lasts)
    }

    fn chance(&self, a: u64, b: u64, c: u64) -> u64 {
        mixed(mixed(mixed(self.seed ^ mixed(a)) ^ mixed(b ^ 0xb)) ^ mixed(c ^ 0xc))
    }
}

/// A supplier's accepted submits of the last minute.
#[derive(Debug, Clone, Default)]
pub struct Recent(VecDeque<i64>);

impl Recent {
    /// How many there are at a time.
    pub fn count(&mut self, now_ms: i64) -> usize {
        while self.0.front().is_some_and(|at_ms| *at_ms < now_ms - 60_000) {
            self.0.pop_front();
        }
        self.0.len()
    }

    /// One more.
    pub fn add(&mut self, now_ms: i64) {
        self.0.push_back(now_ms);
    }
}

/// Numbers of one seed, one after the other.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0) % sides
    }
}

/// The finalizer of splitmix64 (Steele, Lea and Flood, 2014).
#[must_use]
pub fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
