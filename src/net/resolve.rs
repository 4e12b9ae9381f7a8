//! From a host name to the addresses that may be connected to.
//!
//! The client asks anew for every connection and connects only to what is returned here, so there
//! is no moment between the check and the use in which a name could change its mind. Literal
//! addresses never come this way: `address::check_url` judges those.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::{AddressPolicy, may_call};
use crate::seams::BoxFuture;

/// Where host names are looked up; a test can answer instead of the system.
pub trait Lookup: Send + Sync {
    /// Every address of `host`.
    fn addresses(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The operating system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn addresses(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect()) })
    }
}

/// No address that may be called.
#[derive(Debug, thiserror::Error)]
#[error("the name has no address that may be called")]
struct NoAddress;

/// A lookup that leaves out what may not be called; without a policy it leaves out nothing.
pub(super) struct Guard {
    /// Who knows the addresses.
    pub(super) lookup: Arc<dyn Lookup>,
    /// Which of them may be called; none means all.
    pub(super) policy: Option<AddressPolicy>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy;
        let found = self.lookup.addresses(name.as_str().to_owned());
        Box::pin(async move {
            let mut addresses = found.await?;
            addresses.retain(|ip| policy.is_none_or(|policy| may_call(*ip, policy)));
            if addresses.is_empty() {
                return Err(NoAddress.into());
            }
            // Port 0 stands for the port that the URL names.
            let addresses: Addrs = Box::new(addresses.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        })
    }
}
