//! A thousand stored versions and a million: start-up, first touches, and hits of those in use. No rival but the smaller one.
//!
//! Each version has its own `.info`; `.mod` and `.zip` are hard links, a folder's to one file. A million takes 5 GB of disk.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{
    binary, median,
    process::{Server, remove},
    root, rounds, table,
    table::Row,
};

/// Versions of each module.
const EACH: usize = 1000;
/// How many modules are in use: a version of each.
const HOT: usize = 1000;
const MEASURED: usize = 20_000;

/// What was seen of a store: medians in milliseconds, and MiB.
struct Seen {
    start: f64,
    touch: f64,
    hit: f64,
    memory: f64,
}

pub(crate) fn scale(arguments: &[&str]) -> Result<()> {
    let (arguments, write) = table::asked(arguments);
    let rounds = rounds(&arguments, 3)?;
    let binary = binary()?;
    let mut measured = Vec::new();
    let mut ways = Vec::new();
    for modules in [1, 1000] {
        let work = root().join("target/bench").join(format!("scale-{modules}"));
        stored(&work, modules)?;
        let mut all = Vec::new();
        for _ in 0..rounds {
            all.push(look(&binary, &work, modules)?);
        }
        let middle = |of: fn(&Seen) -> f64| median(&all.iter().map(of).collect::<Vec<_>>());
        let seen = Seen {
            start: middle(|seen| seen.start),
            touch: middle(|seen| seen.touch),
            hit: middle(|seen| seen.hit),
            memory: middle(|seen| seen.memory),
        };
        println!(
            "{:>9} versions: first answer {:.1} ms, first touch {:.3} ms, hit {:.4} ms, {:.0} MiB",
            modules * EACH,
            seen.start,
            seen.touch,
            seen.hit,
            seen.memory
        );
        measured.push(told(modules, &seen));
        ways.push(seen);
    }
    let (few, many) = (&ways[0], &ways[1]);
    let rows = [
        Row::new("10^6 stored versions: from start to the first answer", "100 ms", format!("{:.0} ms", many.start)),
        Row::new(
            "hits, 1,000 versions in use",
            "10^3 stored versions",
            format!("{:.2} of the time", many.hit / few.hit),
        ),
        Row::new(
            "first touch of a version",
            "10^3 stored versions",
            format!("{:.2} of the time", many.touch / few.touch),
        ),
    ];
    table::record("scale", &Value::from(measured), &rows, write)
}

fn told(modules: usize, seen: &Seen) -> Value {
    json!({ "versions": modules * EACH, "start_ms": seen.start, "touch_ms": seen.touch, "hit_ms": seen.hit,
            "memory_mib": seen.memory })
}

fn version(number: usize) -> String {
    format!("v1.{}.{}", number / 100, number % 100)
}

/// The files, unless an earlier run has left them; our records of them go.
fn stored(work: &Path, modules: usize) -> Result<()> {
    let cache = work.join("cache/pkg/mod/cache");
    if work.join("complete").exists() {
        return remove(&cache.join("goproxy"));
    }
    remove(work)?;
    println!("writing {} versions", modules * EACH);
    for module in 0..modules {
        let folder = cache.join("download").join(format!("bench.example.com/m{module}/@v"));
        fs::create_dir_all(&folder)?;
        let (go_mod, zip) = (folder.join("v1.0.0.mod"), folder.join("v1.0.0.zip"));
        fs::write(&go_mod, format!("module bench.example.com/m{module}\n"))?;
        fs::write(&zip, "not looked at")?;
        for number in 0..EACH {
            let version = version(number);
            let info = format!(r#"{{"Version":"{version}","Time":"2024-01-23T18:54:04Z"}}"#);
            fs::write(folder.join(format!("{version}.info")), info)?;
            if number > 0 {
                fs::hard_link(&go_mod, folder.join(format!("{version}.mod")))?;
                fs::hard_link(&zip, folder.join(format!("{version}.zip")))?;
            }
        }
        if module % 100 == 99 {
            println!("  {} of {modules} modules", module + 1);
        }
    }
    Ok(fs::write(work.join("complete"), "")?)
}

fn look(binary: &Path, work: &Path, modules: usize) -> Result<Seen> {
    remove(&work.join("cache/pkg/mod/cache/goproxy"))?;
    // One version of each module where there are many, all of the one where there are not.
    let hot = |at: usize| {
        let (module, number) = if modules == 1 { (0, at) } else { (at * modules / HOT, at * 7 % EACH) };
        format!("/bench.example.com/m{module}/@v/{}.info", version(number))
    };
    let began = Instant::now();
    let (server, port) = Server::ours(binary, work, &["-proxy=off"])?;
    let mut client = Client::connect(port)?;
    client.ask(&hot(0))?;
    let start = began.elapsed().as_secs_f64() * 1000.0;
    let touched: Vec<f64> = (1..HOT).map(|at| client.ask(&hot(at))).collect::<Result<_>>()?;
    let hits: Vec<f64> = (0..MEASURED).map(|at| client.ask(&hot(at * 7919 % HOT))).collect::<Result<_>>()?;
    Ok(Seen { start, touch: median(&touched), hit: median(&hits), memory: server.memory()? })
}

/// One connection, one request after the other.
struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Milliseconds to the end of the answer.
    fn ask(&mut self, path: &str) -> Result<f64> {
        let began = Instant::now();
        self.0.get_mut().write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes())?;
        let (mut line, mut length) = (String::new(), None);
        self.0.read_line(&mut line)?;
        ensure!(line.starts_with("HTTP/1.1 200"), "{path}: {line}");
        while line != "\r\n" {
            line.clear();
            ensure!(self.0.read_line(&mut line)? > 0, "{path}: half a header");
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = Some(value.trim().parse::<usize>()?);
            }
        }
        let mut body = vec![0; length.context("no length")?];
        self.0.read_exact(&mut body)?;
        Ok(began.elapsed().as_secs_f64() * 1000.0)
    }
}
