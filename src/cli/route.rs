//! Commands about steering: which supplier gets the next order.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;

use super::arguments::Output;
use super::desk::Signed;
use crate::console::AdminCall;
use crate::console::drafts::DraftAsked;
use crate::console::replay::ReplayAsked;
use crate::console::steering::{ExplainAsked, PublishAsked};
use crate::domain::ids::{ShopId, Sku};

#[derive(Debug, Subcommand)]
pub(super) enum Route {
    /// Show who would get an order now, in which order, and why the others would not.
    Explain {
        /// The product's code.
        sku: String,
        /// Decimal; absent: the product's only face value.
        #[arg(long)]
        face: Option<String>,
        /// As this shop's order.
        #[arg(long)]
        shop: Option<i64>,
        /// Under this document instead of the one in force.
        #[arg(long, value_name = "FILE")]
        draft: Option<PathBuf>,
        #[command(flatten)]
        output: Output,
    },
    /// Show the steering document in force, or an earlier version, as it was written.
    Show {
        /// Its number.
        #[arg(value_name = "VERSION")]
        number: Option<u32>,
        #[command(flatten)]
        output: Output,
    },
    /// List the latest versions: when, by whom, why.
    Versions {
        #[command(flatten)]
        output: Output,
    },
    /// Say what is wrong with a steering document; changes nothing.
    Validate {
        /// TOML; docs/operator-guide.md describes it.
        file: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Keep a steering document in the database as a draft; where a command asks for a file, @NAME means it.
    Draft {
        /// Lower-case letters, digits and hyphens; an earlier draft of this name is replaced.
        name: String,
        /// TOML; it may still be wrong.
        file: PathBuf,
        #[command(flatten)]
        signed: Signed,
        #[command(flatten)]
        output: Output,
    },
    /// List the drafts that are kept.
    Drafts {
        #[command(flatten)]
        output: Output,
    },
    /// Decide the attempts of the last hours again under a draft: what would have moved, what to expect of it.
    Replay {
        /// TOML, or @NAME of a draft; absent: the document in force.
        file: Option<PathBuf>,
        /// Over how many hours up to now.
        #[arg(long, default_value_t = 24)]
        hours: u32,
        #[command(flatten)]
        output: Output,
    },
    /// Put a steering document in force.
    Publish {
        /// TOML, or @NAME of a draft; docs/operator-guide.md describes it.
        file: PathBuf,
        /// The version it was written on: if another is in force, nothing happens.
        #[arg(long, value_name = "VERSION")]
        base: Option<u32>,
        #[command(flatten)]
        signed: Signed,
        #[command(flatten)]
        output: Output,
    },
    /// Put an earlier version's text in force again, as a new version.
    Rollback {
        /// Its number.
        #[arg(value_name = "VERSION")]
        number: u32,
        #[command(flatten)]
        signed: Signed,
        #[command(flatten)]
        output: Output,
    },
}

pub(super) fn asked(command: Route) -> anyhow::Result<(AdminCall, Output)> {
    Ok(match command {
        Route::Explain {
            sku,
            face,
            shop,
            draft,
            output,
        } => {
            let asked = ExplainAsked {
                sku: Sku::from(sku.as_str()),
                face,
                shop: shop.map(ShopId),
                draft: draft.as_deref().map(text).transpose()?,
            };
            (AdminCall::RouteExplain(asked), output)
        }
        Route::Show { number, output } => (AdminCall::RouteShow { version: number }, output),
        Route::Versions { output } => (AdminCall::RouteVersions, output),
        Route::Validate { file, output } => (AdminCall::RouteCheck { text: text(&file)? }, output),
        Route::Draft {
            name,
            file,
            signed,
            output,
        } => {
            let asked = DraftAsked {
                name,
                text: text(&file)?,
                signing: signed.signing(),
            };
            (AdminCall::RouteDraft(asked), output)
        }
        Route::Drafts { output } => (AdminCall::RouteDrafts, output),
        Route::Replay { file, hours, output } => {
            let asked = ReplayAsked {
                text: file.as_deref().map(text).transpose()?,
                hours,
            };
            (AdminCall::RouteReplay(asked), output)
        }
        Route::Publish {
            file,
            base,
            signed,
            output,
        } => {
            let asked = PublishAsked {
                base,
                text: text(&file)?,
                signing: signed.signing(),
            };
            (AdminCall::RoutePublish(asked), output)
        }
        Route::Rollback { number, signed, output } => {
            let signing = signed.signing();
            (AdminCall::RouteRollBack { version: number, signing }, output)
        }
    })
}

/// A file's text; `@NAME` stands for itself.
fn text(file: &Path) -> anyhow::Result<String> {
    if let Some(name) = file.to_str().filter(|name| name.starts_with('@')) {
        return Ok(name.to_owned());
    }
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
