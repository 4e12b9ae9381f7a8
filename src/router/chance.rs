//! Chance that can be made again: independent draws from one number.

/// What a draw is for; each is independent of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Draw {
    /// Whether this order explores.
    Explore,
    /// Whose turn it is by weight.
    Weight,
    /// Whether a returning supplier gets this order.
    Return,
}

/// A number below `sides`, for an order's `draw`; the same again for the same. 0 where there are no sides.
pub(super) fn below(sides: u64, draw: u64, what: Draw) -> u64 {
    let salt = match what {
        Draw::Explore => 0x9e37_79b9_7f4a_7c15,
        Draw::Weight => 0x3c6e_f372_fe94_f82a,
        Draw::Return => 0xdaa6_6d2c_7ddf_743f,
    };
    mixed(draw ^ salt).checked_rem(sides).unwrap_or(0)
}

/// The finalizer of splitmix64 (Steele, Lea and Flood, 2014): neighbouring numbers come out unrelated.
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_orders_draw_evenly() {
        for what in [Draw::Explore, Draw::Weight, Draw::Return] {
            let mut hits = [0_u32; 10];
            for draw in 0..10_000 {
                hits[usize::try_from(below(10, draw << 10, what)).unwrap()] += 1;
            }
            assert!(hits.iter().all(|hits| (900..1_100).contains(hits)), "{what:?}: {hits:?}");
        }
    }
}
