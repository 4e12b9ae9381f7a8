//! Drafts of the steering document: kept in the database until they are published or forgotten.
//!
//! Wherever the text of a document is asked for, `@NAME` means the draft of that name.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::admin::{AdminContext, away};
use super::asked::{DeskStanding, Signing};
use super::calls::{AdminReply, Trouble};
use super::desk::{reply, running, written};
use super::{operators, words};
use crate::dispatch::steering::MAX_BYTES;
use crate::domain::desk::{Deed, DeedKind};
use crate::store::Command;

/// Writings of drafts that are looked through.
const MAX_DEEDS: u32 = 500;
/// Longest name, in bytes.
const MAX_NAME: usize = 32;

/// A draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftLine {
    /// Its name.
    pub name: String,
    /// When it was written last, UTC milliseconds.
    pub at_ms: i64,
    /// By whom, and why.
    pub signed: String,
    /// What is wrong with it now, in number; absent where no server runs that could tell.
    pub flaws: Option<usize>,
}

/// A draft to be kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DraftAsked {
    /// Its name; an earlier one of this name is replaced.
    pub name: String,
    /// All of it, TOML; it may still be wrong.
    pub text: String,
    /// Who says so, and why.
    pub signing: Signing,
}

pub(super) async fn keep(context: &AdminContext, asked: DraftAsked) -> Result<AdminReply, Trouble> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if asked.name.is_empty() || asked.name.len() > MAX_NAME || !asked.name.chars().all(is_name) {
        let remedy = format!("give a name of 1 to {MAX_NAME} lower-case letters, digits and hyphens");
        return Err(Trouble::new("name: this is not a draft's name", remedy));
    }
    if asked.text.len() > MAX_BYTES {
        let message = format!("text: it is longer than {MAX_BYTES} bytes");
        return Err(Trouble::new(message, "leave out what has its default"));
    }
    let (_, signed) = operators::signature(context, &asked.signing).await?;
    let text = text(context, asked.text).await?;
    let flaws = context.running.as_ref().map(|running| running.check_steering(&text).len());
    let subject = subject(&asked.name);
    let deed = Deed {
        subject: subject.clone(),
        kind: DeedKind::SteeringDrafted {
            draft: asked.name.clone(),
            text,
        },
        signed,
        at_ms: context.clock.now_ms(),
    };
    written(context.store.commit(Command::Deed(deed)).await)?;
    let state = match flaws {
        Some(0) => "; nothing is wrong with it".to_owned(),
        Some(flaws) => format!("; {flaws} to correct: `route validate @{}` tells", asked.name),
        None => String::new(),
    };
    Ok(reply(&subject, DeskStanding::Done, format!("@{} is kept{state}", asked.name)))
}

pub(super) async fn list(context: &AdminContext) -> Result<AdminReply, Trouble> {
    let mut seen = BTreeSet::new();
    let mut drafts = Vec::new();
    for deed in deeds(context).await? {
        let DeedKind::SteeringDrafted { draft, text } = deed.kind else {
            continue;
        };
        if seen.insert(draft.clone()) {
            drafts.push(DraftLine {
                name: draft,
                at_ms: deed.at_ms,
                signed: words::signed(&deed.signed),
                flaws: running(context).ok().map(|running| running.check_steering(&text).len()),
            });
        }
    }
    Ok(AdminReply::SteeringDrafts { drafts })
}

/// A document's text: what is written, or the draft that `@NAME` means.
pub(super) async fn text(context: &AdminContext, written: String) -> Result<String, Trouble> {
    let Some(name) = written.trim().strip_prefix('@') else {
        return Ok(written);
    };
    for deed in deeds(context).await? {
        if let DeedKind::SteeringDrafted { draft, text } = deed.kind
            && draft == name
        {
            return Ok(text);
        }
    }
    let message = format!("there is no draft @{}", name.chars().take(MAX_NAME).collect::<String>());
    Err(Trouble::new(message, "`route drafts` lists them"))
}

async fn deeds(context: &AdminContext) -> Result<Vec<Deed>, Trouble> {
    let deeds = context.store.deeds(Deed::ABOUT_DRAFTS.to_owned(), MAX_DEEDS).await;
    deeds.map_err(away)
}

fn subject(name: &str) -> String {
    format!("{}{name}", Deed::ABOUT_DRAFTS)
}
