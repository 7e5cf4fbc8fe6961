//! The socket that connections come from.

mod address;
mod unix;

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs},
    sync::Arc,
};

use tokio::net::{TcpListener, TcpSocket, UnixListener};

pub use self::address::{Listen, ListenError, LocalAddr};
use self::unix::SocketFile;
use crate::io::Stream;

/// Connections that the kernel keeps for us until we accept them.
const BACKLOG: u32 = 4096;

/// A bound socket.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix { listener: UnixListener, _file: Option<SocketFile> },
}

impl Listener {
    /// Binds. Must be called in a tokio runtime; may block for resolving a name.
    pub(crate) fn bind(listen: &Listen) -> io::Result<(Self, LocalAddr)> {
        match listen {
            Listen::Tcp { host, port } => {
                let listener = bind_tcp(host, *port)?;
                let address = LocalAddr::Tcp(listener.local_addr()?);
                Ok((Self::Tcp(listener), address))
            }
            Listen::Unix(path) => {
                let (listener, file) = unix::bind(path)?;
                Ok((Self::Unix { listener, _file: Some(file) }, LocalAddr::Unix(path.clone())))
            }
        }
    }

    /// The next connection, and who it is from.
    pub(crate) async fn accept(&self) -> io::Result<(Box<dyn Stream>, Arc<str>)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // With Nagle's algorithm, the end of an answer waits 40 ms for the client's delayed acknowledgement.
                let _ = stream.set_nodelay(true);
                bound_unsent(&stream);
                Ok((Box::new(stream), Arc::from(peer.to_string())))
            }
            Self::Unix { listener, .. } => {
                let (stream, _) = listener.accept().await?;
                Ok((Box::new(stream), Arc::from("unix")))
            }
        }
    }
}

/// What the kernel keeps for a client that does not take it, in bytes: unbounded, it would be up to 4 MiB a connection.
/// What is on its way does not count, so that distant clients are served as fast. As much as a chunk of a file: with
/// a quarter of it large answers take a tenth longer.
const UNSENT: u32 = 256 << 10;

#[cfg(any(target_os = "linux", target_os = "android"))]
fn bound_unsent(stream: &tokio::net::TcpStream) {
    // Where the kernel does not know it, memory is all that is lost.
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT);
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn bound_unsent(_: &tokio::net::TcpStream) {}

fn bind_tcp(host: &str, port: u16) -> io::Result<TcpListener> {
    let addresses: Vec<SocketAddr> = if host.is_empty() {
        // The IPv6 socket takes IPv4 too; where there is no IPv6, IPv4 alone.
        vec![(Ipv6Addr::UNSPECIFIED, port).into(), (Ipv4Addr::UNSPECIFIED, port).into()]
    } else {
        resolve(host, port)?
    };
    let mut failed = io::Error::new(io::ErrorKind::AddrNotAvailable, "the host has no address");
    for address in addresses {
        match bind_address(address) {
            Ok(listener) => return Ok(listener),
            // The port is taken: a different address family would only hide that.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// The addresses of a host. `localhost` needs no hosts file, which an empty container does not have (RFC 6761, 6.3).
fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    match (host, port).to_socket_addrs() {
        Err(_) if host == "localhost" => {
            Ok(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()])
        }
        found => Ok(found?.collect()),
    }
}

fn bind_address(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv6() { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
    // A restart need not wait until the old connections' TIME_WAIT is over.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_address_means_ipv4_too() {
        let (_listener, address) = Listener::bind(&":0".parse().unwrap()).unwrap();
        let port = address.tcp().unwrap().port();
        std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    }
}
