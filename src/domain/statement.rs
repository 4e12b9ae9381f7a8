//! Statement checks (R20): a supplier's own books of a stretch of time, held against ours number by number,
//! dead attempts too.
//!
//! A statement proves deliveries, as any other word of a supplier does (R11). It proves no failure: it is
//! none of its dialect's operations (R7), and an order may have been sent again since it was written.
//! Deliberately absent: files (adapters read them) and what follows from a difference (the console).

use std::collections::BTreeMap;
use std::ops::Range;

use super::ids::AttemptId;

/// What one line of a statement says of its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Delivered, and billed to us.
    Delivered,
    /// Not delivered, or taken back: nothing is billed.
    NotDelivered,
    /// A word that nobody has said the meaning of.
    Unlisted(String),
}

/// One line of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands in the file, from 1.
    pub place: u32,
    /// The number it is about, as it stands there.
    pub number: String,
    /// What it says.
    pub said: Said,
    /// What it bills, in minor units of the supplier's currency.
    pub cost_minor: Option<i64>,
    /// The line itself, to be kept as evidence.
    pub text: String,
}

/// Where an attempt stands, as far as a statement can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may still charge.
    Open,
    /// Not delivered, as far as we know.
    Dead,
    /// Delivered: won, second or late.
    Delivered,
}

/// An attempt in our books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booked {
    /// The number its supplier sees.
    pub id: AttemptId,
    /// Where it stands.
    pub standing: Standing,
    /// What it costs, in minor units of the supplier's currency.
    pub cost_minor: i64,
    /// When it was opened, UTC milliseconds.
    pub opened_at_ms: i64,
}

/// What comes of holding the two against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// Both say the same.
    Agrees,
    /// The supplier says it delivered, and we do not know that yet: the attempt is in doubt, or thought dead.
    Charged,
    /// Delivered, but for another amount.
    CostDiffers,
    /// We have it as delivered; the supplier says it is not, or took it back.
    NotCharged,
    /// One number is billed more than once.
    Twice,
    /// We have it as delivered, and the statement does not know it.
    Missing,
    /// In doubt, and the statement says that it was not delivered, or does not know it.
    InDoubt,
    /// A number that we never sent to this supplier.
    Stranger,
    /// Its word is not in the supplier's settings.
    Unlisted,
}

impl Found {
    /// Every kind, for tables that must be complete.
    pub const ALL: [Self; 9] = [
        Self::Agrees,
        Self::Charged,
        Self::CostDiffers,
        Self::NotCharged,
        Self::Twice,
        Self::Missing,
        Self::InDoubt,
        Self::Stranger,
        Self::Unlisted,
    ];

    /// The word in storage and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Charged => "charged",
            Self::CostDiffers => "cost_differs",
            Self::NotCharged => "not_charged",
            Self::Twice => "twice",
            Self::Missing => "missing",
            Self::InDoubt => "in_doubt",
            Self::Stranger => "stranger",
            Self::Unlisted => "unlisted",
        }
    }
}

/// A number about which the two say different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What kind.
    pub found: Found,
    /// The number.
    pub number: String,
    /// The line that says so; absent where the statement says nothing.
    pub line: Option<Line>,
    /// Our attempt, if it is one.
    pub ours: Option<Booked>,
}

impl Difference {
    /// What may be lost by it, in minor units of the supplier's currency.
    #[must_use]
    pub fn at_risk_minor(&self) -> i64 {
        let theirs = self.line.as_ref().and_then(|line| line.cost_minor);
        let ours = self.ours.map_or(0, |booked| booked.cost_minor);
        let risk = match self.found {
            Found::Agrees | Found::Missing | Found::InDoubt | Found::Unlisted => 0,
            Found::CostDiffers => theirs.unwrap_or(ours).saturating_sub(ours),
            Found::NotCharged => ours,
            Found::Charged | Found::Twice | Found::Stranger => theirs.unwrap_or(ours),
        };
        risk.max(0)
    }
}

/// A statement, compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared {
    /// Numbers about which both say the same.
    pub agreed: usize,
    /// Everything else, by number.
    pub differences: Vec<Difference>,
    /// What was found of each number that is ours.
    pub found: BTreeMap<AttemptId, Found>,
}

/// Clocks differ, and some suppliers count an order on the day on which it ended: nothing that was opened so
/// close to an end of the stretch is missed in the statement.
const EDGE_MS: i64 = 600_000;

/// Holds the lines of a statement about what was opened in `period` (UTC milliseconds) against `booked`: our
/// attempts at that supplier, those of the period and those that the lines name.
#[must_use]
pub fn compare(lines: &[Line], booked: &BTreeMap<AttemptId, Booked>, period: &Range<i64>) -> Compared {
    let mut about: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        about.entry(&line.number).or_default().push(line);
    }
    let mut compared = Compared::default();
    for (number, lines) in about {
        let ours = number.parse().ok().and_then(|id: AttemptId| booked.get(&id)).copied();
        let (found, line) = of_number(&lines, ours);
        compared.note(found, number, line, ours);
    }
    let inner = period.start.saturating_add(EDGE_MS)..period.end.saturating_sub(EDGE_MS);
    for ours in booked.values() {
        let found = match ours.standing {
            Standing::Delivered => Found::Missing,
            Standing::Open => Found::InDoubt,
            Standing::Dead => continue,
        };
        if inner.contains(&ours.opened_at_ms) && !compared.found.contains_key(&ours.id) {
            compared.note(found, &ours.id.to_string(), None, Some(*ours));
        }
    }
    compared
}

