//! The doors, one file a family, and the share of the inputs that each gets.

mod catalog;
mod money;
mod settings;
mod shops;
mod statements;
mod suppliers;

/// What a reader made of one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// It was understood: a fact, an order, a file in force.
    Understood,
    /// It was not, and the sender or the operator is told so, or it settles nothing.
    Refused,
    /// A promise of this reader is broken, in words.
    Broke(String),
}

impl Read {
    fn understood(is_so: bool) -> Self {
        if is_so { Self::Understood } else { Self::Refused }
    }
}

/// A door, and what it is made for.
pub trait Reader {
    /// Its name.
    fn name(&self) -> &str;
    /// Good inputs.
    fn seeds(&self) -> &[Vec<u8>];
    /// Its share of the inputs, against the others'.
    fn share(&self) -> u64;
    /// Reads one input.
    fn read(&mut self, input: &[u8]) -> Read;
}

/// All readers, each fresh.
#[must_use]
pub fn all() -> Vec<Box<dyn Reader>> {
    let mut all: Vec<Box<dyn Reader>> = Vec::new();
    all.extend(suppliers::all());
    all.extend(shops::all());
    all.extend(catalog::all());
    all.extend(settings::all());
    all.push(Box::new(money::Amounts::default()));
    all.push(Box::new(statements::Statements::default()));
    all
}
