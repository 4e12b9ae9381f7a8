//! A mutant of our code: a patch that switches off one rule, the scene in which that must show where
//! there are scenes, and the law that must break. The simulation's mutants are read by it too.
//!
//! The patches are unified diffs, applied here without any tool. Line numbers are not looked at: the
//! old text of a piece must stand in its file exactly once, so that a patch outlives edits elsewhere
//! in the file, and one that no longer fits is told instead of guessed.

use std::collections::BTreeMap;

/// One mutant.
pub struct Mutant {
    /// Its file's name without ending.
    pub name: String,
    /// What it switches off, in words.
    pub rule: String,
    /// The scene; empty where there is none to choose.
    pub scene: String,
    /// The law's name.
    pub law: String,
    /// Path to its pieces: old text, new text.
    pieces: BTreeMap<String, Vec<(String, String)>>,
}

impl Mutant {
    /// Reads a patch file.
    pub fn read(name: &str, text: &str) -> Self {
        let (head, diff) = text.split_once("\n\n").unwrap_or_else(|| panic!("{name}: no head"));
        let given = |wanted: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(key, _)| *key == wanted).map(|(_, value)| value.to_owned())
        };
        let field = |wanted: &str| given(wanted).unwrap_or_else(|| panic!("{name}: no `{wanted}`"));
        Self {
            name: name.to_owned(),
            rule: field("rule"),
            scene: given("scene").unwrap_or_default(),
            law: field("law"),
            pieces: pieces(diff),
        }
    }

    /// The paths it changes.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.pieces.keys().map(String::as_str)
    }

    /// The file at `path` with the patch applied.
    pub fn apply(&self, path: &str, source: &str) -> String {
        let mut source = source.to_owned();
        for (old, new) in self.pieces.get(path).into_iter().flatten() {
            let count = source.matches(old.as_str()).count();
            assert_eq!(count, 1, "the mutant {} no longer fits {path}: renew the patch\n{old}", self.name);
            source = source.replace(old.as_str(), new);
        }
        source
    }
}

fn pieces(diff: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let mut found: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut path = "";
    for line in diff.lines() {
        if let Some(name) = line.strip_prefix("+++ b/") {
            path = name;
        } else if line.starts_with("@@") {
            found.entry(path.to_owned()).or_default().push(Default::default());
        } else if !line.starts_with("--- a/")
            && let Some((old, new)) = found.get_mut(path).and_then(|pieces| pieces.last_mut())
        {
            let (mark, text) = line.split_at_checked(1).unwrap_or((" ", ""));
            let text = format!("{text}\n");
            if mark != "+" {
                old.push_str(&text);
            }
            if mark != "-" {
                new.push_str(&text);
            }
        }
    }
    found
}

#[test]
fn a_patch_is_applied_where_its_old_text_stands_and_nowhere_else() {
    let text = "rule: r\nscene: s\nlaw: I1\n\n--- a/x.rs\n+++ b/x.rs\n@@ -7,3 +7,3 @@\n a\n-b\n+c\n d\n";
    let mutant = Mutant::read("m", text);
    assert_eq!([&mutant.rule, &mutant.scene, &mutant.law], ["r", "s", "I1"]);
    assert_eq!(mutant.paths().collect::<Vec<_>>(), ["x.rs"]);
    assert_eq!(mutant.apply("x.rs", "0\na\nb\nd\n"), "0\na\nc\nd\n");
    assert_eq!(mutant.apply("y.rs", "a\nb\nd\n"), "a\nb\nd\n");
    let refused = std::panic::catch_unwind(|| mutant.apply("x.rs", "a\nb\ne\n"));
    assert!(refused.is_err(), "a patch that does not fit was applied");
}
