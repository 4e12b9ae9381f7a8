//! Who may sign at the desk.
//!
//! Everybody who can reach the admin socket is one user of the machine, so two persons are told apart
//! by tokens of their own. A token is shown once and kept as its hash. The first operator needs nobody;
//! every later one is let in or put out by one who is.

use sha2::{Digest, Sha256};

use super::admin::{AdminContext, away};
use super::asked::{OperatorLine, Signing};
use super::calls::{AdminReply, Once, Trouble};
use super::desk;
use crate::domain::desk::{Deed, DeedKind, Signature};
use crate::store::Command;

const MAX_NAME: usize = 32;
const MAX_REASON: usize = 500;
/// Deeds about operators that are read; far more than a house ever has.
const MOST_DEEDS: u32 = 10_000;

/// One who signs now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) name: String,
    pub(super) since_ms: i64,
    token_sha256: String,
}

pub(super) async fn list(context: &AdminContext) -> Result<AdminReply, Trouble> {
    let operators = all(context).await?.into_iter();
    Ok(AdminReply::Operators {
        operators: operators
            .map(|operator| OperatorLine {
                name: operator.name,
                since_ms: operator.since_ms,
            })
            .collect(),
    })
}

pub(super) async fn add(context: &AdminContext, name: &str, signing: Option<&Signing>) -> Result<AdminReply, Trouble> {
    let is_name = (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !is_name {
        return Err(Trouble::new(
            format!("{name:?} is not a name for an operator"),
            "give 1 to 32 ASCII letters, digits, dots, hyphens or underscores",
        ));
    }
    let known = all(context).await?;
    if known.iter().any(|operator| operator.name == name) {
        return Err(Trouble::new(
            format!("there is an operator {name} already"),
            "remove that one first for a new token; `operator list` shows all",
        ));
    }
    let signed = match signing {
        Some(signing) => signature(context, signing).await?.1,
        None if known.is_empty() => Signature::of(name, "the first operator"),
        None => return Err(unsigned()),
    };
    let mut token = [0_u8; 24];
    context.random.fill(&mut token);
    let token = hex::encode(token);
    let kind = DeedKind::OperatorAdded {
        token_sha256: hash(&token),
    };
    write(context, name, kind, signed).await?;
    Ok(AdminReply::OperatorAdded {
        name: name.to_owned(),
        pass: Once(format!("{name}:{token}")),
    })
}

pub(super) async fn remove(context: &AdminContext, name: &str, signing: &Signing) -> Result<AdminReply, Trouble> {
    let (_, signed) = signature(context, signing).await?;
    let known = all(context).await?;
    if !known.iter().any(|operator| operator.name == name) {
        return Err(Trouble::new(format!("there is no operator {name}"), "`operator list` shows all"));
    }
    if known.len() == 1 {
        return Err(Trouble::new(
            "the last operator cannot be removed: nobody could let anybody in again",
            "add another one first",
        ));
    }
    write(context, name, DeedKind::OperatorRemoved, signed).await?;
    list(context).await
}

/// The operator whose token this is.
pub(super) async fn known(context: &AdminContext, pass: &Once) -> Result<Operator, Trouble> {
    let (name, token) = pass.0.split_once(':').ok_or_else(unsigned)?;
    let token_sha256 = hash(token);
    let mut operators = all(context).await?.into_iter();
    operators
        .find(|operator| operator.name == name && operator.token_sha256 == token_sha256)
        .ok_or_else(unsigned)
}

/// The one who signs, if the token is that operator's, with the reason as a signature.
pub(super) async fn signature(context: &AdminContext, signing: &Signing) -> Result<(Operator, Signature), Trouble> {
    let reason = signing.reason.trim();
    let is_reason = !reason.is_empty() && reason.chars().count() <= MAX_REASON && !reason.chars().any(char::is_control);
    if !is_reason {
        return Err(Trouble::new(
            "a reason is needed",
            "say in one line, at most 500 characters, what you know and from whom; it is kept for ever",
        ));
    }
    let operator = known(context, &signing.pass).await?;
    let signed = Signature::of(&operator.name, reason);
    Ok((operator, signed))
}

fn unsigned() -> Trouble {
    Trouble::new(
        "this needs an operator's signature, and there is none that is valid",
        "set RECHARGE_GATEWAY_OPERATOR to the name:token that `operator add` printed for you",
    )
}

/// Equal texts have equal hashes, and comparing hashes tells nothing of how near a guess was.
fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

async fn write(context: &AdminContext, name: &str, kind: DeedKind, signed: Signature) -> Result<(), Trouble> {
    let deed = Deed {
        subject: Deed::about_operator(name),
        kind,
        signed,
        at_ms: context.clock.now_ms(),
    };
    tracing::warn!(
        operator = name,
        by = deed.signed.by,
        deed = deed.kind.word(),
        "who may sign was changed"
    );
    desk::written(context.store.commit(Command::Deed(deed)).await).map(|_| ())
}

/// Everybody who may sign, by name.
async fn all(context: &AdminContext) -> Result<Vec<Operator>, Trouble> {
    let deeds = context.store.deeds("operator:".to_owned(), MOST_DEEDS).await.map_err(away)?;
    let mut seen: Vec<String> = Vec::new();
    let mut operators = Vec::new();
    for deed in deeds {
        let Some(name) = deed.subject.strip_prefix("operator:").map(str::to_owned) else {
            continue;
        };
        if seen.contains(&name) {
            continue;
        }
        if let DeedKind::OperatorAdded { token_sha256 } = deed.kind {
            operators.push(Operator {
                name: name.clone(),
                since_ms: deed.at_ms,
                token_sha256,
            });
        }
        seen.push(name);
    }
    operators.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(operators)
}
