//! Immutable objects: a hit, or one checked and committed fetch for all who wait.

use std::sync::Arc;

use bytes::Bytes;
use gomod::ModuleVersion;

use crate::{
    CacheStatus, Engine, Error, ErrorKind, Growing, Intake, Kind, Lifetime, Object, Reply, Result, Served, Source,
    Staging, Stored, Verified, Via, check,
    engine::Shared,
    growing::{Run, Teller, settled},
    memory::Wanted,
    rank, routing, trace,
    watch::watched,
};

impl Engine {
    pub(crate) async fn object(&self, object: Object, cached_only: bool) -> Result<Served> {
        let lookup = trace::stage("lookup");
        if let Some(stored) = lookup.tell(self.shared.held(&object).await)? {
            let via = if matches!(object, Object::Module(..)) { Via::Cached } else { Via::SumDb };
            return Ok(Served::Whole(self.reply(&object, stored, CacheStatus::Hit, via)));
        }
        if cached_only {
            return Err(not_cached(&object));
        }
        if let Some(error) = self.shared.memory.failure(&Wanted::Object(object.clone())) {
            return Err(error);
        }
        match self.missed(&object).await {
            // Begun before anybody asked, and given up where only a request may go on.
            Err(error) if error.kind() == ErrorKind::NotCached => self.missed(&object).await,
            served => served,
        }
    }

    async fn missed(&self, object: &Object) -> Result<Served> {
        let mut wait = trace::stage("wait");
        let run = trace::carried(wait.context(), async { self.shared.attend(object.clone()) }).await;
        if let Some(growing) = Growing::begun(&run).await {
            wait.end(None);
            return Ok(Served::Growing(growing));
        }
        let (stored, via) = wait.tell(settled(run).await)?;
        Ok(Served::Whole(self.reply(object, stored, CacheStatus::Miss, via)))
    }

    /// What a checksum database said is for ever only once it is proved: caches on the way would keep a lie.
    fn reply(&self, object: &Object, stored: Stored, cache: CacheStatus, via: Via) -> Reply {
        let believed = matches!(object, Object::Module(..)) || self.shared.memory.is_proved(object);
        let reply = Reply::object(stored, cache, via);
        if believed { reply } else { Reply { lifetime: Lifetime::NOT_KEPT, ..reply } }
    }
}

impl Shared {
    /// Joins or starts the one fetch of an object.
    pub(crate) fn attend(self: &Arc<Self>, object: Object) -> Run {
        self.objects.attend(object.clone(), |teller| {
            let shared = Arc::clone(self);
            rank::ranked(rank::current(), async move { shared.fetch_object(object, teller).await })
        })
    }

    /// The same, to its end.
    pub(crate) async fn fetched(self: &Arc<Self>, object: Object) -> Result<(Stored, Via)> {
        settled(self.attend(object)).await
    }

    /// The object in memory or in the store.
    pub(crate) async fn held(self: &Arc<Self>, object: &Object) -> Result<Option<Stored>> {
        let kept = match self.memory.object(object) {
            Some(kept) if !kept.is_due(object) => return Ok(Some(kept.stored)),
            kept => kept,
        };
        let stored = match (self.store.open(object).await, kept) {
            // A disk that cannot be read says nothing about what was read of it before.
            (Err(_), Some(kept)) => return Ok(Some(kept.stored)),
            (opened, _) => opened?,
        };
        match &stored {
            Some(stored) => {
                self.memory.keep_object(object, stored);
                self.look_into(object, stored);
            }
            None => self.memory.forget_object(object),
        }
        Ok(stored)
    }

    /// Moves an object aside that turned out not to hold.
    pub(crate) async fn reject(&self, object: &Object, reason: &str) -> Result<()> {
        self.memory.forget_object(object);
        self.store.reject(object, reason).await
    }

    async fn fetch_object(self: &Arc<Self>, object: Object, teller: Teller) -> Result<(Stored, Via)> {
        // It may have been committed between the look of who asked and the start of this run.
        if let Some(stored) = self.held(&object).await? {
            return Ok((stored, Via::Cached));
        }
        let _admitted = self.admit_to_disk()?;
        let result = match &object {
            Object::Module(version, kind) => self.fetch_module(version, *kind, &teller).await,
            Object::SumLookup(..) | Object::SumTile(..) => {
                self.fetch_sum(&object).await.map(|stored| (stored, Via::SumDb))
            }
        };
        self.remember(Wanted::Object(object), &result);
        result
    }

