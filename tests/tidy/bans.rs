//! Names that may be used in some rooms only: the socket, the clock, chance, SQL, the environment.
//!
//! Clippy's disallowed lists (clippy.toml) ban calls by type wherever they hide; this table bans
//! names by room, so that even a type or an import out of place is seen. Tests inside src/ obey
//! too. To excuse a place, add its room or path to `allowed` and say why in the review.

use crate::paths::paths;
use crate::rooms::room_of;
use crate::tokens::tokens;

/// Names, where they are at home, and why nowhere else.
pub struct Ban {
    /// Paths, or parts of paths, in full segments.
    pub names: &'static [&'static [&'static str]],
    /// Rooms (`net`) or path prefixes (`src/net/tls`) where these names are at home.
    pub allowed: &'static [&'static str],
    /// Rooms the ban is for; empty means every room.
    pub within: &'static [&'static str],
    /// Why, in words the author of a violation can use.
    pub reason: &'static str,
}

const PURE: &[&str] = &["domain", "router", "adapters"];

/// The table.
pub const BANS: &[Ban] = &[
    Ban {
        names: &[&["reqwest"], &["hyper"]],
        allowed: &["net"],
        within: &[],
        reason: "only net speaks HTTP outwards: a default client repeats a POST by itself",
    },
    Ban {
        names: &[&["sqlx"]],
        allowed: &["store"],
        within: &[],
        reason: "only store knows SQL: every write goes through its compare-and-set",
    },
    Ban {
        names: &[&["SystemTime"], &["Instant", "now"], &["Timestamp", "now"], &["Zoned", "now"]],
        allowed: &["seams"],
        within: &[],
        reason: "the clock is a seam: take the time from seams, so that a simulation can set it",
    },
    Ban {
        names: &[&["getrandom"], &["rand"], &["fastrand"], &["OsRng"], &["RandomState"]],
        allowed: &["seams"],
        within: &[],
        reason: "chance is a seam: take random bytes from seams, so that a seed repeats a history",
    },
    Ban {
        names: &[&["std", "env"]],
        allowed: &["config", "cli", "src/seams/failpoint"],
        within: &[],
        reason: "the environment is read once, by config: elsewhere it would be a hidden setting",
    },
    Ban {
        names: &[&["tokio", "spawn"], &["task", "spawn"], &["task", "spawn_local"], &["rt", "spawn"]],
        allowed: &["seams", "main", "app"],
        within: &[],
        reason: "spawning is a seam: a task nobody holds is neither simulated nor stopped in order",
    },
    Ban {
        names: &[&["thread", "sleep"]],
        allowed: &[],
        within: &[],
        reason: "a sleeping thread stops every task on it; await the seam's sleep",
    },
    Ban {
        names: &[&["mock_suppliers"]],
        allowed: &["demo"],
        within: &[],
        reason: "the mock suppliers belong to the demo; a server must build without them",
    },
    Ban {
        names: &[&["actix_web"], &["actix_http"], &["actix_rt"]],
        allowed: &["api", "faces", "console", "app", "main", "cli", "demo"],
        within: &[],
        reason: "the web framework ends at the edge; inside, requests are our own types",
    },
    Ban {
        names: &[
            &["tokio"],
            &["std", "fs"],
            &["std", "thread"],
            &["std", "process"],
            &["TcpStream"],
            &["TcpListener"],
            &["UdpSocket"],
        ],
        allowed: &[],
        within: PURE,
        reason: "this room is pure: it decides and translates, others act",
    },
    Ban {
        names: &[&["f32"], &["f64"]],
        allowed: &[],
        within: &["domain", "store", "adapters", "router"],
        reason: "money, scores and rates are integers; a float rounds where nobody looks",
    },
];

/// Banned names in this file.
pub fn violations(path: &str, source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for ban in BANS.iter().filter(|ban| ban.applies_to(path)) {
        for named in paths(path, source) {
            if let Some(name) = ban.hit(&named.segments) {
                found.push(format!("{path}:{}: `{}`: {}", named.line, name.join("::"), ban.reason));
            }
        }
    }
    found.extend(float_literals(path, source));
    found.extend(back_doors(path, source));
    found
}

impl Ban {
    fn applies_to(&self, path: &str) -> bool {
        let room = room_of(path);
        let at_home = |place: &&str| *place == room || path.starts_with(*place);
        !self.allowed.iter().any(at_home) && (self.within.is_empty() || self.within.contains(&room))
    }

    fn hit(&self, segments: &[String]) -> Option<&'static [&'static str]> {
        self.names
            .iter()
            .find(|name| segments.windows(name.len()).any(|window| window == **name))
            .copied()
    }
}

/// `1.5f64` is one number to the scanner, not a path.
fn float_literals(path: &str, source: &str) -> Vec<String> {
    let is_float = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_digit()) && !text.starts_with("0x") && (text.ends_with("f32") || text.ends_with("f64"))
    };
    let bans_floats = |ban: &&Ban| ban.names.contains(&["f64"].as_slice()) && ban.applies_to(path);
    let Some(ban) = BANS.iter().find(bans_floats) else {
        return Vec::new();
    };
    tokens(source)
        .iter()
        .filter(|token| is_float(&token.text))
        .map(|token| format!("{path}:{}: `{}`: {}", token.line, token.text, ban.reason))
        .collect()
}

/// Shapes of code that would lead round the tables, or round a seed.
const BACK_DOORS: &[(&[&str], &str)] = &[
    (&["#", "[", "path"], "`#[path]` puts a module where its folder does not say"),
    (&["include", "!"], "`include!` brings in code this test does not read"),
    (&["extern", "crate"], "`extern crate` can rename a crate past the table of bans"),
];

fn back_doors(path: &str, source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    for (shape, reason) in BACK_DOORS {
        for window in tokens.windows(shape.len()) {
            if window.iter().zip(*shape).all(|(token, text)| token.text == *text) {
                found.push(format!("{path}:{}: {reason}", window[0].line));
            }
        }
    }
    for window in tokens.windows(4) {
        let is_select = window[0].text == "select" && window[1].text == "!";
        if is_select && window[3].text != "biased" {
            found.push(format!(
                "{path}:{}: `select!` without `biased;` picks a branch by chance, and a seed cannot repeat it",
                window[0].line
            ));
        }
    }
    found
}
