//! What is told of an import.

use std::{
    convert::Infallible,
    io,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use goproxy_engine::Error;

use crate::tell::Teller;

/// Counters of files.
#[derive(Debug)]
pub(super) struct Report {
    teller: Teller,
    took: AtomicU64,
    bytes: AtomicU64,
    had: AtomicU64,
    refused: AtomicU64,
    foreign: AtomicU64,
}

impl Report {
    pub(super) fn new() -> Self {
        let new = AtomicU64::default;
        Self { teller: Teller::new(), took: new(), bytes: new(), had: new(), refused: new(), foreign: new() }
    }

    pub(super) fn took(&self, bytes: u64) {
        add(&self.took, 1);
        add(&self.bytes, bytes);
    }

    /// It was there already.
    pub(super) fn had(&self) {
        add(&self.had, 1);
    }

    /// A file that is no module's.
    pub(super) fn foreign(&self) {
        add(&self.foreign, 1);
    }

    /// It does not hold.
    pub(super) fn bad(&self, path: &Path, error: &Error) {
        add(&self.refused, 1);
        self.teller.say(&format!("{}: refused: {}", path.display(), error.message()));
    }

    /// Whether it holds cannot be told.
    pub(super) fn untold(&self, path: &Path, error: &Error) {
        add(&self.refused, 1);
        let why = error.detail().unwrap_or_else(|| error.message());
        self.teller.say(&format!("{}: not imported: {why}", path.display()));
    }

    /// A folder could not be read.
    pub(super) fn unread(&self, path: &Path, error: &io::Error) {
        add(&self.refused, 1);
        self.teller.say(&format!("{}: cannot be read: {error}", path.display()));
    }

    pub(super) fn refused(&self) -> u64 {
        get(&self.refused)
    }

    /// How many files of modules there were.
    pub(super) fn found(&self) -> u64 {
        get(&self.took) + get(&self.had) + self.refused()
    }

    pub(super) async fn show_progress(&self) -> Infallible {
        self.teller.show_progress(|| self.so_far()).await
    }

    fn so_far(&self) -> String {
        let volume = self.teller.volume(get(&self.bytes));
        let (took, had) = (get(&self.took), get(&self.had));
        format!("{took} files imported, {volume}; {had} there already, {} refused", self.refused())
    }

    pub(super) fn conclude(&self, interrupted: bool) {
        let interrupted = if interrupted { "interrupted, may be run again: " } else { "" };
        let foreign = get(&self.foreign);
        self.teller.say(&format!("{interrupted}{}; {foreign} other files left alone", self.so_far()));
    }
}

fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
