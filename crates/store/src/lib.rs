//! The store on a file system, in Go's own module cache layout.
//!
//! Objects lie where `go` looks for them, `<cacheDir>/pkg/mod/cache/download`, so that the tree serves as
//! `GOPROXY=file://...` and one written by `go` is taken over; several processes may share it. What is ours alone
//! (temporary files, answers, records of what was checked) lies beside it in `goproxy/`, and may be lost without harm.

mod adopted;
mod answers;
mod census;
mod commit;
mod facts;
mod failure;
mod files;
mod handles;
mod inspect;
mod keyed;
mod layout;
mod open;
mod owner;
mod proofs;
mod record;
mod room;
mod scrub;
mod start;
mod tmp;
mod unchanged;
mod walk;

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use goproxy_engine::{
    Answer, Error, ErrorKind, Fact, FactFound, Kind, Object, Remembered, Result, Staging, Store, Stored, Verified,
    blocking,
};
use tokio::sync::Semaphore;

use crate::{handles::Handles, keyed::Keyed, layout::Layout, open::Found, proofs::Proofs, tmp::Tmp};

pub use inspect::{Inspection, Seen, Sound};
pub use unchanged::Unchanged;
pub use walk::{Lying, Walk};

/// How often a commit tries to get past files that do not hold.
const ATTEMPTS: usize = 4;

/// The store in a cache directory. A cheap handle; all clones are one store.
#[derive(Clone, Debug)]
pub struct FsStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    layout: Layout,
    tmp: Tmp,
    proofs: Proofs,
    handles: Handles,
    adopting: Keyed,
    /// Bounds the adoption of zips, so that it leaves room for hits.
    heavy: Arc<Semaphore>,
    /// Bounds the hashing of large files, which is reading most of all: hits wait for it.
    hashing: Arc<Semaphore>,
    committed_bytes: AtomicU64,
    committed_objects: AtomicU64,
    /// Bytes of the disk that are left alone.
    reserve: AtomicU64,
    /// What the last census found, and `committed_bytes` by then.
    counted: Mutex<Option<(u64, u64)>>,
}

/// How full the store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of all that lies where objects lie, to within what others did since the last walk; `None` before the
    /// first one ([`FsStore::census`]).
    pub stored_bytes: Option<u64>,
    /// Bytes of the objects that this process committed.
    pub committed_bytes: u64,
    /// Objects that this process committed.
    pub committed_objects: u64,
    /// Bytes of the file system that are free for us; 0 if it does not say.
    pub fs_free_bytes: u64,
    /// Bytes that the file system holds; 0 if it does not say.
    pub fs_total_bytes: u64,
}

impl FsStore {
    /// Opens the store of a cache directory, `pkg/mod/cache/` in it; makes what is missing and removes the temporary
    /// files of dead processes. Blocking, for the start.
    ///
    /// A directory that can only be read is accepted. Errors: the directory cannot be made, is not one, or is of a
    /// newer format; the message says what to do, the detail also where.
    pub fn open(cache_dir: &Path) -> Result<Self> {
        let layout = layout(cache_dir)?;
        start::prepare(&layout)?;
        Ok(Self::of(layout))
    }

    /// Opens the store of a cache directory to look at it: makes and removes nothing. Blocking.
    ///
    /// Errors: there is no cache, it cannot be read, or it is of a newer format.
    pub fn look_at(cache_dir: &Path) -> Result<Self> {
        let layout = layout(cache_dir)?;
        start::look(&layout)?;
        Ok(Self::of(layout))
    }

    fn of(layout: Layout) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self(Arc::new(Inner {
            tmp: Tmp::new(layout.own.join("tmp")),
            layout,
            proofs: Proofs::new(),
            handles: Handles::new(),
            adopting: Keyed::default(),
            heavy: Arc::new(Semaphore::new(cores.max(2))),
            hashing: Arc::new(Semaphore::new(4 * cores)),
            committed_bytes: AtomicU64::new(0),
            committed_objects: AtomicU64::new(0),
            reserve: AtomicU64::new(room::DEFAULT),
            counted: Mutex::new(None),
        }))
    }

    /// How full it is: counters and one system call.
    pub fn usage(&self) -> Usage {
        let fs = rustix::fs::statvfs(&self.0.layout.download).ok();
        let (free, total) =
            fs.map_or((0, 0), |fs| (fs.f_bavail.saturating_mul(fs.f_frsize), fs.f_blocks.saturating_mul(fs.f_frsize)));
        let committed_bytes = self.0.committed_bytes.load(Ordering::Relaxed);
        Usage {
            stored_bytes: self.0.stored_bytes(committed_bytes),
            committed_bytes,
            committed_objects: self.0.committed_objects.load(Ordering::Relaxed),
            fs_free_bytes: free,
            fs_total_bytes: total,
        }
    }

    /// Closes files that were in demand some time ago; to be called every few seconds, so that what is removed by others gives
    /// its room on the disk back.
    pub fn close_old(&self) {
        self.0.handles.close_old();
    }

    /// Whether something could be stored now: writes a small file and removes it.
    pub async fn writable(&self) -> Result<()> {
        let inner = Arc::clone(&self.0);
        blocking(move || inner.probe()).await
    }
}

