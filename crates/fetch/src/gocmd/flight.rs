//! One run for all who ask for the same at the same time. It goes on as long as anybody waits, and is dropped (which
//! kills its process) with the last of them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use futures_util::future::{BoxFuture, FutureExt as _, Shared, WeakShared};

/// Runs that somebody waits for, by what they fetch.
#[derive(Debug)]
pub(super) struct Flights<T: Clone>(Mutex<HashMap<String, WeakShared<BoxFuture<'static, T>>>>);

impl<T: Clone> Default for Flights<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    /// Joins the run of that key, or starts one.
    pub(super) fn join(
        &self,
        key: String,
        start: impl FnOnce() -> BoxFuture<'static, T>,
    ) -> Shared<BoxFuture<'static, T>> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(&key).and_then(WeakShared::upgrade) {
            return flight;
        }
        // There are never more than may run and wait, so looking through them all is cheap.
        flights.retain(|_, flight| flight.upgrade().is_some());
        let flight = start().shared();
        if let Some(weak) = flight.downgrade() {
            flights.insert(key, weak);
        }
        flight
    }

    /// Joins the run of that key, if there is one.
    pub(super) fn running(&self, key: &str) -> Option<Shared<BoxFuture<'static, T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).and_then(WeakShared::upgrade)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    struct Live(Arc<AtomicUsize>);

    impl Drop for Live {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn one_run_for_all_until_the_last_leaves() {
        let (flights, live, started) = (Flights::<u8>::default(), Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
        let start = || {
            started.fetch_add(1, Ordering::SeqCst);
            live.fetch_add(1, Ordering::SeqCst);
            let guard = Live(Arc::clone(&live));
            async move {
                let _guard = guard;
                std::future::pending().await
            }
            .boxed()
        };
        let (first, second) = (flights.join("a".into(), start), flights.join("a".into(), start));
        assert!(flights.running("a").is_some() && flights.running("b").is_none());
        drop(first);
        assert_eq!((started.load(Ordering::SeqCst), live.load(Ordering::SeqCst)), (1, 1));
        drop(second);
        assert_eq!(live.load(Ordering::SeqCst), 0);
        drop(flights.join("a".into(), start));
        assert_eq!(started.load(Ordering::SeqCst), 2);
    }
}
