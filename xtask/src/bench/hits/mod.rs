//! What is in the cache, and what is known to be absent, beside nginx with the same files and the Go peers whose binaries
//! are given. Needs `nginx`, `wrk`, `h2load` and `taskset`.

mod load;
mod rivals;
mod rows;

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::{
    module,
    process::{Server, on_one_core},
    scratch, table,
    tls::Certificate,
};
use load::Load;
use rivals::Peer;
use rows::Rows;

const MODULE: &str = "bench.example.com/hit/@v";
/// The versions that every Go peer has in its own layout.
const ASKED_OF_PEERS: [&str; 2] = ["v1.0.0", "v1.3.0"];

/// What is asked for.
struct Scenario {
    name: &'static str,
    /// The end of the path.
    path: &'static str,
    load: Load,
    /// Whether it is there.
    there: bool,
    /// Whether the Go peers are asked as well: not where they would go and look for it, see [`ASKED_OF_PEERS`].
    peers: bool,
}

const SMALL: Load = Load::Http1 { connections: 32 };
const LARGE: Load = Load::Http1 { connections: 4 };

const fn scenario(name: &'static str, path: &'static str, load: Load) -> Scenario {
    Scenario { name, path, load, there: true, peers: false }
}

const SCENARIOS: [Scenario; 11] = [
    Scenario { peers: true, ..scenario("cached `.info`", "v1.0.0.info", SMALL) },
    Scenario { peers: true, ..scenario("cached `.mod`", "v1.0.0.mod", SMALL) },
    scenario("list", "list", SMALL),
    scenario("zip of 8 KiB", "v1.2.0.zip", SMALL),
    Scenario { peers: true, ..scenario("zip of 100 KiB", "v1.3.0.zip", SMALL) },
    Scenario { there: false, ..scenario("absent `.info`", "v1.9.0.info", SMALL) },
    Scenario { peers: true, ..scenario("zip of 5 MiB", "v1.0.0.zip", LARGE) },
    scenario("zip of 60 MiB", "v1.1.0.zip", LARGE),
    scenario("`.info`, TLS, HTTP/2", "v1.0.0.info", Load::Http2 { requests: 60_000 }),
    scenario("zip of 5 MiB, TLS, HTTP/2", "v1.0.0.zip", Load::Http2 { requests: 300 }),
    scenario("zip of 5 MiB, TLS, HTTP/1.1", "v1.0.0.zip", Load::Tls { requests: 300 }),
];

/// Every server is measured in turn in every round; all write their access log to a file.
pub(crate) fn hits(arguments: &[&str]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let (mut measured, mut listed, mut peak) = (Vec::new(), Vec::new(), 0.0_f64);
    for pinned in [false, true] {
        let placed = if pinned { "server on one core, client on the other" } else { "not pinned" };
        println!("{placed}; medians of {} interleaved rounds", options.rounds);
        let start = || Field::start(&options);
        let field = if pinned { on_one_core(start)? } else { start()? };
        for scenario in SCENARIOS.iter().filter(|scenario| scenario.name.contains(&options.only)) {
            let rows = field.compare(scenario, options.rounds, pinned)?;
            rows.print(scenario.name);
            measured.push(rows.json(scenario.name, pinned));
            listed.extend(rows.listed(&format!("{}, {}", scenario.name, if pinned { "pinned" } else { "not pinned" })));
        }
        peak = peak.max(field.rivals[0].server.peak_memory()?);
    }
    println!("our peak memory {peak:.0} MiB");
    let measured = json!({ "generator": "wrk -t1, h2load", "scenarios": measured, "peak_mib": peak });
    table::record("hits", &measured, &listed, options.write)
}

#[derive(Default)]
struct Options {
    rounds: usize,
    write: bool,
    /// Only scenarios with that word.
    only: String,
    peers: Vec<(Peer, PathBuf)>,
}

impl Options {
    fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self { rounds: 5, ..Self::default() };
        let mut left = arguments.iter();
        while let Some(argument) = left.next() {
            let mut value = || left.next().copied().with_context(|| format!("{argument} takes a value"));
            match *argument {
                "--rounds" => options.rounds = value()?.parse().context("--rounds takes a number")?,
                "--only" => value()?.clone_into(&mut options.only),
                "--peer" => options.peers.push(Peer::parse(value()?)?),
                "--write" => options.write = true,
                _ => bail!(crate::USAGE),
            }
        }
        if options.write && !options.only.is_empty() {
            bail!("--write replaces all rows of this benchmark: leave --only out");
        }
        Ok(options)
    }
}

/// A server that is asked, at a port.
struct Rival {
    name: &'static str,
    server: std::rc::Rc<Server>,
    port: u16,
    secure: bool,
    is_peer: bool,
}

/// All of them, ours first.
struct Field {
    rivals: Vec<Rival>,
}

impl Field {
    fn start(options: &Options) -> Result<Self> {
        let work = scratch("hits")?;
        let files = work.join("cache/pkg/mod/cache/download");
        for (version, size) in [("v1.0.0", 5 << 20), ("v1.1.0", 60 << 20), ("v1.2.0", 8 << 10), ("v1.3.0", 100 << 10)] {
            module::write(&files, MODULE.trim_end_matches("/@v"), version, size)?;
        }
        fs::write(files.join(MODULE).join("list"), "v1.0.0\nv1.1.0\nv1.2.0\nv1.3.0\n")?;
        let certificate = Certificate::new(&work)?;
        let (nginx, ports) = rivals::nginx(&work, &files, &certificate)?;
        let nginx = std::rc::Rc::new(nginx);
        let mut rivals = Vec::new();
        let mut add = |name, server: std::rc::Rc<Server>, port, secure, is_peer| {
            rivals.push(Rival { name, server, port, secure, is_peer });
        };
        for certificate in [None, Some(&certificate)] {
            let (server, port) = rivals::ours(&work, ports.copies, certificate)?;
            add("goproxy", server.into(), port, certificate.is_some(), false);
        }
        add("nginx", nginx.clone(), ports.copies, false, false);
        add("nginx, sendfile", nginx.clone(), ports.sendfile, false, false);
        add("nginx, TLS", nginx, ports.tls, true, false);
        for (peer, program) in &options.peers {
            let (server, port) = peer.start(program, &work, &files)?;
            add(peer.name(), server.into(), port, false, true);
        }
        Ok(Self { rivals })
    }

    fn compare(&self, scenario: &Scenario, rounds: usize, pinned: bool) -> Result<Rows> {
        let asked: Vec<&Rival> = self
            .rivals
            .iter()
            .filter(|rival| rival.secure == scenario.load.is_secure() && (scenario.peers || !rival.is_peer))
            .collect();
        let mut rows = Rows::new(asked.iter().map(|rival| (rival.name, rival.is_peer)));
        let path = format!("{MODULE}/{}", scenario.path);
        for round in 0..=rounds {
            for (at, rival) in asked.iter().enumerate() {
                let measured = scenario.load.measure(&rival.server, rival.port, &path, scenario.there, pinned)?;
                // The first is the warm-up.
                if round > 0 {
                    rows.add(at, &measured);
                }
            }
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_some_scenarios_took_the_place_of_all() {
        assert!(Options::parse(&["--only", "list", "--write"]).is_err());
        assert!(Options::parse(&["--only", "list"]).is_ok() && Options::parse(&["--write"]).is_ok());
    }
}
