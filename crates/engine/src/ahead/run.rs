//! Fetching what is wished, a few at a time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gomod::{ModuleVersion, modfile};

use super::{
    lane::{Lane, PAUSE, REST, STALE},
    plan::{Step, Wish},
};
use crate::{
    Blob, Error, ErrorKind, Kind, Object, Reply, Result,
    blocking::content,
    engine::Shared,
    memory::Wanted,
    rank::{self, Rank},
};

/// How long one fetch may hold its place: what hangs must not end all read-ahead.
const LIMIT: Duration = Duration::from_secs(60);

/// A wish whose turn has come.
struct Begun {
    wish: Wish,
    rank: Arc<Rank>,
    /// Nobody else fetches the same ahead.
    first: bool,
}

/// What became of a wish.
enum Outcome {
    /// So many bytes lie there now.
    Fetched(u64),
    /// They did already, or whether they exist is known.
    Held,
}

impl Shared {
    /// A go.mod has been served to somebody who may walk on from it: what it leads to is wished, where `go` does.
    pub(crate) fn answered(self: &Arc<Self>, version: &ModuleVersion, reply: &Reply) {
        let Blob::Bytes(go_mod) = &reply.blob else { return };
        if self.ahead.knows(version, Step::Read) {
            return;
        }
        self.ahead.note(version, Step::Read);
        let Some(found) = modfile::requirements(go_mod) else { return };
        if !found.pruned {
            self.walk(&found.modules);
        }
    }

    fn walk(self: &Arc<Self>, modules: &[ModuleVersion]) {
        for version in modules.iter().filter(|version| self.reads_ahead(version)) {
            self.wish(Wish::new(version, Step::Walk));
        }
    }

    /// Begins what the windows allow.
    pub(super) fn pump(self: &Arc<Self>) {
        for lane in &self.ahead.lanes {
            while let Some(begun) = self.next(lane) {
                let shared = Arc::clone(self);
                tokio::spawn(async move { shared.fulfil(begun).await });
            }
        }
    }

    fn next(&self, lane: &Lane) -> Option<Begun> {
        let (now, bytes) = (Instant::now(), self.ahead_bytes());
        lane.with(|state| {
            let wasted = state.window.expire(now);
            if wasted > 0 {
                self.observer.read_ahead("wasted", wasted);
            }
            while state.running < lane.at_a_time && state.window.is_open(bytes) {
                let (at, wish) = state.queue.pop_front()?;
                if now.saturating_duration_since(at) > STALE {
                    self.ahead.forget(&wish, PAUSE);
                    self.observer.read_ahead("skipped", 1);
                    continue;
                }
                // The client was faster; a walk goes on all the same.
                let overtaken = self.ahead.was_asked(&wish);
                if overtaken && wish.step != Step::Walk {
                    continue;
                }
                let rank = Arc::<Rank>::default();
                state.running += 1;
                let first = !overtaken && state.window.begin(&wish.object(), Arc::clone(&rank));
                return Some(Begun { wish, rank, first });
            }
            None
        })
    }

    async fn fulfil(self: Arc<Self>, Begun { wish, rank, first }: Begun) {
        let place = Place(self.ahead.lane(&wish));
        let work = rank::ranked(Some(rank), self.read_ahead(&wish));
        let outcome = tokio::time::timeout(LIMIT, work).await;
        let (word, bytes) = match outcome {
            Ok(Ok(Outcome::Fetched(bytes))) => ("fetched", Some(bytes)),
            Ok(Ok(Outcome::Held)) => ("held", None),
            Ok(Err(error)) => {
                let left_out = matches!(error.kind(), ErrorKind::Busy | ErrorKind::NotCached);
                self.ahead.forget(&wish, if left_out { PAUSE } else { REST });
                (if left_out { "skipped" } else { "failed" }, None)
            }
            Err(_) => {
                self.ahead.forget(&wish, REST);
                ("failed", None)
            }
        };
        if first {
            self.ahead.lane(&wish).with(|state| state.window.end(&wish.object(), bytes));
        }
        self.observer.read_ahead(word, 1);
        drop(place);
        self.pump();
    }

    async fn read_ahead(self: &Arc<Self>, wish: &Wish) -> Result<Outcome> {
        let object = wish.object();
        if self.store.has(&object).await? {
            if wish.step == Step::Walk
                && let Some(stored) = self.held(&object).await?
            {
                self.walk_on(&content(&stored.blob, stored.size).await?);
            }
            return Ok(Outcome::Held);
        }
        self.is_worth_it(&object)?;
        if wish.step == Step::Zip {
            // Of a version that does not exist, nothing but its go.mod is asked for; of one that does, it comes first.
            let go_mod = Object::Module(wish.version.clone(), Kind::Mod);
            if !self.store.has(&go_mod).await? {
                self.is_worth_it(&go_mod)?;
                self.fetched(go_mod).await?;
            }
        }
        let (stored, _) = self.fetched(object).await?;
        if wish.step == Step::Walk {
            self.walk_on(&content(&stored.blob, stored.size).await?);
        }
        Ok(Outcome::Fetched(stored.size))
    }

    fn walk_on(self: &Arc<Self>, go_mod: &[u8]) {
        if let Some(found) = modfile::requirements(go_mod) {
            self.walk(&found.modules);
        }
    }

    /// # Errors
    /// What is known to be absent, and anything while others wait for much.
    fn is_worth_it(&self, object: &Object) -> Result<()> {
        if let Some(error) = self.memory.failure(&Wanted::Object(object.clone())) {
            return Err(error);
        }
        if self.is_busy() {
            return Err(Error::new(ErrorKind::Busy, "too much is fetched that somebody waits for"));
        }
        Ok(())
    }
}

/// A place among those that are fetched at a time; given back however the fetch ends.
struct Place<'a>(&'a Lane);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.with(|state| state.running -= 1);
    }
}
