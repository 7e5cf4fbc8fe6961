//! Requests per second and server CPU on a cached `.info`, beside nginx serving the same file. Needs `nginx` and `wrk`.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use super::{
    binary, median,
    process::{Server, free_port, run},
    rounds, scratch,
};

const INFO: &str = r#"{"Version":"v1.0.0","Time":"2024-01-23T18:54:04Z"}"#;
const PATH: &str = "bench.example.com/hit/@v/v1.0.0.info";

/// One rival's measurements.
#[derive(Default)]
struct Rows {
    requests: Vec<f64>,
    cpu_us: Vec<f64>,
}

/// Both servers are measured in turn, each for 3 s a round with 32 keep-alive connections of one wrk thread; both write
/// their access log to a file.
pub(crate) fn hits(arguments: &[&str]) -> Result<()> {
    let rounds = rounds(arguments, 5)?;
    let work = scratch("hits")?;
    let file = work.join("cache/pkg/mod/cache/download").join(PATH);
    fs::create_dir_all(file.parent().context("no parent")?)?;
    fs::write(&file, INFO)?;
    let (ours, our_port) = start_ours(&work)?;
    let (nginx, nginx_port) = start_nginx(&work)?;
    let (mut our_rows, mut nginx_rows) = (Rows::default(), Rows::default());
    for round in 0..=rounds {
        let warm_up = round == 0;
        for (server, port, rows) in [(&ours, our_port, &mut our_rows), (&nginx, nginx_port, &mut nginx_rows)] {
            let (requests, cpu_us) = measure(server, port)?;
            if !warm_up {
                rows.requests.push(requests);
                rows.cpu_us.push(cpu_us);
            }
        }
    }
    let row = |rows: &Rows| (median(&rows.requests), median(&rows.cpu_us));
    let (ours, nginx) = (row(&our_rows), row(&nginx_rows));
    println!("cached .info, wrk -t1 -c32, median of {rounds} interleaved rounds of 3 s");
    println!("goproxy  {:>9.0} req/s  {:>6.1} us CPU/req", ours.0, ours.1);
    println!("nginx    {:>9.0} req/s  {:>6.1} us CPU/req", nginx.0, nginx.1);
    println!("ratio    {:>9.2}        {:>6.2}", ours.0 / nginx.0, ours.1 / nginx.1);
    Ok(())
}

fn start_ours(work: &Path) -> Result<(Server, u16)> {
    let port = free_port()?;
    let listen = format!("-listen=127.0.0.1:{port}");
    let cache = format!("-cacheDir={}", work.join("cache").display());
    let arguments = [listen.as_str(), &cache, "-proxy=off"];
    Ok((Server::start(&binary()?, &arguments, port, &work.join("goproxy.log"))?, port))
}

fn start_nginx(work: &Path) -> Result<(Server, u16)> {
    let port = free_port()?;
    let config = format!(
        "daemon off; worker_processes 2; pid {work}/nginx.pid; error_log {work}/nginx-error.log;
         events {{ worker_connections 1024; }}
         http {{
           access_log {work}/nginx-access.log combined buffer=64k flush=1s;
           sendfile on; tcp_nopush on; keepalive_requests 100000000;
           open_file_cache max=1000 inactive=60s; open_file_cache_valid 60s;
           types {{ application/json info; }}
           server {{ listen 127.0.0.1:{port}; root {work}/cache/pkg/mod/cache/download; }}
         }}",
        work = work.display()
    );
    let path = work.join("nginx.conf");
    fs::write(&path, config)?;
    let arguments = ["-c", &path.to_string_lossy(), "-p", &work.to_string_lossy()];
    Ok((Server::start(Path::new("nginx"), &arguments, port, &work.join("nginx.log"))?, port))
}

/// Requests per second, and microseconds of server CPU per request.
fn measure(server: &Server, port: u16) -> Result<(f64, f64)> {
    let url = format!("http://127.0.0.1:{port}/{PATH}");
    let before = server.cpu_ticks();
    let output = run("wrk", &["-t1", "-c32", "-d3s", &url], &[])?;
    let ticks = server.cpu_ticks() - before;
    if output.contains("Non-2xx") {
        anyhow::bail!("wrk saw errors:\n{output}");
    }
    let number = |line: &str, word: usize| -> Option<f64> { line.split_whitespace().nth(word)?.parse().ok() };
    let line = |what: &str| output.lines().find(|line| line.contains(what));
    let per_second = line("Requests/sec").and_then(|line| number(line, 1)).context("wrk printed no rate")?;
    let total = line("requests in").and_then(|line| number(line, 0)).context("wrk printed no total")?;
    Ok((per_second, ticks as f64 * 10_000.0 / total))
}
