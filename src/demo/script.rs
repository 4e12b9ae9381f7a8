//! What happens to each of the orders, and which ends that allows.
//!
//! Every scene names the ends it permits; any other is a failure of the demo. Doubt is permitted
//! only where the scene leaves no way to know: a supplier that does not deduplicate, says nothing,
//! and then knows no such number.

use mock_suppliers::Fault;

/// Who has the first try, by the product ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    North,
    River,
    Stone,
    /// A supplier whose port is closed, then north.
    Closed,
    /// Card secrets, from stone alone.
    Card,
}

impl First {
    pub(super) fn sku(self) -> &'static str {
        match self {
            Self::North => "mobile-100-north",
            Self::River => "mobile-100-river",
            Self::Stone => "mobile-100-stone",
            Self::Closed => "mobile-100-closed",
            Self::Card => "card-100",
        }
    }

    /// The supplier that gets the order next, if the first certainly did not take it.
    pub(super) fn then(self) -> Option<First> {
        match self {
            Self::North => Some(Self::River),
            Self::River | Self::Stone | Self::Closed => Some(Self::North),
            Self::Card => None,
        }
    }
}

/// Where an order may come to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Delivered,
    Failed,
    Partial,
    InDoubt,
}

impl End {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Partial => "partial",
            Self::InDoubt => "in doubt",
        }
    }
}

/// One kind of trouble, or none.
struct Scene {
    title: &'static str,
    first: First,
    faults: Vec<Fault>,
    /// Faults at the supplier that gets the failover.
    then: Vec<Fault>,
    end: End,
}

/// One order of the demo.
pub(super) struct Line {
    pub(super) number: String,
    pub(super) title: &'static str,
    pub(super) first: First,
    /// Empty for cards.
    pub(super) recipient: String,
    pub(super) faults: Vec<Fault>,
    pub(super) then: Vec<Fault>,
    pub(super) end: End,
    /// The shop sends it twice, as shops do after a time-out of their own.
    pub(super) is_repeated: bool,
}

fn scene(title: &'static str, first: First, faults: &[Fault], end: End) -> Scene {
    Scene {
        title,
        first,
        faults: faults.to_vec(),
        then: Vec::new(),
        end,
    }
}

fn scenes() -> Vec<Scene> {
    use End::{Delivered, Failed, InDoubt, Partial};
    use First::{Card, Closed, North, River, Stone};
    let charged = true;
    vec![
        scene("charged, then no answer", North, &[Fault::ChargeThenHang], Delivered),
        scene("charged, then reset", North, &[Fault::ChargeThenReset], Delivered),
        scene("no answer, not charged", North, &[Fault::HangUncharged], Delivered),
        scene(
            "arrives after the time-out",
            North,
            &[Fault::ArriveLate { after_ms: 2_500 }],
            Delivered,
        ),
        scene("the network sends it twice", North, &[Fault::Duplicate], Delivered),
        scene("500 though charged", North, &[Fault::Status500 { charged }], Delivered),
        scene("500, not charged", North, &[Fault::Status500 { charged: false }], Delivered),
        scene("502 with a page of HTML", North, &[Fault::Html502 { charged }], Delivered),
        scene("empty answer", North, &[Fault::Empty { charged }], Delivered),
        scene("truncated answer", North, &[Fault::Truncated { charged }], Delivered),
        scene("garbage in the wrong charset", North, &[Fault::GbkGarbage { charged }], Delivered),
        scene("a code nobody listed", North, &[Fault::UnlistedCode { charged }], Delivered),
        scene(
            "a code nobody listed, not charged",
            North,
            &[Fault::UnlistedCode { charged: false }],
            Delivered,
        ),
        scene("a redirect", North, &[Fault::Redirect307], Delivered),
        scene("\"order exists\"", North, &[Fault::OrderExists], Delivered),
        scene(
            "charged, yet \"not found\" twice",
            North,
            &[Fault::ChargeThenHang, Fault::NotFoundThenSuccess { times: 2 }],
            Delivered,
        ),
        scene(
            "answers one byte at a time",
            North,
            &[Fault::SlowDrip { ms_per_byte: 2 }],
            Delivered,
        ),
        scene("notified twice", North, &[Fault::NotifyTwice], Delivered),
        scene("notified late", North, &[Fault::NotifyLate { after_ms: 3_000 }], Delivered),
        scene("notified out of order", North, &[Fault::NotifyReordered], Delivered),
        scene("notified before the answer", North, &[Fault::NotifyBeforeReply], Delivered),
        scene("never notified", North, &[Fault::NoNotify], Delivered),
        scene("partly delivered", North, &[Fault::Partial { percent: 40 }], Partial),
        scene("refused, failed over", North, &[Fault::Refuse], Delivered),
        scene("supplier's balance empty, failed over", North, &[Fault::BalanceEmpty], Delivered),
        scene("accepted, then failed, failed over", North, &[Fault::FailLater], Delivered),
        Scene {
            then: vec![Fault::Refuse],
            ..scene("refused everywhere", North, &[Fault::Refuse], Failed)
        },
        Scene {
            then: vec![Fault::FailLater],
            ..scene("no balance, then failed", River, &[Fault::BalanceEmpty], Failed)
        },
        Scene {
            then: vec![Fault::ChargeThenHang],
            ..scene("failed over into silence", River, &[Fault::Refuse], Delivered)
        },
        scene("charged, then no answer", River, &[Fault::ChargeThenHang], Delivered),
        scene("502 with a page of HTML", River, &[Fault::Html502 { charged }], Delivered),
        scene("garbage in the wrong charset", River, &[Fault::GbkGarbage { charged }], Delivered),
        scene("a code nobody listed", River, &[Fault::UnlistedCode { charged }], Delivered),
        scene("\"order exists\"", River, &[Fault::OrderExists], Delivered),
        scene("no answer, not charged", River, &[Fault::HangUncharged], Delivered),
        scene("notified late", River, &[Fault::NotifyLate { after_ms: 2_000 }], Delivered),
        scene("charged, then no answer", Stone, &[Fault::ChargeThenHang], Delivered),
        scene("truncated answer", Stone, &[Fault::Truncated { charged }], Delivered),
        scene("notified twice", Stone, &[Fault::NotifyTwice], Delivered),
        scene(
            "arrives after the time-out, no dedupe",
            Stone,
            &[Fault::ArriveLate { after_ms: 2_500 }],
            Delivered,
        ),
        scene("no answer, not charged, no dedupe", Stone, &[Fault::HangUncharged], InDoubt),
        scene("refused, failed over", Stone, &[Fault::Refuse], Delivered),
        scene("connection refused, failed over", Closed, &[], Delivered),
        scene("connection refused, failed over", Closed, &[], Delivered),
        scene("card secrets", Card, &[], Delivered),
        scene("card secrets", Card, &[], Delivered),
    ]
}

