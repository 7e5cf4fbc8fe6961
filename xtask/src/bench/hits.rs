//! What is in the cache, and what is known to be absent, beside nginx with the same files. Needs `nginx`, `wrk`, `taskset`.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{
    binary, median, module, nginx,
    process::{Server, free_port, run},
    root, rounds, scratch,
};

const MODULE: &str = "bench.example.com/hit/@v";

/// What is asked for: a name, the end of the path, the connections of wrk's one thread, whether it is there.
const SCENARIOS: [(&str, &str, u32, bool); 4] = [
    ("cached .info", "v1.0.0.info", 32, true),
    ("cached .mod", "v1.0.0.mod", 32, true),
    ("absent .info", "v1.9.0.info", 32, false),
    ("cached zip of 5 MiB", "v1.0.0.zip", 4, true),
];

/// One rival's measurements of one scenario.
#[derive(Default)]
struct Rows {
    requests: Vec<f64>,
    cpu_us: Vec<f64>,
}

impl Rows {
    fn medians(&self) -> (f64, f64) {
        (median(&self.requests), median(&self.cpu_us))
    }
}

/// Both servers are measured in turn, each for 2 s a round; both write their access log to a file. `--rounds N`.
pub(crate) fn hits(arguments: &[&str]) -> Result<()> {
    let rounds = rounds(arguments, 5)?;
    let work = scratch("hits")?;
    let files = work.join("cache/pkg/mod/cache/download");
    module::write(&files, "bench.example.com/hit", "v1.0.0", 5 << 20)?;
    let (nginx, nginx_port) = nginx::start(&work, &files)?;
    let (ours, our_port) = start_ours(&work, nginx_port)?;
    let mut table = Vec::new();
    for pinned in [false, true] {
        println!("{}; wrk, one thread, median of {rounds} interleaved rounds of 2 s", placed(pinned));
        for server in [&ours, &nginx] {
            server.pin(pinned.then_some(0))?;
        }
        for (name, path, connections, there) in SCENARIOS {
            let (mut our_rows, mut nginx_rows) = (Rows::default(), Rows::default());
            for round in 0..=rounds {
                for (server, port, rows) in [(&ours, our_port, &mut our_rows), (&nginx, nginx_port, &mut nginx_rows)] {
                    let (requests, cpu_us) = measure(server, port, path, connections, there, pinned)?;
                    // The first is the warm-up.
                    if round > 0 {
                        rows.requests.push(requests);
                        rows.cpu_us.push(cpu_us);
                    }
                }
            }
            table.push(told(name, pinned, our_rows.medians(), nginx_rows.medians()));
        }
    }
    let peak = ours.peak_memory()?;
    println!("our peak memory {peak:.0} MiB");
    let report = json!({ "benchmark": "hits", "generator": "wrk -t1", "rows": table, "peak_mib": peak });
    Ok(fs::write(root().join("target/bench/hits.json"), serde_json::to_string_pretty(&report)?)?)
}

const fn placed(pinned: bool) -> &'static str {
    if pinned { "server on one core, client on the other" } else { "not pinned" }
}

fn told(name: &str, pinned: bool, ours: (f64, f64), nginx: (f64, f64)) -> Value {
    let (requests, cpu) = (ours.0 / nginx.0, ours.1 / nginx.1);
    println!(
        "  {name:<20} goproxy {:>8.0} req/s {:>7.1} us CPU/req   nginx {:>8.0} {:>7.1}   ratio {requests:.2} {cpu:.2}",
        ours.0, ours.1, nginx.0, nginx.1
    );
    json!({ "scenario": name, "pinned": pinned, "requests_per_s": ours.0, "cpu_us": ours.1,
            "nginx_requests_per_s": nginx.0, "nginx_cpu_us": nginx.1, "ratio_requests": requests, "ratio_cpu": cpu })
}

/// nginx is the upstream that knows of no absent names.
fn start_ours(work: &Path, upstream: u16) -> Result<(Server, u16)> {
    let port = free_port()?;
    let flags = [
        format!("-listen=127.0.0.1:{port}"),
        format!("-cacheDir={}", work.join("cache").display()),
        format!("-proxy=http://127.0.0.1:{upstream}"),
    ];
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    Ok((Server::start(&binary()?, &flags, port, &work.join("goproxy.log"))?, port))
}

/// Requests per second, and microseconds of server CPU per request.
fn measure(server: &Server, port: u16, path: &str, connections: u32, there: bool, pinned: bool) -> Result<(f64, f64)> {
    let url = format!("http://127.0.0.1:{port}/{MODULE}/{path}");
    let cores = if pinned { "1" } else { "0,1" };
    let before = server.cpu_ticks();
    let output = run("taskset", &["-c", cores, "wrk", "-t1", &format!("-c{connections}"), "-d2s", &url], &[])?;
    let ticks = server.cpu_ticks() - before;
    if output.contains("Non-2xx") == there || output.contains("Socket errors") {
        bail!("wrk saw something else:\n{output}");
    }
    let number = |line: &str, word: usize| -> Option<f64> { line.split_whitespace().nth(word)?.parse().ok() };
    let line = |what: &str| output.lines().find(|line| line.contains(what));
    let per_second = line("Requests/sec").and_then(|line| number(line, 1)).context("wrk printed no rate")?;
    let total = line("requests in").and_then(|line| number(line, 0)).context("wrk printed no total")?;
    Ok((per_second, ticks as f64 * 10_000.0 / total))
}
