//! Where to listen, as it is written and as it is told.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr};

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
}
