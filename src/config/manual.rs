//! What each key means, taken from the commented example, so that documentation and error texts are
//! the same words.

/// The commented example: every key with its unit and its default.
pub const EXAMPLE: &str = include_str!("../../gateway.toml");

/// The words about a key: the comment above it and the line that sets it; empty if there are none.
pub(super) fn help(section: &str, key: &str) -> String {
    let mut current = "";
    let mut words: Vec<&str> = Vec::new();
    for line in EXAMPLE.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            current = name;
            words.clear();
        } else if let Some(comment) = line.strip_prefix("# ") {
            words.push(comment);
        } else if let Some(setting) = line.strip_prefix('#').filter(|_| current == section && sets(line, key)) {
            words.push(setting);
            return words.join("\n");
        } else {
            words.clear();
        }
    }
    String::new()
}

/// Whether this line of the example is `#key = …`.
fn sets(line: &str, key: &str) -> bool {
    let name = line.strip_prefix('#').and_then(|setting| setting.split_once(" = "));
    name.is_some_and(|(name, _)| name == key)
}
