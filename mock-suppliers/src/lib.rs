//! Mock suppliers: three recharge suppliers to test a gateway against.
//!
//! Each speaks its wire format strictly (a wrong signature is refused), fails in scripted ways, and keeps a *book*:
//! what was really charged under which id, written before any answer leaves. The book is the judge of the gateway's
//! tests, so nothing here is shared with the gateway and nothing of the gateway is imported.
//!
//! One [`MockSupplier`] is one listener with one wire format. It also answers an admin address on the same listener:
//! `GET /_mock/book`, `GET /_mock/requests`, `GET /_mock/notifications`, `POST /_mock/script` and
//! `POST /_mock/balance`, all JSON and without credentials: never expose one to a network.
//!
//! Deliberately absent: TLS, product catalogues, and any promise of speed.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::todo,
        clippy::as_conversions,
        clippy::float_arithmetic,
        clippy::wildcard_enum_match_arm
    )
)]

mod admin;
mod book;
mod book_file;
mod clock;
mod config;
mod dice;
mod fault;
mod http;
mod ledger;
mod money;
mod notify;
mod order;
mod script;
mod seen;
mod serve;
mod supplier;
mod wire;

pub use book::{Charge, Settled, Turn};
pub use book_file::read_book;
pub use config::{Costs, Credentials, Dedupe, Listing, MockConfig, Wire};
pub use fault::Fault;
pub use notify::SentNotification;
pub use seen::{Operation, SeenRequest};
pub use supplier::MockSupplier;
