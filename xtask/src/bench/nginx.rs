//! The rival that everybody knows.

use std::{fs, path::Path};

use anyhow::Result;

use super::{
    process::{Server, free_port},
    tls::Certificate,
};

/// Where one nginx answers, in each of its settings.
pub(crate) struct Ports {
    /// Reads and writes: the faster one over loopback for small files, and for large ones with a client that copies.
    pub(crate) copies: u16,
    /// `sendfile on`.
    pub(crate) sendfile: u16,
    /// TLS with HTTP/1.1 and HTTP/2.
    pub(crate) tls: u16,
}

/// nginx over the files of a folder, on a port that is free, with an access log and open files kept.
pub(crate) fn start(work: &Path, files: &Path) -> Result<(Server, u16)> {
    let port = free_port()?;
    let server = format!("server {{ listen 127.0.0.1:{port}; sendfile off; root {}; }}", files.display());
    Ok((run(work, &server, port)?, port))
}

/// The same in all its settings.
pub(crate) fn start_all(work: &Path, files: &Path, certificate: &Certificate) -> Result<(Server, Ports)> {
    let ports = Ports { copies: free_port()?, sendfile: free_port()?, tls: free_port()? };
    let servers = format!(
        "server {{ listen 127.0.0.1:{}; sendfile off; root {root}; }}
         server {{ listen 127.0.0.1:{}; sendfile on; tcp_nopush on; root {root}; }}
         server {{ listen 127.0.0.1:{} ssl http2; sendfile off; root {root};
                   ssl_certificate {}; ssl_certificate_key {}; }}",
        ports.copies,
        ports.sendfile,
        ports.tls,
        certificate.chain.display(),
        certificate.key.display(),
        root = files.display(),
    );
    Ok((run(work, &servers, ports.copies)?, ports))
}

fn run(work: &Path, servers: &str, port: u16) -> Result<Server> {
    let workers = std::thread::available_parallelism()?;
    let config = format!(
        "daemon off; worker_processes {workers}; pid {work}/nginx.pid; error_log {work}/nginx-error.log;
         events {{ worker_connections 16384; }}
         worker_rlimit_nofile 40000;
         http {{
           access_log {work}/nginx-access.log combined buffer=64k flush=1s;
           output_buffers 2 256k; keepalive_requests 100000000;
           open_file_cache max=1000 inactive=60s; open_file_cache_valid 60s;
           types {{ application/json info; }}
           {servers}
         }}",
        work = work.display(),
    );
    let path = work.join("nginx.conf");
    fs::write(&path, config)?;
    let arguments = ["-c", &path.to_string_lossy(), "-p", &work.to_string_lossy()];
    Server::start(Path::new("nginx"), &arguments, port, &work.join("nginx.log"))
}
