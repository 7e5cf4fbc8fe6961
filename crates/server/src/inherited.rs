//! A socket that somebody opened for us and listens already: socket activation.

use std::{io, net::TcpListener, os::unix::net::UnixListener, path::PathBuf};

use crate::{LocalAddr, listen::Listener};

/// The socket. Whoever opened it keeps it, and the connections that wait in it, when we end.
#[derive(Debug)]
pub enum Inherited {
    /// TCP.
    Tcp(TcpListener),
    /// A unix socket; its file is not ours.
    Unix(UnixListener),
}

impl Inherited {
    /// Takes it into the runtime, which must be running.
    pub(crate) fn listen(self) -> io::Result<(Listener, LocalAddr)> {
        match self {
            Self::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                let listener = tokio::net::TcpListener::from_std(listener)?;
                let address = LocalAddr::Tcp(listener.local_addr()?);
                Ok((Listener::Tcp(listener), address))
            }
            Self::Unix(listener) => {
                listener.set_nonblocking(true)?;
                let path = listener.local_addr()?.as_pathname().map(ToOwned::to_owned);
                let listener = tokio::net::UnixListener::from_std(listener)?;
                // A socket in the abstract namespace has no path.
                let path = path.unwrap_or_else(|| PathBuf::from("@"));
                Ok((Listener::Unix { listener, _file: None }, LocalAddr::Unix(path)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_file_of_an_inherited_socket_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let socket = Inherited::Unix(UnixListener::bind(&path).unwrap());
        let (listener, address) = socket.listen().unwrap();
        assert_eq!(address, LocalAddr::Unix(path.clone()));
        drop(listener);
        assert!(path.exists());
    }

    #[tokio::test]
    async fn an_inherited_socket_is_accepted_from() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let (listener, address) = Inherited::Tcp(socket).listen().unwrap();
        let client = std::net::TcpStream::connect(address.tcp().unwrap()).unwrap();
        let (_, remote) = listener.accept().await.unwrap();
        assert_eq!(*remote, client.local_addr().unwrap().to_string());
    }
}
