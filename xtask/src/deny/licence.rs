//! Licence expressions as crates write them: `(MIT OR Apache-2.0) AND Unicode-3.0`.

/// Whether an expression can be met with the licences that `allows` accepts. `X WITH Y` is one
/// licence, asked for as a whole. The old `MIT/Apache-2.0` means `OR`.
///
/// # Errors
///
/// A sentence for the reader when the expression cannot be understood.
pub fn is_allowed(expression: &str, allows: &dyn Fn(&str) -> bool) -> Result<bool, &'static str> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allows };
    let allowed = reader.either()?;
    if reader.words.is_empty() {
        Ok(allowed)
    } else {
        Err("cannot be read to its end")
    }
}

struct Reader<'r> {
    words: &'r [&'r str],
    allows: &'r dyn Fn(&str) -> bool,
}

impl Reader<'_> {
    fn takes(&mut self, wanted: &str) -> bool {
        match self.words.split_first() {
            Some((word, rest)) if *word == wanted => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }

    fn either(&mut self) -> Result<bool, &'static str> {
        let mut allowed = self.both()?;
        while self.takes("OR") {
            allowed |= self.both()?;
        }
        Ok(allowed)
    }

    fn both(&mut self) -> Result<bool, &'static str> {
        let mut allowed = self.one()?;
        while self.takes("AND") {
            allowed &= self.one()?;
        }
        Ok(allowed)
    }

    fn one(&mut self) -> Result<bool, &'static str> {
        if self.takes("(") {
            let allowed = self.either()?;
            return if self.takes(")") { Ok(allowed) } else { Err("has an open bracket") };
        }
        match *self.words {
            [] | ["OR" | "AND" | "WITH" | ")", ..] => Err("misses a licence"),
            [licence, "WITH", exception, ref rest @ ..] => {
                self.words = rest;
                Ok((self.allows)(&format!("{licence} WITH {exception}")))
            }
            [licence, ref rest @ ..] => {
                self.words = rest;
                Ok((self.allows)(licence))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(expression: &str) -> Result<bool, &'static str> {
        is_allowed(expression, &|licence| {
            ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].contains(&licence)
        })
    }

    #[test]
    fn one_side_of_or_is_enough_and_and_needs_both() {
        assert_eq!(allowed("MIT"), Ok(true));
        assert_eq!(allowed("GPL-3.0-only OR MIT"), Ok(true));
        assert_eq!(allowed("GPL-3.0-only/MIT"), Ok(true));
        assert_eq!(allowed("GPL-3.0-only AND MIT"), Ok(false));
        assert_eq!(allowed("GPL-3.0-only"), Ok(false));
    }

    #[test]
    fn and_binds_closer_than_or_and_brackets_decide() {
        assert_eq!(allowed("MIT OR ISC AND GPL-3.0-only"), Ok(true));
        assert_eq!(allowed("(MIT OR ISC) AND GPL-3.0-only"), Ok(false));
        assert_eq!(allowed("(GPL-3.0-only OR MIT) AND ISC"), Ok(true));
    }

    #[test]
    fn an_exception_belongs_to_its_licence() {
        assert_eq!(allowed("Apache-2.0 WITH LLVM-exception"), Ok(true));
        assert_eq!(allowed("Apache-2.0"), Ok(false));
        assert_eq!(allowed("MIT WITH LLVM-exception"), Ok(false));
    }

    #[test]
    fn what_cannot_be_read_is_not_allowed() {
        for expression in ["", "MIT OR", "(MIT", "MIT ISC", "MIT)"] {
            assert!(allowed(expression).is_err(), "{expression}");
        }
    }
}
