//! `deny`: holds the dependencies against deny.toml.
//!
//! cargo-deny takes minutes to build and its advisory database cannot be fetched everywhere, so
//! the part that must always hold is checked here, from `cargo metadata` and the same deny.toml.
//! Deliberately absent: yanked versions and advisories, which need the network.

mod licence;
mod policy;
mod version;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use serde_json::Value;

use self::policy::Policy;
use crate::{cargo, tree};

const FILE: &str = "deny.toml";

/// Checks every package that can be part of a build for one of the policy's targets.
pub fn run(_options: &[String]) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(tree::root().join(FILE)).with_context(|| format!("reading {FILE}"))?;
    let policy = Policy::read(&text).context(FILE)?;
    let mut packages = BTreeMap::new();
    for target in &policy.targets {
        let metadata = cargo::json(&[
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--all-features",
            "--filter-platform",
            target,
        ])?;
        for package in read_packages(&metadata)? {
            packages.insert(package.id.clone(), package);
        }
    }
    ensure!(
        packages.values().any(|package| !package.is_ours),
        "cargo metadata shows no dependency at all"
    );
    let complaints: Vec<String> = packages.values().flat_map(|package| judge(package, &policy)).collect();
    ensure!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    println!("{} packages keep to {FILE}", packages.len());
    Ok(())
}

/// What the policy asks about one package.
#[derive(Debug, Clone, Default)]
struct Package {
    id: String,
    name: String,
    version: String,
    licence: Option<String>,
    /// `None` for a package that lies in a folder.
    source: Option<String>,
    /// Whether it is a member of this workspace.
    is_ours: bool,
    /// Dependencies asked for with `*`, and not by path.
    wildcards: Vec<String>,
}

fn read_packages(metadata: &Value) -> anyhow::Result<Vec<Package>> {
    let list = |value: &Value, key: &str| -> anyhow::Result<Vec<Value>> {
        value
            .get(key)
            .and_then(Value::as_array)
            .cloned()
            .with_context(|| format!("cargo metadata has no {key}"))
    };
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let resolve = metadata.get("resolve").context("cargo metadata has no resolve")?;
    let built: BTreeSet<String> = list(resolve, "nodes")?.iter().filter_map(|node| text(node, "id")).collect();
    let members = list(metadata, "workspace_members")?;
    let mut packages = Vec::new();
    for package in list(metadata, "packages")? {
        let id = text(&package, "id").context("a package has no id")?;
        if !built.contains(&id) {
            continue;
        }
        let is_wildcard = |dependency: &&Value| text(dependency, "req").as_deref() == Some("*") && text(dependency, "path").is_none();
        packages.push(Package {
            name: text(&package, "name").context("a package has no name")?,
            version: text(&package, "version").context("a package has no version")?,
            licence: text(&package, "license"),
            source: text(&package, "source"),
            is_ours: members.iter().any(|member| member.as_str() == Some(&id)),
            wildcards: list(&package, "dependencies")?
                .iter()
                .filter(is_wildcard)
                .filter_map(|dependency| text(dependency, "name"))
                .collect(),
            id,
        });
    }
    Ok(packages)
}

