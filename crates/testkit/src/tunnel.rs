//! A forward proxy for TLS: every CONNECT, to whatever host, ends at one address. (For plain http any
//! [`Site`](crate::Site) is a forward proxy by itself: it takes requests in absolute form.)

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{site::runtime, wire::read_request};

/// A running forward proxy. Dropping it closes it.
#[derive(Debug)]
pub struct Tunnel {
    address: SocketAddr,
    targets: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Tunnel {
    /// Starts a proxy all of whose tunnels lead to `end`.
    pub async fn start(end: SocketAddr) -> Self {
        let targets = Arc::<Mutex<Vec<String>>>::default();
        let (ready, bound) = tokio::sync::oneshot::channel();
        let seen = targets.clone();
        let task = runtime().spawn(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ready.send(listener.local_addr().unwrap()).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(stream, end, seen.clone()));
            }
        });
        Self { address: bound.await.expect("a loopback port can be bound"), targets, task }
    }

    /// The value of HTTPS_PROXY.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The `host:port` of every CONNECT so far.
    pub fn targets(&self) -> Vec<String> {
        self.targets.lock().unwrap().clone()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(mut client: TcpStream, end: SocketAddr, targets: Arc<Mutex<Vec<String>>>) {
    let mut early = Vec::new();
    let Some(request) = read_request(&mut client, &mut early).await else { return };
    if request.method != "CONNECT" {
        let _ = client.write_all(b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n").await;
        return;
    }
    targets.lock().unwrap().push(request.target);
    let Ok(mut server) = TcpStream::connect(end).await else { return };
    if client.write_all(b"HTTP/1.1 200 Established\r\n\r\n").await.is_ok() && server.write_all(&early).await.is_ok() {
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}