    async fn fetch_module(
        self: &Arc<Self>,
        version: &ModuleVersion,
        kind: Kind,
        teller: &Teller,
    ) -> Result<(Stored, Via)> {
        let _early = self.look_up_early(version, kind);
        routing::first(&self.routing, version.path(), |source| async move {
            let wanted = Object::Module(version.clone(), kind);
            let intake = match kind {
                Kind::Zip => Intake::watched(&*self.store, teller, source.via()),
                Kind::Info | Kind::Mod => Intake::new(&*self.store),
            };
            let fetch = source.fetch(version, kind, &intake);
            let found = self.watch(source.as_ref(), kind.extension(), fetch).await?;
            let stored = self.commit_wanted(&wanted, found).await?;
            Ok((stored, source.via()))
        })
        .await
    }

    /// Commits what was asked for, and what came along where it holds.
    async fn commit_wanted(self: &Arc<Self>, wanted: &Object, found: Vec<(Object, Staging)>) -> Result<Stored> {
        let mut answer = Err(Error::internal(format!("the source returned no {wanted}")));
        let mut extras = Vec::new();
        for (object, staging) in found {
            if object == *wanted {
                answer = self.commit(object, staging).await;
            } else {
                extras.push((object, staging));
            }
        }
        self.commit_extras(extras).await;
        answer
    }

    /// Commits what came along, where it holds: what does not is no failure of the request, and is fetched again when
    /// somebody asks for it. What a checksum database has to vouch for is left to a task: nobody waits for it.
    pub(crate) async fn commit_extras(self: &Arc<Self>, extras: Vec<(Object, Staging)>) {
        let (later, now): (Vec<_>, Vec<_>) = extras.into_iter().partition(|(object, _)| self.asks_for_sums(object));
        self.try_commit(now).await;
        if later.is_empty() {
            return;
        }
        // With many of them under way, the database is slow or does not answer.
        let Ok(turn) = Arc::clone(&self.extras).try_acquire_owned() else { return };
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            shared.try_commit(later).await;
            drop(turn);
        });
    }

    async fn try_commit(self: &Arc<Self>, extras: Vec<(Object, Staging)>) {
        for (object, staging) in extras {
            if let Err(error) = self.commit(object.clone(), staging).await {
                tracing::debug!(%object, %error, "what came along does not hold");
            }
        }
    }

    /// Commits a module's file: content that holds, and that is what it has to be.
    pub(crate) async fn commit(self: &Arc<Self>, object: Object, staging: Staging) -> Result<Stored> {
        let verified = self.checked(object, staging).await?;
        let verify = trace::stage("verify");
        if let Err(error) = verify.tell(self.vouched(&verified).await) {
            // Another process may have stored the true one by now: everybody gets that.
            let stored = if error.kind() == ErrorKind::Invalid { self.held(verified.object()).await? } else { None };
            return stored.ok_or(error);
        }
        let (object, sum) = (verified.object().clone(), verified.sum().map(str::to_owned));
        let sha256 = verified.sha256();
        let stored = self.publish(verified).await?;
        if let Some(sum) = sum.filter(|_| stored.sha256 == sha256) {
            self.pin(&object, &sum).await;
        }
        Ok(stored)
    }

    /// Commits what a checksum database has said and proved.
    pub(crate) async fn store_bytes(&self, object: &Object, body: &Bytes) -> Result<Stored> {
        let staging = Intake::new(&*self.store).stage_bytes(body).await?;
        self.publish(self.checked(object.clone(), staging).await?).await
    }

    async fn checked(&self, object: Object, staging: Staging) -> Result<Verified> {
        // Checking a zip takes a core, and memory for its names: not more of them at once than there are cores.
        let _turn = match object {
            Object::Module(_, Kind::Zip) => self.zip_checks.take().await,
            _ => None,
        };
        let what = object.what();
        let stage = trace::stage("check");
        let verified = stage.tell(check::verify(object, staging).await);
        self.count_lie(what, &verified);
        verified
    }

    /// Counts what a source sent that does not hold.
    pub(crate) fn count_lie<T>(&self, what: &'static str, checked: &Result<T>) {
        if checked.as_ref().is_err_and(|error| error.kind() == ErrorKind::Invalid) {
            self.observer.rejected(what);
        }
    }

    async fn publish(&self, verified: Verified) -> Result<Stored> {
        let bytes = verified.size();
        let wanted = Wanted::Object(verified.object().clone());
        let commit = trace::stage("commit");
        let stored = commit.tell(self.store.commit(verified).await)?;
        // It may have come along with something else, after a look at it had failed.
        self.memory.succeed(&wanted);
        self.observer.stored(bytes);
        Ok(stored)
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
