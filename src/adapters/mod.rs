//! Suppliers as text: the dialect engine, and the codecs it makes of dialect files.
//!
//! A dialect file says how one API family writes requests, signs them, and reads answers; a table in
//! adapters.toml says who speaks it, where, and with which account. `Adapters::load` compiles both,
//! lets every dialect prove itself on its samples, and refuses the whole file when anything is wrong.
//!
//! Invariants: pure (times are passed in, nothing is sent, so nothing here can recharge anyone);
//! readers are total, and what cannot be read with certainty is `Unknown` (R7); templates fill only
//! leaf values and a serializer encodes them, so data never breaks out of its place; no secret and no
//! part of an answer stands in an error text. Deliberately absent: loops, statements and scripts in
//! dialects, and a supplier's name anywhere in code.

mod adapter;
mod call;
mod charset;
mod dialect;
mod dialects;
mod fault;
mod filters;
mod form;
mod json;
mod leaf;
mod load;
mod plain;
mod read;
mod recall;
mod sample;
mod scope;
mod section;
mod settings;
mod sign;
mod statement;
mod status;
mod take;
mod template;
mod tree;
mod write;
mod xml;

pub use adapter::Adapter;
pub use call::{Call, Notice, Opened};
pub use fault::LoadError;
pub use load::Adapters;
pub use settings::SupplierState;
pub use statement::{StatementReader, UnreadableStatement};
pub use write::Unencodable;
