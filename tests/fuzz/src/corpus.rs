//! Where good inputs come from: files kept in `corpus/`, and the samples by which dialects prove themselves.

use std::fs;
use std::path::{Path, PathBuf};

use encoding_rs::GBK;
use toml::{Table, Value};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file of this repository.
#[must_use]
pub fn file(path: &str) -> Vec<u8> {
    fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files kept for a reader, by name.
#[must_use]
pub fn kept(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let files: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(!files.is_empty(), "nothing is kept in {}", folder.display());
    files
}

/// A dialect that ships: its name, its text, and its samples.
pub struct Dialect {
    /// Its name.
    pub name: String,
    /// The file as it is.
    pub text: String,
    table: Table,
}

/// The dialects that ship, by name.
#[must_use]
pub fn dialects() -> Vec<Dialect> {
    let folder = root().join("src/adapters/dialects");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let all: Vec<Dialect> = paths.iter().map(|path| Dialect::of(path)).collect();
    assert!(all.len() >= 3, "dialects have gone");
    all
}

impl Dialect {
    fn of(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        Self {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            table: text.parse().unwrap(),
            text,
        }
    }

    /// Whether it answers an operation in JSON.
    #[must_use]
    pub fn is_json(&self, operation: &str) -> bool {
        self.table[operation]["reply"].as_str() == Some("json")
    }

    /// The replies of an operation's samples, as bytes on the wire, about the attempt `number`.
    #[must_use]
    pub fn replies(&self, operation: &str, number: &str) -> Vec<Vec<u8>> {
        let own = self.table["sample"]["attempt_id"].as_str().unwrap();
        let mut all: Vec<Vec<u8>> = self
            .samples(operation, "reply")
            .map(|text| self.wire(&text.replace(own, number)))
            .collect();
        all.extend(self.samples(operation, "reply_hex").map(|digits| hex::decode(digits).unwrap()));
        let is_there = self.table.contains_key(operation);
        assert_eq!(!all.is_empty(), is_there, "{} has no sample of {operation}", self.name);
        all
    }

    /// The notifications among its samples, signed by the sample's secrets.
    #[must_use]
    pub fn notifications(&self) -> Vec<Vec<u8>> {
        self.samples("notification", "message").map(|text| self.wire(text)).collect()
    }

    /// The account of its samples, as a table in one line.
    #[must_use]
    pub fn account(&self) -> String {
        self.table["sample"]["cfg"].to_string()
    }

    /// The secrets of its samples: key and value.
    #[must_use]
    pub fn secrets(&self) -> Vec<(String, String)> {
        let secrets = self.table["sample"]["secrets"].as_table().unwrap();
        secrets
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
            .collect()
    }

    fn samples<'a>(&'a self, operation: &str, key: &'a str) -> impl Iterator<Item = &'a str> {
        let samples = self.table.get(operation).and_then(|table| table.get("sample"));
        let samples = samples.and_then(Value::as_array).into_iter().flatten();
        samples.filter_map(move |sample| sample.get(key)?.as_str())
    }

    fn wire(&self, text: &str) -> Vec<u8> {
        let is_gbk = self.table.get("charset").and_then(Value::as_str) == Some("gbk");
        if is_gbk {
            GBK.encode(text).0.into_owned()
        } else {
            text.as_bytes().to_vec()
        }
    }
}
