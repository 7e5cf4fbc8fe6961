//! Answers that are believed for a while, and are asked for once however many want them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use goproxy_engine::{Error, Flight, Result};
use goproxy_fetch::Access;
use quick_cache::{Weighter, sync::Cache};

use crate::freshness::Freshness;

/// How many bytes of answers are kept at most. Strangers choose their number and their size.
const BYTES: u64 = 8 << 20;

/// How long "there is nothing" is believed at most: as long as the engine believes it.
const ABSENCE: Duration = Duration::from_mins(1);

/// What was asked, and what it was allowed to lead to: an answer from inside our network is none for others.
pub(super) type Key = (String, Access);

/// What is remembered.
pub(super) trait Answer: Clone + Send + Sync + 'static {
    /// The memory that it takes, in bytes, about.
    fn weight(&self) -> usize;

    /// What it says about what was asked for.
    fn worth(&self) -> Worth {
        Worth::Found
    }
}

/// How long an answer is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    /// For the whole time.
    Found,
    /// Briefly: what is not there may come.
    Absent,
    /// Not at all: somebody is in trouble.
    Nothing,
}

/// See the module's text.
pub(super) struct Memo<V> {
    kept: Cache<Key, Kept<V>, Size>,
    flights: Flight<Key, Result<V>>,
    freshness: Freshness,
}

type Kept<V> = (Instant, Result<V>);

impl<V> std::fmt::Debug for Memo<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memo").finish_non_exhaustive()
    }
}

impl<V: Answer> Memo<V> {
    pub(super) fn new(freshness: Freshness) -> Arc<Self> {
        let kept = Cache::with_weighter(BYTES as usize / 1024, BYTES, Size);
        Arc::new(Self { kept, flights: Flight::default(), freshness })
    }

    /// The answer that is remembered, or the one that `work` gives. Failures of the network are not remembered.
    pub(super) async fn get<F>(self: &Arc<Self>, key: Key, work: impl FnOnce() -> F) -> Result<V>
    where
        F: Future<Output = Result<V>> + Send + 'static,
    {
        if let Some(answer) = self.remembered(&key) {
            return answer;
        }
        let memo = Arc::clone(self);
        let remember = |key: Key, work: F| async move {
            // Another flight may have landed since.
            if let Some(answer) = memo.remembered(&key) {
                return answer;
            }
            let answer = work.await;
            memo.remember(key, &answer);
            answer
        };
        let flown = self.flights.join(key.clone(), || remember(key.clone(), work())).await;
        flown.unwrap_or_else(|| Err(Error::internal(format!("the search for {} panicked", key.0))))
    }

    fn remembered(&self, key: &Key) -> Option<Result<V>> {
        let (asked, answer) = self.kept.get(key)?;
        if asked.elapsed() < self.lasts(&answer) {
            return Some(answer);
        }
        self.kept.remove(key);
        None
    }

    fn remember(&self, key: Key, answer: &Result<V>) {
        if !self.lasts(answer).is_zero() {
            self.kept.insert(key, (Instant::now(), answer.clone()));
        }
    }

    fn lasts(&self, answer: &Result<V>) -> Duration {
        let worth = match answer {
            Ok(value) => value.worth(),
            Err(error) if error.kind().is_answer() => Worth::Absent,
            Err(_) => Worth::Nothing,
        };
        match worth {
            Worth::Found => self.freshness.get(),
            Worth::Absent => self.freshness.get().min(ABSENCE),
            Worth::Nothing => Duration::ZERO,
        }
    }
}

#[derive(Clone)]
struct Size;

impl<V: Answer> Weighter<Key, Kept<V>> for Size {
    fn weight(&self, (text, _): &Key, (_, answer): &Kept<V>) -> u64 {
        let answer = match answer {
            Ok(value) => value.weight(),
            Err(error) => error.message().len() + error.detail().map_or(0, str::len),
        };
        // The entry itself takes some two hundred.
        (200 + text.len() + answer) as u64
    }
}
