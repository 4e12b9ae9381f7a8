//! The number or account that is topped up, and the only forms in which it may be seen.
//!
//! Invariant: the full value has no `Debug`, `Display` or `Serialize`; logs, events and error
//! texts can only hold the mask, and orders are found by a keyed hash (I19).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What a buyer entered, by the product's input keys. Sealed at rest; absent from every event.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Inputs(pub BTreeMap<String, String>);

impl Inputs {
    /// The value of one input.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Hides the middle of a recipient: `138****8000`; short ones keep only their first character.
#[must_use]
pub fn mask(recipient: &str) -> String {
    let chars: Vec<char> = recipient.chars().collect();
    match chars.as_slice() {
        [] => String::new(),
        [first, rest @ ..] if rest.len() < 7 => format!("{first}****"),
        [a, b, c, .., w, x, y, z] => format!("{a}{b}{c}****{w}{x}{y}{z}"),
        [first, ..] => format!("{first}****"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_never_shows_more_than_seven_characters() {
        assert_eq!(mask("13800138000"), "138****8000");
        assert_eq!(mask("1234567"), "1****");
        assert_eq!(mask("张三丰"), "张****");
        assert_eq!(mask(""), "");
    }

    #[test]
    fn debug_output_names_the_inputs_and_hides_their_values() {
        let inputs = Inputs(BTreeMap::from([("account".to_owned(), "13800138000".to_owned())]));
        assert_eq!(format!("{inputs:?}"), r#"{"account"}"#);
    }
}