#[async_trait]
impl Store for FsStore {
    async fn open(&self, object: &Object) -> Result<Option<Stored>> {
        if let Some(stored) = self.0.handles.held(object, &self.0.proofs) {
            return Ok(Some(stored));
        }
        let (inner, wanted) = (Arc::clone(&self.0), object.clone());
        let bound = match blocking(move || inner.find(&wanted)).await? {
            Found::Absent => return Ok(None),
            Found::Held(stored) => {
                self.0.handles.keep(object, &stored);
                return Ok(Some(self.told(object, stored)));
            }
            Found::Due(..) => Some(&self.0.hashing),
            Found::Unknown(..) => is_zip(object).then_some(&self.0.heavy),
        };
        let _alone = self.0.adopting.lock(object).await;
        let _permit = match bound {
            Some(bound) => Arc::clone(bound).acquire_owned().await.ok(),
            None => None,
        };
        let (inner, wanted) = (Arc::clone(&self.0), object.clone());
        Ok(blocking(move || inner.examine(&wanted)).await?.map(|stored| self.told(object, stored)))
    }

    async fn has(&self, object: &Object) -> Result<bool> {
        let Some(path) = self.0.layout.object(object) else { return Ok(false) };
        blocking(move || Ok(path.is_file())).await
    }

    fn room(&self) -> Result<()> {
        self.0.room()
    }

    async fn stage(&self) -> Result<Staging> {
        let inner = Arc::clone(&self.0);
        blocking(move || match inner.tmp.file() {
            Ok((path, file)) => Ok(Staging::new(path, file)),
            Err(e) => Err(failure::at("making a temporary file below", &inner.layout.own, &e)),
        })
        .await
    }

    async fn commit(&self, verified: Verified) -> Result<Stored> {
        let verified = Arc::new(verified);
        for _ in 0..ATTEMPTS {
            let (inner, publishing) = (Arc::clone(&self.0), Arc::clone(&verified));
            if let Some(stored) = blocking(move || inner.publish(&publishing)).await? {
                return Ok(stored);
            }
            if let Some(stored) = self.open(verified.object()).await? {
                return Ok(stored);
            }
        }
        let detail = format!("{}: what is in its place does not hold and cannot be moved aside", verified.object());
        Err(Error::new(ErrorKind::Internal, "the proxy cannot use its cache").with_detail(detail))
    }

    async fn load(&self, answer: &Answer) -> Result<Option<Remembered>> {
        let (inner, answer) = (Arc::clone(&self.0), answer.clone());
        blocking(move || inner.load(&answer)).await
    }

    async fn save(&self, answer: &Answer, remembered: &Remembered) -> Result<()> {
        let (inner, answer, remembered) = (Arc::clone(&self.0), answer.clone(), remembered.clone());
        blocking(move || inner.save(&answer, &remembered)).await
    }

    async fn reject(&self, object: &Object, reason: &str) -> Result<()> {
        let (inner, object, reason) = (Arc::clone(&self.0), object.clone(), reason.to_owned());
        blocking(move || {
            inner.reject(&object, &reason);
            Ok(())
        })
        .await
    }

    async fn sum_of_adopted(&self, object: &Object) -> Result<Option<(String, [u8; 32])>> {
        let _permit = self.0.heavy.acquire().await;
        let (inner, object) = (Arc::clone(&self.0), object.clone());
        blocking(move || inner.sum_of_adopted(&object)).await
    }

    async fn vouched_for(&self, object: &Object, sha256: [u8; 32]) -> Result<()> {
        let (inner, object) = (Arc::clone(&self.0), object.clone());
        blocking(move || inner.vouched_for(&object, sha256)).await
    }

    async fn recall(&self, fact: &Fact) -> Result<Option<FactFound>> {
        let (inner, fact) = (Arc::clone(&self.0), fact.clone());
        blocking(move || inner.recall(&fact)).await
    }

    async fn establish(&self, fact: &Fact, old: Option<&Bytes>, new: &Bytes) -> Result<bool> {
        let (inner, fact, old, new) = (Arc::clone(&self.0), fact.clone(), old.cloned(), new.clone());
        blocking(move || inner.establish(&fact, old.as_ref(), &new)).await
    }
}

impl FsStore {
    /// Says, to the first who opens it, that nobody has vouched for it.
    fn told(&self, object: &Object, stored: Stored) -> Stored {
        let doubtful = matches!(object, Object::Module(_, Kind::Mod | Kind::Zip)) && self.0.proofs.doubt(object, false);
        Stored { doubtful, ..stored }
    }
}

fn layout(cache_dir: &Path) -> Result<Layout> {
    let cache_dir =
        std::path::absolute(cache_dir).map_err(|e| failure::at_start(cache_dir, &e.to_string(), "give a path"))?;
    Ok(Layout::new(&cache_dir))
}

fn is_zip(object: &Object) -> bool {
    matches!(object, Object::Module(_, Kind::Zip))
}
