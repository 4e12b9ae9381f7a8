//! Everything this room says to people, in both languages, and nothing else.
//!
//! Texts are matched exhaustively over codes and kinds: a new one does not compile until it has
//! words in both. Deliberately absent: the reasons of orders, which `domain::failure` words.

pub mod fields;
pub mod problems;
mod skips;
pub mod timeline;

use crate::domain::failure::Locale;

/// The text in the reader's language.
pub(super) fn pick<T>(locale: Locale, zh: T, en: T) -> T {
    match locale {
        Locale::ZhCn => zh,
        Locale::En => en,
    }
}
