//! How much is fetched at a time: a bound on what waits, so that a flood of misses costs others nothing, and room on the
//! disk, so that hits go on when it is nearly full. Hits never come here.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use crate::{Engine, Error, ErrorKind, Result, engine::Shared, rank};

/// When a client that was sent away may come back.
const COME_BACK: Duration = Duration::from_secs(5);

/// How much is fetched at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Fetches that run or wait for their turn.
    pub admitted: usize,
    /// What waits for its turn: with an upstream, a git host, a processor.
    pub waiting: usize,
    /// How many fetches are admitted at most.
    pub limit: usize,
}

impl Engine {
    /// How much is fetched at this moment.
    pub fn load(&self) -> Load {
        let admitted = self.shared.fetches.0.load(Ordering::Acquire);
        Load { admitted, waiting: rank::waiting().min(admitted), limit: self.shared.routing.load().fetches }
    }
}

/// Fetches that run or wait for their turn with a source.
#[derive(Debug, Default)]
pub(crate) struct Fetches(AtomicUsize);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Admitted<'a>(&'a Fetches);

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Shared {
    /// Lets a fetch begin, unless too many have.
    pub(crate) fn admit(&self) -> Result<Admitted<'_>> {
        let before = self.fetches.0.fetch_add(1, Ordering::AcqRel);
        let admitted = Admitted(&self.fetches);
        if before < self.routing.load().fetches {
            return Ok(admitted);
        }
        self.observer.fetch_refused("queue");
        Err(Error::new(ErrorKind::Busy, "the proxy fetches too much at the moment, try again")
            .with_detail(format!("{before} fetches are running or waiting; see -fetchLimit"))
            .with_retry_after(Some(COME_BACK)))
    }

    /// Whether so much is fetched that nothing should be fetched before somebody asks for it.
    pub(crate) fn is_busy(&self) -> bool {
        self.fetches.0.load(Ordering::Acquire) > self.routing.load().fetches / 2
    }

    /// The same for a fetch that leaves something on the disk.
    pub(crate) fn admit_to_disk(&self) -> Result<Admitted<'_>> {
        self.store.room().inspect_err(|_| self.observer.fetch_refused("disk"))?;
        self.admit()
    }
}
