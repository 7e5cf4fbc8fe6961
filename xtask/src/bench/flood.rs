//! What a flood costs those who want something that is there: `/healthz` and a cached `.info`, each on a connection of its
//! own, at rest, under half-open connections, and under cold misses on an upstream that hangs. No rival: the bound is
//! 100 ms for the 99th percentile.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::{binary, process::Server, rounds, scratch};

const PATH: &str = "/bench.example.com/hit/@v/v1.0.0.info";
const INFO: &str = r#"{"Version":"v1.0.0","Time":"2024-01-23T18:54:04Z"}"#;
const HALF_OPEN: usize = 10_000;
const MISSES: usize = 2_000;
const BOUND: f64 = 100.0;

/// As many samples of each as `--rounds` says.
pub(crate) fn flood(arguments: &[&str]) -> Result<()> {
    let samples = rounds(arguments, 500)?;
    let work = scratch("flood")?;
    let file = work.join("cache/pkg/mod/cache/download").join(PATH.trim_start_matches('/'));
    fs::create_dir_all(file.parent().context("no parent")?)?;
    fs::write(&file, INFO)?;
    // Accepts in the kernel, and never answers.
    let hanging = TcpListener::bind(("127.0.0.1", 0))?;
    let proxy = format!("-proxy=http://{}", hanging.local_addr()?);
    let (_server, port) = Server::ours(&binary()?, &work, &[&proxy])?;
    report("at rest", port, samples)?;
    let held = half_open(port)?;
    report("10,000 half-open connections", port, samples)?;
    let misses = misses(port)?;
    report("and 2,000 cold misses on a hanging upstream", port, samples)?;
    drop((held, misses));
    Ok(())
}

/// Every other one has begun a request.
fn half_open(port: u16) -> Result<Vec<TcpStream>> {
    let one = |number: usize| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).context("too few open files? see ulimit -n")?;
        if number.is_multiple_of(2) {
            stream.write_all(b"GET /healthz HT")?;
        }
        Ok(stream)
    };
    (0..HALF_OPEN).map(one).collect()
}

fn misses(port: u16) -> Result<Vec<TcpStream>> {
    let one = |number: usize| {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        write!(stream, "GET /bench.example.com/cold{number}/@v/v1.0.0.zip HTTP/1.1\r\nHost: a\r\n\r\n")?;
        Ok(stream)
    };
    (0..MISSES).map(one).collect()
}

fn report(when: &str, port: u16, samples: usize) -> Result<()> {
    println!("{when}");
    for (what, path) in [("/healthz", "/healthz"), ("cached .info", PATH)] {
        let mut took = Vec::new();
        for _ in 0..samples {
            took.push(ask(port, path)?);
        }
        took.sort_by(f64::total_cmp);
        let at = |part: usize| took.get(took.len() * part / 100).copied().unwrap_or(f64::NAN);
        let verdict = if at(99) <= BOUND { "within" } else { "NOT within" };
        println!("  {what:<14} p50 {:>7.2} ms  p99 {:>7.2} ms  {verdict} {BOUND} ms", at(50), at(99));
    }
    Ok(())
}

/// Milliseconds from connecting to the end of the answer.
fn ask(port: u16, path: &str) -> Result<f64> {
    let began = Instant::now();
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    Ok(began.elapsed().as_secs_f64() * 1000.0)
}
