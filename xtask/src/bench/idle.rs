//! Ten thousand connections that have asked once and are kept: what they hold of our memory. nginx beside us. Needs `nginx`
//! and 10,000 open files (`ulimit -n`).

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::{binary, module, nginx, only_write, process::Server, scratch, table, table::Row};

const CLIENTS: usize = 10_000;
const PATH: &str = "/bench.example.com/idle/@v/v1.0.0.info";

pub(crate) fn idle(arguments: &[&str]) -> Result<()> {
    let write = only_write(arguments)?;
    let work = scratch("idle")?;
    let files = work.join("cache/pkg/mod/cache/download");
    module::write(&files, "bench.example.com/idle", "v1.0.0", 1 << 10)?;
    let (ours, port) = Server::ours(&binary()?, &work, &["-proxy=off"])?;
    let our_growth = growth("goproxy", &ours, port)?;
    drop(ours);
    let nginx_growth = beside(&work, &files)?;
    let each = our_growth * 1024.0 / CLIENTS as f64;
    let rows = [Row::new(
        "memory for 10,000 kept connections",
        "nginx",
        format!("{our_growth:.0} MiB, {each:.1} KiB each (nginx: {nginx_growth:.0} MiB)"),
    )];
    let measured = json!({ "goproxy_mib": our_growth, "nginx_mib": nginx_growth });
    table::record("idle", &measured, &rows, write)
}

fn beside(work: &Path, files: &Path) -> Result<f64> {
    let (nginx, port) = nginx::start(work, files)?;
    growth("nginx", &nginx, port)
}

/// MiB by which the server has grown once all are connected and answered.
fn growth(name: &str, server: &Server, port: u16) -> Result<f64> {
    let before = server.memory()?;
    let clients: Vec<TcpStream> = (0..CLIENTS).map(|_| answered(port)).collect::<Result<_>>()?;
    thread::sleep(Duration::from_secs(2));
    let after = server.memory()?;
    println!("  {name:<8} {CLIENTS} connections: {before:.1} MiB before, {after:.1} MiB with them");
    drop(clients);
    Ok(after - before)
}

fn answered(port: u16) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).context("too few open files? see ulimit -n")?;
    write!(stream, "GET {PATH} HTTP/1.1\r\nHost: a\r\n\r\n")?;
    let mut answer = [0; 4096];
    let n = stream.read(&mut answer)?;
    ensure!(answer[..n].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..n]));
    Ok(stream)
}
