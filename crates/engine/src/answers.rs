//! Mutable answers: fresh for a while, refreshed before they expire where they are in use, stale when the source fails.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use gomod::{ModulePath, Query};

use crate::{
    Answer, CacheStatus, Engine, Error, ErrorKind, Intake, Remembered, Reply, Resolved, Result, Via,
    check::{self, Asked},
    engine::Shared,
    memory::Wanted,
    objects::not_cached,
    reply::Known,
    routing, trace,
};

/// After a failed refresh the expired answer is served without asking again for this long, so that a source that hangs
/// does not make every request wait.
const RETRY_AFTER_FAILURE: Duration = Duration::from_secs(10);

/// How long a request waits for a refresh when there is an expired answer to fall back to.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a source says.
struct Given {
    body: Bytes,
    asked: SystemTime,
    via: Via,
}

impl Engine {
    pub(crate) async fn answer(&self, answer: Answer, cached_only: bool) -> Result<Reply> {
        // Before the disk is looked at: `go` asks for the lists of all prefixes of a path, again and again.
        if !cached_only
            && self.shared.memory.answer(&answer).is_none()
            && let Some(error) = self.shared.memory.failure(&Wanted::Answer(answer.clone()))
            && error.kind().is_answer()
        {
            return Err(error);
        }
        let freshness = self.shared.routing.load().freshness;
        let mut lookup = trace::stage("lookup");
        let known = self.shared.recall(&answer, freshness).await;
        lookup.end(None);
        let hit = |known: &Known, cache| Reply::answer(known, freshness, cache, cached_via(&answer));
        if let Some(known) = &known {
            if known.age() < freshness {
                if known.age() > freshness * 3 / 4 {
                    self.refresh_in_background(answer.clone());
                }
                return Ok(hit(known, CacheStatus::Hit));
            }
            if cached_only {
                return Ok(hit(known, CacheStatus::Stale));
            }
        }
        if cached_only {
            return Err(not_cached(&answer));
        }
        let refreshed = match self.shared.memory.failure(&Wanted::Answer(answer.clone())) {
            // A failure of the source is remembered only to spare those who can be served something else.
            Some(error) if error.kind().is_answer() || known.is_some() => Err(error),
            _ if known.is_some() => self.refreshed_soon(answer.clone()).await,
            _ => self.refreshed(answer.clone()).await,
        };
        match (refreshed, known) {
            (Ok((fresh, via)), _) => Ok(Reply::answer(&fresh, freshness, CacheStatus::Miss, via)),
            (Err(error), Some(known)) if !error.kind().is_answer() => {
                tracing::debug!(%answer, %error, "served stale: the source fails");
                Ok(hit(&known, CacheStatus::Stale))
            }
            (Err(error), _) => Err(error),
        }
    }

    fn refresh_in_background(&self, answer: Answer) {
        // A source that failed a moment ago is not asked again for every hit.
        if self.shared.memory.failure(&Wanted::Answer(answer.clone())).is_some() {
            return;
        }
        let engine = self.clone();
        // Nobody waits for this one: it may end with an error, and the next request after the expiry asks again.
        let refresh = async move { engine.refreshed(answer).await.map(drop) };
        tokio::spawn(trace::carried(trace::current(), refresh));
    }

    /// As [`Engine::refreshed`], for who can be served something else: gives up waiting after a while, not the refresh.
    async fn refreshed_soon(&self, answer: Answer) -> Result<(Known, Via)> {
        self.refresh_in_background(answer.clone());
        let waited = tokio::time::timeout(PATIENCE, self.refreshed(answer.clone())).await;
        waited.unwrap_or_else(|_| {
            let error = Error::new(ErrorKind::Timeout, format!("{answer}: the source takes its time"));
            self.shared.memory.fail(Wanted::Answer(answer), error.clone(), RETRY_AFTER_FAILURE);
            Err(error)
        })
    }

    async fn refreshed(&self, answer: Answer) -> Result<(Known, Via)> {
        let work = || {
            let (engine, answer) = (self.clone(), answer.clone());
            async move { engine.refresh(answer).await }
        };
        let broken = || Err(Error::internal(format!("the refresh of {answer} panicked")));
        let wait = trace::stage("wait");
        let joined = self.shared.answers.join(answer.clone(), work);
        let refreshed = trace::carried(wait.context(), joined).await.unwrap_or_else(broken);
        wait.tell(refreshed)
    }

