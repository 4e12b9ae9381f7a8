//! The part of deny.toml that is enforced here.
//!
//! A key that this reader does not know is refused: a rule that looks enforced and is not would be
//! worse than none.

use anyhow::{Context, bail, ensure};
use toml::{Table, Value};

use super::version::Range;

/// A key, and the only value it may have, if it is bound to one.
type Key = (&'static str, Option<&'static str>);

/// Keys per section. Those with a value must have exactly it, as no other meaning is implemented.
const KNOWN: &[(&str, &[Key])] = &[
    ("graph", &[("targets", None), ("all-features", None)]),
    ("licenses", &[("allow", None), ("exceptions", None)]),
    (
        "sources",
        &[
            ("unknown-registry", Some("deny")),
            ("unknown-git", Some("deny")),
            ("allow-registry", None),
            ("allow-git", None),
        ],
    ),
    (
        "bans",
        &[
            ("multiple-versions", Some("allow")),
            ("wildcards", Some("deny")),
            ("allow-wildcard-paths", None),
            ("deny", None),
        ],
    ),
    ("advisories", &[("yanked", None), ("ignore", None)]),
];

/// What may be depended on.
#[derive(Debug)]
pub struct Policy {
    /// Target triples we build for.
    pub targets: Vec<String>,
    licences: Vec<String>,
    exceptions: Vec<(String, Vec<String>)>,
    registries: Vec<String>,
    /// Crates, or versions of crates, that may not be used.
    pub bans: Vec<Ban>,
}

/// One crate that may not be used.
#[derive(Debug)]
pub struct Ban {
    /// The crate.
    pub name: String,
    /// Which versions; every one if absent.
    pub versions: Option<Range>,
    /// Why, and what to use instead.
    pub reason: String,
}

impl Policy {
    /// Reads deny.toml.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let file: Table = text.parse()?;
        refuse_unknown(&file)?;
        let section = |name: &str| file.get(name).and_then(Value::as_table).with_context(|| format!("no [{name}]"));
        let sources = section("sources")?;
        if let Some(git) = sources.get("allow-git") {
            ensure!(
                strings(git)?.is_empty(),
                "allow-git: a dependency from a repository is not provided for"
            );
        }
        let policy = Self {
            targets: strings(get(section("graph")?, "targets")?)?,
            licences: strings(get(section("licenses")?, "allow")?)?,
            exceptions: tables(section("licenses")?.get("exceptions"))?
                .map(|row| Ok((string(row, "crate")?, strings(get(row, "allow")?)?)))
                .collect::<anyhow::Result<_>>()?,
            registries: strings(get(sources, "allow-registry")?)?,
            bans: tables(section("bans")?.get("deny"))?
                .map(Ban::read)
                .collect::<anyhow::Result<_>>()?,
        };
        ensure!(!policy.targets.is_empty(), "no targets: nothing would be checked");
        ensure!(!policy.bans.is_empty(), "no bans: the list is gone");
        Ok(policy)
    }

    /// Whether this crate may be used under this licence.
    pub fn allows_licence(&self, name: &str, licence: &str) -> bool {
        let is_listed = |list: &[String]| list.iter().any(|known| known == licence);
        is_listed(&self.licences) || self.exceptions.iter().any(|(known, list)| known == name && is_listed(list))
    }

    /// Whether packages may come from here (as cargo writes it, `registry+https://...`).
    pub fn allows_source(&self, source: &str) -> bool {
        let registry = source.strip_prefix("registry+");
        registry.is_some_and(|url| self.registries.iter().any(|known| known == url))
    }
}

impl Ban {
    fn read(row: &Table) -> anyhow::Result<Self> {
        let spec = string(row, "crate")?;
        let reason = string(row, "reason").with_context(|| format!("the ban of {spec} needs a reason"))?;
        let (name, versions) = match spec.split_once(':') {
            None => (spec.as_str(), None),
            Some((name, range)) => (name, Some(Range::read(range).with_context(|| format!("the ban of {spec}"))?)),
        };
        ensure!(!name.contains('@'), "write {spec} as a name, or a name, a colon and a range");
        Ok(Self {
            name: name.to_owned(),
            versions,
            reason,
        })
    }
}

fn refuse_unknown(file: &Table) -> anyhow::Result<()> {
    for (section, content) in file {
        let Some((_, keys)) = KNOWN.iter().find(|(known, _)| known == section) else {
            bail!("[{section}] is not enforced by `cargo xtask deny`");
        };
        for (key, value) in content.as_table().with_context(|| format!("{section} is not a table"))? {
            match keys.iter().find(|(known, _)| known == key) {
                None => bail!("{section}.{key} is not enforced by `cargo xtask deny`"),
                Some((_, Some(fixed))) if value.as_str() != Some(fixed) => {
                    bail!("{section}.{key} must be \"{fixed}\": nothing else is enforced by `cargo xtask deny`")
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

fn get<'t>(table: &'t Table, key: &str) -> anyhow::Result<&'t Value> {
    table.get(key).with_context(|| format!("no {key}"))
}

fn string(table: &Table, key: &str) -> anyhow::Result<String> {
    Ok(get(table, key)?
        .as_str()
        .with_context(|| format!("{key} is not a text"))?
        .to_owned())
}

fn strings(value: &Value) -> anyhow::Result<Vec<String>> {
    let list = value.as_array().context("not a list")?;
    list.iter()
        .map(|item| Ok(item.as_str().context("not a list of texts")?.to_owned()))
        .collect()
}

fn tables(value: Option<&Value>) -> anyhow::Result<impl Iterator<Item = &Table>> {
    let list = value
        .map_or(Some([].as_slice()), |value| value.as_array().map(Vec::as_slice))
        .context("not a list")?;
    ensure!(list.iter().all(Value::is_table), "not a list of tables");
    Ok(list.iter().filter_map(Value::as_table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_policy_is_read() {
        let text = std::fs::read_to_string(crate::tree::root().join("deny.toml")).unwrap();
        let policy = Policy::read(&text).unwrap();
        assert!(policy.bans.iter().any(|ban| ban.name == "openssl"));
    }

    #[test]
    fn a_rule_that_is_not_enforced_is_refused() {
        for rule in [
            "[bans]\nskip = []",
            "[output]\nfeature-depth = 1",
            "[sources]\nunknown-git = \"warn\"",
        ] {
            let error = Policy::read(rule).unwrap_err().to_string();
            assert!(error.contains("enforced"), "{error}");
        }
    }

    #[test]
    fn a_ban_without_a_reason_is_refused() {
        let row: Table = "crate = \"openssl\"".parse().unwrap();
        assert!(Ban::read(&row).is_err());
    }
}
