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

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(Vec<IpAddr>);

    impl Lookup for Fixed {
        fn addresses(&self, _host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
            let addresses = self.0.clone();
            Box::pin(async move { Ok(addresses) })
        }
    }

    async fn resolved(policy: Option<AddressPolicy>, addresses: &[&str]) -> Option<Vec<String>> {
        let guard = Guard {
            lookup: Arc::new(Fixed(addresses.iter().map(|ip| ip.parse().unwrap()).collect())),
            policy,
        };
        let found = guard.resolve("shop.example".parse().unwrap()).await.ok()?;
        Some(found.map(|address| address.to_string()).collect())
    }

    #[tokio::test]
    async fn of_many_addresses_only_those_that_may_be_called_are_left_in_their_order() {
        let mixed = ["127.0.0.1", "8.8.8.8", "10.0.0.1", "2606:4700::1111", "::1", "1.1.1.1"];
        let found = resolved(Some(AddressPolicy::default()), &mixed).await.unwrap();
        assert_eq!(found, ["8.8.8.8:0", "[2606:4700::1111]:0", "1.1.1.1:0"]);
    }

    #[tokio::test]
    async fn a_name_with_only_inward_addresses_has_none() {
        assert_eq!(
            resolved(Some(AddressPolicy::default()), &["127.0.0.1", "::ffff:10.0.0.1"]).await,
            None
        );
        assert_eq!(resolved(None, &[]).await, None);
    }

    #[tokio::test]
    async fn suppliers_may_live_anywhere() {
        assert_eq!(
            resolved(None, &["10.0.0.1", "127.0.0.1"]).await.unwrap(),
            ["10.0.0.1:0", "127.0.0.1:0"]
        );
    }
}
