//! Coalescing: one run of a piece of work however many wait for it.
//!
//! The work is a task of its own, so that no waiter's disconnect cancels it while others wait; when the last waiter
//! leaves, the task is aborted and what it holds (connections, processes, temporary files) is freed. Results are
//! shared among those who waited, never kept.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{sync::watch, task::AbortHandle};

use crate::trace;

/// Runs in flight, by key. Each ends with a `V`, and may tell a `P` of itself before.
pub struct Flight<K, V, P = ()> {
    board: Arc<Board<K, V, P>>,
}

/// The runs under way.
struct Board<K, V, P> {
    runs: Mutex<Runs<K, V, P>>,
    next: AtomicU64,
}

type Runs<K, V, P> = HashMap<K, Entry<V, P>>;

/// A run and the number that tells it from a successor under the same key.
struct Entry<V, P> {
    number: u64,
    run: Weak<Run<V, P>>,
}

/// One run: dropped with its last waiter.
struct Run<V, P> {
    result: watch::Receiver<Option<V>>,
    progress: watch::Receiver<P>,
    /// Set by who starts it, who is its first waiter.
    task: OnceLock<AbortHandle>,
}

/// A place among those who wait for a run: while there is one, the run goes on.
pub(crate) struct Joined<V, P>(Arc<Run<V, P>>);

impl<V, P> Clone for Joined<V, P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V: Clone, P> Joined<V, P> {
    /// What the run tells of itself. The sender is gone at its end.
    pub(crate) fn progress(&self) -> watch::Receiver<P> {
        self.0.progress.clone()
    }

    /// Holds the run to the end of the wait. `None` if the work panicked.
    pub(crate) async fn result(self) -> Option<V> {
        let mut result = self.0.result.clone();
        result.wait_for(Option::is_some).await.ok()?.clone()
    }
}

impl<V, P> Drop for Run<V, P> {
    fn drop(&mut self) {
        // Does nothing to a task that has ended.
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

impl<K, V, P> Default for Flight<K, V, P> {
    fn default() -> Self {
        Self { board: Arc::new(Board { runs: Mutex::default(), next: AtomicU64::new(0) }) }
    }
}

impl<K, V, P> fmt::Debug for Flight<K, V, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight").finish_non_exhaustive()
    }
}

impl<K, V, P> Flight<K, V, P>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
    P: Default + Send + Sync + 'static,
{
    /// Joins the run for `key`, or starts one with `work`. `None` if the work panicked.
    pub async fn join<F>(&self, key: K, work: impl FnOnce() -> F) -> Option<V>
    where
        F: Future<Output = V> + Send + 'static,
    {
        self.attend(key, |_| work()).result().await
    }

    /// Joins the run for `key` if there is one. `None` if there is none, or its work panicked.
    pub async fn running(&self, key: &K) -> Option<V> {
        let run = self.board.lock().get(key).and_then(|entry| entry.run.upgrade())?;
        Joined(run).result().await
    }

    /// Joins the run for `key`, or starts one with `work`, which tells of itself what the sender takes.
    pub(crate) fn attend<F>(&self, key: K, work: impl FnOnce(watch::Sender<P>) -> F) -> Joined<V, P>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut runs = self.board.lock();
        if let Some(run) = runs.get(&key).and_then(|entry| entry.run.upgrade()) {
            return Joined(run);
        }
        let number = self.board.next.fetch_add(1, Ordering::Relaxed);
        let (sender, result) = watch::channel(None);
        let (teller, progress) = watch::channel(P::default());
        let run = Arc::new(Run { result, progress, task: OnceLock::new() });
        runs.insert(key.clone(), Entry { number, run: Arc::downgrade(&run) });
        // The departure takes the lock, and happens at once where the runtime takes no more tasks.
        drop(runs);
        let departure = Departure { board: Arc::clone(&self.board), key, number };
        // Who starts a run sees in its own trace what became of it; the others see that they waited.
        let work = trace::carried(trace::current(), work(teller));
        let task = tokio::spawn(async move {
            let value = work.await;
            // Leave the board before the result is out: who comes now looks at the store first, and finds it there.
            drop(departure);
            let _ = sender.send(Some(value));
        });
        let _ = run.task.set(task.abort_handle());
        Joined(run)
    }
}

