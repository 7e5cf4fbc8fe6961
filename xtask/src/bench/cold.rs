//! A cold project through an upstream that is far away: `go mod download` and `go build` straight from it and through us
//! with an empty cache, with a full one, and with one that holds half of the project already.
//!
//! The upstream is recorded from the first URL of `go env GOPROXY` on the first run and answers from a folder since, each
//! answer and each connection after a pause. A round in which something had to be recorded does not count.

mod client;
pub(crate) mod distant;
mod report;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};

use super::{
    binary,
    process::{Server, free_port, remove},
    root, scratch,
};
use client::Client;
use distant::Distant;
use report::{Report, Sample};

/// What is measured, in the order of a round.
const WAYS: [&str; 8] =
    ["direct", "cold", "cold-sums", "cold-alone", "warm", "second", "build-direct", "build-cold-sums"];

/// How often a round is repeated while the upstream is still being recorded.
const REHEARSALS: usize = 5;

/// `--rounds N --latency MS --ways NAME,NAME`.
pub(crate) fn cold(arguments: &[&str]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let work = scratch("cold")?;
    let upstream =
        Distant::start(&root().join("target/bench/recorded"), &super::downloads::upstream()?, options.latency)?;
    let bench = Bench { client: Client::new(&work)?, binary: binary()?, upstream, work };
    let mut report = Report::new(options.latency);
    for round in 0..options.rounds {
        for way in &options.ways {
            report.add(round, way, bench.settled(way)?);
        }
    }
    bench.client.clear()?;
    report.finish(&root().join("target/bench/cold.json"))
}

/// Serves the far upstream on a port until it is killed, and says what it is asked: `--port N --latency MS`.
pub(crate) fn distant(arguments: &[&str]) -> Result<()> {
    let (mut port, mut latency) = (0, Duration::from_millis(40));
    for pair in arguments.chunks(2) {
        match pair {
            ["--port", n] => port = n.parse().context("--port takes a number")?,
            ["--latency", ms] => latency = milliseconds(ms)?,
            _ => bail!(crate::USAGE),
        }
    }
    let folder = root().join("target/bench/recorded");
    let upstream = Distant::start_on(port, &folder, &super::downloads::upstream()?, latency, true)?;
    println!("{}", upstream.url());
    loop {
        std::thread::park();
    }
}

struct Options {
    rounds: usize,
    latency: Duration,
    ways: Vec<String>,
}

impl Options {
    fn parse(arguments: &[&str]) -> Result<Self> {
        let ways = WAYS.iter().map(|way| (*way).to_owned()).collect();
        let mut options = Self { rounds: 3, latency: Duration::from_millis(40), ways };
        for pair in arguments.chunks(2) {
            match pair {
                ["--rounds", n] => options.rounds = n.parse().context("--rounds takes a number")?,
                ["--latency", ms] => options.latency = milliseconds(ms)?,
                ["--ways", list] => options.ways = list.split(',').map(str::to_owned).collect(),
                _ => bail!(crate::USAGE),
            }
        }
        match options.ways.iter().find(|way| !WAYS.contains(&way.as_str())) {
            Some(way) => bail!("no way is called {way}; there are {}", WAYS.join(", ")),
            None => Ok(options),
        }
    }
}

fn milliseconds(text: &str) -> Result<Duration> {
    Ok(Duration::from_millis(text.parse().context("--latency takes milliseconds")?))
}

struct Bench {
    client: Client,
    binary: PathBuf,
    upstream: Distant,
    work: PathBuf,
}

impl Bench {
    /// Once with everything that is asked for recorded.
    fn settled(&self, way: &str) -> Result<Sample> {
        for _ in 0..REHEARSALS {
            let recorded = self.upstream.asked().recorded;
            let sample = self.run(way)?;
            if self.upstream.asked().recorded == recorded {
                return Ok(sample);
            }
            println!("{way}: recorded {} files, again", self.upstream.asked().recorded - recorded);
        }
        bail!("{way}: asks for something new each time")
    }

    fn run(&self, way: &str) -> Result<Sample> {
        let upstream = self.upstream.url();
        let before = self.upstream.asked();
        let (seconds, page) = match way {
            "direct" => (self.client.download(&upstream)?, String::new()),
            "build-direct" => (self.client.build(&upstream)?, String::new()),
            _ => {
                let sums = if way.ends_with("-sums") || way == "second" { "sum.golang.org" } else { "off" };
                let ahead = if way == "cold-alone" { "0" } else { "256MB" };
                let (_server, ours) = self.server(sums, ahead)?;
                match way {
                    "warm" => drop(self.client.download(&ours)?),
                    "second" => drop(self.client.download_half(&ours)?),
                    _ => {}
                }
                let seconds =
                    if way.starts_with("build") { self.client.build(&ours)? } else { self.client.download(&ours)? };
                (seconds, client::metrics(&ours)?)
            }
        };
        let asked = self.upstream.asked();
        let (requests, bytes) = (asked.requests - before.requests, asked.bytes - before.bytes);
        Ok(Sample::new(seconds, requests, bytes, &page))
    }

    /// A server with an empty cache.
    fn server(&self, sums: &str, ahead: &str) -> Result<(Server, String)> {
        let cache = self.work.join("cache");
        remove(&cache)?;
        let port = free_port()?;
        let arguments = [
            format!("-listen=127.0.0.1:{port}"),
            format!("-cacheDir={}", cache.display()),
            format!("-proxy={}", self.upstream.url()),
            format!("-readAhead={ahead}"),
        ];
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let log = self.work.join("goproxy.log");
        let server = Server::start_with(&self.binary, &arguments, &[("GOSUMDB", sums)], port, &log)?;
        Ok((server, format!("http://127.0.0.1:{port}")))
    }
}
