//! How the proxy under test is started, and how its output is followed until it says that it listens.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    fault::wait_until,
    go_client::{Output, finish},
    home::Home,
    proxy::Proxy,
    secrets::Secrets,
};

/// What the program prints on standard error once it accepts connections, before its URL.
const READY: &str = "listening on ";
const START_LIMIT: Duration = Duration::from_secs(30);

/// How to start the program. Its environment holds PATH, HOME and TMPDIR (an empty directory each), GOSUMDB=off,
/// GOPROXY_READ_AHEAD=0 and what is set. Clones share these directories and the cache. Whatever the test is about, it
/// fails if a secret that it gives turns up in what the program says.
#[derive(Clone, Debug)]
pub struct ProxyBuilder {
    program: PathBuf,
    args: Vec<OsString>,
    env: BTreeMap<OsString, OsString>,
    cache: Option<PathBuf>,
    bare: bool,
    secrets: Secrets,
    dir: Arc<TempDir>,
}

impl ProxyBuilder {
    pub(crate) fn new(program: PathBuf) -> Self {
        let dir = Arc::new(TempDir::new().unwrap());
        let (args, env, secrets) = Default::default();
        Self { program, args, env, cache: None, bare: false, secrets, dir }
    }

    /// The directory of its home, its temporary files and, unless another was chosen, its cache.
    pub fn scratch_dir(&self) -> &Path {
        self.dir.path()
    }

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
        let launched = self.launch("127.0.0.1:0", &log).await;
        self.secrets().assert_absent("the log", &log.lock().unwrap());
        let (child, listening) = launched?;
        Ok(Proxy::new(self, child, listening, log))
    }

    /// Runs it to its end with the arguments as they are, for commands and refusals; killed after a minute.
    pub async fn run(self) -> Output {
        let mut command = tokio::process::Command::from(self.command(&self.args));
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = finish(command, Duration::from_secs(60)).await;
        // The one command whose business it is to hand a token over.
        let hands_over = self.args.iter().any(|arg| arg == "auth");
        let said = if hands_over { output.stderr.clone() } else { output.stdout.clone() + &output.stderr };
        self.secrets().assert_absent("what a command prints", &said);
        output
    }

    /// What must not be said: everything secret that it is given, with what the files hold by now.
    pub(crate) fn secrets(&self) -> &Secrets {
        let text = |value: &OsString| value.to_string_lossy().into_owned();
        let args: Vec<String> = self.args.iter().map(text).collect();
        let env: Vec<(String, String)> = self.env.iter().map(|(name, value)| (text(name), text(value))).collect();
        self.secrets.gather(&args, &env);
        &self.secrets
    }

    pub(crate) fn cache_root(&self) -> PathBuf {
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
            // There is no true checksum database where tests run; those about it bring their own.
            .env("GOSUMDB", "off")
            // Most tests count what the upstream is asked for; those about reading ahead say -readAhead.
            .env("GOPROXY_READ_AHEAD", "0")
            .envs(&self.env)
            .process_group(0);
        command
    }

    pub(crate) async fn launch(&self, listen: &str, log: &Arc<Mutex<String>>) -> Result<(Child, Listening), Output> {
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
                Ok(listening) => return Ok((child, listening)),
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

/// What the program says of where it listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listening {
    pub(crate) scheme: &'static str,
    pub(crate) address: SocketAddr,
}

impl Listening {
    /// From a line of the log; in a JSON log, a quotation mark follows.
    fn parse(line: &str) -> Option<Self> {
        let (_, url) = line.split_once(READY)?;
        let url = url.trim().split('"').next()?;
        let (scheme, address) = match url.strip_prefix("https://") {
            Some(address) => ("https", address),
            None => ("http", url.strip_prefix("http://")?),
        };
        Some(Self { scheme, address: address.parse().ok()? })
    }
}

/// Copies a stream into `log`, line by line; sends the address once the ready line is seen.
fn follow(stream: impl Read + Send + 'static, log: Arc<Mutex<String>>) -> mpsc::Receiver<Listening> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
            let text = String::from_utf8_lossy(&line).into_owned();
            log.lock().unwrap().push_str(&text);
            if let Some(listening) = Listening::parse(&text) {
                let _ = sender.send(listening);
            }
            line.clear();
        }
    });
    receiver
}
