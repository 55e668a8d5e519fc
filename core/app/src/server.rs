//! Which server this app belongs to, and what it says about itself there.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ayumi_protocol::session::DeviceDescription;

use crate::clock::{MonotonicClock, SystemMonotonicClock};
use crate::secret::SecretStore;

/// Why a text is no address of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It does not begin with `https://`, and is not `http://` of this very device.
    #[error("use the server address: it has to begin with https://")]
    NotEncrypted,
    /// It is not a host with an optional port.
    #[error("use the server address: it has to be a host with an optional port, without a path")]
    Malformed,
}

/// Address of a server: `https://HOST`, with a port if it is another than 443. `http://` only for this very device, because tests and
/// the demonstration run there and nobody else can listen in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress(String);

impl ServerAddress {
    /// Reads an address; a slash at its end is dropped.
    ///
    /// Errors: see [`AddressError`].
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (is_encrypted, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(AddressError::NotEncrypted),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = split_port(authority).ok_or(AddressError::Malformed)?;
        if port.is_some_and(|port| port.parse::<u16>().is_err()) || !is_host(host) {
            return Err(AddressError::Malformed);
        }
        if !is_encrypted && !is_this_device(host) {
            return Err(AddressError::NotEncrypted);
        }
        let scheme = if is_encrypted { "https" } else { "http" };
        Ok(Self(format!("{scheme}://{authority}")))
    }

    /// The address, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether everything is encrypted on the way.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Host, in brackets if it is IPv6, and port.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        return match after.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None => after.is_empty().then_some((host, None)),
        };
    }
    match authority.split_once(':') {
        Some((host, port)) => Some((host, Some(port))),
        None => Some((authority, None)),
    }
}

fn is_host(host: &str) -> bool {
    host.parse::<Ipv6Addr>().is_ok()
        || (!host.is_empty()
            && host.len() <= 253
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.'))
}

fn is_this_device(host: &str) -> bool {
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|host| host.is_loopback())
        || host.parse::<Ipv6Addr>().is_ok_and(|host| host.is_loopback())
}

/// What an app needs to exchange anything with a server.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where it is.
    pub address: ServerAddress,
    /// Root certificates in PEM that are trusted in place of the built-in set: a server of one's own. `None` for the built-in set.
    pub root_certificates: Option<Vec<u8>>,
    /// Keeps the session.
    pub secrets: Arc<dyn SecretStore>,
    /// What this device says about itself at sign-in, with the version of the app.
    pub device: DeviceDescription,
    /// Measures delays.
    pub monotonic: Arc<dyn MonotonicClock>,
}

impl ServerConfig {
    /// With the built-in root certificates and the clock of the device.
    #[must_use]
    pub fn new(address: ServerAddress, secrets: Arc<dyn SecretStore>, device: DeviceDescription) -> Self {
        Self {
            address,
            root_certificates: None,
            secrets,
            device,
            monotonic: Arc::new(SystemMonotonicClock::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_device_is_reached_without_encryption() {
        for good in [
            "https://ayumi.example",
            "https://ayumi.example:8443/",
            "https://[::1]:9",
            "http://127.0.0.1:8080",
            "http://localhost:8080",
            "http://[::1]:8080",
        ] {
            assert!(ServerAddress::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://ayumi.example",
            "http://10.0.0.1",
            "http://127.0.0.1.example",
            "ftp://a",
            "a.example",
        ] {
            assert_eq!(
                ServerAddress::parse(bad),
                Err(AddressError::NotEncrypted),
                "{bad}"
            );
        }
        for bad in [
            "https://",
            "https://a/b",
            "https://a:b",
            "https://a:1:2",
            "https://a:70000",
            "https://user@a",
            "https://a?b",
            "https://[::1",
            "https://[::1]9",
            "https://あ",
            "http://127.0.0.1@evil.example",
        ] {
            assert_eq!(ServerAddress::parse(bad), Err(AddressError::Malformed), "{bad}");
        }
        assert_eq!(
            ServerAddress::parse("https://ayumi.example/").unwrap().as_str(),
            "https://ayumi.example"
        );
    }
}
