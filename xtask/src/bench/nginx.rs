//! The rival that everybody knows.

use std::{fs, path::Path};

use anyhow::Result;

use super::process::{Server, free_port};

/// nginx over the files of a folder, on a port that is free, with an access log and open files kept.
pub(crate) fn start(work: &Path, files: &Path) -> Result<(Server, u16)> {
    let port = free_port()?;
    let config = format!(
        "daemon off; worker_processes 2; pid {work}/nginx.pid; error_log {work}/nginx-error.log;
         events {{ worker_connections 4096; }}
         http {{
           access_log {work}/nginx-access.log combined buffer=64k flush=1s;
           sendfile off; output_buffers 2 256k; keepalive_requests 100000000;
           open_file_cache max=1000 inactive=60s; open_file_cache_valid 60s;
           types {{ application/json info; }}
           server {{ listen 127.0.0.1:{port}; root {files}; }}
         }}",
        work = work.display(),
        files = files.display(),
    );
    let path = work.join("nginx.conf");
    fs::write(&path, config)?;
    let arguments = ["-c", &path.to_string_lossy(), "-p", &work.to_string_lossy()];
    Ok((Server::start(Path::new("nginx"), &arguments, port, &work.join("nginx.log"))?, port))
}
