//! Catalog files as operators hand them in, and what an import says of them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A file of products or offers, as text.
#[derive(Clone, Serialize, Deserialize)]
pub struct CatalogFile {
    /// How the text is written.
    pub format: FileFormat,
    /// All of it, UTF-8, without a byte order mark.
    pub text: String,
    /// Only say what would happen.
    pub dry_run: bool,
}

impl fmt::Debug for CatalogFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CatalogFile({:?}, {} bytes)", self.format, self.text.len())
    }
}

/// How a catalog file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Comma-separated, the first line names the columns.
    Csv,
    /// `[[product]]` or `[[offer]]` tables.
    Toml,
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ImportReport {
    /// `products` or `offers`.
    pub what: String,
    /// Names of those that are new.
    pub added: Vec<String>,
    /// Names of those that differ from before.
    pub changed: Vec<String>,
    /// How many are as they were.
    pub unchanged: u32,
    /// What was imported all the same, but should be looked at.
    pub warnings: Vec<String>,
    /// Nothing was written.
    pub is_dry_run: bool,
}

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Where it begins, in bytes from the start of the text.
    pub offset: usize,
    /// How long the place is, in bytes.
    pub len: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}
