//! Socket activation: the socket that systemd (or podman) opened for us, `LISTEN_FDS` of sd_listen_fds(3).

use goproxy_server::Inherited;
use listenfd::ListenFd;

use crate::failure::Failure;

/// The socket, if there is one. It forgets the variables, so that no child takes its descriptors for such sockets: call it
/// once, while there are no other threads.
///
/// # Errors
/// More than one socket, or one that is neither TCP nor unix.
pub(crate) fn socket() -> Result<Option<Inherited>, Failure> {
    let mut sockets = ListenFd::from_env();
    match sockets.len() {
        0 => Ok(None),
        1 => take(&mut sockets).map(Some).map_err(|error| {
            Failure::fatal(format!("the socket of LISTEN_FDS cannot be used: {error}; it must be a stream socket"))
        }),
        n => Err(Failure::fatal(format!(
            "LISTEN_FDS holds {n} sockets and one is served; write one ListenStream= in the .socket unit (without a host, \
             it is every address)"
        ))),
    }
}

fn take(sockets: &mut ListenFd) -> std::io::Result<Inherited> {
    let none = || std::io::Error::other("it is gone");
    match sockets.take_tcp_listener(0) {
        Ok(listener) => listener.map(Inherited::Tcp).ok_or_else(none),
        Err(_) => sockets.take_unix_listener(0)?.map(Inherited::Unix).ok_or_else(none),
    }
}
