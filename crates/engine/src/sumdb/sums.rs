//! The sums that a database has for a version.

use std::{future::Future, pin::Pin, sync::Arc};

use gomod::{ModuleVersion, sumdb::Sums};

use super::{Database, bytes};
use crate::{ErrorKind, Object, Result, engine::Shared, memory::Wanted};

impl Shared {
    /// From a lookup that is stored, else from the database. Boxed: fetching an object may need another one.
    pub(crate) fn sums<'a>(
        self: &'a Arc<Self>,
        db: &'a Database,
        version: &'a ModuleVersion,
    ) -> Pin<Box<dyn Future<Output = Result<Sums>> + Send + 'a>> {
        Box::pin(async move {
            let object = Object::SumLookup(db.name.clone(), version.clone());
            if let Some(stored) = self.held(&object).await? {
                match self.prove_lookup(db, version, &bytes(&stored).await?).await {
                    Err(error) if error.kind() == ErrorKind::Invalid => self.reject(&object, error.message()).await?,
                    proved => return proved,
                }
            }
            if let Some(error) = self.memory.failure(&Wanted::Object(object.clone())) {
                return Err(error);
            }
            let (stored, _) = self.fetched(object).await?;
            self.prove_lookup(db, version, &bytes(&stored).await?).await
        })
    }
}