impl<K, V, P> Board<K, V, P> {
    /// The map is whole after a panic: every change to it is a single call.
    fn lock(&self) -> MutexGuard<'_, Runs<K, V, P>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a run off the board when its task ends, however it ends.
struct Departure<K: Eq + Hash, V, P> {
    board: Arc<Board<K, V, P>>,
    key: K,
    number: u64,
}

impl<K: Eq + Hash, V, P> Drop for Departure<K, V, P> {
    fn drop(&mut self) {
        let mut runs = self.board.lock();
        // An aborted run may find a successor in its place: that one is alive and stays.
        if runs.get(&self.key).is_some_and(|entry| entry.number == self.number) {
            runs.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicUsize, time::Duration};

    use super::*;

    #[tokio::test]
    async fn many_waiters_share_one_run() {
        let flight = Arc::new(Flight::<&str, usize>::default());
        let runs = Arc::new(AtomicUsize::new(0));
        let waiters: Vec<_> = (0..50)
            .map(|_| {
                let (flight, runs) = (Arc::clone(&flight), Arc::clone(&runs));
                tokio::spawn(async move {
                    let work = || async move {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        runs.fetch_add(1, Ordering::SeqCst) + 1
                    };
                    flight.join("key", work).await
                })
            })
            .collect();
        for waiter in waiters {
            assert_eq!(waiter.await.unwrap(), Some(1));
        }
        assert!(flight.board.lock().is_empty());
    }

    #[tokio::test]
    async fn one_leaver_cancels_nothing_the_last_one_cancels() {
        struct Held(Arc<AtomicUsize>);
        impl Drop for Held {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let flight = Arc::new(Flight::<&str, ()>::default());
        let dropped = Arc::new(AtomicUsize::new(0));
        let wait = |held: Held| {
            let flight = Arc::clone(&flight);
            tokio::spawn(async move {
                let work = || async move {
                    let _held = held;
                    std::future::pending::<()>().await;
                };
                flight.join("key", work).await
            })
        };
        let first = wait(Held(Arc::clone(&dropped)));
        tokio::task::yield_now().await;
        let second = wait(Held(Arc::new(AtomicUsize::new(0))));
        tokio::task::yield_now().await;
        first.abort();
        let _ = first.await;
        tokio::task::yield_now().await;
        assert_eq!(dropped.load(Ordering::SeqCst), 0, "the second still waits");
        second.abort();
        let _ = second.await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(dropped.load(Ordering::SeqCst), 1, "nobody waits any more");
        assert!(flight.board.lock().is_empty());
    }

    #[tokio::test]
    async fn only_a_run_under_way_is_joined() {
        let flight = Arc::new(Flight::<&str, u8>::default());
        assert_eq!(flight.running(&"key").await, None);
        let (go, gone) = tokio::sync::oneshot::channel::<u8>();
        let starter = tokio::spawn({
            let flight = Arc::clone(&flight);
            async move { flight.join("key", || async { gone.await.unwrap() }).await }
        });
        tokio::task::yield_now().await;
        let joiner = tokio::spawn({
            let flight = Arc::clone(&flight);
            async move { flight.running(&"key").await }
        });
        tokio::task::yield_now().await;
        starter.abort();
        let _ = starter.await;
        go.send(7).unwrap();
        assert_eq!(joiner.await.unwrap(), Some(7), "whoever joined keeps it going");
    }

    #[tokio::test]
    async fn a_panic_reaches_the_waiters_and_blocks_nobody() {
        let flight = Flight::<&str, u8>::default();
        assert_eq!(flight.join("key", || async { panic!("broken work") }).await, None);
        assert_eq!(flight.join("key", || async { 7 }).await, Some(7));
    }

    #[test]
    fn what_came_when_the_runtime_ended_hung() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let handle = runtime.handle().clone();
        runtime.shutdown_background();
        let (done, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let _inside = handle.enter();
            let flight = Flight::<&str, u8>::default();
            drop(flight.attend("key", |_| async { 7 }));
            done.send(flight.board.lock().is_empty())
        });
        assert_eq!(ended.recv_timeout(Duration::from_secs(20)), Ok(true));
    }
}
