//! Whom the app trusts: a set of root certificates that it carries itself.
//!
//! The verifier of the platform is not used: on Android it panics unless an initialiser ran in Java, which nothing here can call. The
//! provider of cryptography is passed by hand, because a build with two of them has no default and panics when it looks for one.
//!
//! Source: sync.md 18.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// Why no connection could be secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The configured root certificates are no certificates in PEM.
    #[error("use the root certificates: they are no certificates in PEM")]
    BadCertificates,
    /// The library refuses its own defaults.
    #[error("set up TLS")]
    Failed,
}

/// TLS 1.2 and 1.3, the roots given or else the built-in ones, no client certificate.
///
/// Errors: see [`TlsError`].
pub(super) fn config(root_certificates: Option<&[u8]>) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    match root_certificates {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|_| TlsError::BadCertificates)?;
                roots.add(certificate).map_err(|_| TlsError::BadCertificates)?;
            }
            if roots.is_empty() {
                return Err(TlsError::BadCertificates);
            }
        }
        None => {
            roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
        }
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| TlsError::Failed)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused_and_trusts_nobody() {
        for bad in [
            "",
            "no certificate",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            assert_eq!(
                config(Some(bad.as_bytes())).err(),
                Some(TlsError::BadCertificates),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn the_built_in_set_makes_a_configuration_in_any_build() {
        assert!(config(None).is_ok());
    }
}
