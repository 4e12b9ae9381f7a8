//! Plants the simulation's mutants into a copy of the sources: each patch of `tests/sim/mutants` with a
//! switch of its own, all into one copy, so that thirty mutants cost one build. In a patch `PLANTED`
//! stands for the switch; the environment names the one that is on.
//!
//! The copy is a workspace of its own under the build folder; what did not change is not written again,
//! so it is built again only as far as it must be. Its packages have another version: cargo names what
//! it builds after name, version and the place within the workspace, and two packages that share all
//! three overwrite each other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::{cargo, tree};

#[path = "../../../tests/model/tests/mutants/patch.rs"]
#[expect(clippy::panic, reason = "a patch that does not fit stops the chore, and says so")]
#[cfg_attr(not(test), expect(dead_code, reason = "scenes are the model's"))]
mod patch;

pub use patch::Mutant;

/// What the copy is made of.
const FOLDERS: &[&str] = &[
    "benches",
    "data",
    "migrations",
    "mock-suppliers",
    "src",
    "tests/drill",
    "tests/fuzz",
    "tests/model",
    "tests/sim",
    "xtask",
];
const FILES: &[&str] = &["Cargo.lock", "Cargo.toml", "adapters.toml", "gateway.toml", "rust-toolchain.toml"];

/// The packages of the workspace.
const PACKAGES: &[&str] = &["drill", "fuzz", "mock-suppliers", "model", "recharge-gateway", "sim", "xtask"];

/// The switch, as it stands in the copy.
const SWITCH: &str = "//! Which mutant is switched on.

/// Whether it is this one.
#[must_use]
pub fn is(name: &str) -> bool {
    static ON: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    ON.get_or_init(|| std::env::var(\"PLANTED\").ok()).as_deref() == Some(name)
}
";

/// All mutants, by name.
pub fn mutants() -> anyhow::Result<Vec<Mutant>> {
    let folder = tree::root().join("tests/sim/mutants");
    let mut found = Vec::new();
    for path in files(&folder)? {
        let name = path.file_stem().context("a patch without a name")?.to_string_lossy().into_owned();
        found.push(Mutant::read(&name, &fs::read_to_string(&path)?));
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    ensure!(found.len() >= 20, "mutants have gone: {} are left", found.len());
    Ok(found)
}

/// Writes the copy and builds it.
pub fn grow(mutants: &[Mutant]) -> anyhow::Result<()> {
    let root = tree::root();
    let target = super::target()?;
    let copy = target.join("planted");
    let mut sources: Vec<PathBuf> = FILES.iter().map(|name| root.join(name)).collect();
    for folder in FOLDERS {
        sources.extend(files(&root.join(folder))?);
    }
    let mut kept = BTreeSet::new();
    let mut unused: BTreeSet<&str> = mutants.iter().flat_map(Mutant::paths).collect();
    for source in sources {
        let inside = source.strip_prefix(&root)?.to_string_lossy().replace('\\', "/");
        let there = copy.join(&inside);
        let bytes = match inside.as_str() {
            "Cargo.toml" | "Cargo.lock" => renamed(&fs::read_to_string(&source)?).into_bytes(),
            "src/lib.rs" => (fs::read_to_string(&source)? + "pub mod planted;\n").into_bytes(),
            "tests/sim/Cargo.toml" => fs::read_to_string(&source)?
                .replace("name = \"sim\"\npath", "name = \"sim-planted\"\npath")
                .into_bytes(),
            _ if unused.remove(inside.as_str()) => planted(mutants, &inside, fs::read_to_string(&source)?).into_bytes(),
            _ => fs::read(&source)?,
        };
        write(&there, &bytes)?;
        kept.insert(there);
    }
    ensure!(unused.is_empty(), "mutants of files that are not there: {unused:?}");
    let switch = copy.join("src/planted.rs");
    write(&switch, SWITCH.as_bytes())?;
    kept.insert(switch);
    for folder in FOLDERS {
        for stale in files(&copy.join(folder))?.into_iter().filter(|path| !kept.contains(path)) {
            fs::remove_file(stale)?;
        }
    }
    let manifest = copy.join("Cargo.toml").display().to_string();
    let target = target.display().to_string();
    cargo::run(&[
        "build",
        "--locked",
        "--profile",
        "proof",
        "--package",
        "sim",
        "--manifest-path",
        &manifest,
        "--target-dir",
        &target,
    ])
}

/// A manifest or lock file in which the packages of the workspace have a version of their own.
fn renamed(text: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut text = text.replace(
        &format!("[workspace.package]\nversion = \"{version}\""),
        &format!("[workspace.package]\nversion = \"{version}-planted\""),
    );
    for name in PACKAGES {
        let head = format!("name = \"{name}\"\nversion = \"{version}");
        text = text.replace(&format!("{head}\""), &format!("{head}-planted\""));
    }
    text
}

/// The file with every patch of it, each behind its switch.
fn planted(mutants: &[Mutant], path: &str, source: String) -> String {
    mutants.iter().fold(source, |source, mutant| {
        let switch = format!("crate::planted::is(\"{}\")", mutant.name);
        mutant.apply(path, &source).replace("PLANTED", &switch)
    })
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if fs::read(path).is_ok_and(|before| before == bytes) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().context("a file without a folder")?)?;
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

/// All files below a folder, sorted; an absent one has none.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
