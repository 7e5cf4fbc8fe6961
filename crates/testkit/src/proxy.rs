//! The proxy under test, as a process of its own in an environment that the test chose.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::{
    client::{self, Response},
    fault::wait_until,
    go_client::Output,
    home::Home,
};

/// What the program prints on standard error once it accepts connections, before the address.
const READY: &str = "listening on http://";
const START_LIMIT: Duration = Duration::from_secs(30);

/// How to start the program. Its environment holds PATH, HOME and TMPDIR (an empty directory each) and what is set.
#[derive(Clone, Debug)]
pub struct ProxyBuilder {
    program: PathBuf,
    args: Vec<OsString>,
    env: BTreeMap<OsString, OsString>,
    cache: Option<PathBuf>,
    bare: bool,
    dir: Arc<TempDir>,
}

impl ProxyBuilder {
    /// Appends an argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Appends arguments.
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Uses this home directory.
    pub fn home(self, home: &Home) -> Self {
        self.env("HOME", home.path())
    }

    /// Uses this cache root instead of an empty one.
    pub fn cache_dir(mut self, dir: &Path) -> Self {
        self.cache = Some(dir.to_owned());
        self
    }

    /// Adds neither `-listen` nor `-cacheDir`: the arguments are all there is.
    pub fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    /// Starts it and waits until it listens.
    ///
    /// # Panics
    /// With the program's log, if it ends or says nothing for 30 seconds.
    pub async fn start(self) -> Proxy {
        self.try_start().await.unwrap_or_else(|output| panic!("the proxy did not start: {output:?}"))
    }

    /// Starts it; if it ends instead of listening, what it left behind.
    pub async fn try_start(self) -> Result<Proxy, Output> {
        let log = Arc::new(Mutex::new(String::new()));
        let (child, address) = self.launch("127.0.0.1:0", &log).await?;
        let cache = self.cache_root();
        Ok(Proxy { builder: self, child, address, log, cache })
    }

    /// Runs it to its end with the arguments as they are, for commands and refusals; killed after a minute.
    pub async fn run(self) -> Output {
        let mut command = tokio::process::Command::from(self.command(&self.args));
        command.stdin(Stdio::null()).kill_on_drop(true);
        crate::go_client::finish(command, Duration::from_secs(60)).await
    }

    fn cache_root(&self) -> PathBuf {
        self.cache.clone().unwrap_or_else(|| self.dir.path().join("cache"))
    }

    fn command(&self, args: &[OsString]) -> Command {
        let mut command = Command::new(&self.program);
        for name in ["home", "tmp"] {
            std::fs::create_dir_all(self.dir.path().join(name)).unwrap();
        }
        command
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.dir.path().join("home"))
            .env("TMPDIR", self.dir.path().join("tmp"))
            .envs(&self.env)
            .process_group(0);
        command
    }

    async fn launch(&self, listen: &str, log: &Arc<Mutex<String>>) -> Result<(Child, SocketAddr), Output> {
        let mut args = self.args.clone();
        if !self.bare {
            std::fs::create_dir_all(self.cache_root()).unwrap();
            args.extend(["-listen".into(), listen.into(), "-cacheDir".into(), self.cache_root().into_os_string()]);
        }
        let mut command = self.command(&args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program under test can be started");
        let ready = follow(child.stderr.take().expect("piped"), log.clone());
        follow(child.stdout.take().expect("piped"), log.clone());

        let start = Instant::now();
        loop {
            match ready.try_recv() {
                Ok(address) => return Ok((child, address)),
                Err(mpsc::TryRecvError::Disconnected) => break,
                Err(mpsc::TryRecvError::Empty) if start.elapsed() > START_LIMIT => break,
                Err(mpsc::TryRecvError::Empty) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
        // Standard error is closed before the process is gone: give it a moment to say its status itself.
        wait_until(Duration::from_secs(2), || matches!(child.try_wait(), Ok(Some(_)))).await;
        let _ = child.kill();
        let code = child.wait().ok().and_then(|status| status.code());
        Err(Output { ok: code == Some(0), code, stdout: String::new(), stderr: log.lock().unwrap().clone() })
    }
}

/// Copies a stream into `log`, line by line; sends the address once the ready line is seen.
fn follow(stream: impl Read + Send + 'static, log: Arc<Mutex<String>>) -> mpsc::Receiver<SocketAddr> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
            let text = String::from_utf8_lossy(&line).into_owned();
            log.lock().unwrap().push_str(&text);
            if let Some(address) = text.split_once(READY).and_then(|(_, rest)| rest.trim().parse().ok()) {
                let _ = sender.send(address);
            }
            line.clear();
        }
    });
    receiver
}

/// A running proxy, killed when dropped.
#[derive(Debug)]
pub struct Proxy {
    builder: ProxyBuilder,
    child: Child,
    address: SocketAddr,
    log: Arc<Mutex<String>>,
    cache: PathBuf,
}

impl Proxy {
    /// How to start `program`, usually `env!("CARGO_BIN_EXE_goproxy")`.
    pub fn builder(program: impl Into<PathBuf>) -> ProxyBuilder {
        ProxyBuilder {
            program: program.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            cache: None,
            bare: false,
            dir: Arc::new(TempDir::new().unwrap()),
        }
    }

    /// `http://127.0.0.1:port`, the value of a client's GOPROXY.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
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
        self.builder.dir.path()
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
        client::request(self.address, method, target, headers).await
    }

    /// Sends bytes on a fresh connection and returns all that comes back until the proxy closes.
    pub async fn raw(&self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        client::exchange(TcpStream::connect(self.address).await?, bytes).await
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
        let started = self.builder.launch(&self.address.to_string(), &self.log).await;
        (self.child, self.address) = started.unwrap_or_else(|output| panic!("the proxy did not restart: {output:?}"));
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
    }
}
