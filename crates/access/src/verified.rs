//! What was verified a moment ago, and a bound on how much is verified at a time: passwords cost a tenth of a second of
//! processor time each, on purpose, and whoever can send requests can ask for it.

use std::{future::Future, sync::Arc, time::Duration};

use quick_cache::sync::Cache;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::{Principal, Refusal, crypto::Fingerprints};

/// How long good credentials are believed: what is revoked elsewhere (a key, an account of an issuer) ends within it.
const GOOD: Duration = Duration::from_mins(1);
/// How long bad ones are: enough for the repetitions of one run of `go`.
const BAD: Duration = Duration::from_secs(10);
/// Credentials that are remembered.
const REMEMBERED: usize = 4096;
/// Verifications that may wait for each that runs.
const WAITING: usize = 32;

/// The memory and the bound.
pub(crate) struct Verifier {
    fingerprints: Fingerprints,
    cache: Cache<[u8; 32], Remembered>,
    /// What was good once and took a processor to tell. It is verified anew, but does not queue with strangers: who has no
    /// password can fill that queue.
    regulars: Cache<[u8; 32], ()>,
    for_strangers: Queue,
    for_regulars: Queue,
}

struct Queue {
    /// Running and waiting.
    places: Arc<Semaphore>,
    /// Running.
    workers: Arc<Semaphore>,
}

impl Queue {
    fn new(workers: usize) -> Self {
        let places = Arc::new(Semaphore::new(workers * (1 + WAITING)));
        Self { places, workers: Arc::new(Semaphore::new(workers)) }
    }
}

#[derive(Clone)]
struct Remembered {
    outcome: Result<Principal, Refusal>,
    until: Instant,
}

/// What a verification found, and how long at most it holds.
pub(crate) type Found = (Result<Principal, Refusal>, Option<Duration>);

impl Verifier {
    /// With that many verifications at a time, and as many of regulars.
    pub(crate) fn new(workers: usize) -> Result<Self, String> {
        Ok(Self {
            fingerprints: Fingerprints::new()?,
            cache: Cache::new(REMEMBERED),
            regulars: Cache::new(REMEMBERED),
            for_strangers: Queue::new(workers),
            for_regulars: Queue::new(workers),
        })
    }

    /// The outcome for a secret: remembered, or that of `verify`, which runs once however many wait for it. A refusal
    /// that may pass is not remembered.
    pub(crate) async fn outcome<F>(&self, secret: &[&[u8]], verify: F) -> Result<Principal, Refusal>
    where
        F: Future<Output = Found>,
    {
        let key = self.fingerprints.of(secret);
        let place = loop {
            let expired = |known: &Remembered| known.until <= Instant::now();
            match self.cache.get_value_or_guard_async(&key).await {
                Ok(known) if expired(&known) => drop(self.cache.remove_if(&key, expired)),
                Ok(known) => return known.outcome,
                Err(place) => break place,
            }
        };
        let (outcome, holds) = verify.await;
        let longest = if outcome.is_ok() { GOOD } else { BAD };
        if !outcome.as_ref().is_err_and(|refusal| refusal.is_temporary()) {
            let until = Instant::now() + holds.map_or(longest, |holds| holds.min(longest));
            // Fails when somebody else has put something there meanwhile, which is as good.
            let _ = place.insert(Remembered { outcome: outcome.clone(), until });
        }
        outcome
    }

    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        self.cache.len()
    }

    #[cfg(test)]
    pub(crate) fn free_places(&self) -> usize {
        self.for_strangers.places.available_permits()
    }

    /// Runs what takes a processor's time to judge a secret, when there is one for it.
    ///
    /// # Errors
    /// `Busy` when too many wait already.
    pub(crate) async fn slowly<F>(&self, secret: &[&[u8]], work: F) -> Result<bool, Refusal>
    where
        F: FnOnce() -> bool + Send + 'static,
    {
        let key = self.fingerprints.of(secret);
        let queue = if self.regulars.get(&key).is_some() { &self.for_regulars } else { &self.for_strangers };
        let place = Arc::clone(&queue.places).try_acquire_owned().map_err(|_| Refusal::Busy)?;
        let worker = Arc::clone(&queue.workers).acquire_owned().await.map_err(|_| Refusal::Busy)?;
        // The permits go with the work: a client that leaves does not make room for another while it runs on.
        let held: (OwnedSemaphorePermit, OwnedSemaphorePermit) = (place, worker);
        let result = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(held);
            result
        });
        let good = result.await.map_err(|_| Refusal::Busy)?;
        if good {
            self.regulars.insert(key, ());
        } else {
            self.regulars.remove(&key);
        }
        Ok(good)
    }
}
