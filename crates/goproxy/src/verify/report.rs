//! What is told: findings and the summary on standard output, progress on standard error.

use std::{
    convert::Infallible,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use goproxy_engine::{Error, Voucher};

use crate::tell::Teller;

/// Counters, and the two streams.
#[derive(Debug)]
pub(super) struct Report {
    teller: Teller,
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
            teller: Teller::new(),
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
        let end = if done.is_empty() { String::new() } else { format!("; {done}") };
        self.teller.say(&format!("{}: {what}{end}", path.display()));
    }

    pub(super) fn findings(&self) -> u64 {
        self.findings.load(Ordering::Relaxed)
    }

    pub(super) async fn show_progress(&self) -> Infallible {
        self.teller.show_progress(|| self.so_far()).await
    }

    fn so_far(&self) -> String {
        let (objects, bytes) = (self.objects.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed));
        format!("{objects} objects, {}, {} bad so far", self.teller.volume(bytes), self.findings())
    }

    /// The summary, and why it is not complete, if so.
    pub(super) fn conclude(&self, interrupted: bool) {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let outcome = match self.findings() {
            0 => "all good".to_owned(),
            n => format!("{n} bad"),
        };
        let interrupted = if interrupted { "interrupted: " } else { "" };
        let (objects, untold) = (get(&self.objects), get(&self.untold));
        self.teller.say(&format!(
            "{interrupted}{objects} objects, {outcome}; {} proved by a checksum database, {} as they were seen first, \
             {untold} could not be compared; {} foreign files",
            get(&self.by_database),
            get(&self.by_first_sight),
            get(&self.foreign)
        ));
        if let Some(why) = &*self.why_untold.lock().unwrap_or_else(PoisonError::into_inner) {
            self.teller.remark(&format!("not compared, the first of {untold}: {why}"));
        }
    }
}
