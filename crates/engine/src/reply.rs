//! The engine's answer: where the bytes are, and how long they may be believed.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::{Blob, Growing, Remembered, Result, Stored};

/// Whether the cache had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CacheStatus {
    /// It did.
    Hit,
    /// It was fetched for this request.
    Miss,
    /// It had an expired answer, which is served because the source fails, or because nobody else may be asked.
    Stale,
}

/// How long the answer may be kept by others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// For ever.
    Immutable,
    /// For a while.
    Fresh {
        /// Since the source gave it.
        age: Duration,
        /// Until it expires.
        remaining: Duration,
    },
    /// Not at all: it has expired.
    Stale {
        /// Since the source gave it.
        age: Duration,
    },
}

impl Lifetime {
    /// Good for whoever asked, and for nobody later.
    pub(crate) const NOT_KEPT: Self = Self::Fresh { age: Duration::ZERO, remaining: Duration::ZERO };
}

/// Who gave the answer, in the words of the original's log and of its `goproxy_router_request_total{mode}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// Our cache.
    Cached,
    /// Version control, for this request.
    Direct,
    /// An upstream proxy, for this request.
    Proxy,
    /// A checksum database, or our copy of it.
    SumDb,
}

impl Via {
    /// The label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cached => "cached",
            Self::Direct => "direct",
            Self::Proxy => "proxy",
            Self::SumDb => "sumdb",
        }
    }
}

/// A successful answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The bytes.
    pub blob: Blob,
    /// Their number.
    pub size: u64,
    /// SHA-256 of the bytes: the strong validator.
    pub sha256: [u8; 32],
    /// When the object was committed, or the answer given.
    pub modified: SystemTime,
    /// Whether the cache had it.
    pub cache: CacheStatus,
    /// How long it may be kept.
    pub lifetime: Lifetime,
    /// Who gave it.
    pub via: Via,
}

/// An answer, or the beginning of one.
#[derive(Debug)]
pub enum Served {
    /// All of it is there, and was checked.
    Whole(Reply),
    /// A zip that is still arriving.
    Growing(Growing),
}

impl From<Reply> for Served {
    fn from(reply: Reply) -> Self {
        Self::Whole(reply)
    }
}

impl Served {
    /// Waits for all of it.
    ///
    /// # Errors
    /// Those of the fetch.
    pub async fn whole(self) -> Result<Reply> {
        match self {
            Self::Whole(reply) => Ok(reply),
            Self::Growing(growing) => growing.whole().await,
        }
    }
}

impl Reply {
    pub(crate) fn object(stored: Stored, cache: CacheStatus, via: Via) -> Self {
        let Stored { blob, size, sha256, modified, .. } = stored;
        Self { blob, size, sha256, modified, cache, lifetime: Lifetime::Immutable, via }
    }

    /// A fixed small body of our own, such as `/supported`.
    pub(crate) fn fixed(body: Bytes, remaining: Duration, via: Via) -> Self {
        let lifetime = Lifetime::Fresh { age: Duration::ZERO, remaining };
        let sha256 = Sha256::digest(&body).into();
        let (size, blob) = (body.len() as u64, Blob::Bytes(body));
        Self { blob, size, sha256, modified: SystemTime::UNIX_EPOCH, cache: CacheStatus::Hit, lifetime, via }
    }

    pub(crate) fn answer(known: &Known, freshness: Duration, cache: CacheStatus, via: Via) -> Self {
        let age = known.age();
        let lifetime = if cache == CacheStatus::Stale {
            Lifetime::Stale { age }
        } else {
            Lifetime::Fresh { age, remaining: freshness.saturating_sub(age) }
        };
        let (blob, size) = (Blob::Bytes(known.remembered.body.clone()), known.remembered.body.len() as u64);
        Self { blob, size, sha256: known.sha256, modified: known.remembered.asked, cache, lifetime, via }
    }
}

/// What `Age` says of anything older (RFC 9111 1.2.2).
const ANCIENT: Duration = Duration::from_secs(1 << 31);

/// A remembered answer with its hash, shared by all who are served from it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) remembered: Arc<Remembered>,
    pub(crate) sha256: [u8; 32],
}

impl Known {
    pub(crate) fn new(remembered: Remembered) -> Self {
        let sha256 = Sha256::digest(&remembered.body).into();
        Self { remembered: Arc::new(remembered), sha256 }
    }

    /// How old it is. One from the future (the clock was set back) counts as ancient, so that it is asked again; a few
    /// seconds are forgiven.
    pub(crate) fn age(&self) -> Duration {
        match self.remembered.asked.elapsed() {
            Ok(age) => age,
            Err(ahead) if ahead.duration() < Duration::from_secs(5) => Duration::ZERO,
            Err(_) => ANCIENT,
        }
    }
}
