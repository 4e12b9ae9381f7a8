//! The key that seals secrets, recipients and evidence at rest: 32 bytes, as hex or base64.
//!
//! Taken from the variable or file that the configuration names; without either, from a file beside
//! the database, which is made on the first run. It is never made for a database that exists: what
//! was sealed with a lost key stays sealed, and a new key would only hide that.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretBox, SecretString};

use super::environment::secret_from_env;
use super::settings::Config;

/// 32 bytes that open everything sealed in the database.
pub struct SealKey(SecretBox<[u8; 32]>);

impl SealKey {
    /// The bytes, for the store alone.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }

    /// Reads 64 hex digits or 44 characters of base64.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = hex::decode(text).ok().or_else(|| STANDARD.decode(text).ok())?;
        let key: [u8; 32] = bytes.try_into().ok()?;
        Some(Self(SecretBox::new(Box::new(key))))
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(hidden)")
    }
}

/// Why there is no seal key.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum SealKeyError {
    /// The named variable is not there.
    #[error("the environment variable {0}, named by [store] seal_key_env, is not set")]
    #[diagnostic(help("set it to 32 random bytes as hex or base64; `openssl rand -hex 32` makes such a key"))]
    Unset(String),
    /// What was found is not a key.
    #[error("{0} does not hold a seal key")]
    #[diagnostic(help("a seal key is 32 bytes, written as 64 hex digits or 44 characters of base64; nothing was changed"))]
    Form(String),
    /// Others could read the key.
    #[error("{} can be read by everybody on this machine", .0.display())]
    #[diagnostic(help("chmod 600 the file; if others may have read it, treat recipients and secrets in the database as known"))]
    Open(PathBuf),
    /// A database without its key.
    #[error("the database {} exists, but its key {} does not", .database.display(), .key.display())]
    #[diagnostic(help("restore the key from the backup; it belongs with the database, and without it nothing sealed can be read"))]
    Lost {
        /// The database.
        database: PathBuf,
        /// Where its key should be.
        key: PathBuf,
    },
    /// The file could not be read or made.
    #[error("the seal key {} cannot be {doing}: {error}", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// `read` or `made`.
        doing: &'static str,
        /// What the system said.
        error: std::io::Error,
    },
}

impl Config {
    /// The seal key; on the first run it is made from `random` and kept beside the database.
    ///
    /// # Errors
    /// Why there is none, and what to do.
    pub fn seal_key(&self, random: impl FnOnce(&mut [u8])) -> Result<SealKey, SealKeyError> {
        if let Some(name) = &self.store.seal_key_env {
            let secret = secret_from_env(name).ok_or_else(|| SealKeyError::Unset(name.clone()))?;
            return SealKey::parse(secret.expose_secret()).ok_or_else(|| SealKeyError::Form(format!("the environment variable {name}")));
        }
        if let Some(file) = &self.store.seal_key_file {
            return read(file);
        }
        let file = self.beside_the_database("key");
        match read(&file) {
            Err(SealKeyError::File { error, .. }) if error.kind() == ErrorKind::NotFound => {
                if self.store.path.exists() {
                    return Err(SealKeyError::Lost {
                        database: self.store.path.clone(),
                        key: file,
                    });
                }
                make(&file, random)
            }
            found => found,
        }
    }
}

fn read(path: &Path) -> Result<SealKey, SealKeyError> {
    let failed = |error| SealKeyError::File {
        path: path.to_owned(),
        doing: "read",
        error,
    };
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode();
    if mode & 0o007 != 0 {
        return Err(SealKeyError::Open(path.to_owned()));
    }
    let mut text = String::new();
    file.take(1_024).read_to_string(&mut text).map_err(failed)?;
    let text = SecretString::from(text);
    SealKey::parse(text.expose_secret()).ok_or_else(|| SealKeyError::Form(path.display().to_string()))
}

/// On disk before it is used: a database sealed with a key that a power cut took is lost.
fn make(path: &Path, random: impl FnOnce(&mut [u8])) -> Result<SealKey, SealKeyError> {
    let failed = |error| SealKeyError::File {
        path: path.to_owned(),
        doing: "made",
        error,
    };
    let mut key = [0_u8; 32];
    random(&mut key);
    let text = SecretString::from(hex::encode(key));
    // Written beside and linked into place, so that a crash leaves a whole key or none.
    let draft = path.with_extension("key.new");
    let _ = std::fs::remove_file(&draft);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .map_err(failed)?;
    file.write_all(text.expose_secret().as_bytes()).map_err(failed)?;
    file.write_all(b"\n").map_err(failed)?;
    file.sync_all().map_err(failed)?;
    std::fs::hard_link(&draft, path).map_err(failed)?;
    std::fs::remove_file(&draft).map_err(failed)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(SealKey(SecretBox::new(Box::new(key))))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn config_in(folder: &Path) -> Config {
        let mut config = Config::default();
        config.store.path = folder.join("g.db");
        config
    }

    #[test]
    fn the_first_run_makes_a_key_only_its_owner_can_read_and_later_runs_use_it() {
        let folder = tempfile::tempdir().unwrap();
        let config = config_in(folder.path());
        let made = config.seal_key(|bytes| bytes.fill(7)).unwrap();
        let mode = std::fs::metadata(folder.path().join("g.db.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
        std::fs::write(&config.store.path, "").unwrap();
        let again = config.seal_key(|_| panic!("a key exists")).unwrap();
        assert_eq!(again.expose(), made.expose());
        assert_eq!(again.expose(), &[7; 32]);
        assert_eq!(format!("{again:?}"), "SealKey(hidden)");
    }

    #[test]
    fn no_key_is_made_for_a_database_that_has_lost_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let config = config_in(folder.path());
        std::fs::write(&config.store.path, "sealed things").unwrap();
        let error = config.seal_key(|bytes| bytes.fill(7)).unwrap_err();
        assert!(matches!(error, SealKeyError::Lost { .. }), "{error}");
        assert!(!folder.path().join("g.db.key").exists());
    }

    #[test]
    fn a_key_may_be_hex_or_base64_and_nothing_else() {
        let bytes: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
        for text in [
            hex::encode(bytes),
            hex::encode_upper(bytes),
            format!("  {}\n", STANDARD.encode(bytes)),
        ] {
            assert_eq!(SealKey::parse(&text).unwrap().expose(), &bytes);
        }
        for text in ["", "00", &hex::encode([0; 31]), &hex::encode([0; 33]), "not a key at all"] {
            assert!(SealKey::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn a_key_file_that_everybody_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config_in(folder.path());
        let file = folder.path().join("seal.key");
        std::fs::write(&file, hex::encode([1; 32])).unwrap();
        config.store.seal_key_file = Some(file.clone());
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(config.seal_key(|_| ()), Err(SealKeyError::Open(_))));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o440)).unwrap();
        assert_eq!(config.seal_key(|_| ()).unwrap().expose(), &[1; 32]);
    }
}
