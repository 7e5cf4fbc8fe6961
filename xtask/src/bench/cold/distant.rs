//! An upstream far away: answers from a folder, each answer and each new connection after a pause, over connections that
//! stay open. What the folder lacks is asked of the real upstream once and kept, so that every later run is hermetic.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::bench::process::run;

/// A running one; ends with the program.
#[derive(Clone)]
pub(crate) struct Distant(Arc<Inner>);

struct Inner {
    port: u16,
    folder: PathBuf,
    /// Where a file comes from that the folder lacks.
    origin: String,
    latency: Duration,
    /// Whether each request is printed, with the seconds since the start.
    told: bool,
    begun: Instant,
    requests: AtomicU64,
    recorded: AtomicU64,
    bytes: AtomicU64,
}

/// What it was asked for so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) requests: u64,
    /// How many of them the folder lacked: a round in which there are any measures the real upstream.
    pub(crate) recorded: u64,
    pub(crate) bytes: u64,
}

impl Distant {
    /// Listens on some port of this machine.
    pub(crate) fn start(folder: &Path, origin: &str, latency: Duration) -> Result<Self> {
        Self::start_on(0, folder, origin, latency, false)
    }

    /// Listens on a port of this machine, 0 for any; perhaps it tells what it is asked.
    pub(crate) fn start_on(port: u16, folder: &Path, origin: &str, latency: Duration, told: bool) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        let inner = Inner {
            port: listener.local_addr()?.port(),
            folder: folder.to_owned(),
            origin: origin.trim_end_matches('/').to_owned(),
            latency,
            told,
            begun: Instant::now(),
            requests: AtomicU64::default(),
            recorded: AtomicU64::default(),
            bytes: AtomicU64::default(),
        };
        let distant = Self(Arc::new(inner));
        let inner = Arc::clone(&distant.0);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let inner = Arc::clone(&inner);
                // A client that hangs up in the middle is no matter.
                thread::spawn(move || drop(inner.connection(&connection)));
            }
        });
        Ok(distant)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.0.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port
    }

    pub(crate) fn asked(&self) -> Asked {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Asked { requests: of(&self.0.requests), recorded: of(&self.0.recorded), bytes: of(&self.0.bytes) }
    }
}

impl Inner {
    fn connection(&self, connection: &TcpStream) -> Result<()> {
        connection.set_nodelay(true)?;
        // The way there and back that setting a connection up takes.
        thread::sleep(self.latency);
        let mut reader = BufReader::new(connection);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let mut header = String::from("-");
            while !header.trim_end().is_empty() {
                header.clear();
                reader.read_line(&mut header)?;
            }
            let Some(path) = line.split(' ').nth(1) else { bail!("not a request: {line}") };
            thread::sleep(self.latency);
            self.requests.fetch_add(1, Ordering::Relaxed);
            if self.told {
                println!("{:.3} {path}", self.begun.elapsed().as_secs_f64());
            }
            self.answer(&path.replace("%21", "!"), connection)?;
        }
    }

    fn answer(&self, path: &str, mut connection: &TcpStream) -> Result<()> {
        let Some(mut file) = self.file(path)? else {
            let text = "not found: not recorded\n";
            let head = format!("HTTP/1.1 404 Not Found\r\nContent-Length: {}\r\n\r\n{text}", text.len());
            return Ok(connection.write_all(head.as_bytes())?);
        };
        let length = file.metadata()?.len();
        self.bytes.fetch_add(length, Ordering::Relaxed);
        connection.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").as_bytes())?;
        // The kernel copies from file to socket: the upstream's own processor time is not what is measured.
        io::copy(&mut file, &mut connection)?;
        Ok(())
    }

    /// The file of a path, asked of the origin if need be.
    fn file(&self, path: &str) -> Result<Option<File>> {
        if path.contains("..") || !path.starts_with('/') {
            return Ok(None);
        }
        let kept = self.folder.join(&path[1..]);
        let (kept, absent) = (with_suffix(&kept, ".body"), with_suffix(&kept, ".absent"));
        if !kept.exists() && !absent.exists() {
            self.recorded.fetch_add(1, Ordering::Relaxed);
            self.record(path, &kept, &absent)?;
        }
        Ok(kept.exists().then(|| File::open(&kept)).transpose()?)
    }

    fn record(&self, path: &str, kept: &Path, absent: &Path) -> Result<()> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let parent = kept.parent().unwrap_or(&self.folder);
        fs::create_dir_all(parent)?;
        println!("recording {path}");
        let part = parent.join(format!(".part{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
        let (url, file) = (format!("{}{path}", self.origin), part.to_string_lossy());
        let told = run("curl", &["-sSL", "--retry", "3", "-o", &file, "-w", "%{http_code}", &url], &[])?;
        match told.trim() {
            "200" => {
                // curl writes no file where there is nothing to write.
                fs::OpenOptions::new().create(true).append(true).open(&part)?;
                fs::rename(&part, kept)?;
            }
            "404" | "410" => fs::write(absent, "")?,
            status => bail!("{url}: {status}"),
        }
        let _ = fs::remove_file(&part);
        Ok(())
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
