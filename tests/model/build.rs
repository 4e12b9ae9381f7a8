//! Plants the mutants of our code: for each patch in `mutants/` a copy of what decides (`decide` and
//! `evolve` of src/domain), patched, in this package's build folder. The rest of the domain is shared
//! with the shipped one, so that twenty mutants cost little more than one. The shipped source is
//! never touched, and no switch stands in it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a build that cannot go on should stop where it stands"
)]
#![expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts this way")]

#[path = "tests/mutants/patch.rs"]
mod patch;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use patch::Mutant;

/// What a mutant may change.
const DECIDES: [&str; 2] = ["src/domain/decide/", "src/domain/evolve.rs"];

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.join("../..");
    let out = PathBuf::from(std::env::var("OUT_DIR").unwrap());
    println!("cargo::rerun-if-changed=mutants");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=tests/mutants/patch.rs");
    println!("cargo::rerun-if-changed=../../src/domain");

    let sources = sources(&root);
    let mut modules = String::new();
    let mut list = String::new();
    let mutants = mutants(&here.join("mutants"));
    assert!(mutants.len() >= 19, "mutants have gone: {} are left", mutants.len());
    for (number, mutant) in (1..).zip(mutants) {
        for path in mutant.paths() {
            assert!(
                sources.iter().any(|(known, _)| known == path),
                "{}: {path} is not among {DECIDES:?}",
                mutant.name
            );
        }
        for (path, source) in &sources {
            let there = out.join(&mutant.name).join(path);
            fs::create_dir_all(there.parent().unwrap()).unwrap();
            fs::write(there, mutant.apply(path, source)).unwrap();
        }
        // Their own tests are not what is looked at here.
        fs::write(out.join(&mutant.name).join("src/domain/decide/tests.rs"), "").unwrap();
        let at = |path: &str| out.join(&mutant.name).join(path).display().to_string();
        let asking = here.join("src/asking.rs").display().to_string();
        let Mutant {
            name, rule, scene, law, ..
        } = &mutant;
        let _ = write!(
            modules,
            "#[allow(warnings, reason = \"wrong on purpose, and no business of the lints\")]\nmod m{number} {{\n    pub use model::domain::*;\n    pub use model::told;\n    \
             #[path = {:?}]\n    pub mod decide;\n    #[path = {:?}]\n    pub mod evolve;\n    #[path = {asking:?}]\n    pub mod asking;\n}}\n",
            at("src/domain/decide/mod.rs"),
            at("src/domain/evolve.rs"),
        );
        let _ = writeln!(list, "    ({name:?}, {rule:?}, {scene:?}, {law:?}, m{number}::asking::GATEWAY),");
    }
    let table = format!("pub const MUTANTS: &[(&str, &str, &str, &str, model::told::Gateway)] = &[\n{list}];\n");
    fs::write(out.join("mutants.rs"), modules + &table).unwrap();
}

fn mutants(folder: &Path) -> Vec<Mutant> {
    let mut found: Vec<Mutant> = files(folder)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "patch"))
        .map(|path| Mutant::read(&path.file_stem().unwrap().to_string_lossy(), &fs::read_to_string(&path).unwrap()))
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Path from the root, and text, of every file that decides; tests of its own left out.
fn sources(root: &Path) -> Vec<(String, String)> {
    let paths = files(&root.join("src/domain")).into_iter().map(|file| {
        let path = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        (path, fs::read_to_string(&file).unwrap())
    });
    paths
        .filter(|(path, _)| DECIDES.iter().any(|place| path.starts_with(place)) && !path.contains("/tests"))
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
