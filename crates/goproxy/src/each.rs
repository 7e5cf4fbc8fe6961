//! Commands that work through many files: a walk in the pool that may block, and workers that take what it finds.

use std::panic;

use tokio::{
    sync::mpsc,
    task::{JoinError, JoinSet},
};

/// How many files are taken at once: most of them wait, for a checksum database or for the disk.
const WORKERS: usize = 16;

/// Hands each file that the walk gives away to a worker, and ends with what the walk ends with, once all have ended. The
/// walk is told whether to go on. A panic of any of them is the command's own: what was left out must not pass for good.
pub(crate) async fn each<T, R, F>(
    walk: impl FnOnce(&mut dyn FnMut(T) -> bool) -> R + Send + 'static,
    work: impl Fn(T) -> F,
) -> R
where
    T: Send + 'static,
    R: Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let (send, mut receive) = mpsc::channel(4 * WORKERS);
    let walker = tokio::task::spawn_blocking(move || walk(&mut |found| send.blocking_send(found).is_ok()));
    let mut workers = JoinSet::new();
    while let Some(found) = receive.recv().await {
        if workers.len() >= WORKERS {
            workers.join_next().await.map(ended);
        }
        workers.spawn(work(found));
    }
    while let Some(worker) = workers.join_next().await {
        ended(worker);
    }
    ended(walker.await)
}

fn ended<T>(joined: Result<T, JoinError>) -> T {
    // Nobody aborts them but the end of the runtime, which does not come back here.
    joined.unwrap_or_else(|error| panic::resume_unwind(error.into_panic()))
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[tokio::test]
    async fn everything_is_worked_on() {
        let done = Arc::new(AtomicUsize::new(0));
        let walk = |give: &mut dyn FnMut(usize) -> bool| (0..1000).all(&mut *give);
        let all = each(walk, |n| {
            let done = Arc::clone(&done);
            async move { _ = done.fetch_add(n, Ordering::Relaxed) }
        });
        assert!(all.await);
        assert_eq!(done.load(Ordering::Relaxed), 999 * 1000 / 2);
    }

    #[tokio::test]
    #[should_panic(expected = "a broken check")]
    async fn what_a_broken_check_left_out_passed_for_good() {
        each(|give| (0..3).all(give), |n| async move { assert!(n != 1, "a broken check") }).await;
    }

    #[tokio::test]
    #[should_panic(expected = "a broken walk")]
    async fn what_a_broken_walk_left_out_passed_for_good() {
        each(|_: &mut dyn FnMut(u8) -> bool| panic!("a broken walk"), |_| async {}).await;
    }
}
