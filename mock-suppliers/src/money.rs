//! Yuan on the wire, fen inside, never a float.

/// Fen as the yuan text that suppliers write: `9850` is `98.50`.
pub(crate) fn yuan(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let whole = minor.unsigned_abs();
    format!("{sign}{}.{:02}", whole / 100, whole % 100)
}

/// Yuan text as fen; `None` unless it is plain digits with at most two decimals.
pub(crate) fn fen(text: &str) -> Option<i64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 2 {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let mut part: i64 = decimals.parse().ok()?;
    if decimals.len() == 1 {
        part *= 10;
    }
    whole.checked_mul(100)?.checked_add(part)
}

/// `minor * numerator / denominator`, rounded down; saturates instead of overflowing.
pub(crate) fn share(minor: i64, numerator: u32, denominator: u32) -> i64 {
    let scaled = i128::from(minor) * i128::from(numerator) / i128::from(denominator.max(1));
    i64::try_from(scaled).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_and_fen_are_each_others_inverse() {
        for minor in [0, 1, 10, 99, 100, 9_850, 10_000_000] {
            assert_eq!(fen(&yuan(minor)), Some(minor));
        }
        assert_eq!(fen("98.5"), Some(9_850));
        assert_eq!(fen("100"), Some(10_000));
        assert_eq!(yuan(-5), "-0.05");
    }

    #[test]
    fn anything_but_plain_digits_is_no_money() {
        for text in ["", ".", "1.", ".5", "1e2", "-1", "+1", "1.005", " 1", "99999999999999999999"] {
            assert_eq!(fen(text), None, "{text}");
        }
    }

    #[test]
    fn a_share_is_rounded_down() {
        assert_eq!(share(10_001, 98, 100), 9_800);
        assert_eq!(share(i64::MAX, 2, 1), i64::MAX);
    }
}
