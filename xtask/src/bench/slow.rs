//! Two hundred clients that ask for a zip of 100 MB and do not read it: what they hold of our memory and of the kernel's.
//! nginx beside us. Needs `nginx`.

use std::{
    fs,
    io::Write as _,
    net::{SocketAddr, TcpStream},
    path::Path,
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::json;
use socket2::{Domain, Socket, Type};

use super::{binary, module, nginx, only_write, process::Server, scratch, table, table::Row};

const CLIENTS: usize = 200;
const SIZE: usize = 100_000_000;
const PATH: &str = "/bench.example.com/slow/@v/v1.0.0.zip";
/// Of the clients: what waits in their receive buffers is theirs.
const RECEIVE: usize = 16 << 10;
const GOAL: f64 = 128.0;

pub(crate) fn slow(arguments: &[&str]) -> Result<()> {
    let write = only_write(arguments)?;
    let work = scratch("slow")?;
    let files = work.join("cache/pkg/mod/cache/download");
    module::write(&files, "bench.example.com/slow", "v1.0.0", SIZE)?;
    println!("{CLIENTS} clients that do not read a zip of 100 MB, MiB after 5 s");
    let (ours, port) = Server::ours(&binary()?, &work, &["-proxy=off"])?;
    let sum = report("goproxy", &ours, port)?;
    println!("goproxy: {} {GOAL} MiB", if sum <= GOAL { "within" } else { "NOT within" });
    drop(ours);
    let (nginx, port) = nginx::start(&work, &files)?;
    let theirs = report("nginx", &nginx, port)?;
    let what = "memory for 200 clients that do not read a zip of 100 MB, the kernel's included";
    let rows = [Row::new(what, "nginx", format!("{sum:.0} MiB (nginx: {theirs:.0} MiB)"))];
    table::record("slow", &json!({ "goproxy_mib": sum, "nginx_mib": theirs }), &rows, write)
}

fn report(name: &str, server: &Server, port: u16) -> Result<f64> {
    let before = kernel()?;
    let clients: Vec<TcpStream> = (0..CLIENTS).map(|_| client(port)).collect::<Result<_>>()?;
    thread::sleep(Duration::from_secs(5));
    let (memory, kernel) = (server.memory()?, kernel()? - before);
    println!(
        "  {name:<8} resident {memory:>6.1}   TCP of the kernel {kernel:>6.1}   together {:>6.1}",
        memory + kernel
    );
    drop(clients);
    Ok(memory + kernel)
}

fn client(port: u16) -> Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_recv_buffer_size(RECEIVE)?;
    socket.connect(&SocketAddr::from(([127, 0, 0, 1], port)).into())?;
    let mut stream = TcpStream::from(socket);
    write!(stream, "GET {PATH} HTTP/1.1\r\nHost: a\r\n\r\n")?;
    Ok(stream)
}

/// What all TCP sockets of this machine hold, in MiB.
fn kernel() -> Result<f64> {
    let text = fs::read_to_string(Path::new("/proc/net/sockstat"))?;
    let line = text.lines().find(|line| line.starts_with("TCP:")).context("no TCP in /proc/net/sockstat")?;
    let pages = line.split_whitespace().last().context("no memory in /proc/net/sockstat")?;
    Ok(pages.parse::<f64>()? * 4096.0 / f64::from(1 << 20))
}