fn judge(package: &Package, policy: &Policy) -> Vec<String> {
    let Package { name, version, .. } = package;
    let mut found = Vec::new();
    match &package.licence {
        None => found.push(format!("{name} {version}: names no licence")),
        Some(expression) => match licence::is_allowed(expression, &|term| policy.allows_licence(name, term)) {
            Ok(true) => {}
            Ok(false) => found.push(format!("{name} {version}: licence {expression} is not allowed")),
            Err(error) => found.push(format!("{name} {version}: licence {expression}: {error}")),
        },
    }
    match &package.source {
        None if package.is_ours => {}
        None => found.push(format!("{name} {version}: lies in a folder outside this workspace")),
        Some(source) if policy.allows_source(source) => {}
        Some(source) => found.push(format!("{name} {version}: comes from {source}, which is not allowed")),
    }
    for ban in policy.bans.iter().filter(|ban| ban.name == *name) {
        match ban.versions.as_ref().map_or(Ok(true), |versions| versions.contain(version)) {
            Ok(true) => found.push(format!("{name} {version}: banned: {}", ban.reason)),
            Ok(false) => {}
            Err(error) => found.push(format!("{name} {version}: {error:#}")),
        }
    }
    if package.is_ours {
        let wildcards = package.wildcards.iter();
        found.extend(wildcards.map(|other| format!("{name}: asks for any version of {other}")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        [graph]
        targets = ["t"]
        [licenses]
        allow = ["MIT"]
        exceptions = [{ crate = "roots", allow = ["CDLA-Permissive-2.0"] }]
        [sources]
        unknown-registry = "deny"
        unknown-git = "deny"
        allow-registry = ["https://example.com/index"]
        [bans]
        wildcards = "deny"
        deny = [{ crate = "bad", reason = "it is bad" }, { crate = "old:<0.41", reason = "it is old" }]
    "#;

    fn good() -> Package {
        Package {
            name: "good".to_owned(),
            version: "1.0.0".to_owned(),
            licence: Some("MIT OR GPL-3.0-only".to_owned()),
            source: Some("registry+https://example.com/index".to_owned()),
            ..Package::default()
        }
    }

    #[track_caller]
    fn told(package: &Package, expected: &[&str]) {
        assert_eq!(judge(package, &Policy::read(POLICY).unwrap()), expected);
    }

    #[test]
    fn a_package_that_keeps_to_the_policy_passes() {
        told(&good(), &[]);
    }

    #[test]
    fn a_banned_crate_is_told_with_the_reason() {
        told(
            &Package {
                name: "bad".to_owned(),
                ..good()
            },
            &["bad 1.0.0: banned: it is bad"],
        );
    }

    #[test]
    fn a_version_below_the_oldest_is_told_and_the_oldest_passes() {
        let old = |version: &str| Package {
            name: "old".to_owned(),
            version: version.to_owned(),
            ..good()
        };
        told(&old("0.40.9"), &["old 0.40.9: banned: it is old"]);
        told(&old("0.41.0"), &[]);
    }

    #[test]
    fn a_licence_that_is_not_listed_is_told() {
        let licensed = |licence: &str| Package {
            licence: Some(licence.to_owned()),
            ..good()
        };
        told(&licensed("GPL-3.0-only"), &["good 1.0.0: licence GPL-3.0-only is not allowed"]);
        told(
            &licensed("MIT AND CDLA-Permissive-2.0"),
            &["good 1.0.0: licence MIT AND CDLA-Permissive-2.0 is not allowed"],
        );
        told(&Package { licence: None, ..good() }, &["good 1.0.0: names no licence"]);
        told(
            &Package {
                name: "roots".to_owned(),
                ..licensed("CDLA-Permissive-2.0")
            },
            &[],
        );
    }

    #[test]
    fn another_registry_a_repository_and_a_folder_are_told() {
        let from = |source: Option<&str>| Package {
            source: source.map(str::to_owned),
            ..good()
        };
        told(
            &from(Some("git+https://example.com/index")),
            &["good 1.0.0: comes from git+https://example.com/index, which is not allowed"],
        );
        told(
            &from(Some("registry+https://other.example")),
            &["good 1.0.0: comes from registry+https://other.example, which is not allowed"],
        );
        told(&from(None), &["good 1.0.0: lies in a folder outside this workspace"]);
        told(
            &Package {
                is_ours: true,
                ..from(None)
            },
            &[],
        );
    }

    #[test]
    fn our_own_wildcards_are_told() {
        let ours = Package {
            is_ours: true,
            wildcards: vec!["serde".to_owned()],
            ..good()
        };
        told(&ours, &["good: asks for any version of serde"]);
    }

    #[test]
    fn only_packages_of_the_build_are_read() {
        let metadata = serde_json::json!({
            "workspace_members": ["a"],
            "resolve": { "nodes": [{ "id": "a" }] },
            "packages": [
                { "id": "a", "name": "a", "version": "1.0.0", "dependencies": [
                    { "name": "any", "req": "*" }, { "name": "near", "req": "*", "path": "/near" } ] },
                { "id": "b", "name": "b", "version": "1.0.0", "dependencies": [] },
            ],
        });
        let packages = read_packages(&metadata).unwrap();
        assert_eq!(packages.len(), 1);
        assert!(packages[0].is_ours);
        assert_eq!(packages[0].wildcards, ["any"]);
    }
}
