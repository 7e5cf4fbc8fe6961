//! One fetch at a time into a copy, and one fetch for all who wait: fifty versions that are asked for at once cost two
//! operations of the remote, not fifty.

use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use goproxy_engine::{Error, ErrorKind, Result};
use goproxy_git::Oid;

use super::{copy::Copy, download::Part};

/// Ids of wishes that are joined in one operation, at most: a request of some hundred KiB.
const MOST_WANTS: usize = 10_000;

/// Who waits for what.
#[derive(Debug, Default)]
pub(super) struct Fetching {
    waiting: Mutex<Vec<Arc<Wish>>>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Wish {
    ids: Vec<Oid>,
    part: Part,
    /// It was part of a batch that failed because of one of them.
    alone: AtomicBool,
    done: OnceLock<Result<()>>,
}

impl Fetching {
    /// Waits for the turn; by then somebody else may have fetched what is wanted.
    pub(super) async fn fetch(&self, copy: &Copy, ids: Vec<Oid>, part: Part) -> Result<()> {
        let wish = Arc::new(Wish { ids, part, alone: AtomicBool::default(), done: OnceLock::new() });
        self.waiting().push(Arc::clone(&wish));
        let _forget = Forget { fetching: self, wish: &wish };
        let _turn = self.turn.lock().await;
        if let Some(done) = wish.done.get() {
            return done.clone();
        }
        // Wishes stay in the list until they are granted: if this future is dropped, others still find theirs.
        let batch = self.alike(&wish);
        let together = copy.download(&joined(&batch), &wish.part).await;
        let apart = |e: &Error| matches!(e.kind(), ErrorKind::NotFound | ErrorKind::Invalid);
        if batch.len() > 1 && together.as_ref().is_err_and(apart) {
            // One of them wants what the remote does not have or may not send (too large, damaged), or they do so together:
            // that is no matter of the others.
            batch.iter().for_each(|wish| wish.alone.store(true, Ordering::Relaxed));
            return copy.download(&wish.ids, &wish.part).await;
        }
        for granted in &batch {
            let _ = granted.done.set(together.clone());
        }
        self.waiting().retain(|waiting| waiting.done.get().is_none());
        together
    }

    /// This wish and those that can be granted with it.
    fn alike(&self, wish: &Arc<Wish>) -> Vec<Arc<Wish>> {
        let mut wants = wish.ids.len();
        let mut batch = vec![Arc::clone(wish)];
        let alone = |wish: &Wish| wish.alone.load(Ordering::Relaxed);
        if alone(wish) {
            return batch;
        }
        for other in self.waiting().iter() {
            if other.part == wish.part && !alone(other) && !Arc::ptr_eq(other, wish) && other.done.get().is_none() {
                wants += other.ids.len();
                if wants > MOST_WANTS {
                    break;
                }
                batch.push(Arc::clone(other));
            }
        }
        batch
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Arc<Wish>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a wish off the list when nobody waits for it any more.
struct Forget<'a> {
    fetching: &'a Fetching,
    wish: &'a Arc<Wish>,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.fetching.waiting().retain(|waiting| !Arc::ptr_eq(waiting, self.wish));
    }
}

fn joined(batch: &[Arc<Wish>]) -> Vec<Oid> {
    let mut ids: Vec<_> = batch.iter().flat_map(|wish| wish.ids.iter().copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
