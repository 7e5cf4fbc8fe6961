//! Immutable objects: a hit, or one checked and committed fetch for all who wait.

use std::sync::Arc;

use gomod::ModuleVersion;

use crate::{
    CacheStatus, Engine, Error, ErrorKind, Kind, Object, Reply, Result, Source, Staging, Stored, Via, check,
    engine::Shared, memory::Wanted, routing, watch::watched,
};

impl Engine {
    pub(crate) async fn object(&self, object: Object, cached_only: bool) -> Result<Reply> {
        if let Some(stored) = self.shared.held(&object).await? {
            let via = if matches!(object, Object::Module(..)) { Via::Cached } else { Via::SumDb };
            return Ok(Reply::object(stored, CacheStatus::Hit, via));
        }
        if cached_only {
            return Err(not_cached(&object));
        }
        if let Some(error) = self.shared.memory.failure(&Wanted::Object(object.clone())) {
            return Err(error);
        }
        let (stored, via) = self.fetched(object).await?;
        Ok(Reply::object(stored, CacheStatus::Miss, via))
    }

    /// Joins or starts the one fetch of an object.
    pub(crate) async fn fetched(&self, object: Object) -> Result<(Stored, Via)> {
        let work = || {
            let (shared, object) = (Arc::clone(&self.shared), object.clone());
            async move { shared.fetch_object(object).await }
        };
        let broken = || Err(Error::internal(format!("the fetch of {object} panicked")));
        self.shared.objects.join(object.clone(), work).await.unwrap_or_else(broken)
    }
}

impl Shared {
    /// The object in memory or in the store.
    async fn held(&self, object: &Object) -> Result<Option<Stored>> {
        if let Some(stored) = self.memory.object(object) {
            return Ok(Some(stored));
        }
        let stored = self.store.open(object).await?;
        if let Some(stored) = &stored {
            self.memory.keep_object(object, stored);
        }
        Ok(stored)
    }

    async fn fetch_object(&self, object: Object) -> Result<(Stored, Via)> {
        // It may have been committed between the look of who asked and the start of this run.
        if let Some(stored) = self.held(&object).await? {
            return Ok((stored, Via::Cached));
        }
        let result = match &object {
            Object::Module(version, kind) => self.fetch_module(version, *kind).await,
            Object::SumLookup(name, version) => {
                let path = format!("lookup/{}@{}", version.path().escaped(), version.version().escaped());
                self.fetch_sum(&object, name, &path).await
            }
            Object::SumTile(name, tile) => self.fetch_sum(&object, name, &tile.to_string()).await,
        };
        self.remember(Wanted::Object(object), &result);
        result
    }

    async fn fetch_module(&self, version: &ModuleVersion, kind: Kind) -> Result<(Stored, Via)> {
        routing::first(&self.routing, version.path(), |source| async move {
            let wanted = Object::Module(version.clone(), kind);
            let found =
                self.watch(source.as_ref(), kind.extension(), source.fetch(version, kind, &*self.store)).await?;
            let stored = self.commit_wanted(&wanted, found).await?;
            Ok((stored, source.via()))
        })
        .await
    }

    /// Commits what was asked for, and what came along where it holds: an extra that does not is no failure of the
    /// request, and is fetched again when somebody asks for it.
    async fn commit_wanted(&self, wanted: &Object, found: Vec<(Object, Staging)>) -> Result<Stored> {
        let mut answer = Err(Error::internal(format!("the source returned no {wanted}")));
        for (object, staging) in found {
            let committed = self.commit(object.clone(), staging).await;
            if object == *wanted {
                answer = committed;
            } else if let Err(error) = committed {
                tracing::debug!(%object, %error, "what came along does not hold");
            }
        }
        answer
    }

    pub(crate) async fn commit(&self, object: Object, staging: Staging) -> Result<Stored> {
        // Checking a zip takes a core, and memory for its names: not more of them at once than there are cores.
        let _turn = match object {
            Object::Module(_, Kind::Zip) => self.zip_checks.acquire().await.ok(),
            _ => None,
        };
        let verified = check::verify(object, staging).await?;
        let bytes = verified.size();
        let stored = self.store.commit(verified).await?;
        self.observer.stored(bytes);
        Ok(stored)
    }

    async fn fetch_sum(&self, object: &Object, name: &str, path: &str) -> Result<(Stored, Via)> {
        let sums = Arc::clone(&self.routing.load().sums);
        let body = watched(&*self.observer, "sumdb", "sumdb", sums.get(name, path, check::MAX_SUM)).await?;
        let staging = crate::stage_bytes(&*self.store, &body).await?;
        Ok((self.commit(object.clone(), staging).await?, Via::SumDb))
    }

    /// Reports a fetch to the observer.
    pub(crate) async fn watch<T>(
        &self,
        source: &dyn Source,
        what: &'static str,
        fetch: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        watched(&*self.observer, source.via().as_str(), what, fetch).await
    }

    /// Remembers an absence or a refusal briefly; a success ends what was remembered. Failures are not answers.
    pub(crate) fn remember<T>(&self, wanted: Wanted, result: &Result<T>) {
        match result {
            Ok(_) => self.memory.succeed(&wanted),
            Err(error) if error.kind().is_answer() => {
                self.memory.fail(wanted, error.clone(), self.routing.load().absence());
            }
            Err(_) => {}
        }
    }
}

/// The request forbids to look further than the cache.
pub(crate) fn not_cached(wanted: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::NotCached, format!("{wanted}: not in the cache, and the request asked not to fetch it"))
}
