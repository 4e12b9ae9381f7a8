//! `gateway.toml` and the environment, read once into plain data.
//!
//! Every key has a default, so an empty folder is a working gateway. What is set counts in this
//! order: default, file, environment (`RECHARGE_GATEWAY__SECTION__KEY`). Whatever is not understood
//! refuses the whole configuration, underlined, with the nearest key that exists; a setting that is
//! silently ignored would be found out when it matters.
//!
//! Invariants: no secret stands in `Config`, only the names of places where secrets are; the words
//! about each key live in `gateway.toml` alone, from where errors quote them. This is the only room
//! that reads the environment.

mod bounds;
mod complaint;
mod environment;
mod keys;
mod layer;
mod manual;
mod nearest;
mod seal_key;
mod settings;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

pub use complaint::{Complaint, ConfigError};
pub use environment::{PREFIX, overrides, secret_from_env};
pub use manual::EXAMPLE;
pub use nearest::nearest;
pub use seal_key::{SealKey, SealKeyError};
pub use settings::{Admin, Callbacks, Config, Log, LogFormat, Server, Store, Suppliers};

use layer::{Layer, Sources};

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "gateway.toml";

impl Config {
    /// Reads the configuration: `named`, or `gateway.toml` if it is there, under this process's
    /// environment.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn load(named: Option<&Path>) -> Result<Self, ConfigError> {
        let text = match (named, std::fs::read(named.unwrap_or(Path::new(DEFAULT_FILE)))) {
            (_, Ok(bytes)) => bytes,
            (None, Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            (_, Err(error)) => return Err(ConfigError::unreadable(named.unwrap_or(Path::new(DEFAULT_FILE)), &error)),
        };
        let name = named.unwrap_or(Path::new(DEFAULT_FILE)).display().to_string();
        let text = String::from_utf8(text).map_err(|error| ConfigError::not_utf8(&name, error.utf8_error().valid_up_to()))?;
        Self::read(&name, &text, &overrides()?)
    }

    /// The configuration that a file's text and environment variables (name, value) make together.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn read(file_name: &str, text: &str, environment: &[(String, String)]) -> Result<Self, ConfigError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let file = Arc::new(layer::Source::new(file_name, text));
        let mut complaints = Vec::new();
        let mut sources = Sources::default();
        sources.add(Layer::of_file(&file, &mut complaints));
        sources.add(Layer::of_environment(environment, &mut complaints));
        let config = sources.settings();
        if complaints.is_empty() {
            complaints = bounds::complaints(&config, &sources);
        }
        if complaints.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError::of(complaints))
        }
    }

    /// What works but should not stay so on a server; to be logged at every start.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.callbacks.allow_loopback {
            let harm = "shops can make this gateway call services that listen for this machine alone; for development only";
            warnings.push(format!("[callbacks] allow_loopback is on: {harm}"));
        }
        if self.public_url().starts_with("http://") && !self.server.listen.ip().is_loopback() {
            let harm = "suppliers' notifications would travel unencrypted; give the https:// address of the proxy in front";
            warnings.push(format!("[server] public_url is {}: {harm}", self.public_url()));
        }
        warnings
    }

    /// What is in force, as the text of a `gateway.toml`, warnings as comments before it; it holds
    /// no secret.
    #[must_use]
    pub fn effective(&self) -> String {
        let mut shown = self.clone();
        shown.admin.socket = Some(self.socket_path());
        shown.server.public_url = Some(self.public_url());
        let warnings: String = self.warnings().iter().map(|warning| format!("# warning: {warning}\n")).collect();
        format!("{warnings}{}", toml::to_string(&shown).unwrap_or_default())
    }
}
