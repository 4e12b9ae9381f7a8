//! The environment: overrides of settings, and secrets by name. Nothing else in the house reads it.

use secrecy::SecretString;

use super::complaint::{Complaint, ConfigError};

/// What the name of every override begins with; the section and the key follow, each after `__`.
pub const PREFIX: &str = "RECHARGE_GATEWAY__";

/// The overrides of this process (name, value), sorted by name.
///
/// # Errors
/// When a name or value is not UTF-8.
pub fn overrides() -> Result<Vec<(String, String)>, ConfigError> {
    let mut found = Vec::new();
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
            continue;
        };
        let value = value
            .into_string()
            .map_err(|_| ConfigError::of(vec![Complaint::bare(format!("the environment variable {name} is not UTF-8 text"))]))?;
        found.push((name.to_owned(), value));
    }
    found.sort();
    Ok(found)
}

/// The secret in an environment variable; `None` when it is absent, empty or not UTF-8.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place where secrets are looked up in the environment"
)]
pub fn secret_from_env(name: &str) -> Option<SecretString> {
    std::env::var(name).ok().filter(|secret| !secret.is_empty()).map(SecretString::from)
}
