//! The repository as files: where it is, and what is in it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// The repository's root folder.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// A file: path relative to the root with `/` between the parts, and its text.
pub type File = (String, String);

/// All files below `folder` (relative to the root, empty for everything) with this ending, sorted
/// by path. Hidden folders and build output are left out; an absent folder has no files.
pub fn files(folder: &str, ending: &str) -> anyhow::Result<Vec<File>> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !name.starts_with('.') && name != "target" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|found| found == ending) {
                let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
                let inside = path.strip_prefix(&root).unwrap_or(&path);
                found.push((inside.to_string_lossy().replace('\\', "/"), text));
            }
        }
    }
    found.sort();
    Ok(found)
}
