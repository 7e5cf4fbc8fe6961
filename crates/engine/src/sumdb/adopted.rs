//! Files that another program wrote into the cache. They are served for their form, as whoever kept them served them;
//! beside the first who reads one, whoever vouches for it is asked, and what is contradicted goes.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::{ErrorKind, Object, Result, Stored, engine::Shared};

/// How many of them are looked into at a time: a lookup and the hash of a zip each.
const AT_ONCE: usize = 8;

/// How many wait for their turn; more are left to the next process, and to `goproxy verify`: a whole cache may be read
/// while the database does not answer.
const WAITING: usize = 4096;

/// Who looks into one, and who waits to.
#[derive(Debug)]
pub(crate) struct Doubts {
    places: Arc<Semaphore>,
    turns: Semaphore,
}

impl Default for Doubts {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(WAITING)), turns: Semaphore::new(AT_ONCE) }
    }
}

/// Why a file goes; what it is and what it should be stands in the line before.
const CONTRADICTED: &str =
    "another program stored it, and it is not what the checksum database has or what was first seen";

impl Shared {
    /// Begins to ask, if nobody has, and does not wait for it.
    pub(crate) fn look_into(self: &Arc<Self>, object: &Object, stored: &Stored) {
        if !stored.doubtful {
            return;
        }
        let Ok(place) = Arc::clone(&self.doubts.places).try_acquire_owned() else { return };
        let (shared, object) = (Arc::clone(self), object.clone());
        tokio::spawn(async move {
            let (_place, _turn) = (place, shared.doubts.turns.acquire().await);
            if let Err(error) = shared.ask_about(&object).await {
                // The next process asks again.
                tracing::debug!(%object, %error, "cannot tell whether an adopted file is the true one");
            }
        });
    }

    async fn ask_about(self: &Arc<Self>, object: &Object) -> Result<()> {
        let Some((sum, sha256)) = self.store.sum_of_adopted(object).await? else { return Ok(()) };
        match self.vouched_sum(object, &sum).await {
            Ok(()) => {
                self.pin(object, &sum).await;
                self.store.vouched_for(object, sha256).await
            }
            Err(error) if error.kind() == ErrorKind::Invalid => self.reject(object, CONTRADICTED).await,
            Err(error) => Err(error),
        }
    }
}
