//! How many operations a host gets at a time. More wait, but not for long.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use goproxy_engine::{Error, ErrorKind, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long an operation waits for its turn before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(30);

/// Hosts that are counted at a time. Beyond, those that nobody talks to are forgotten.
const HOSTS: usize = 1024;

#[derive(Debug)]
pub(super) struct Hosts {
    per_host: usize,
    patience: Duration,
    turns: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Hosts {
    pub(super) fn new(per_host: usize) -> Self {
        Self { per_host: per_host.clamp(1, Semaphore::MAX_PERMITS), patience: PATIENCE, turns: Mutex::default() }
    }

    /// A turn, until it is dropped.
    pub(super) async fn turn(&self, host: &str) -> Result<OwnedSemaphorePermit> {
        match tokio::time::timeout(self.patience, self.of(host).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(Error::new(ErrorKind::Busy, format!("too many operations on {host} are under way"))
                .with_retry_after(Some(Duration::from_secs(5)))),
        }
    }

    fn of(&self, host: &str) -> Arc<Semaphore> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= HOSTS {
            turns.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        }
        Arc::clone(turns.entry(host.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(self.per_host))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_host_has_so_many_turns_and_others_have_theirs() {
        let hosts = Hosts { patience: Duration::from_millis(20), ..Hosts::new(2) };
        let (first, _second) = (hosts.turn("a").await.unwrap(), hosts.turn("a").await.unwrap());
        let error = hosts.turn("a").await.unwrap_err();
        assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Busy, Some(Duration::from_secs(5))));
        assert!(hosts.turn("b").await.is_ok());
        drop(first);
        assert!(hosts.turn("a").await.is_ok());
    }

    #[tokio::test]
    async fn hosts_that_nobody_talks_to_are_forgotten() {
        let hosts = Hosts::new(1);
        for n in 0..3 * HOSTS {
            drop(hosts.turn(&n.to_string()).await.unwrap());
        }
        assert!(hosts.turns.lock().unwrap().len() <= HOSTS);
    }
}
