//! Who goes first: what a client waits for, before what is fetched before anybody asks. Work that is done ahead carries
//! its rank through all that it starts, and gives it up when somebody comes to wait for it.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use tokio::sync::{Semaphore, SemaphorePermit, watch};

use crate::trace;

tokio::task_local! {
    static AHEAD: Arc<Rank>;
}

/// The rank of work that is done ahead.
#[derive(Debug, Default)]
pub(crate) struct Rank(watch::Sender<bool>);

impl Rank {
    /// Somebody waits for it now: it counts as any other from here on.
    pub(crate) fn promote(&self) {
        self.0.send_replace(true);
    }

    async fn promoted(&self) {
        // Cannot fail: the sender is ours.
        let _ = self.0.subscribe().wait_for(|promoted| *promoted).await;
    }
}

/// The rank of the task that runs; `None` where somebody waits.
pub(crate) fn current() -> Option<Arc<Rank>> {
    AHEAD.try_with(Arc::clone).ok()
}

/// Whether nobody waits for what the running task does.
pub(crate) fn is_ahead() -> bool {
    current().is_some_and(|rank| !*rank.0.borrow())
}

/// Runs work with the rank of whoever started it.
pub(crate) async fn ranked<T>(rank: Option<Arc<Rank>>, work: impl Future<Output = T>) -> T {
    match rank {
        Some(rank) => AHEAD.scope(rank, work).await,
        None => work.await,
    }
}

/// Everything in this process that waits for a turn: a figure for people, which decides nothing.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// How much waits for a turn of some kind.
pub(crate) fn waiting() -> usize {
    WAITING.load(Ordering::Relaxed)
}

/// Waits for a turn, counted among what waits; a stage of a trace, if it has to wait.
pub async fn queued<T>(turn: impl Future<Output = T>) -> T {
    struct Waits;
    impl Drop for Waits {
        fn drop(&mut self) {
            WAITING.fetch_sub(1, Ordering::Relaxed);
        }
    }
    WAITING.fetch_add(1, Ordering::Relaxed);
    let _waits = Waits;
    let mut turn = pin!(turn);
    if let Poll::Ready(at_once) = poll_fn(|context| Poll::Ready(turn.as_mut().poll(context))).await {
        return at_once;
    }
    let mut stage = trace::stage("queue");
    let result = turn.await;
    stage.ended(None);
    result
}

/// Permits for work of both ranks: what is done ahead gets some of them at most, so that the others are always left to
/// what somebody waits for.
#[derive(Debug)]
pub struct Turns {
    all: Semaphore,
    ahead: Semaphore,
}

/// A permit, until it is dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    _all: SemaphorePermit<'a>,
    _ahead: Option<SemaphorePermit<'a>>,
}

impl Turns {
    /// So many permits, and how many of them may be taken for what is done ahead.
    pub fn new(all: usize, ahead: usize) -> Self {
        let permits = |n: usize| Semaphore::new(n.min(Semaphore::MAX_PERMITS));
        Self { all: permits(all), ahead: permits(ahead) }
    }

    /// Waits for a permit, in the order of coming. `None` cannot happen: nobody closes the queue.
    pub async fn take(&self) -> Option<Turn<'_>> {
        queued(self.wait()).await
    }

    async fn wait(&self) -> Option<Turn<'_>> {
        let ahead = match current() {
            Some(rank) => tokio::select! {
                biased;
                () = rank.promoted() => None,
                permit = self.ahead.acquire() => permit.ok(),
            },
            None => None,
        };
        let all = self.all.acquire().await.ok()?;
        Some(Turn { _all: all, _ahead: ahead })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn what_is_done_ahead_leaves_turns_to_others_until_somebody_waits_for_it() {
        let turns = Turns::new(2, 1);
        let (first, second) = (Arc::<Rank>::default(), Arc::<Rank>::default());
        let _held = ranked(Some(first), turns.take()).await;
        let mut ahead = std::pin::pin!(ranked(Some(Arc::clone(&second)), turns.take()));
        let patience = Duration::from_millis(20);
        assert!(tokio::time::timeout(patience, &mut ahead).await.is_err(), "one at a time");
        drop(turns.take().await.unwrap());
        second.promote();
        assert!(ahead.await.is_some());
    }

    #[tokio::test]
    async fn the_rank_does_not_reach_other_tasks_by_itself() {
        let rank = Some(Arc::<Rank>::default());
        let (inside, spawned) = ranked(rank, async {
            let spawned = tokio::spawn(async { current().is_some() }).await.unwrap();
            (current().is_some(), spawned)
        })
        .await;
        assert_eq!((inside, spawned, current().is_some()), (true, false, false));
    }
}