    async fn refresh(&self, answer: Answer) -> Result<(Known, Via)> {
        let _admitted = match &answer {
            // Lists go on when the disk is full: nothing but themselves is stored, if it can be.
            Answer::List(_) | Answer::SumLatest(_) => self.shared.admit()?,
            Answer::Latest(_) | Answer::Query(..) => self.shared.admit_to_disk()?,
        };
        let result = match &answer {
            Answer::List(path) => self.shared.list(path).await,
            Answer::Latest(path) => self.latest(path).await,
            Answer::Query(path, query) => self.shared.query(path, query).await,
            Answer::SumLatest(name) => {
                let asked = SystemTime::now();
                let body = self.shared.sum_latest(name).await;
                body.map(|body| Given { body, asked, via: Via::SumDb })
            }
        };
        let wanted = Wanted::Answer(answer.clone());
        match result {
            Ok(Given { body, asked, via }) => {
                let known = Known::new(Remembered { body, asked });
                self.shared.memory.succeed(&wanted);
                self.shared.memory.keep(answer.clone(), known.clone());
                // The answer is right whether or not our disk takes it.
                let commit = trace::stage("commit");
                if let Err(error) = commit.tell(self.shared.store.save(&answer, &known.remembered).await) {
                    tracing::warn!(%answer, detail = error.detail(), "cannot remember an answer on disk");
                }
                Ok((known, via))
            }
            Err(error) => {
                if error.kind().is_answer() {
                    self.shared.remember(wanted, &Err::<(), _>(error.clone()));
                } else {
                    self.shared.memory.fail(wanted, error.clone(), RETRY_AFTER_FAILURE);
                }
                Err(error)
            }
        }
    }

    /// `@latest`, from the source's own endpoint or derived from its list.
    async fn latest(&self, path: &ModulePath) -> Result<Given> {
        routing::first(&self.shared.routing, path, |source| async move {
            let via = source.via();
            let intake = Intake::new(&*self.shared.store);
            let asked = source.latest(path, &intake);
            match self.shared.watch(source.as_ref(), "latest", asked).await {
                Ok(resolved) => self.shared.settle(path, &Asked::Latest, resolved, via).await,
                Err(error) if error.kind() == ErrorKind::NotFound && source.latest_from_list() => {
                    let (body, asked) = self.latest_from_list(path, source.as_ref(), error).await?;
                    Ok(Given { body, asked, via })
                }
                Err(error) => Err(error),
            }
        })
        .await
    }
}

impl Shared {
    /// The answer in memory if it is fresh, else the one on disk, which another process may have renewed.
    async fn recall(&self, answer: &Answer, freshness: Duration) -> Option<Known> {
        let held = self.memory.answer(answer);
        if held.as_ref().is_some_and(|known| known.age() < freshness) {
            return held;
        }
        // What cannot be read is as good as forgotten: the source knows.
        let loaded = self.store.load(answer).await.unwrap_or_else(|error| {
            tracing::warn!(%answer, detail = error.detail(), "cannot read an answer on disk");
            None
        });
        let Some(remembered) = loaded else { return held };
        if held.as_ref().is_some_and(|held| held.remembered.asked >= remembered.asked) {
            return held;
        }
        let known = Known::new(remembered);
        self.memory.keep(answer.clone(), known.clone());
        Some(known)
    }

    /// The list, sorted and without pseudo-versions, as the `go` command's own would be.
    async fn list(&self, path: &ModulePath) -> Result<Given> {
        routing::first(&self.routing, path, |source| async move {
            let versions = self.watch(source.as_ref(), "list", source.list(path)).await?;
            let list = parse_list(path, &versions.body);
            self.count_lie("list", &list);
            let body = list?.body().into();
            Ok(Given { body, asked: versions.asked, via: source.via() })
        })
        .await
    }

    async fn query(self: &Arc<Self>, path: &ModulePath, query: &Query) -> Result<Given> {
        routing::first(&self.routing, path, |source| async move {
            let intake = Intake::new(&*self.store);
            let asked = source.query(path, query, &intake);
            let resolved = self.watch(source.as_ref(), "query", asked).await?;
            self.settle(path, &Asked::Query(query), resolved, source.via()).await
        })
        .await
    }

    /// Checks what a query resolved to, and commits what came along.
    async fn settle(
        self: &Arc<Self>,
        path: &ModulePath,
        wanted: &Asked<'_>,
        resolved: Resolved,
        via: Via,
    ) -> Result<Given> {
        let Resolved { info, asked, extra } = resolved;
        let version = check::resolved(path, wanted, &info);
        self.count_lie("query", &version);
        version?;
        self.commit_extras(extra).await;
        Ok(Given { body: info, asked, via })
    }
}

pub(crate) fn parse_list(path: &ModulePath, raw: &[u8]) -> Result<gomod::list::List> {
    gomod::list::parse(raw).map_err(|e| Error::new(ErrorKind::Invalid, format!("{path}@v/list: {e}")))
}

fn cached_via(answer: &Answer) -> Via {
    if matches!(answer, Answer::SumLatest(_)) { Via::SumDb } else { Via::Cached }
}
