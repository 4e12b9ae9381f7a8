//! Money as whole minor units with their currency; never a float.
//!
//! Invariant: arithmetic is checked and only between equal currencies; parsing is strict, so
//! `1.234` CNY, `1e3` and `１` are errors, not approximations.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A currency this gateway can keep books in, with its number of decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// Renminbi, 2 decimals.
    Cny,
    /// US dollar, 2 decimals.
    Usd,
    /// Hong Kong dollar, 2 decimals.
    Hkd,
    /// Japanese yen, no decimals.
    Jpy,
}

impl Currency {
    /// All currencies, in the order of their codes in the documents.
    pub const ALL: [Self; 4] = [Self::Cny, Self::Usd, Self::Hkd, Self::Jpy];

    /// ISO 4217 code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Cny => "CNY",
            Self::Usd => "USD",
            Self::Hkd => "HKD",
            Self::Jpy => "JPY",
        }
    }

    /// Digits after the decimal point.
    #[must_use]
    pub fn decimals(self) -> usize {
        match self {
            Self::Cny | Self::Usd | Self::Hkd => 2,
            Self::Jpy => 0,
        }
    }

    /// The currency with this ISO 4217 code, upper case.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|currency| currency.code() == code)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount: minor units (fen, cents, yen) of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Whole minor units; negative where a balance can be.
    pub minor: i64,
    /// What the units are of.
    pub currency: Currency,
}

/// Why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableMoney {
    /// Not `[-]digits[.digits]`.
    #[error("not a decimal amount: expected digits with an optional decimal point, such as 98.50")]
    Form,
    /// More digits after the point than the currency has.
    #[error("more decimals than the currency has")]
    Decimals,
    /// Beyond what 64 bits of minor units hold.
    #[error("amount out of range")]
    Range,
}

impl Money {
    /// `minor` units of `currency`.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Parses a decimal amount such as `98.5` or `-0.01`; trailing zeros beyond the currency's
    /// decimals are accepted (`98.500`), other digits there are not.
    ///
    /// # Errors
    /// Says whether form, decimals or range is wrong.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, UnreadableMoney> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let point_without_digits = digits.ends_with('.');
        if whole.is_empty() || point_without_digits || !all_digits(whole) || !all_digits(fraction) {
            return Err(UnreadableMoney::Form);
        }
        let decimals = currency.decimals();
        let kept = fraction.get(..decimals).unwrap_or(fraction);
        if fraction.get(decimals..).is_some_and(|rest| rest.bytes().any(|b| b != b'0')) {
            return Err(UnreadableMoney::Decimals);
        }
        let mut minor: i64 = 0;
        let padding = std::iter::repeat_n(b'0', decimals.saturating_sub(kept.len()));
        for digit in whole.bytes().chain(kept.bytes()).chain(padding) {
            let step = minor
                .checked_mul(10)
                .and_then(|m| m.checked_add(i64::from(digit.wrapping_sub(b'0'))));
            minor = step.ok_or(UnreadableMoney::Range)?;
        }
        let minor = if negative {
            minor.checked_neg().ok_or(UnreadableMoney::Range)?
        } else {
            minor
        };
        Ok(Self { minor, currency })
    }

    /// The amount without its currency, always with all decimals: `98.50`.
    #[must_use]
    pub fn decimal(self) -> String {
        let decimals = self.currency.decimals();
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(decimals));
        if fraction.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        }
    }

    /// The amount `times` over; `None` beyond 64 bits.
    #[must_use]
    pub fn times(self, times: u32) -> Option<Self> {
        self.minor.checked_mul(i64::from(times)).map(|minor| Self { minor, ..self })
    }

    /// `self * part / whole`, rounded down: what a shop pays for a part (rounding in its favour, R13).
    /// `None` when `whole` is not positive, or `part` is not between 0 and `whole`.
    #[must_use]
    pub fn portion(self, part: i64, whole: i64) -> Option<Self> {
        if whole <= 0 || part < 0 || part > whole {
            return None;
        }
        let scaled = i128::from(self.minor)
            .checked_mul(i128::from(part))?
            .checked_div_euclid(i128::from(whole))?;
        i64::try_from(scaled).ok().map(|minor| Self { minor, ..self })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_text_survives_a_round_trip() {
        for (text, minor) in [
            ("0.00", 0),
            ("98.50", 9850),
            ("-0.01", -1),
            ("100.00", 10_000),
            ("92233720368547758.07", i64::MAX),
        ] {
            let money = Money::parse(text, Currency::Cny).unwrap();
            assert_eq!(money.minor, minor);
            assert_eq!(money.decimal(), text);
        }
        assert_eq!(Money::parse("98.5", Currency::Cny).unwrap().minor, 9850);
        assert_eq!(Money::parse("98.5000", Currency::Cny).unwrap().minor, 9850);
        assert_eq!(Money::parse("120", Currency::Jpy).unwrap().decimal(), "120");
    }

    #[test]
    fn what_is_not_exactly_an_amount_is_refused() {
        for text in ["", ".", "1.", ".5", "1e3", "+1", "1,000", " 1", "１", "--1", "1.2.3"] {
            assert_eq!(Money::parse(text, Currency::Cny), Err(UnreadableMoney::Form), "{text:?}");
        }
        assert_eq!(Money::parse("1.234", Currency::Cny), Err(UnreadableMoney::Decimals));
        assert_eq!(Money::parse("92233720368547758.08", Currency::Cny), Err(UnreadableMoney::Range));
    }

    #[test]
    fn a_portion_rounds_down_and_never_exceeds_the_whole() {
        let price = Money::new(9_999, Currency::Cny);
        assert_eq!(price.portion(1, 3).unwrap().minor, 3_333);
        assert_eq!(price.portion(3, 3), Some(price));
        assert_eq!(price.portion(4, 3), None);
        assert_eq!(price.portion(-1, 3), None);
        assert_eq!(
            Money::new(i64::MAX, Currency::Cny).portion(i64::MAX, i64::MAX).unwrap().minor,
            i64::MAX
        );
    }
}
