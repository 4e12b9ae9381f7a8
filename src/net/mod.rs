//! The wire: HTTP out of this process, to suppliers and to shops. Nobody else calls reqwest.
//!
//! A default client follows redirects, repeats requests and reads replies without end; each of
//! these can charge a buyer twice or fill the memory. Here a request leaves at most once, on a
//! connection made for it, to an address that may be called, and its reply is bounded in time and
//! size. Only callbacks, which shops may hear twice, go over kept connections (`shop`). TLS trusts the public roots compiled in and nothing that the machine happens to have.
//!
//! Invariant: `NotSent` is said only when no byte of the request has left (R6); whatever cannot be
//! proven is `MaybeSent`. Deliberately absent: retries, redirects, proxies, cookies, decompression
//! and HTTP/2; and any opinion on what a reply means.

pub mod address;
mod kept;
mod known;
mod request;
mod resolve;
mod retry;
mod shop;
mod supplier;
mod tls;
mod wire;

pub use resolve::{Lookup, SystemLookup};
pub use retry::retry_after_ms;
pub use shop::{ShopClient, ShopProfile};
pub use supplier::{SupplierClient, SupplierProfile};
pub use tls::{Roots, install_crypto};
pub use wire::NoClient;
