//! TLS: handshakes, client certificates, renewal, and what clients may not do before they are known.

mod authority;
mod clients;
mod handshakes;
mod refused_files;
mod renewal;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use goproxy_server::{Limits, Tls, TlsOptions};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, pki_types::ServerName},
};

use crate::support::{Running, read_all};
use authority::Authority;

const GET: &str = "GET /a.b/c/@v/list HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const KEPT: &str = "GET /a.b/c/@v/list HTTP/1.1\r\nHost: a\r\n\r\n";

/// A folder with a certificate of its authority, and what may be configured of it.
struct Files {
    folder: tempfile::TempDir,
    authority: Authority,
}

impl Files {
    fn new() -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap(), authority: Authority::new("servers") };
        files.renew("127.0.0.1");
        files
    }

    /// Puts a new certificate in place, as `certbot` does: one file after the other.
    fn renew(&self, name: &str) {
        let (cert, key) = self.authority.issue(name);
        self.write("tls.crt", &cert);
        self.write("tls.key", &key);
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn options(&self) -> TlsOptions {
        let path = |name: &str| self.folder.path().join(name);
        let interval = Duration::from_millis(30);
        TlsOptions { cert: path("tls.crt"), key: path("tls.key"), client_ca: None, interval }
    }

    fn serve(&self) -> Running {
        self.serve_with(|_| {}, |_| {})
    }

    fn serve_with(&self, tls: impl FnOnce(&mut TlsOptions), limits: impl FnOnce(&mut Limits)) -> Running {
        let mut options = self.options();
        tls(&mut options);
        Running::start_with(|server| {
            server.tls = Some(Arc::new(Tls::open(options).unwrap()));
            limits(&mut server.limits);
        })
    }

    async fn failures(&self, server: &Running) -> u64 {
        failures(server, self.authority.client().with_no_client_auth()).await
    }

    /// Shakes hands as a client that trusts the authority.
    async fn connect(&self, server: &Running) -> TlsStream<TcpStream> {
        connect(server.address.unwrap(), self.authority.client().with_no_client_auth()).await.unwrap()
    }
}

async fn connect(address: SocketAddr, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// The page that counts failures, asked for as that client.
async fn failures(server: &Running, client: ClientConfig) -> u64 {
    // The server counts after the client knows.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut stream = connect(server.address.unwrap(), client).await.unwrap();
    stream.write_all(GET.replace("/a.b/c/@v/list", "/metrics").as_bytes()).await.unwrap();
    let page = read_all(&mut stream).await;
    let value = page.split("\ngoproxy_tls_handshake_failures_total ").nth(1).unwrap();
    value.lines().next().unwrap().parse().unwrap()
}
