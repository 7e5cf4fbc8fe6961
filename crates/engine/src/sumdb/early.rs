//! The lookup of a version, begun together with the fetch of the file that it has to vouch for: a checksum database is
//! as far away as the source, and takes two ways there and back.

use std::sync::Arc;

use gomod::ModuleVersion;
use tokio::task::AbortHandle;

use crate::{Kind, Object, Via, engine::Shared, rank, trace};

/// A lookup under way; given up when dropped, unless somebody else waits for it too.
#[derive(Debug)]
pub(crate) struct Early(AbortHandle);

impl Drop for Early {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Shared {
    /// Begins to look up what will vouch for a file. What comes of it, good or bad, counts only when the file is there:
    /// [`Shared::vouched`] joins it, or finds what it stored, and asks again where it failed.
    ///
    /// Only where an upstream proxy is asked first: it learns the name anyway, at the same moment, while from version
    /// control it would be told to a checksum database before it is known that there is such a module.
    pub(crate) fn look_up_early(self: &Arc<Self>, version: &ModuleVersion, kind: Kind) -> Option<Early> {
        if kind == Kind::Info {
            return None;
        }
        let routing = self.routing.load();
        let name = routing.notary_of(version.path())?;
        routing.public.first().filter(|hop| hop.source.via() == Via::Proxy)?;
        let object = Object::SumLookup(name.to_owned(), version.clone());
        if self.memory.is_proved(&object) {
            return None;
        }
        let db = self.database(name)?;
        let (shared, version, rank) = (Arc::clone(self), version.clone(), rank::current());
        let lookup = rank::ranked(rank, async move {
            if let Err(error) = shared.sums(&db, &version).await {
                tracing::debug!(%version, %error, "an early lookup failed");
            }
        });
        let task = tokio::spawn(trace::carried(trace::current(), lookup));
        Some(Early(task.abort_handle()))
    }
}
