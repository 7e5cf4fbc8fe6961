//! Five hundred clients that want the same zip of 60 MiB, which nobody has asked for before: beside nginx that has it.
//! Needs `nginx`. The load generator is this program: a thread for each client, reading into one buffer.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::{
    binary, cold::distant::Distant, median, module, nginx, process::Server, rounds, scratch, table, table::Row,
};

const CLIENTS: usize = 500;
const SIZE: usize = 60 << 20;
/// What the upstream takes to its first byte.
const LATENCY: Duration = Duration::from_millis(40);
const PATH: &str = "/bench.example.com/herd/@v/v1.0.0.zip";
/// What was asked for before: a server that runs has a connection to its upstream.
const BEFORE: &str = "/bench.example.com/before/@v/v1.0.0.zip";
/// How long before: that connection is no longer in use.
const SETTLED: Duration = Duration::from_millis(200);

/// What a herd saw: seconds since it began.
struct Seen {
    /// Until one had the first byte. Which one that is, and when each of the others sees what waits for it, is decided by
    /// how five hundred threads share the cores: of the upstream alone the very first waits from 0.04 to 0.8 s.
    first: f64,
    /// Until the last had all.
    all: f64,
}

/// Each round: the herd straight at the upstream, the herd at a warm nginx, the herd at us with nothing in the cache.
pub(crate) fn herd(arguments: &[&str]) -> Result<()> {
    let (arguments, write) = table::asked(arguments);
    let rounds = rounds(&arguments, 3)?;
    let work = scratch("herd")?;
    let files = work.join("files");
    let recorded = work.join("recorded");
    for (module, path, size) in [("herd", PATH, SIZE), ("before", BEFORE, 1 << 10)] {
        module::write(&files, &format!("bench.example.com/{module}"), "v1.0.0", size)?;
        record(&files, &recorded, path)?;
    }
    let (nginx, nginx_port) = nginx::start(&work, &files)?;
    let binary = binary()?;
    let (mut own, mut firsts, mut warm, mut cold, mut memory) = (vec![], vec![], vec![], vec![], vec![]);
    for round in 1..=rounds {
        let upstream = Distant::start(&recorded, "", LATENCY)?;
        own.push(gather(upstream.port(), CLIENTS)?.first);
        warm.push(gather(nginx_port, CLIENTS)?.all);
        let (server, port) = ours(&binary, &work, upstream.port())?;
        ask(port, BEFORE)?;
        thread::sleep(SETTLED);
        let before = upstream.asked().bytes;
        let seen = gather(port, CLIENTS)?;
        let fetched = upstream.asked().bytes - before;
        ensure!(fetched < 2 * SIZE as u64, "the upstream sent {fetched} bytes: more than one zip");
        firsts.push(seen.first);
        cold.push(seen.all);
        memory.push(server.peak_memory()?);
        println!(
            "round {round}: nginx {:.2} s, cold {:.2} s, first byte {:.3} s",
            warm[round - 1],
            seen.all,
            seen.first
        );
    }
    drop(nginx);
    let ratio = |ours: &[f64], theirs: &[f64]| median(ours) / median(theirs);
    println!("{CLIENTS} clients, one zip of 60 MiB, upstream with 40 ms, medians of {rounds} interleaved rounds");
    println!("upstream fetches          1");
    println!("first byte, upstream's    {:.3} s", median(&own));
    println!("first byte, through us    {:.3} s  ({:.2})", median(&firsts), ratio(&firsts, &own));
    println!("wall, warm nginx          {:.2} s", median(&warm));
    println!("wall, us with a cold cache {:.2} s  ({:.2})", median(&cold), ratio(&cold, &warm));
    println!("our peak memory           {:.0} MiB", median(&memory));
    let rows = [
        Row::new("500 clients, one cold zip of 60 MiB, upstream 40 ms away: upstream fetches", "", "1"),
        Row::new("wall clock", "warm nginx", format!("{:.2}", ratio(&cold, &warm))),
        Row::new("peak memory", "", format!("{:.0} MiB", median(&memory))),
        Row::new("first byte", "the upstream itself", format!("{:.2}", ratio(&firsts, &own))),
    ];
    let measured =
        json!({ "upstream_first_s": own, "first_s": firsts, "nginx_s": warm, "cold_s": cold, "peak_mib": memory });
    table::record("herd", &measured, &rows, write)
}

/// Asks for one file and waits for its end.
fn ask(port: u16, path: &str) -> Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    ensure!(answer.starts_with(b"HTTP/1.1 200"), "{path}: {}", String::from_utf8_lossy(&answer));
    Ok(())
}

/// The files as the upstream keeps them.
fn record(files: &Path, recorded: &Path, path: &str) -> Result<()> {
    for extension in ["info", "mod", "zip"] {
        let name = path.trim_start_matches('/').replace(".zip", &format!(".{extension}"));
        let kept = recorded.join(format!("{name}.body"));
        fs::create_dir_all(kept.parent().context("no parent")?)?;
        fs::hard_link(files.join(&name), &kept)?;
    }
    Ok(())
}

/// Us, knowing nothing.
fn ours(binary: &Path, work: &Path, upstream: u16) -> Result<(Server, u16)> {
    super::process::remove(&work.join("cache"))?;
    Server::ours(binary, work, &[&format!("-proxy=http://127.0.0.1:{upstream}")])
}

/// So many clients at once, each on a connection of its own.
fn gather(port: u16, clients: usize) -> Result<Seen> {
    let streams: Vec<TcpStream> =
        (0..clients).map(|_| TcpStream::connect(("127.0.0.1", port))).collect::<Result<_, _>>()?;
    let began = Instant::now();
    let threads: Vec<_> = streams
        .into_iter()
        .map(|stream| thread::Builder::new().stack_size(512 << 10).spawn(move || download(stream, began)))
        .collect::<Result<_, _>>()?;
    let mut seen = Seen { first: f64::INFINITY, all: 0.0 };
    for thread in threads {
        let one = thread.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
        seen.first = seen.first.min(one.first);
        seen.all = seen.all.max(one.all);
    }
    Ok(seen)
}

fn download(mut stream: TcpStream, began: Instant) -> Result<Seen> {
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    write!(stream, "GET {PATH} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
    let mut buffer = vec![0; 128 << 10];
    let n = stream.read(&mut buffer).context("no answer")?;
    let first = began.elapsed().as_secs_f64();
    let head = String::from_utf8_lossy(&buffer[..n]).to_lowercase();
    ensure!(head.starts_with("http/1.1 200"), "{head}");
    let end = head.find("\r\n\r\n").context("half a header")? + 4;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).context("no length")?;
    let mut left = length.parse::<usize>()? - (n - end);
    ensure!(left > SIZE / 2, "a client was told of {length} bytes");
    while left > 0 {
        let n = stream.read(&mut buffer).context("a client was cut off")?;
        ensure!(n > 0, "a client lacks {left} bytes");
        left -= n;
    }
    Ok(Seen { first, all: began.elapsed().as_secs_f64() })
}
