//! What is told: findings and the summary on standard output, progress on standard error.

use std::{
    convert::Infallible,
    io::{IsTerminal as _, Write as _, stderr, stdout},
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use goproxy_engine::{Error, Voucher};

/// On a terminal a line is written over and over, elsewhere there is a new one now and then.
const ON_TERMINAL: Duration = Duration::from_millis(500);
const ELSEWHERE: Duration = Duration::from_secs(10);

/// Counters, and the two streams.
#[derive(Debug)]
pub(super) struct Report {
    start: Instant,
    terminal: bool,
    objects: AtomicU64,
    bytes: AtomicU64,
    findings: AtomicU64,
    by_database: AtomicU64,
    by_first_sight: AtomicU64,
    untold: AtomicU64,
    foreign: AtomicU64,
    /// Why something could not be told, the first time.
    why_untold: Mutex<Option<String>>,
}

impl Report {
    pub(super) fn new() -> Self {
        let new = AtomicU64::default;
        Self {
            start: Instant::now(),
            terminal: stderr().is_terminal(),
            objects: new(),
            bytes: new(),
            findings: new(),
            by_database: new(),
            by_first_sight: new(),
            untold: new(),
            foreign: new(),
            why_untold: Mutex::default(),
        }
    }

    /// An object was looked at.
    pub(super) fn looked_at(&self, bytes: u64) {
        self.objects.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A file that is none of ours or Go's.
    pub(super) fn foreign(&self) {
        self.foreign.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn vouched(&self, voucher: Voucher) {
        match voucher {
            Voucher::Database => &self.by_database,
            Voucher::FirstSight => &self.by_first_sight,
            Voucher::Nobody => return,
        }
        .fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a file is the true one cannot be told.
    pub(super) fn untold(&self, error: &Error) {
        self.untold.fetch_add(1, Ordering::Relaxed);
        let mut why = self.why_untold.lock().unwrap_or_else(PoisonError::into_inner);
        why.get_or_insert_with(|| error.message().to_owned());
    }

    /// One line: which file, what is wrong with it, what was done.
    pub(super) fn finding(&self, path: &Path, what: &str, done: &str) {
        self.findings.fetch_add(1, Ordering::Relaxed);
        self.clear_line();
        let end = if done.is_empty() { String::new() } else { format!("; {done}") };
        say(&one_line(&format!("{}: {what}{end}", path.display())));
    }

    pub(super) fn findings(&self) -> u64 {
        self.findings.load(Ordering::Relaxed)
    }

    pub(super) async fn show_progress(&self) -> Infallible {
        let period = if self.terminal { ON_TERMINAL } else { ELSEWHERE };
        loop {
            tokio::time::sleep(period).await;
            let (start, end) = if self.terminal { ("\r", "\x1b[K") } else { ("", "\n") };
            let _ = write!(stderr(), "{start}{}{end}", self.so_far());
        }
    }

    fn so_far(&self) -> String {
        let (objects, bytes) = (self.objects.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed));
        let took = self.start.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "for people, with one digit after the point")]
        let megabytes = bytes as f64 / 1e6;
        let rate = megabytes / took.max(0.001);
        format!("{objects} objects, {megabytes:.1} MB, {rate:.1} MB/s, {} bad so far", self.findings())
    }

    fn clear_line(&self) {
        if self.terminal {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }

    /// The summary, and why it is not complete, if so.
    pub(super) fn conclude(&self, interrupted: bool) {
        self.clear_line();
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let outcome = match self.findings() {
            0 => "all good".to_owned(),
            n => format!("{n} bad"),
        };
        let interrupted = if interrupted { "interrupted: " } else { "" };
        let (objects, untold) = (get(&self.objects), get(&self.untold));
        say(&format!(
            "{interrupted}{objects} objects, {outcome}; {} proved by a checksum database, {} as they were seen first, \
             {untold} could not be compared; {} foreign files",
            get(&self.by_database),
            get(&self.by_first_sight),
            get(&self.foreign)
        ));
        if let Some(why) = &*self.why_untold.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = writeln!(stderr(), "goproxy: not compared, the first of {untold}: {}", one_line(why));
        }
    }
}

/// To standard output. A reader that went away is no failure.
fn say(line: &str) {
    let _ = writeln!(stdout().lock(), "{line}");
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
