//! Every path a source file names, written out in full.
//!
//! `use crate::{store::Pool, domain}` gives `crate::store::Pool` and `crate::domain`. A `super`
//! that climbs is resolved against the file's own module, so leaving a room by the stairs is seen
//! like leaving it by the door. The package's own name counts as `crate`. Deliberately absent:
//! types and renamed imports; clippy's disallowed lists know those.

use crate::tokens::{Token, tokens};

/// A path as it was meant, and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Segments from the outside in. The first is `crate` for everything of ours.
    pub segments: Vec<String>,
    /// Line in the file, counted from 1.
    pub line: usize,
}

/// The package's library, as main.rs and the tests call it.
const LIBRARY: &str = "recharge_gateway";

/// Paths named in the file `path` (relative to the repository, like `src/store/mod.rs`).
pub fn paths(path: &str, source: &str) -> Vec<Named> {
    let tokens = tokens(source);
    let mut walk = Walk {
        tokens: &tokens,
        module: module_of(path),
        found: Vec::new(),
    };
    walk.file();
    walk.found
}

/// `src/a/b.rs` is the module `a::b`; `src/a/mod.rs` is `a`; lib.rs and main.rs are the root.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    let inside = inside.strip_suffix(".rs").unwrap_or(inside);
    let mut module = vec!["crate".to_owned()];
    module.extend(inside.split('/').map(str::to_owned));
    if ["lib", "main", "mod"].contains(&inside.rsplit('/').next().unwrap_or(inside)) {
        module.pop();
    }
    module
}

struct Walk<'t> {
    tokens: &'t [Token],
    module: Vec<String>,
    found: Vec<Named>,
}

impl Walk<'_> {
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }

    fn is_word(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(Token::is_word)
    }

    fn file(&mut self) {
        let mut at = 0;
        let mut depth = 0_usize;
        let mut inline_modules: Vec<usize> = Vec::new();
        while at < self.tokens.len() {
            match self.text(at) {
                "mod" if self.is_word(at + 1) && self.text(at + 2) == "{" => {
                    let name = self.text(at + 1).to_owned();
                    self.module.push(name);
                    depth += 1;
                    inline_modules.push(depth);
                    at += 3;
                }
                "{" => {
                    depth += 1;
                    at += 1;
                }
                "}" => {
                    if inline_modules.last() == Some(&depth) {
                        inline_modules.pop();
                        self.module.pop();
                    }
                    depth = depth.saturating_sub(1);
                    at += 1;
                }
                _ if self.is_word(at) => at = self.path(at, None),
                _ => at += 1,
            }
        }
    }

    /// Reads one path, with its groups, from `at`; answers where it ended.
    /// `outer` is what stands before it when it is an element of a group.
    fn path(&mut self, start: usize, outer: Option<&[String]>) -> usize {
        let line = self.tokens.get(start).map_or(0, |token| token.line);
        let mut segments = outer.map(<[String]>::to_vec).unwrap_or_default();
        let mut at = start;
        while self.is_word(at) {
            self.step(&mut segments, at);
            at += 1;
            if self.text(at) != "::" {
                break;
            }
            at += 1;
            match self.text(at) {
                "{" => return self.group(at + 1, &segments),
                "*" => {
                    segments.push("*".to_owned());
                    at += 1;
                    break;
                }
                _ => {}
            }
        }
        // A lone `crate` is `pub(crate)` and names nothing; renamed, or as a group's `self`, it is
        // the whole root. A lone `self` or `super` is a value or a visibility.
        let is_renamed = self.text(at) == "as";
        if segments == ["crate"] && (outer.is_some() || is_renamed) {
            segments.push("*".to_owned());
        }
        let is_lone_word = outer.is_none() && !is_renamed && at == start + 1 && ["crate", "self", "super"].contains(&self.text(start));
        if !is_lone_word {
            self.found.push(Named { segments, line });
        }
        at
    }

    /// Adds the word at `at` to a path, as a move through our modules where it is one.
    fn step(&self, segments: &mut Vec<String>, at: usize) {
        let word = self.text(at);
        match (word, segments.is_empty()) {
            ("crate" | LIBRARY, true) => segments.push("crate".to_owned()),
            ("self", true) => segments.clone_from(&self.module),
            ("super", true) => {
                segments.clone_from(&self.module);
                climb(segments);
            }
            ("self", false) => {}
            ("super", false) => climb(segments),
            _ => segments.push(word.to_owned()),
        }
    }

    fn group(&mut self, start: usize, outer: &[String]) -> usize {
        let mut at = start;
        while at < self.tokens.len() {
            match self.text(at) {
                "}" => return at + 1,
                "*" => {
                    let line = self.tokens.get(at).map_or(0, |token| token.line);
                    let mut segments = outer.to_vec();
                    segments.push("*".to_owned());
                    self.found.push(Named { segments, line });
                    at += 1;
                }
                "as" => at += 2,
                _ if self.is_word(at) => at = self.path(at, Some(outer)),
                _ => at += 1,
            }
        }
        at
    }
}

fn climb(segments: &mut Vec<String>) {
    if segments.len() > 1 {
        segments.pop();
    }
}
