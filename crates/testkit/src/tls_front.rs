//! TLS in front of a server that speaks none, as a load balancer does it.

use std::{net::SocketAddr, path::Path};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{site::runtime, tls::TestCa};

/// Running; dropping it closes it.
#[derive(Debug)]
pub struct TlsFront {
    address: SocketAddr,
    ca: TestCa,
    task: JoinHandle<()>,
}

impl TlsFront {
    /// Starts one in front of `end`.
    pub async fn start(end: SocketAddr) -> Self {
        let ca = TestCa::new();
        let acceptor = ca.acceptor();
        let (ready, bound) = tokio::sync::oneshot::channel();
        let task = runtime().spawn(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ready.send(listener.local_addr().unwrap()).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut client) = acceptor.accept(stream).await else { return };
                    let Ok(mut server) = TcpStream::connect(end).await else { return };
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        Self { address: bound.await.expect("a loopback port can be bound"), ca, task }
    }

    /// `https://127.0.0.1:port`
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// `127.0.0.1:port`
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The authority, for `SSL_CERT_FILE`.
    pub fn ca_path(&self) -> &Path {
        self.ca.path()
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}
