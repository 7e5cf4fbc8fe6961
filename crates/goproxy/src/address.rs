//! The address that we listen on: why it cannot be had, and who means it.

use std::io::{self, ErrorKind};

use goproxy_fetch::Upstream;
use goproxy_server::{Listen, LocalAddr};

use crate::{failure::Failure, settings::Loaded};

/// Why we do not listen there, and what to do.
pub(crate) fn refused(listen: &Listen, error: &io::Error) -> Failure {
    let remedy = match (error.kind(), listen) {
        (ErrorKind::AddrInUse, _) => {
            "; end what listens there, perhaps another goproxy, or choose another with -listen"
        }
        (ErrorKind::AddrNotAvailable, _) => "; this machine has no such address: -listen :PORT takes all it has",
        (ErrorKind::PermissionDenied, Listen::Tcp { .. }) => {
            "; ports below 1024 are not for every user: choose another with -listen, or let systemd open it"
        }
        (ErrorKind::PermissionDenied | ErrorKind::NotFound, Listen::Unix(_)) => {
            "; the folder of the socket must be there, and writable for this user"
        }
        _ => "; choose another with -listen",
    };
    Failure::fatal(format!("cannot listen on {listen}: {error}{remedy}"))
}

/// Whether others than this machine can connect without TLS.
pub(crate) fn is_open(address: &LocalAddr) -> bool {
    address.tcp().is_some_and(|address| !address.ip().is_loopback())
}

/// Refuses to be our own upstream: whatever is asked for would wait for itself. `go env GOPROXY` names us on a machine where
/// `go` has been pointed here.
pub(crate) fn not_ours(loaded: &Loaded, upstreams: &[Upstream], address: &LocalAddr) -> Result<(), Failure> {
    let Some(tcp) = address.tcp() else { return Ok(()) };
    if !upstreams.iter().any(|upstream| upstream.is_at(tcp)) {
        return Ok(());
    }
    let remedy =
        format!("it leads back to this proxy, which listens on {tcp}; name another upstream, or another -listen");
    Err(loaded.bad_value("proxy", &remedy))
}
