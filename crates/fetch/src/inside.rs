//! What strangers may name inside our own network: the operator's list (`-allowInside`).

use std::{net::IpAddr, sync::Arc};

use gomod::Patterns;
use reqwest::Url;

use crate::guard::{self, Host};

/// Hosts and networks that public modules' repositories, pages and redirects may be in although they are not public.
/// Empty by default. What a cloud's machine learns its credentials from is only let in by its own address.
#[derive(Clone, Debug, Default)]
pub struct Inside(Arc<List>);

#[derive(Debug, Default)]
struct List {
    hosts: Patterns,
    networks: Vec<Network>,
}

/// Addresses that begin alike.
#[derive(Clone, Copy, Debug)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Inside {
    /// Reads a comma list of host names, patterns of host names, addresses and networks (`10.1.0.0/16`).
    ///
    /// # Errors
    /// Says which element is none of these.
    pub fn parse(list: &str) -> Result<Self, String> {
        let (mut hosts, mut networks) = (Vec::new(), Vec::new());
        for element in list.split(',').map(str::trim).filter(|element| !element.is_empty()) {
            match Network::parse(element) {
                Some(network) => networks.push(network),
                None if is_host(element) => hosts.push(element.to_ascii_lowercase()),
                None => {
                    return Err(format!(
                        "{element:?} is no host, pattern of hosts, address or network: write git.corp.example, \
                         *.corp.example, 10.1.2.3 or 10.1.0.0/16, without scheme and port"
                    ));
                }
            }
        }
        let hosts = Patterns::parse(&hosts.join(",")).map_err(|error| error.to_string())?;
        Ok(Self(Arc::new(List { hosts, networks })))
    }

    /// Whether a stranger may name the URL, as far as its text tells.
    pub(crate) fn permits_url(&self, url: &Url) -> bool {
        match guard::host(url) {
            Host::Address(ip) => self.permits("", ip),
            Host::Name(name) => !guard::is_internal(url) || (self.names(&name) && !guard::is_metadata(url)),
        }
    }

    /// Whether the URL names what a cloud's machine learns its credentials from, and the operator has not named that
    /// very address: no page leads there, a private module's neither.
    pub(crate) fn forbids(&self, url: &Url) -> bool {
        let listed = matches!(guard::host(url), Host::Address(ip) if self.literally(ip));
        guard::is_metadata(url) && !listed
    }

    /// Whether a stranger may be connected to that address of a name.
    pub(crate) fn permits(&self, name: &str, ip: IpAddr) -> bool {
        guard::is_public(ip)
            || self.literally(ip)
            || (!guard::is_metadata_address(ip) && (self.names(name) || self.holds(ip)))
    }

    /// Whether the address itself is in the list, not only a network that it is in.
    pub(crate) fn literally(&self, ip: IpAddr) -> bool {
        let ip = guard::plain(ip);
        self.0.networks.iter().any(|network| network.is_single() && network.address == ip)
    }

    fn names(&self, name: &str) -> bool {
        let name = name.strip_suffix('.').unwrap_or(name);
        self.0.hosts.matches_str(&name.to_ascii_lowercase())
    }

    fn holds(&self, ip: IpAddr) -> bool {
        let ip = guard::plain(ip);
        self.0.networks.iter().any(|network| network.holds(ip))
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address = address.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(address);
        let address = guard::plain(address.parse().ok()?);
        let widest = width(address);
        let prefix = prefix.map_or(Some(widest), |prefix| prefix.parse().ok())?;
        (prefix <= widest).then_some(Self { address, prefix })
    }

    fn is_single(self) -> bool {
        self.prefix == width(self.address)
    }

    fn holds(self, ip: IpAddr) -> bool {
        width(ip) == width(self.address) && first(self.address, self.prefix) == first(ip, self.prefix)
    }
}

fn width(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

/// The first bits of an address.
fn first(ip: IpAddr, bits: u8) -> u128 {
    let (value, width) = match ip {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)), 32),
        IpAddr::V6(ip) => (u128::from(ip), 128),
    };
    value.checked_shr(width - u32::from(bits)).unwrap_or(0)
}

/// A name, perhaps with the signs of patterns; neither a URL nor a broken address nor everything there is.
fn is_host(text: &str) -> bool {
    let sign = |c: char| c.is_ascii_alphanumeric() || "-_.*?[]".contains(c);
    text.chars().all(sign) && text.contains(|c: char| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(host: &str) -> Url {
        Url::parse(&format!("https://{host}/x")).unwrap()
    }

    #[test]
    fn nothing_inside_is_permitted_by_default() {
        for host in ["10.0.0.1", "localhost", "git.corp.internal", "[fd00::1]"] {
            assert!(!Inside::default().permits_url(&url(host)), "{host}");
        }
        assert!(Inside::default().permits_url(&url("proxy.example")));
    }

    #[test]
    fn what_is_listed_is_permitted_and_its_neighbours_are_not() {
        let inside = Inside::parse("10.1.0.0/16, 192.168.7.9,fd00:1::/32,*.Corp.internal,athens").unwrap();
        for host in ["10.1.2.3", "192.168.7.9", "[fd00:1::5]", "[::ffff:10.1.0.1]", "git.corp.internal", "ATHENS."] {
            assert!(inside.permits_url(&url(host)), "{host}");
        }
        for host in ["10.2.0.1", "192.168.7.8", "[fd00:2::5]", "corp.internal", "athens2", "git.corp.internal.local"] {
            assert!(!inside.permits_url(&url(host)), "{host}");
        }
    }

    #[test]
    fn a_wide_list_let_strangers_to_the_credentials_of_the_machine() {
        let wide = Inside::parse("0.0.0.0/0,::/0,*.internal,*.example,metadata").unwrap();
        for host in ["169.254.169.254", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "100.100.100.200"] {
            assert!(!wide.permits_url(&url(host)), "{host}");
        }
        assert!(!wide.permits_url(&url("metadata.google.internal")) && !wide.permits_url(&url("metadata")));
        let metadata = "169.254.169.254".parse().unwrap();
        assert!(!wide.permits("git.example", metadata), "by a listed name");
        assert!(Inside::parse("169.254.169.254").unwrap().permits("git.example", metadata), "literally");
    }

    #[test]
    fn what_is_no_host_is_told() {
        for bad in ["https://git.corp", "10.0.0.0/33", "10.0.0", "git.corp:8443", "fd00::/129", "*", "a/b", "a.b/[x"] {
            assert!(Inside::parse(bad).unwrap_err().contains("no host"), "{bad}");
        }
        assert!(Inside::parse("").is_ok());
    }
}
