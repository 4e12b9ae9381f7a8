//! What went wrong, for the person at the terminal.

use std::path::PathBuf;

use crate::adapters::LoadError;
use crate::config::{ConfigError, SealKeyError};
use crate::console::{AskError, Trouble};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The settings are refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The running server could not be asked.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The gateway could not be put together.
    #[error(transparent)]
    House(#[from] anyhow::Error),
    /// A file that was named cannot be read.
    #[error("{} cannot be read: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The call was refused.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// The command did its work and what it found is no good: a result like any other, for standard output.
    #[error("{0}")]
    Found(String),
    /// Told already, place by place.
    #[error("{0}")]
    Told(String),
}

impl Failure {
    /// All that is to be said, ready for standard error.
    pub(super) fn explained(self) -> String {
        match self {
            Self::Config(error) => format!("{:?}", miette::Report::new(error)),
            Self::House(error) => assembled(error),
            Self::Trouble(trouble) => format!("error: {}\n  {}", trouble.message, trouble.remedy),
            Self::Told(text) | Self::Found(text) => text,
            Self::Ask(error) => format!("error: {error}"),
            Self::File { .. } => format!("error: {self}"),
        }
    }
}

/// Diagnostics keep their underlines when they come through the assembly.
fn assembled(error: anyhow::Error) -> String {
    let error = match error.downcast::<ConfigError>() {
        Ok(refused) => return format!("{:?}", miette::Report::new(refused)),
        Err(error) => error,
    };
    let error = match error.downcast::<LoadError>() {
        Ok(refused) => return format!("{:?}", miette::Report::new(refused)),
        Err(error) => error,
    };
    match error.downcast::<SealKeyError>() {
        Ok(no_key) => format!("{:?}", miette::Report::new(no_key)),
        Err(error) => format!("error: {error:#}"),
    }
}
