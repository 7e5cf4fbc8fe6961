//! For how long what others said is believed: one period for everything, which may change while we run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The period, to the millisecond. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Freshness(Arc<AtomicU64>);

impl Freshness {
    pub(crate) fn new(period: Duration) -> Self {
        let new = Self(Arc::default());
        new.set(period);
        new
    }

    pub(crate) fn get(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }

    /// From the next question on, of old answers too.
    pub(crate) fn set(&self, period: Duration) {
        self.0.store(u64::try_from(period.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
