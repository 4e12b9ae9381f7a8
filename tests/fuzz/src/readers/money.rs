//! Amounts as decimal text.

use recharge_gateway::domain::money::{Currency, Money};

use super::{Read, Reader};

/// The strict reader of amounts. Promise: what it reads, it writes, and reads as the same again; and
/// nothing but digits, one point and a sign was in it.
pub struct Amounts(Vec<Vec<u8>>);

impl Default for Amounts {
    fn default() -> Self {
        let seeds = ["98.50", "-0.01", "100", "0.00", "92233720368547758.07", "98.5000", "1"];
        Self(seeds.iter().map(|text| text.as_bytes().to_vec()).collect())
    }
}

impl Reader for Amounts {
    fn name(&self) -> &'static str {
        "amounts"
    }

    fn seeds(&self) -> &[Vec<u8>] {
        &self.0
    }

    fn share(&self) -> u64 {
        5
    }

    fn read(&mut self, input: &[u8]) -> Read {
        let Ok(text) = std::str::from_utf8(input) else {
            return Read::Refused;
        };
        let mut is_amount = false;
        for currency in Currency::ALL {
            let Ok(money) = Money::parse(text, currency) else { continue };
            is_amount = true;
            let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
            if !is_plain || Money::parse(&money.decimal(), currency) != Ok(money) {
                return Read::Broke(format!("{text:?} was read as {money}"));
            }
        }
        Read::understood(is_amount)
    }
}
