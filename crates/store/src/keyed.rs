//! One at a time for each object, without a lock for all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use goproxy_engine::Object;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// Locks are swept when so many names are known; few are in use at any time.
const SWEEP: usize = 256;

/// A lock for each object that somebody works on.
#[derive(Debug, Default)]
pub(crate) struct Keyed(Mutex<HashMap<Object, Weak<AsyncMutex<()>>>>);

impl Keyed {
    /// Waits until nobody else holds the lock of `object`.
    pub(crate) async fn lock(&self, object: &Object) -> OwnedMutexGuard<()> {
        self.cell(object).lock_owned().await
    }

    fn cell(&self, object: &Object) -> Arc<AsyncMutex<()>> {
        let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = cells.get(object).and_then(Weak::upgrade) {
            return cell;
        }
        if cells.len() >= SWEEP {
            cells.retain(|_, cell| cell.strong_count() > 0);
        }
        let cell = Arc::new(AsyncMutex::new(()));
        cells.insert(object.clone(), Arc::downgrade(&cell));
        cell
    }
}
