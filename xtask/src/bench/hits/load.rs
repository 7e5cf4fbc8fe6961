//! Load from the other side: `wrk` for HTTP/1.1, `h2load` for TLS.

use anyhow::{Context, Result, bail};

use super::super::process::{Server, run};

/// How a scenario is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Load {
    /// One thread, so many connections, for a second.
    Http1 { connections: u32 },
    /// So many requests over TLS and HTTP/2, with the windows and the frame size that the `go` command announces (net/http
    /// of Go 1.24 and newer), on four connections with two requests at a time.
    Http2 { requests: u32 },
    /// So many requests over TLS and HTTP/1.1, on sixteen connections.
    Tls { requests: u32 },
}

/// Requests per second, and microseconds of server CPU per request.
pub(super) struct Measured {
    pub(super) requests: f64,
    pub(super) cpu_us: f64,
}

impl Load {
    pub(super) const fn is_secure(self) -> bool {
        !matches!(self, Self::Http1 { .. })
    }

    /// Asks a server for the path; `there` says whether it has it.
    pub(super) fn measure(self, server: &Server, port: u16, path: &str, there: bool, pinned: bool) -> Result<Measured> {
        let cores = if pinned { "1" } else { "0,1" };
        let before = server.cpu_ticks();
        let (rate, total) = match self {
            Self::Http1 { connections } => wrk(cores, connections, &format!("http://127.0.0.1:{port}/{path}"), there)?,
            Self::Http2 { requests } => {
                let client = ["-c4", "-m2", "-w22", "-W30", "--max-frame-size=1048576"];
                h2load(cores, requests, &client, &format!("https://localhost:{port}/{path}"))?
            }
            Self::Tls { requests } => {
                h2load(cores, requests, &["-c16", "--h1"], &format!("https://localhost:{port}/{path}"))?
            }
        };
        let ticks = server.cpu_ticks() - before;
        Ok(Measured { requests: rate, cpu_us: ticks as f64 * 10_000.0 / total })
    }
}

fn wrk(cores: &str, connections: u32, url: &str, there: bool) -> Result<(f64, f64)> {
    let output = run("taskset", &["-c", cores, "wrk", "-t1", &format!("-c{connections}"), "-d1s", url], &[])?;
    if output.contains("Non-2xx") == there || output.contains("Socket errors") {
        bail!("wrk saw something else:\n{output}");
    }
    let line = |what: &str| output.lines().find(|line| line.contains(what));
    let per_second = line("Requests/sec").and_then(|line| word(line, 1)).context("wrk printed no rate")?;
    let total = line("requests in").and_then(|line| word(line, 0)).context("wrk printed no total")?;
    Ok((per_second, total))
}

fn h2load(cores: &str, requests: u32, client: &[&str], url: &str) -> Result<(f64, f64)> {
    let requests = format!("-n{requests}");
    let arguments: Vec<&str> = ["-c", cores, "h2load", &requests].iter().chain(client).copied().chain([url]).collect();
    let output = run("taskset", &arguments, &[])?;
    let line = |what: &str| output.lines().find(|line| line.starts_with(what));
    let rate = line("finished in").and_then(|line| word(line, 3)).context("h2load printed no rate")?;
    let told = line("status codes:").context("h2load printed no status codes")?;
    let good = word(told, 2).context("h2load printed no status codes")?;
    if line("requests:").is_none_or(|line| !line.contains(" 0 failed, 0 errored")) || format!("-n{good}") != requests {
        bail!("h2load saw something else:\n{output}");
    }
    Ok((rate, good))
}

fn word(line: &str, at: usize) -> Option<f64> {
    line.split_whitespace().nth(at)?.parse().ok()
}
