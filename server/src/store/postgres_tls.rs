//! TLS to the database, as the address asks for it.
//!
//! `sslmode` is `disable`, `prefer` or `require`; `sslrootcert` names a file with the certificates that are trusted instead of
//! the public authorities. Unlike libpq, TLS here always checks the certificate and its name, so `verify-ca` and `verify-full`
//! mean the same as `require`. Without `sslmode` a database on the same machine is reached without TLS, any other with `prefer`.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, SslNegotiation};

use super::StoreError;

const IS_NO_ADDRESS: &str = "this is no address of a PostgreSQL database";

/// Reads an address, and what of TLS it asks for.
///
/// Errors: `Unavailable`, if it is no address or its file of certificates cannot be used. The address is not repeated, because
/// it may hold a password.
pub(super) fn parse(address: &str) -> Result<(Config, Option<ClientConfig>), StoreError> {
    let unavailable = |text: &str| StoreError::Unavailable(text.to_owned());
    let mut asked = Asked::default();
    let rest = if address.starts_with("postgres://") || address.starts_with("postgresql://") {
        asked.read_url(address)
    } else {
        asked.read_pairs(address)
    };
    let rest = rest.ok_or_else(|| unavailable(IS_NO_ADDRESS))?;
    let mut config: Config = rest.parse().map_err(|_| unavailable(IS_NO_ADDRESS))?;
    let mode = match asked.mode.as_deref() {
        None if is_near(&config) => SslMode::Disable,
        None | Some("prefer") => SslMode::Prefer,
        Some("disable") => SslMode::Disable,
        Some("require" | "verify-ca" | "verify-full") => SslMode::Require,
        Some(_) => {
            return Err(unavailable(
                "sslmode is none of disable, prefer, require, verify-ca and verify-full",
            ));
        }
    };
    config.ssl_mode(mode);
    if mode == SslMode::Disable {
        return Ok((config, None));
    }
    let mut tls = client_config(asked.roots.as_deref())?;
    if config.get_ssl_negotiation() == SslNegotiation::Direct {
        tls.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok((config, Some(tls)))
}

/// Whether nothing leaves the machine.
fn is_near(config: &Config) -> bool {
    let is_near = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    let addresses = config.get_hostaddrs();
    config.get_hosts().iter().all(is_near) && addresses.iter().all(IpAddr::is_loopback)
}

/// A client that trusts the certificates of a file, or the public authorities. The provider is named, so that nothing has to be
/// chosen for the process.
fn client_config(roots: Option<&str>) -> Result<ClientConfig, StoreError> {
    let mut store = RootCertStore::empty();
    if let Some(path) = roots.filter(|path| *path != "system") {
        let cannot = |what: &str| StoreError::Unavailable(format!("the certificates in {path} {what}"));
        let certificates =
            CertificateDer::pem_file_iter(path).map_err(|_| cannot("cannot be opened (sslrootcert)"))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|_| cannot("are not in PEM"))?;
            store
                .add(certificate)
                .map_err(|_| cannot("are not those of an authority"))?;
        }
        if store.is_empty() {
            return Err(cannot("are none"));
        }
    } else {
        store.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}

/// What this module reads itself, and takes out of the address before the library reads it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    mode: Option<String>,
    roots: Option<String>,
}

impl Asked {
    /// Whether it was one of ours.
    fn take(&mut self, key: &str, value: String) -> bool {
        match key {
            "sslmode" => self.mode = Some(value),
            "sslrootcert" => self.roots = Some(value),
            _ => return false,
        }
        true
    }

