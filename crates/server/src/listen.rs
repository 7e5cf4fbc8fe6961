//! Where to listen: the address as it is written, and the socket.

use std::{
    fmt,
    fs::Permissions,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs},
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt},
        net::UnixStream,
    },
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use tokio::net::{TcpListener, TcpSocket, UnixListener};

use crate::io::Stream;

/// Connections that the kernel keeps for us until we accept them.
const BACKLOG: u32 = 4096;

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// `host:port`. An empty host is every address, IPv6 and IPv4; port 0 is any free one.
    Tcp {
        /// A name or an address, IPv6 without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// `unix:/path`.
    Unix(PathBuf),
}

/// Why an address cannot be understood, with the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenError(&'static str);

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for ListenError {}

impl FromStr for Listen {
    type Err = ListenError;

    /// As Go's net.Listen reads it, with numeric ports: `host:port`, `:port`, `[::1]:port`; and `unix:/path`.
    fn from_str(address: &str) -> Result<Self, ListenError> {
        if let Some(path) = address.strip_prefix("unix:") {
            return if path.starts_with('/') {
                Ok(Self::Unix(PathBuf::from(path)))
            } else {
                Err(ListenError("write the absolute path of the socket: unix:/path"))
            };
        }
        let (host, port) = address.rsplit_once(':').ok_or(ListenError("write host:port, :port or unix:/path"))?;
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| digits).ok_or(ListenError("the port is a number from 0 to 65535"))?;
        let host = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').ok_or(ListenError("write an IPv6 address as [address]:port"))?,
            None if host.contains(':') => return Err(ListenError("write an IPv6 address as [address]:port")),
            None => host,
        };
        Ok(Self::Tcp { host: host.to_owned(), port })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalAddr {
    /// The address with the port that was found.
    Tcp(SocketAddr),
    /// The path of the socket.
    Unix(PathBuf),
}

impl LocalAddr {
    /// The TCP address, if it is one.
    pub const fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for LocalAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

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
                let (listener, file) = bind_unix(path)?;
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
/// What is on its way does not count, so that distant clients are served as fast.
const UNSENT: u32 = 64 << 10;

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

/// Binds a socket file, for its owner and group: the directory's permissions can narrow that, or the group widen it. A
/// file that a dead server left is replaced; one on which somebody listens is not.
fn bind_unix(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_stale(path) => {
            std::fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        bound => bound?,
    };
    let file = SocketFile::new(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o660))?;
    Ok((listener, file))
}

fn is_stale(path: &Path) -> bool {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    is_socket && UnixStream::connect(path).is_err_and(refused)
}

/// Removes the socket's file when dropped, unless another server has put its own there.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl SocketFile {
    fn new(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), inode: std::fs::symlink_metadata(path)?.ino() })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if std::fs::symlink_metadata(&self.path).is_ok_and(|metadata| metadata.ino() == self.inode) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let tcp = |host: &str, port| Ok(Listen::Tcp { host: host.to_owned(), port });
        for (text, expected) in [
            ("0.0.0.0:8081", tcp("0.0.0.0", 8081)),
            (":8081", tcp("", 8081)),
            ("localhost:0", tcp("localhost", 0)),
            ("[::1]:8081", tcp("::1", 8081)),
            ("unix:/run/goproxy.sock", Ok(Listen::Unix("/run/goproxy.sock".into()))),
        ] {
            assert_eq!(text.parse::<Listen>(), expected, "{text}");
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
        for text in ["", "8081", "host", "host:", "host:http", "host:+1", "host:65536", "::1:80", "[::1:80", "unix:x"] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn every_address_means_ipv4_too() {
        let (_listener, address) = Listener::bind(&":0".parse().unwrap()).unwrap();
        let port = address.tcp().unwrap().port();
        std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let listen = Listen::Unix(path.clone());
        let (live, _) = Listener::bind(&listen).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        assert_eq!(Listener::bind(&listen).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        UnixStream::connect(&path).unwrap();
        drop(live);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        std::fs::write(&path, "precious").unwrap();
        Listener::bind(&Listen::Unix(path.clone())).unwrap_err();
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    }
}
