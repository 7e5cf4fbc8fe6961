//! The proxy under test, as a process of its own in an environment that the test chose.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ExitStatus},
    sync::{Arc, Mutex},
    time::Duration,
};

use rustix::process::{Pid, kill_process, kill_process_group};
use tokio::net::TcpStream;

use crate::{
    client::{self, Response},
    fault::wait_until,
    launch::{Listening, ProxyBuilder},
};

pub use rustix::process::Signal;

/// Larger answers are files of modules.
const LARGEST_TEXT: usize = 64 << 10;

/// A running proxy, killed when dropped; then its log is searched for the secrets that the test gave.
#[derive(Debug)]
pub struct Proxy {
    builder: ProxyBuilder,
    child: Child,
    listening: Listening,
    log: Arc<Mutex<String>>,
    cache: PathBuf,
}

impl Proxy {
    /// How to start `program`, usually `env!("CARGO_BIN_EXE_goproxy")`.
    pub fn builder(program: impl Into<PathBuf>) -> ProxyBuilder {
        ProxyBuilder::new(program.into())
    }

    pub(crate) fn new(builder: ProxyBuilder, child: Child, listening: Listening, log: Arc<Mutex<String>>) -> Self {
        let cache = builder.cache_root();
        Self { builder, child, listening, log, cache }
    }

    /// `http://127.0.0.1:port`, or with `https`: the value of a client's GOPROXY.
    pub fn url(&self) -> String {
        format!("{}://{}", self.listening.scheme, self.listening.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listening.address
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The cache root given by `-cacheDir`.
    pub fn cache_dir(&self) -> &Path {
        &self.cache
    }

    /// The folder in Go's own layout: `<cacheDir>/pkg/mod/cache/download`.
    pub fn download_dir(&self) -> PathBuf {
        self.cache.join("pkg/mod/cache/download")
    }

    /// The directory of everything it could write to: home, temporary files and, unless chosen, the cache.
    pub fn scratch_dir(&self) -> &Path {
        self.builder.scratch_dir()
    }

    /// Everything printed so far, restarts included.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// GET, the path as it is.
    pub async fn get(&self, path: &str) -> Response {
        self.request("GET", path, &[]).await
    }

    /// GET with headers.
    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        self.request("GET", path, headers).await
    }

    /// HEAD, the path as it is.
    pub async fn head(&self, path: &str) -> Response {
        self.request("HEAD", path, &[]).await
    }

    /// Any request, target and headers as they are.
    ///
    /// # Panics
    /// If the connection fails; see [`Proxy::try_request`].
    pub async fn request(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Response {
        let answer = self.try_request(method, target, headers).await;
        answer.unwrap_or_else(|error| panic!("{method} {target}: {error}\n{}", self.log()))
    }

    /// The same, for a proxy that may be dead.
    pub async fn try_request(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> std::io::Result<Response> {
        let authorization = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        authorization.for_each(|(_, value)| self.builder.secrets().add_authorization(value));
        let answer = client::request(self.address(), method, target, headers).await?;
        if answer.body.len() <= LARGEST_TEXT {
            let said = format!("{:?}\n{}", answer.headers, answer.text());
            self.builder.secrets().assert_absent(&format!("the answer to {target}"), &said);
        }
        Ok(answer)
    }

    /// Sends bytes on a fresh connection and returns all that comes back until the proxy closes.
    pub async fn raw(&self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        client::exchange(TcpStream::connect(self.address()).await?, bytes).await
    }

    /// Sends a signal to the proxy alone.
    pub fn signal(&self, signal: Signal) {
        let _ = kill_process(self.rustix_pid(), signal);
    }

    /// SIGKILL to the proxy alone, and waits for it; what it started lives on.
    pub fn kill9(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGHUP: read the configuration again.
    pub fn hangup(&self) {
        self.signal(Signal::HUP);
    }

    /// SIGTERM, and waits up to `limit` for the end; `None` if it still runs then.
    pub async fn terminate(&mut self, limit: Duration) -> Option<ExitStatus> {
        self.signal(Signal::TERM);
        self.wait(limit).await
    }

    /// Waits for the end.
    pub async fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let mut status = None;
        wait_until(limit, || {
            status = self.child.try_wait().expect("a child can be waited for");
            status.is_some()
        })
        .await;
        status
    }

    /// Starts the same again, on the same port and cache; kills it first if it still runs.
    pub async fn restart(&mut self) {
        self.kill9();
        let started = self.builder.launch(&self.address().to_string(), &self.log).await;
        (self.child, self.listening) = started.unwrap_or_else(|output| panic!("the proxy did not restart: {output:?}"));
    }

    fn rustix_pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The group goes first, while the leader still holds its number.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process_group(self.rustix_pid(), Signal::KILL);
        }
        self.kill9();
        if !std::thread::panicking() {
            self.builder.secrets().assert_absent("the log", &self.log());
        }
    }
}