/// The `count` orders of a seed: every scene at least once, quiet orders between, shuffled.
pub(super) fn lines(seed: u64, count: usize) -> Vec<Line> {
    let mut dice = Dice(seed ^ 0x9E37_79B9_7F4A_7C15);
    let mut scenes = scenes();
    let quiet = [First::North, First::River, First::Stone];
    while scenes.len() < count {
        let first = quiet.get(dice.below(quiet.len())).copied().unwrap_or(First::North);
        scenes.push(scene("all well", first, &[], End::Delivered));
    }
    for last in (1..scenes.len()).rev() {
        scenes.swap(last, dice.below(last.saturating_add(1)));
    }
    let mut lines = Vec::new();
    for (position, scene) in scenes.into_iter().enumerate() {
        let recipient = match scene.first {
            First::Card => String::new(),
            First::North | First::River | First::Stone | First::Closed => format!("138{:04}{position:04}", dice.below(10_000)),
        };
        lines.push(Line {
            number: format!("DEMO-{seed}-{:03}", position.saturating_add(1)),
            title: scene.title,
            first: scene.first,
            recipient,
            faults: scene.faults,
            then: scene.then,
            end: scene.end,
            is_repeated: position % 7 == 3,
        });
    }
    lines
}

/// A small deterministic generator (splitmix64): the same seed gives the same script everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from(mixed.checked_rem(bound).unwrap_or(0)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_orders_and_faults() {
        let tell = |seed| {
            lines(seed, 60)
                .into_iter()
                .map(|l| (l.number, l.title, l.recipient, l.faults))
                .collect::<Vec<_>>()
        };
        assert_eq!(tell(1), tell(1));
        assert_ne!(tell(1), tell(2));
    }

    #[test]
    fn every_scene_is_played_and_a_good_part_of_the_orders_meet_faults() {
        let played = lines(5, 60);
        assert_eq!(played.len(), 60);
        for scene in scenes() {
            assert!(
                played.iter().any(|line| line.title == scene.title && line.first == scene.first),
                "{}",
                scene.title
            );
        }
        assert!(played.iter().filter(|line| !line.faults.is_empty()).count() > 30);
    }

    #[test]
    fn doubt_is_allowed_only_at_the_supplier_that_does_not_deduplicate() {
        for line in lines(3, 60) {
            assert!(line.end != End::InDoubt || line.first == First::Stone, "{}", line.title);
        }
    }
}
