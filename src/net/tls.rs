//! TLS: one crypto provider, the public roots compiled in, no early data.
//!
//! The roots come from the Mozilla programme by way of a crate, so a machine without certificates
//! works and a machine with strange ones changes nothing. Early data stays off: it would put a
//! request on the wire before the handshake stands, and a failed handshake must mean "not sent".

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// Whose certificates are believed.
#[derive(Debug, Clone, Default)]
pub enum Roots {
    /// The public authorities.
    #[default]
    Public,
    /// Exactly these certificates, in DER.
    These(Vec<Vec<u8>>),
}

/// Makes ring the process's crypto provider, for every library that asks for one. The first thing
/// that main does; again is harmless.
pub fn install_crypto() {
    if CryptoProvider::get_default().is_none() {
        // Lost only to somebody who installed one in between, which is as good.
        drop(ring::default_provider().install_default());
    }
}

/// A client's side of TLS.
pub(super) fn client_config(roots: &Roots) -> Result<ClientConfig, rustls::Error> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::Public => {
            store.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
        }
        Roots::These(certificates) => {
            for certificate in certificates {
                store.add(CertificateDer::from(certificate.as_slice()))?;
            }
        }
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.enable_early_data = false;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_public_root_can_be_read() {
        let mut store = RootCertStore::empty();
        let (added, ignored) = store.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
        assert!(added > 100, "{added}");
        assert_eq!(ignored, 0);
    }

    #[test]
    fn a_certificate_that_is_none_is_refused() {
        assert!(client_config(&Roots::These(vec![b"rubbish".to_vec()])).is_err());
    }

    #[test]
    fn the_provider_can_be_installed_twice() {
        install_crypto();
        install_crypto();
        assert!(CryptoProvider::get_default().is_some());
    }
}