    /// Reads `postgresql://user@host/name?key=value&key=value`.
    fn read_url(&mut self, address: &str) -> Option<String> {
        let Some((place, query)) = address.split_once('?') else {
            return Some(address.to_owned());
        };
        let mut rest = Vec::new();
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=')?;
            if !self.take(key, percent_decoded(value)?) {
                rest.push(pair);
            }
        }
        if rest.is_empty() {
            return Some(place.to_owned());
        }
        Some(format!("{place}?{}", rest.join("&")))
    }

    /// Reads `key=value key='value with spaces'`.
    fn read_pairs(&mut self, address: &str) -> Option<String> {
        let mut chars = address.chars().peekable();
        let mut rest = String::new();
        loop {
            while chars.next_if(|c| c.is_whitespace()).is_some() {}
            if chars.peek().is_none() {
                return Some(rest);
            }
            let mut key = String::new();
            while let Some(c) = chars.next_if(|c| *c != '=') {
                key.push(c);
            }
            chars.next()?;
            let key = key.trim().to_owned();
            while chars.next_if(|c| c.is_whitespace()).is_some() {}
            // As it was written, for the library, and what it means.
            let (mut written, mut value) = (String::new(), String::new());
            let is_quoted = chars.next_if_eq(&'\'').is_some();
            loop {
                let Some(c) = chars.next_if(|c| is_quoted || !c.is_whitespace()) else {
                    if is_quoted {
                        return None;
                    }
                    break;
                };
                if is_quoted && c == '\'' {
                    break;
                }
                written.push(c);
                if c == '\\' {
                    let escaped = chars.next()?;
                    written.push(escaped);
                    value.push(escaped);
                } else {
                    value.push(c);
                }
            }
            if !self.take(&key, value) {
                let quote = if is_quoted { "'" } else { "" };
                rest.extend([&key, "=", quote, &written, quote, " "]);
            }
        }
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/authority.pem");

    fn mode(address: &str) -> (SslMode, bool) {
        let (config, tls) = parse(address).unwrap();
        (config.get_ssl_mode(), tls.is_some())
    }

    #[test]
    fn the_address_says_whether_and_how_tls_is_used() {
        for (address, expected) in [
            ("postgresql://a@db.example.org/a", (SslMode::Prefer, true)),
            (
                "postgresql://a@db.example.org/a?sslmode=disable",
                (SslMode::Disable, false),
            ),
            (
                "postgresql://a@db.example.org/a?sslmode=require",
                (SslMode::Require, true),
            ),
            (
                "postgresql://a@db.example.org/a?sslmode=verify-full",
                (SslMode::Require, true),
            ),
            ("postgresql://a@localhost/a", (SslMode::Disable, false)),
            (
                "postgresql://a@127.0.0.1/a?sslmode=prefer",
                (SslMode::Prefer, true),
            ),
            ("host=/run/postgresql user=a dbname=a", (SslMode::Disable, false)),
            (
                "host=db.example.org user=a sslmode=require",
                (SslMode::Require, true),
            ),
            (
                "host = db.example.org sslmode = 'disable' user=a",
                (SslMode::Disable, false),
            ),
        ] {
            assert_eq!(mode(address), expected, "{address}");
        }
    }

    #[test]
    fn a_file_of_certificates_is_taken_out_of_the_address_and_the_rest_is_kept() {
        let url = format!("postgresql://a:p%40ss@db.example.org/a?connect_timeout=3&sslrootcert={AUTHORITY}");
        let pairs = format!(
            r"user=a password='p@ \'s' connect_timeout=3 sslrootcert='{AUTHORITY}' host=db.example.org"
        );
        for (address, password) in [(url, "p@ss"), (pairs, "p@ 's")] {
            let (config, tls) = parse(&address).unwrap();
            assert_eq!(config.get_password(), Some(password.as_bytes()), "{address}");
            assert_eq!(
                config.get_connect_timeout(),
                Some(std::time::Duration::from_secs(3)).as_ref()
            );
            assert!(tls.is_some());
        }
    }

    #[test]
    fn what_cannot_be_used_is_said_without_the_password() {
        for address in [
            "postgresql://a:geheim@db.example.org/a?sslmode=allow",
            "postgresql://a:geheim@db.example.org/a?sslrootcert=/nonexistent.pem",
            "postgresql://a:geheim@db.example.org/a?sslrootcert",
            "postgresql://a:geheim@db.example.org/a?unknown=1",
            "host=db.example.org password='geheim",
            "host=db.example.org password=geheim sslmode=sometimes",
        ] {
            let error = parse(address).unwrap_err().to_string();
            assert!(!error.contains("geheim"), "{error}");
        }
        let empty = tempfile::NamedTempFile::new().unwrap();
        let address = format!("host=db.example.org sslrootcert={}", empty.path().display());
        assert!(parse(&address).unwrap_err().to_string().contains("are none"));
    }
}
