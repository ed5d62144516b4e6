//! Which addresses a name may lead to.
//!
//! The attack: a public name that resolves to the machine itself, to the network behind it or to the cloud's metadata service, on every
//! look-up or only on the second one. The rule: the look-up that is judged is the one that is connected to. The HTTP client asks
//! [`Guard`] for addresses and gets public ones only; there is no second look-up. A name that the operator gave may be private, but not
//! link-local, where metadata services are: whoever answers for the name would choose then. Literal addresses never come here: they are
//! judged when the endpoints are compiled, and the operator may give any.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

/// Looks a name up. The machine's resolver is one; a test's table is another.
pub type Lookup = Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> + Send + Sync>;

/// The machine's resolver.
pub(super) fn system() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// A name leads nowhere that a connector may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Private {
    /// The descriptor named it.
    #[error("the name resolves to private addresses only; the operator can allow this by naming the origin")]
    Described,
    /// The operator named it.
    #[error("the name resolves to link-local or metadata addresses only; the operator can allow this by giving the address itself")]
    Named,
}

/// The most addresses of one name that are tried.
const MOST_ADDRESSES: usize = 16;

/// Gives the HTTP client the addresses that it may connect to.
pub(super) struct Guard {
    pub(super) lookup: Lookup,
    /// The operator named the origin.
    pub(super) named: bool,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let found = (self.lookup)(name.as_str().to_owned());
        let named = self.named;
        Box::pin(async move {
            let mut addresses = found.await?;
            addresses.retain(|address| if named { !is_local_to_the_link(*address) } else { is_public(*address) });
            addresses.truncate(MOST_ADDRESSES);
            if addresses.is_empty() {
                return Err(if named { Private::Named } else { Private::Described }.into());
            }
            // Port 0: the client puts in the port of the address that it was given.
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// Whether an address is nobody's server: link-local, where most metadata services are, the other metadata addresses, and what no
/// connection is made to.
fn is_local_to_the_link(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => match address.octets() {
            [0, ..] | [169, 254, ..] | [100, 100, 100, 200] | [168, 63, 129, 16] | [192, 0, 0, 192] => true,
            [first, ..] => first >= 224,
        },
        IpAddr::V6(address) => match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 0] | [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] => true,
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
                is_local_to_the_link(Ipv4Addr::new(a, b, c, d).into())
            }
            [first, ..] => first & 0xffc0 == 0xfe80 || first & 0xff00 == 0xff00,
        },
    }
}

/// Whether an address is reached over the public internet, and is nobody's neighbourhood.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let refused = match address.octets() {
        // This network, private use, loopback.
        [0 | 10 | 127, ..] => true,
        // Carrier-grade NAT; metadata services live here too.
        [100, second, ..] => (64..128).contains(&second),
        // The metadata address of Azure, although it is public by its number.
        [168, 63, 129, 16] => true,
        // Link-local, where most metadata services are.
        [169, 254, ..] => true,
        [172, second, ..] => (16..32).contains(&second),
        // Protocol assignments, documentation, 6to4 relays, private use.
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [192, 168, ..] => true,
        // Benchmarks, documentation.
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        // Multicast, reserved, broadcast.
        [first, ..] => first >= 224,
    };
    !refused
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // NAT64: what counts is the address behind it.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Protocol assignments, Teredo among them; documentation; 6to4, which hides another address.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [0x2002, ..] => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        // Global unicast is one eighth of the space. Loopback, mapped, unique-local, link-local and multicast lie outside it.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbourhoods_are_not_public() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    fn guard(answers: &'static [&'static [&'static str]], named: bool) -> Guard {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let lookup: Lookup = Arc::new(move |_| {
            let answer = answers[asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed)];
            Box::pin(async move { Ok(answer.iter().map(|text| text.parse().unwrap()).collect()) })
        });
        Guard { lookup, named }
    }

    async fn given(guard: &Guard) -> Result<Vec<String>, Private> {
        match guard.resolve("shop.example".parse().unwrap()).await {
            Ok(addresses) => Ok(addresses.map(|address| address.ip().to_string()).collect()),
            Err(error) => Err(*error.downcast().unwrap()),
        }
    }

    #[tokio::test]
    async fn a_name_that_changes_its_mind_is_judged_each_time_that_it_is_connected_to() {
        let guard = guard(&[&["8.8.8.8"], &["127.0.0.1"], &["10.0.0.1", "8.8.4.4", "::1"], &[]], false);
        assert_eq!(given(&guard).await.unwrap(), ["8.8.8.8"]);
        assert_eq!(given(&guard).await, Err(Private::Described));
        assert_eq!(given(&guard).await.unwrap(), ["8.8.4.4"]);
        assert_eq!(given(&guard).await, Err(Private::Described));
    }

    #[tokio::test]
    async fn a_name_that_the_operator_gave_may_be_private_and_not_a_metadata_service() {
        let inner = guard(&[&["127.0.0.1", "10.0.0.1", "192.168.0.1", "::1", "fd00::1", "8.8.8.8"]], true);
        assert_eq!(given(&inner).await.unwrap().len(), 6);
        let metadata: &[&[&str]] = &[&[
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "fd00:ec2::254",
            "fe80::1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "0.0.0.0",
            "::",
            "255.255.255.255",
            "224.0.0.1",
            "ff02::1",
        ]];
        assert_eq!(given(&guard(metadata, true)).await, Err(Private::Named));
    }

    #[tokio::test]
    async fn a_name_with_a_thousand_addresses_is_tried_a_few_times() {
        let lookup: Lookup = Arc::new(|_| Box::pin(async { Ok(vec!["8.8.8.8".parse().unwrap(); 1_000]) }));
        assert_eq!(given(&Guard { lookup, named: false }).await.unwrap().len(), MOST_ADDRESSES);
    }

    #[test]
    fn the_internet_is_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.0.1",
            "100.128.0.1",
            "168.63.129.17",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2400:cb00::1",
            "2606:4700::1111",
            "2a00:1450::1",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }
}