impl Compared {
    fn note(&mut self, found: Found, number: &str, line: Option<&Line>, ours: Option<Booked>) {
        if let Some(ours) = ours {
            self.found.insert(ours.id, found);
        }
        if found == Found::Agrees {
            self.agreed = self.agreed.saturating_add(1);
        } else {
            self.differences.push(Difference {
                found,
                number: number.to_owned(),
                line: line.cloned(),
                ours,
            });
        }
    }
}

/// What all lines of one number come to, and the line that says so. A line that takes back outweighs those
/// that bill.
fn of_number<'l>(lines: &[&'l Line], ours: Option<Booked>) -> (Found, Option<&'l Line>) {
    let mut bills = lines.iter().copied().filter(|line| line.said == Said::Delivered);
    let (bill, second) = (bills.next(), bills.next());
    let back = lines.iter().copied().find(|line| line.said == Said::NotDelivered);
    let Some(ours) = ours else {
        return (Found::Stranger, back.or(bill).or(lines.first().copied()));
    };
    match (back, bill, second, ours.standing) {
        (Some(line), .., Standing::Delivered) => (Found::NotCharged, Some(line)),
        (Some(line), .., Standing::Open) => (Found::InDoubt, Some(line)),
        (Some(line), .., Standing::Dead) => (Found::Agrees, Some(line)),
        (None, _, Some(line), _) => (Found::Twice, Some(line)),
        (None, Some(line), None, Standing::Open | Standing::Dead) => (Found::Charged, Some(line)),
        (None, Some(line), None, Standing::Delivered) => {
            let is_same = line.cost_minor.is_none_or(|theirs| theirs == ours.cost_minor);
            (if is_same { Found::Agrees } else { Found::CostDiffers }, Some(line))
        }
        (None, None, None, _) => (Found::Unlisted, lines.first().copied()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::OrderId;

    const DAY: Range<i64> = 0..86_400_000;

    fn booked(order: i64, standing: Standing) -> Booked {
        Booked {
            id: AttemptId {
                order: OrderId::from_stored(order).unwrap(),
                seq: 1,
            },
            standing,
            cost_minor: 9_850,
            opened_at_ms: 43_200_000,
        }
    }

    fn line(place: u32, number: &str, said: Said, cost_minor: i64) -> Line {
        Line {
            place,
            number: number.to_owned(),
            said,
            cost_minor: Some(cost_minor),
            text: String::new(),
        }
    }

    fn found(lines: &[Line], ours: &[Booked]) -> Vec<(String, Found, i64)> {
        let booked = ours.iter().map(|booked| (booked.id, *booked)).collect();
        let compared = compare(lines, &booked, &DAY);
        let told = compared.differences.iter();
        told.map(|told| (told.number.clone(), told.found, told.at_risk_minor())).collect()
    }

    #[test]
    fn every_pair_of_words_has_its_meaning() {
        use Found::{Agrees, Charged, InDoubt, Missing, NotCharged, Unlisted};
        let said = [
            Some(Said::Delivered),
            Some(Said::NotDelivered),
            Some(Said::Unlisted("7".to_owned())),
            None,
        ];
        let means = [
            (Standing::Delivered, [Agrees, NotCharged, Unlisted, Missing]),
            (Standing::Open, [Charged, InDoubt, Unlisted, InDoubt]),
            (Standing::Dead, [Charged, Agrees, Unlisted, Agrees]),
        ];
        for (standing, row) in means {
            for (said, means) in said.iter().zip(row) {
                let lines: Vec<Line> = said.iter().map(|said| line(2, "701", said.clone(), 9_850)).collect();
                let told = found(&lines, &[booked(7, standing)]);
                let told = told.first().map_or(Agrees, |(_, found, _)| *found);
                assert_eq!(told, means, "{standing:?} {said:?}");
            }
        }
    }

    #[test]
    fn what_differs_says_what_may_be_lost() {
        let ours = [booked(7, Standing::Delivered), booked(8, Standing::Dead)];
        let lines = [
            line(2, "701", Said::Delivered, 9_900),
            line(3, "801", Said::Delivered, 9_850),
            line(4, "901", Said::Delivered, 100),
            line(5, "A-1", Said::NotDelivered, 0),
        ];
        let named = |number: &str, found, risk| (number.to_owned(), found, risk);
        assert_eq!(
            found(&lines, &ours),
            [
                named("701", Found::CostDiffers, 50),
                named("801", Found::Charged, 9_850),
                named("901", Found::Stranger, 100),
                named("A-1", Found::Stranger, 0),
            ]
        );
    }

    #[test]
    fn a_number_billed_twice_is_told_unless_it_was_taken_back() {
        let ours = [booked(7, Standing::Delivered)];
        let twice = [line(2, "701", Said::Delivered, 9_850), line(3, "701", Said::Delivered, 9_850)];
        assert_eq!(found(&twice, &ours), [("701".to_owned(), Found::Twice, 9_850)]);
        let back = [line(2, "701", Said::Delivered, 9_850), line(3, "701", Said::NotDelivered, 9_850)];
        assert_eq!(found(&back, &ours), [("701".to_owned(), Found::NotCharged, 9_850)]);
    }

    #[test]
    fn what_was_opened_at_the_edge_of_the_stretch_is_not_missed() {
        for (opened_at_ms, is_missed) in [
            (0, false),
            (599_999, false),
            (600_000, true),
            (85_799_999, true),
            (85_800_000, false),
            (90_000_000, false),
        ] {
            let ours = Booked {
                opened_at_ms,
                ..booked(7, Standing::Delivered)
            };
            assert_eq!(!found(&[], &[ours]).is_empty(), is_missed, "{opened_at_ms}");
        }
    }

    #[test]
    fn every_word_is_its_own() {
        let words: std::collections::BTreeSet<&str> = Found::ALL.iter().map(|found| found.word()).collect();
        assert_eq!(words.len(), Found::ALL.len());
    }
}
