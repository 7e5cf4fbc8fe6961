//! How many processes run at a time, and how many requests may wait for their turn.

use std::time::Duration;

use goproxy_engine::{Error, ErrorKind, Result, queued};
use tokio::sync::{Semaphore, SemaphorePermit};

/// When a client may come back if the queue is full.
const RETRY_AFTER: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Gate {
    running: Semaphore,
    admitted: Semaphore,
}

/// The right to run one process, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    _running: SemaphorePermit<'a>,
    _admitted: SemaphorePermit<'a>,
}

impl Gate {
    /// At least one process may run.
    pub(super) fn new(concurrency: usize, queue: usize) -> Self {
        let concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS / 2);
        let admitted = concurrency + queue.min(Semaphore::MAX_PERMITS / 2);
        Self { running: Semaphore::new(concurrency), admitted: Semaphore::new(admitted) }
    }

    /// Waits for a turn, first come first served. `Busy` if too many wait already.
    pub(super) async fn enter(&self) -> Result<Turn<'_>> {
        let busy = || Error::new(ErrorKind::Busy, "the proxy is busy fetching other modules, try again later");
        let admitted = self.admitted.try_acquire().map_err(|_| busy().with_retry_after(Some(RETRY_AFTER)))?;
        let running = queued(self.running.acquire()).await.map_err(|_| busy())?;
        Ok(Turn { _running: running, _admitted: admitted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_says_when_to_come_back() {
        let gate = Gate::new(1, 1);
        let first = gate.enter().await.unwrap();
        let second = gate.enter();
        tokio::pin!(second);
        tokio::select! {
            biased;
            _ = &mut second => panic!("two at a time"),
            () = std::future::ready(()) => {}
        }
        let error = gate.enter().await.unwrap_err();
        assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Busy, Some(RETRY_AFTER)));
        drop(first);
        drop(second.await.unwrap());
        assert!(gate.enter().await.is_ok());
    }

    #[tokio::test]
    async fn whoever_gives_up_waiting_makes_room() {
        let gate = Gate::new(0, 1);
        let first = gate.enter().await.unwrap();
        let waiting = tokio::time::timeout(Duration::from_millis(10), gate.enter()).await;
        assert!(waiting.is_err());
        let again = tokio::time::timeout(Duration::from_millis(10), gate.enter()).await;
        assert!(again.is_err(), "the place in the queue was free again");
        drop(first);
    }
}
