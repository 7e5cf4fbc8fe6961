//! The git server of the benchmark: `git http-backend` behind kept-alive connections, in a process of its own, so that
//! its time is nobody else's. Answers stream, as a forge's do.
//!
//! What it adds is said by the path, so that one server serves every case of an interleaved run:
//! `/<milliseconds before each answer>/<filter|plain>/<owner>/<name>/...`. `/counts` tells what was asked and forgets it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::http::{Connection, Head};

/// The word of the command line that makes this program the server.
pub(super) const COMMAND: &str = "host";

/// A running server; it ends with this value, or when this process does.
pub(super) struct Host {
    child: Child,
    stdin: Option<ChildStdin>,
    pub(super) port: u16,
}

impl Host {
    /// Serves the bare repositories `<owner>/<name>.git` below a folder.
    pub(super) fn start(folder: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bench", "direct", COMMAND]).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("starting the git server")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let port = line.trim().parse().context("the git server did not start")?;
        Ok(Self { stdin: child.stdin.take(), child, port })
    }

    /// What was asked since the last call.
    pub(super) fn counts(&self) -> Result<Counts> {
        let body = Connection::open(self.port)?.get("/counts", "")?;
        let value: Value = serde_json::from_slice(&body)?;
        let number = |name: &str| value[name].as_u64().unwrap_or_default();
        Ok(Counts { listings: number("listings"), fetches: number("fetches"), peak: number("peak") })
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// Remote operations: refs listed, packs fetched, the most of both that were being answered at a time.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) listings: u64,
    pub(super) fetches: u64,
    pub(super) peak: u64,
}

#[derive(Default)]
struct Shared {
    counts: Counts,
    running: u64,
}

/// Serves until standard input is closed, which the end of the parent does too.
pub(super) fn serve(folder: &str) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    let (folder, shared) = (Arc::new(PathBuf::from(folder)), Arc::<Mutex<Shared>>::default());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (folder, shared) = (Arc::clone(&folder), Arc::clone(&shared));
            std::thread::spawn(move || {
                if let Err(error) = converse(stream, &folder, &shared) {
                    println!("git server: {error:#}");
                }
            });
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn converse(stream: TcpStream, folder: &Path, shared: &Mutex<Shared>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    // A client that has what it wants closes, or resets.
    while let Ok(Some(head)) = Head::read(&mut reader) {
        if head.field("expect").is_some() {
            (&stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let body = head.body(&mut reader)?;
        let target = head.first.split(' ').nth(1).unwrap_or_default().to_owned();
        if target == "/counts" {
            let counts = std::mem::take(&mut shared.lock().unwrap_or_else(PoisonError::into_inner).counts);
            let Counts { listings, fetches, peak } = counts;
            let body = json!({ "listings": listings, "fetches": fetches, "peak": peak }).to_string();
            write!(&stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
            continue;
        }
        let _running = Running::new(shared, &target, &body);
        answer(&stream, folder, &head, &target, &body)?;
    }
    Ok(())
}

/// Counts a request while it is being answered. What a server can is no operation: it is asked beside the listing.
struct Running<'a> {
    shared: &'a Mutex<Shared>,
    operation: bool,
}

impl<'a> Running<'a> {
    fn new(shared: &'a Mutex<Shared>, target: &str, body: &[u8]) -> Self {
        let operation = target.ends_with("/git-upload-pack");
        let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
        state.running += u64::from(operation);
        state.counts.peak = state.counts.peak.max(state.running);
        if body.windows(15).any(|window| window == b"command=ls-refs") {
            state.counts.listings += 1;
        } else {
            state.counts.fetches += u64::from(operation);
        }
        Self { shared, operation }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).running -= u64::from(self.operation);
    }
}

fn answer(mut stream: &TcpStream, folder: &Path, head: &Head, target: &str, body: &[u8]) -> Result<()> {
    let mut parts = target.splitn(4, '/').skip(1);
    let (latency, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let rest = parts.next().unwrap_or_default();
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    std::thread::sleep(Duration::from_millis(latency.parse().unwrap_or_default()));
    let mut names = path.splitn(3, '/');
    let mut name = || names.next().unwrap_or_default();
    let (owner, repository, rest) = (name(), name(), name());
    let repository = repository.strip_suffix(".git").unwrap_or(repository);
    if !folder.join(owner).join(format!("{repository}.git")).is_dir() {
        stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")?;
        return Ok(());
    }
    let mut child = backend(folder, &format!("/{owner}/{repository}.git/{rest}"), query, kind == "filter", head, body)?;
    let mut stdin = child.stdin.take().context("no input")?;
    let mut stdout = BufReader::with_capacity(1 << 16, child.stdout.take().context("no output")?);
    // Written first: no request of these clients is larger than what the program reads before it answers.
    stdin.write_all(body)?;
    drop(stdin);
    relay(stream, &mut stdout)?;
    child.wait()?;
    Ok(())
}

/// Runs the CGI program (RFC 3875) for one request.
fn backend(folder: &Path, path: &str, query: &str, filter: bool, head: &Head, body: &[u8]) -> Result<Child> {
    let field = |name: &str| head.field(name).unwrap_or_default();
    let mut command = Command::new("git");
    command.arg("http-backend").env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("GIT_PROJECT_ROOT", folder).env("PATH_INFO", path).env("QUERY_STRING", query);
    command.envs([("GIT_HTTP_EXPORT_ALL", "1"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")]);
    command.envs([("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "uploadpack.allowFilter")]);
    command.env("GIT_CONFIG_VALUE_0", filter.to_string());
    command.env("REQUEST_METHOD", head.first.split(' ').next().unwrap_or_default());
    command.env("CONTENT_TYPE", field("content-type")).env("CONTENT_LENGTH", body.len().to_string());
    command.env("HTTP_CONTENT_ENCODING", field("content-encoding")).env("GIT_PROTOCOL", field("git-protocol"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("starting git http-backend")
}

/// Sends on what the program prints as it comes.
fn relay(mut stream: &TcpStream, output: &mut impl BufRead) -> Result<()> {
    let mut head = String::from("HTTP/1.1 200 OK\r\n");
    loop {
        let mut line = String::new();
        output.read_line(&mut line)?;
        match line.strip_prefix("Status: ") {
            Some(status) => head = head.replace("200 OK", status.trim_end()),
            None if line.trim_end().is_empty() => break,
            None => head.push_str(&line),
        }
    }
    head.push_str("Transfer-Encoding: chunked\r\n\r\n");
    let mut pending = head.into_bytes();
    loop {
        let part = output.fill_buf()?;
        let length = part.len();
        pending.extend(format!("{length:x}\r\n").as_bytes());
        pending.extend([part, b"\r\n"].concat());
        stream.write_all(&pending)?;
        pending.clear();
        output.consume(length);
        if length == 0 {
            return Ok(());
        }
    }
}
