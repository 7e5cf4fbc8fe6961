//! One object after the other: its hash, its content, and what others say of it.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use goproxy_engine::{Blob, Engine, ErrorKind, Kind, Object, Store as _, Stored, Unobserved, Voucher};
use goproxy_store::{FsStore, Inspection, Lying, Seen, Sound, Unchanged};
use tokio::sync::Semaphore;

use super::{VerifyOptions, report::Report, sources};
use crate::{failure::Failure, settings::Loaded};

/// Looks at objects, and repairs what may be repaired.
#[derive(Debug)]
pub(super) struct Checker {
    options: VerifyOptions,
    store: FsStore,
    /// Asks who vouches; changes nothing, so that every finding is ours to tell.
    judge: Engine,
    /// Fetches again, if anything is to be fetched.
    fetcher: Option<Engine>,
    /// What was moved away and is to be fetched, with what was wrong. Not before everything was looked at: a fetch moves
    /// bad lookups and tiles away itself, and they would not be told.
    missing: Mutex<Vec<(PathBuf, Object, String)>>,
    processors: Semaphore,
    report: Arc<Report>,
}

impl Checker {
    pub(super) fn new(
        loaded: &Loaded,
        options: VerifyOptions,
        store: FsStore,
        report: Arc<Report>,
    ) -> Result<Self, Failure> {
        let engine = |store, routing| Engine::new(store, routing, Arc::new(Unobserved));
        let judge = engine(Arc::new(Unchanged::of(store.clone())), sources::to_look(loaded, options.offline)?);
        let fetcher = match options {
            VerifyOptions { repair: true, offline: false } => {
                Some(engine(Arc::new(store.clone()), sources::to_fetch(loaded)?))
            }
            _ => None,
        };
        let processors = Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from));
        Ok(Self { options, store, judge, fetcher, missing: Mutex::default(), processors, report })
    }

    /// What lies at a path.
    pub(super) async fn check(&self, path: &Path, lying: std::io::Result<Lying>) {
        match lying {
            Ok(Lying::Object(object)) => self.object(path, &object).await,
            Ok(Lying::Foreign) => self.report.foreign(),
            Ok(Lying::Beside) => {}
            Err(error) => self.report.finding(path, &format!("cannot be read: {error}"), ""),
        }
    }

    async fn object(&self, path: &Path, object: &Object) {
        let turn = self.processors.acquire().await;
        let inspection = self.store.inspect(object).await;
        drop(turn);
        match inspection {
            Ok(Inspection::Absent) => {}
            Ok(Inspection::Bad(seen, why)) => {
                self.report.looked_at(0);
                self.bad(path, object, seen, &why).await;
            }
            Ok(Inspection::Sound(sound)) => {
                self.report.looked_at(sound.size);
                self.sound(path, object, &sound).await;
            }
            Err(error) => {
                self.report.looked_at(0);
                self.report.finding(path, error.detail().unwrap_or_else(|| error.message()), "");
            }
        }
    }

    /// It holds by itself. Is it the true one?
    async fn sound(&self, path: &Path, object: &Object, sound: &Sound) {
        let stored = Stored {
            blob: Blob::File(Arc::clone(&sound.file)),
            size: sound.size,
            sha256: sound.sha256,
            modified: SystemTime::UNIX_EPOCH,
            doubtful: false,
        };
        let voucher = match self.judge.vouch(object, &stored, sound.sum.as_deref()).await {
            Ok(voucher) => voucher,
            Err(error) if error.kind() == ErrorKind::Invalid => {
                return self.bad(path, object, sound.seen, error.message()).await;
            }
            Err(error) => {
                self.report.untold(&error);
                Voucher::Nobody
            }
        };
        self.report.vouched(voucher);
        if !self.agrees_with_go(path, object, sound, voucher).await {
            return;
        }
        if self.options.repair && !sound.recorded {
            // From now on it is noticed when it changes.
            let _ = self.store.open(object).await;
        }
    }

    /// Whether `go` has written down the same sum of a zip. Where it is not the zip that is wrong, its sum is.
    async fn agrees_with_go(&self, path: &Path, object: &Object, sound: &Sound, voucher: Voucher) -> bool {
        let (Object::Module(version, Kind::Zip), Some(sum)) = (object, &sound.sum) else { return true };
        let Ok(Some((sum_path, of_go))) = self.store.ziphash(version).await else { return true };
        if of_go == *sum {
            return true;
        }
        if !sound.recorded && voucher == Voucher::Nobody {
            let why = format!("has {sum}, and {of_go:?} when go stored it (.ziphash)");
            self.bad(path, object, sound.seen, &why).await;
            return false;
        }
        let done = match self.options.repair {
            false => "",
            true if self.store.remove_ziphash(version).await.is_ok() => "removed",
            true => "cannot be removed",
        };
        self.report.finding(&sum_path, &format!("says {of_go:?}, and the good zip has {sum}"), done);
        true
    }

    async fn bad(&self, path: &Path, object: &Object, seen: Seen, why: &str) {
        if !self.options.repair {
            return self.report.finding(path, why, "");
        }
        if !self.store.move_away(object, seen, why).await.unwrap_or_default() {
            return self.report.finding(path, why, "cannot be moved to quarantine");
        }
        if self.fetcher.is_none() {
            return self.report.finding(path, why, "moved to quarantine");
        }
        let missing = (path.to_owned(), object.clone(), why.to_owned());
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).push(missing);
    }

    /// Fetches again what was moved away.
    pub(super) async fn restore(&self) {
        let Some(fetcher) = &self.fetcher else { return };
        while let Some((path, object, why)) = self.next_missing() {
            let done = match fetcher.restore(&object).await {
                Ok(()) => "moved to quarantine, fetched again".to_owned(),
                Err(error) => format!("moved to quarantine, not fetched again: {error}"),
            };
            self.report.finding(&path, &why, &done);
        }
    }

    /// Tells of what was moved away and is left to those who ask for it.
    pub(super) fn give_up(&self) {
        while let Some((path, _, why)) = self.next_missing() {
            self.report.finding(&path, &why, "moved to quarantine");
        }
    }

    fn next_missing(&self) -> Option<(PathBuf, Object, String)> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}
