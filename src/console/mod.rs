//! What operators ask of the gateway, whichever way they come: the admin socket of a running server,
//! `/admin/v1`, or the same calls in the command's own process when no server runs.
//!
//! A call and its reply are plain data (`calls`), `perform` is the only place where one becomes the
//! other, and the ways to it (`socket`, `http`, the command line) add nothing of their own.
//!
//! Invariants: no reply holds a full recipient, a card secret or the body of an answer; a shop's
//! secrets and an operator's token are in exactly one reply, the one that made them; what moves money
//! is signed by two persons (`desk`). Deliberately absent: moving an order. Only dispatch does that.

mod admin;
mod ask;
mod asked;
mod books;
mod callbacks;
mod calls;
mod cases;
mod chosen;
mod desk;
mod dossier;
pub mod drafts;
mod files;
mod http;
mod import;
mod lines;
mod money;
mod operators;
mod recovery;
pub mod replay;
mod shops;
mod socket;
mod statements;
pub mod steering;
mod suppliers;
mod words;

#[cfg(test)]
mod desk_tests;
#[cfg(test)]
mod money_tests;
#[cfg(test)]
mod socket_tests;
#[cfg(test)]
pub(crate) mod stage;
#[cfg(test)]
mod steering_tests;
#[cfg(test)]
mod tests;

pub use admin::{AdminContext, Links, Running, perform};
pub use ask::{AskError, ask};
pub use asked::{
    CaseFile, CaseFinding, ChargeAsked, DeedLine, DeskReply, DeskStanding, FindingWord, OperatorLine, RefundAsked, Signing, SupplierWord,
};
pub use calls::{AdminCall, AdminReply, NewShop, Once, OrderKey, ShopLine, Trouble};
pub use files::{CatalogFile, FileFormat, ImportReport, Problem};
pub use http::serve_admin;
pub use import::text_of;
pub use lines::{AttemptLine, CallbackLine, CaseLine, Dossier, EventLine, EvidenceLine, InputLine, LedgerLine, TransmissionLine};
pub use socket::{AdminSocket, BindError};
pub use statements::{DifferenceLine, StatementAsked, StatementReport};
pub use suppliers::{SupplierCheck, SupplierLine};
