//! Whole answers for the rest of the second in which they were made, for what is asked for again and again: of such a
//! request only what counts is looked at, its key, and nothing of the answer is made anew but its id. What a second later would be
//! otherwise (an age, a date, what reloading changes) is so a second later.

use std::{
    borrow::Cow,
    hash::BuildHasher,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use gomod::Route;
use goproxy_engine::{CacheStatus, Lifetime, Via};
use quick_cache::{DefaultHashBuilder, Weighter, sync::Cache};

use crate::{
    access_log::Line,
    metrics::Tally,
    peer::Peer,
    record::{self, RecordedBody, Sinks},
    reply::cache_word,
};

/// Bodies up to this size are kept.
const SMALL: usize = 32 << 10;
/// How many bytes are kept at most.
const BYTES: u64 = 8 << 20;
/// For how many keys it is known that they were asked for in this second.
const SEEN: usize = 1 << 12;

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Prepared {
    answers: Cache<Box<str>, Arc<Ready>, Size>,
    hasher: DefaultHashBuilder,
    /// The last key to fall on each place, with its second.
    seen: Box<[AtomicU64]>,
}

/// What the cache has: all of an object or answer, or that there is none.
#[derive(Debug)]
pub(crate) struct Ready {
    /// Since 1970: when it is good.
    second: u64,
    /// Where it is no longer good at the end of that.
    until: Option<Instant>,
    status: u16,
    /// Its head up to the value of the id, which comes last.
    head: Vec<u8>,
    body: Bytes,
    tally: Tally,
    what: &'static str,
    via: Via,
    /// Where it is to be named.
    route: Option<Route>,
}

impl Ready {
    /// Of a response to a GET of which nothing counts but its key; `None` if it is made for this request alone.
    pub(crate) fn of(body: &RecordedBody, head: impl FnOnce() -> Vec<u8>) -> Option<Self> {
        let (second, record) = (second(), body.record());
        let (Some(via), Some(CacheStatus::Hit), Some(until)) = (record.via(), record.cache(), record.until()) else {
            return None;
        };
        let (sinks, what) = (record.sinks(), record.what());
        let (status, route) = (record.status(), record.route().cloned());
        let tally = sinks.metrics.tally(what, status, via.as_str(), record.counted());
        let body = body.small(SMALL)?;
        Some(Self { second, until, status, head: head(), body, tally, what, via, route })
    }

    /// All of it, for a request that came then: it counts as answered.
    pub(crate) fn tell(&self, sinks: &Sinks, asked: &Asked<'_>) -> Vec<u8> {
        let id = record::new_id();
        let mut all = Vec::with_capacity(self.head.len() + id.len() + 4 + self.body.len());
        for part in [&self.head[..], &id, b"\r\n\r\n", &self.body] {
            all.extend_from_slice(part);
        }
        let took = asked.at.elapsed();
        let bytes = self.body.len() as u64;
        self.tally.count(&sinks.metrics, bytes, took);
        if sinks.log.is_on() {
            let (module, version) = self.route.as_ref().map_or((None, None), record::names);
            sinks.log.log(&Line {
                id: std::str::from_utf8(&id).unwrap_or_default(),
                method: "GET",
                target: asked.target,
                status: self.status,
                took,
                bytes,
                aborted: false,
                mode: Some(self.via.as_str()),
                cache: Some(cache_word(CacheStatus::Hit)),
                what: self.what,
                module,
                version,
                trace: None,
                remote: &asked.peer.remote,
                client_certificate: asked.peer.certificate(),
                user: None,
                user_agent: &asked.user_agent.map_or_else(Cow::default, String::from_utf8_lossy),
            });
        }
        all
    }
}

/// What the log repeats of such a request.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) at: Instant,
    pub(crate) target: &'a str,
    pub(crate) user_agent: Option<&'a [u8]>,
    pub(crate) peer: &'a Peer,
}

impl Default for Prepared {
    fn default() -> Self {
        let seen = (0..SEEN).map(|_| AtomicU64::new(0)).collect();
        let answers = Cache::with_weighter(BYTES as usize / 1024, BYTES, Size);
        Self { answers, hasher: DefaultHashBuilder::default(), seen }
    }
}

impl Prepared {
    /// The answer, if there is one that is good now.
    pub(crate) fn get(&self, key: &str) -> Option<Arc<Ready>> {
        let ready = self.answers.get(key)?;
        let good = ready.second == second() && ready.until.is_none_or(|until| Instant::now() < until);
        good.then_some(ready)
    }

    /// Whether it is worth keeping: it was asked for in this second.
    pub(crate) fn is_wanted(&self, key: &str) -> bool {
        let hash = self.hasher.hash_one(key);
        // Two keys on one place, or with the same remains: one is kept that need not be.
        let stamp = second() ^ (hash & !0xffff_ffff);
        self.seen[hash as usize % SEEN].swap(stamp, Ordering::Relaxed) == stamp
    }

    /// Keeps it.
    pub(crate) fn keep(&self, key: Box<str>, ready: Ready) {
        self.answers.insert(key, Arc::new(ready));
    }
}

/// An answer that stays as it is for the rest of the second: see [`lasts`].
pub(crate) const A_SECOND: Option<Option<Instant>> = Some(None);

/// Until when an answer with that lifetime stays as it is, its age included; the inner `None`: longer than a second.
pub(crate) fn lasts(lifetime: Lifetime) -> Option<Option<Instant>> {
    match lifetime {
        Lifetime::Immutable => A_SECOND,
        Lifetime::Fresh { age, remaining } => {
            let older = Duration::from_secs(1) - Duration::from_nanos(age.subsec_nanos().into());
            Some(Some(Instant::now() + older.min(remaining)))
        }
        Lifetime::Stale { .. } => None,
    }
}

/// Since 1970.
fn second() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[derive(Clone, Copy, Debug)]
struct Size;

impl Weighter<Box<str>, Arc<Ready>> for Size {
    fn weight(&self, key: &Box<str>, ready: &Arc<Ready>) -> u64 {
        (256 + key.len() + ready.head.len() + ready.body.len()) as u64
    }
}
