//! Looking up names, once for each connection and with the guard in between: what is connected to is what was judged.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::{Inside, guard};

/// Where names are looked up. Clones share what they found.
#[derive(Clone, Default)]
pub struct Lookup {
    scripted: Option<Function>,
    /// Addresses inside our own network, by the names of the operator that led there.
    inside: Arc<Mutex<HashMap<String, HashSet<SocketAddr>>>>,
}

/// Names of which it is remembered that they led inside. Only what the operator or something inside named is among them.
const NAMES: usize = 1024;

type Function = Arc<dyn Fn(&str) -> Vec<Found> + Send + Sync>;

/// An address of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// What the guard judges: the address that the name has, as far as anybody is told.
    pub judged: std::net::IpAddr,
    /// Where a connection goes. With port 0 it is the URL's, and so it is where the URL names one.
    pub connected: SocketAddr,
}

impl Lookup {
    /// For tests: the addresses come from `function`, nobody is asked. None mean that there is no such host. So that a
    /// public host can be played on this machine, what is judged and what is connected to may differ.
    pub fn scripted(function: impl Fn(&str) -> Vec<Found> + Send + Sync + 'static) -> Self {
        Self { scripted: Some(Arc::new(function)), inside: Arc::default() }
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.scripted.is_some() { "scripted" } else { "system" })
    }
}

/// Looks up names for a client.
#[derive(Debug)]
pub(crate) struct Resolver {
    pub(crate) lookup: Lookup,
    /// Leaves out addresses that are not public.
    pub(crate) guarded: bool,
    /// But these.
    pub(crate) inside: Inside,
    /// Hosts that may be anywhere all the same: the proxies that the operator configured.
    pub(crate) exempt: Vec<String>,
}

/// The error where no address is left: of a name without addresses, and of one whose addresses are all forbidden. They
/// are the same on purpose: whoever makes us look up a name of our own network is not to learn whether it exists.
#[derive(Debug)]
pub(crate) struct NoAddress(&'static str);

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NoAddress {}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        let guarded = self.guarded && !self.exempt.iter().any(|host| host.eq_ignore_ascii_case(&name));
        let (lookup, inside) = (self.lookup.clone(), self.inside.clone());
        Box::pin(async move { Ok(Box::new(lookup.addresses(&name, guarded, &inside).await?.into_iter()) as Addrs) })
    }
}

impl Lookup {
    /// Where to connect to for a name: never none. The metadata of a cloud is forbidden to all: no upstream is there,
    /// and whoever may name hosts inside might name one that leads to it.
    pub(crate) async fn addresses(
        &self,
        name: &str,
        guarded: bool,
        inside: &Inside,
    ) -> Result<Vec<SocketAddr>, NoAddress> {
        let found = self.look_up(name).await;
        if found.is_empty() {
            return Err(NoAddress("the name has no address"));
        }
        let permitted = |ip| match guarded {
            true => inside.permits(name, ip),
            false => !guard::is_metadata_address(ip) || inside.literally(ip),
        };
        let allowed: Vec<_> = found.into_iter().filter(|found| permitted(found.judged)).collect();
        if !guarded {
            self.remember(name, &allowed);
        }
        let addresses: Vec<_> = allowed.into_iter().map(|found| found.connected).collect();
        if addresses.is_empty() {
            Err(NoAddress("all addresses of the name are internal, and -allowInside names none"))
        } else {
            Ok(addresses)
        }
    }

    fn remember(&self, name: &str, found: &[Found]) {
        let inside: Vec<_> = found.iter().filter(|found| !guard::is_public(found.judged)).collect();
        if inside.is_empty() {
            return;
        }
        let mut names = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= NAMES {
            names.clear();
        }
        names.entry(name.to_owned()).or_default().extend(inside.into_iter().map(|found| found.connected));
    }

    /// Whether a connection goes to an address inside that this name of the operator led to. Not if the other end is an
    /// HTTP proxy, which alone knows where it leads.
    pub(crate) fn led_inside(&self, name: &str, peer: Option<SocketAddr>) -> bool {
        let Some(peer) = peer else { return false };
        let names = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let is_peer = |at: &SocketAddr| at.ip() == peer.ip() && (at.port() == 0 || at.port() == peer.port());
        names.get(name).is_some_and(|addresses| addresses.iter().any(is_peer))
    }

    /// Failures of the resolver are no addresses either: it does not tell a name that is not from a server that is down.
    async fn look_up(&self, name: &str) -> Vec<Found> {
        if let Some(scripted) = &self.scripted {
            return scripted(name);
        }
        match tokio::net::lookup_host((name, 0)).await {
            Ok(found) => found.map(|address| Found { judged: address.ip(), connected: address }).collect(),
            Err(error) => {
                tracing::debug!(name, %error, "name not found");
                Vec::new()
            }
        }
    }
}
