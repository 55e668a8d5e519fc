//! Where a request comes from, for counting tries to sign in.
//!
//! The peer of the socket, or what a proxy says about it, if the operator named that proxy. Anything else that a request says
//! about its origin is ignored. In process there is no socket and no address. It is never logged and only its hash is kept.
//!
//! Source: sync.md 15.4, faults.md 7 (ASVS 4.1.3).

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

use crate::server::Server;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of whoever sent the request; `None` without a socket.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct ClientAddress(pub Option<IpAddr>);

/// Shows no address.
impl fmt::Debug for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAddress").finish_non_exhaustive()
    }
}

impl ClientAddress {
    /// What is counted together: an IPv4 address; of IPv6 the first 64 bits, within which a household chooses freely.
    #[must_use]
    pub fn network(self) -> Option<String> {
        self.0.map(|address| match address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        })
    }
}

impl FromRequestParts<Server> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _server: &Server) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or_default())
    }
}

/// Proxies whose word about an address counts.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[IpAddr]>);

impl TrustedProxies {
    /// These.
    #[must_use]
    pub fn new(addresses: &[IpAddr]) -> Self {
        Self(addresses.iter().map(IpAddr::to_canonical).collect())
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// The nearest address that is not that of a trusted proxy. A proxy appends where a request came from, so the list is read
    /// from its end; what stands before an address that nobody vouches for may be invented.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let mut hops = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .rev()
            .flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
        while self.trusts(client) {
            let Some(hop) = hops.next().and_then(|hop| hop.trim().parse::<IpAddr>().ok()) else {
                break;
            };
            client = hop.to_canonical();
        }
        client
    }
}

/// Notes the address of a request that came through a socket.
pub async fn note(State(proxies): State<TrustedProxies>, mut request: Request, next: Next) -> Response {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
        let client = proxies.client(peer.ip(), request.headers());
        request.extensions_mut().insert(ClientAddress(Some(client)));
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn client(trusted: &[&str], peer: &str, forwarded: &[&'static str]) -> IpAddr {
        let trusted: Vec<IpAddr> = trusted.iter().map(|text| address(text)).collect();
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        TrustedProxies::new(&trusted).client(address(peer), &headers)
    }

    #[test]
    fn a_request_cannot_choose_its_address() {
        let peer = "203.0.113.5";
        assert_eq!(client(&[], peer, &["198.51.100.1"]), address(peer));
        assert_eq!(client(&["10.0.0.1"], peer, &["198.51.100.1"]), address(peer));
    }

    #[test]
    fn a_named_proxy_tells_where_a_request_came_from_and_what_stands_before_it_is_ignored() {
        let forwarded = ["192.0.2.66, 198.51.100.1"];
        assert_eq!(
            client(&["10.0.0.1"], "10.0.0.1", &forwarded),
            address("198.51.100.1")
        );
        let twice = ["192.0.2.66", "198.51.100.1"];
        assert_eq!(client(&["10.0.0.1"], "10.0.0.1", &twice), address("198.51.100.1"));
        let chain = ["192.0.2.66, 198.51.100.1, 10.0.0.2"];
        assert_eq!(
            client(&["10.0.0.1", "10.0.0.2"], "10.0.0.1", &chain),
            address("198.51.100.1")
        );
    }

    #[test]
    fn a_proxy_that_says_nothing_readable_is_counted_itself() {
        for forwarded in ["", "unknown", "198.51.100.1, _hidden"] {
            assert_eq!(
                client(&["10.0.0.1"], "10.0.0.1", &[forwarded]),
                address("10.0.0.1")
            );
        }
    }

    #[test]
    fn a_household_is_one_address() {
        let network = |text: &str| ClientAddress(Some(address(text))).network();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2::9"));
        assert_ne!(network("2001:db8:1:2::"), network("2001:db8:1:3::"));
        assert_eq!(network("::ffff:198.51.100.1"), network("198.51.100.1"));
        assert_ne!(network("198.51.100.2"), network("198.51.100.1"));
        assert_eq!(ClientAddress::default().network(), None);
    }
}
