//! The ports: what the engine needs from the world. Small object-safe traits; the contract is in the prose.

use std::{sync::Arc, time::SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use gomod::{ModulePath, ModuleVersion, Query};

use crate::{Answer, Fact, Intake, Kind, Object, Result, Staging, Verified, Via};

/// Where bytes of an answer are.
#[derive(Clone, Debug)]
pub enum Blob {
    /// In memory: everything small.
    Bytes(Bytes),
    /// In a regular file that is never written again: read it by position.
    File(Arc<std::fs::File>),
}

/// A stored object, open for reading. Deleting or replacing the file does not disturb it.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its bytes.
    pub blob: Blob,
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256 of its bytes: the strong ETag.
    pub sha256: [u8; 32],
    /// When it was committed.
    pub modified: SystemTime,
    /// Another program wrote it, and nobody has been asked yet whether it is the true one. Said once by each process:
    /// who is told asks, and tells the store of it ([`Store::vouched_for`]).
    pub doubtful: bool,
}

/// A remembered mutable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// The body as it is served.
    pub body: Bytes,
    /// When that was so: when the source asked for what it rests on.
    pub asked: SystemTime,
}

/// What is known of a [`Fact`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactFound {
    /// As it was written down.
    pub text: Bytes,
    /// Where it can be looked at, and removed by who knows better: a file's path.
    pub place: String,
}

/// Keeps objects for ever and answers for a while. Clonable handles, safe for any number of tasks and of processes.
///
/// A reader never sees half an object. Errors are [`crate::ErrorKind::Internal`] and name the cause in their detail.
#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Opens an object if it is there. What another program wrote is checked the first time it is opened
    /// ([`crate::check`]) and counts as absent, and is moved aside, if it does not hold.
    async fn open(&self, object: &Object) -> Result<Option<Stored>>;

    /// Whether an object is there, without a look at its content: what was damaged meanwhile counts as well.
    async fn has(&self, object: &Object) -> Result<bool> {
        Ok(self.open(object).await?.is_some())
    }

    /// Whether there is room for more than what is being fetched already. Must be cheap: asked before each fetch.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Busy`]: the disk is nearly full.
    fn room(&self) -> Result<()>;

    /// A new temporary file on the file system of the store. Dropping it removes it.
    async fn stage(&self) -> Result<Staging>;

    /// Publishes checked content, durably, and opens it. The first writer wins: if the object exists by now, that
    /// object is what comes back and the new content is dropped.
    async fn commit(&self, verified: Verified) -> Result<Stored>;

    /// The remembered answer, however old.
    async fn load(&self, answer: &Answer) -> Result<Option<Remembered>>;

    /// Remembers an answer in place of the one before. Atomic; the last writer wins.
    async fn save(&self, answer: &Answer, remembered: &Remembered) -> Result<()>;

    /// Moves an object aside that turned out not to hold: it counts as absent from now on.
    async fn reject(&self, object: &Object, reason: &str) -> Result<()>;

    /// The `h1:` and the SHA-256 of a go.mod or zip that another program wrote; `None` if there is no such thing.
    async fn sum_of_adopted(&self, _object: &Object) -> Result<Option<(String, [u8; 32])>> {
        Ok(None)
    }

    /// Writes down that an object is the true one, as long as it is the one with this SHA-256.
    async fn vouched_for(&self, _object: &Object, _sha256: [u8; 32]) -> Result<()> {
        Ok(())
    }

    /// What is known of a fact, with the name of its place, for people.
    async fn recall(&self, fact: &Fact) -> Result<Option<FactFound>>;

    /// Writes a fact down if what is known of it is still `old`, whichever process may have written; else returns
    /// `false`. Sums survive the process, the other facts a power failure as well.
    async fn establish(&self, fact: &Fact, old: Option<&Bytes>, new: &Bytes) -> Result<bool>;
}

/// What versions a source knows.
#[derive(Clone, Debug)]
pub struct Versions {
    /// The body of `@v/list`, unfiltered.
    pub body: Bytes,
    /// When that was so. A source may answer from what it learned a while ago, as long as less than three quarters of
    /// the freshness period have passed since.
    pub asked: SystemTime,
}

/// What a query resolved to.
#[derive(Debug)]
pub struct Resolved {
    /// The `.info` body, as it is served.
    pub info: Bytes,
    /// When that was so; see [`Versions::asked`].
    pub asked: SystemTime,
    /// Objects that came along (the canonical version's `.info` and `.mod`), unchecked; may be empty.
    pub extra: Vec<(Object, Staging)>,
}

/// Where modules come from: an upstream proxy, the `go` command.
///
/// Errors: `NotFound` only for what authoritatively does not exist, `Refused` for the source's own refusal; see
/// [`crate::ErrorKind`]. Dropping a returned future cancels the work and frees what it holds (connections, processes).
/// Sources do not check content beyond what they need; the engine checks before it commits.
#[async_trait]
pub trait Source: Send + Sync + std::fmt::Debug {
    /// What kind of source this is: [`Via::Proxy`], or [`Via::Direct`] for whatever goes to version control. It labels
    /// logs and metrics, and ranks errors: see the GOPROXY rules in `routing`.
    fn via(&self) -> Via;

    /// The versions as the source has them (the engine sorts and filters). An empty body is a known module without
    /// versions.
    async fn list(&self, path: &ModulePath) -> Result<Versions>;

    /// Resolves `@latest`.
    async fn latest(&self, path: &ModulePath, intake: &Intake<'_>) -> Result<Resolved>;

    /// Whether a `NotFound` of [`Source::latest`] may mean that the source lacks the endpoint, as proxies in the field
    /// do: the engine then derives the answer from the list.
    fn latest_from_list(&self) -> bool {
        false
    }

    /// Resolves a branch, tag or hash prefix.
    async fn query(&self, path: &ModulePath, query: &Query, intake: &Intake<'_>) -> Result<Resolved>;

    /// Fetches one file of a version. The first element is the object that was asked for; others may follow that came
    /// at no extra cost.
    async fn fetch(&self, version: &ModuleVersion, kind: Kind, intake: &Intake<'_>) -> Result<Vec<(Object, Staging)>>;
}

/// A checksum database, or a proxy's copy of it.
#[async_trait]
pub trait SumSource: Send + Sync + std::fmt::Debug {
    /// Fetches `/latest`, `/lookup/...` or `/tile/...` (`path` without the database's name, no leading slash, as it is
    /// written on the wire) of the database `name`, at most `limit` bytes.
    async fn get(&self, name: &str, path: &str, limit: u64) -> Result<Bytes>;

    /// Finds out by which way a database is reached, so that nobody waits for that later, nor for the first connection.
    /// No module is named.
    async fn prepare(&self, _name: &str) {}
}

/// What happened, for metrics and logs; the engine knows neither. All methods return at once.
pub trait Observer: Send + Sync + std::fmt::Debug {
    /// A fetch from a source began. `what` is a fixed word: `list`, `latest`, `query`, `info`, `mod`, `zip`, `sumdb`.
    fn fetch_started(&self, source: &'static str, what: &'static str);
    /// It ended: the outcome is `ok` or [`crate::ErrorKind::as_str`]. Called for cancelled fetches too (`cancelled`).
    fn fetch_ended(&self, source: &'static str, what: &'static str, outcome: &'static str, took: std::time::Duration);
    /// Content was compared with a checksum database, or with what was seen first. The outcome is a fixed word:
    /// `verified`, `pinned`, `mismatch`, `unlisted` (no record), `failed` (no answer); `fork` when a database has signed
    /// two histories.
    fn checksum(&self, outcome: &'static str);
    /// What came of reading ahead, for so many files; the outcome is a fixed word: `fetched` before anybody asked, then
    /// `used` when somebody did or `wasted` when nobody did in time; `held` already, `failed`, `skipped` for want of room
    /// or because only version control could have it.
    fn read_ahead(&self, outcome: &'static str, files: u64);
    /// A source sent what does not hold, as a file, list or answer: `what` is one of the words of a fetch.
    fn rejected(&self, what: &'static str);
    /// An object of that many bytes was committed.
    fn stored(&self, bytes: u64);
    /// A fetch was not begun: `queue`, too many are running or waiting; `disk`, it is nearly full.
    fn fetch_refused(&self, why: &'static str);
    /// A request to an upstream, retries included, has got the head of its answer, or none. The outcome is a fixed word:
    /// `2xx` to `5xx`, `timeout`, `unreachable`, or `paused` for one that was not sent because the host asked to be
    /// left alone.
    fn upstream_answered(&self, outcome: &'static str);
    /// So many spans of traces were `exported`, `dropped` because too many waited, or `failed` to arrive.
    fn spans(&self, outcome: &'static str, spans: u64);
    /// Whether there is evidence that a checksum database, by its name, has signed two histories.
    fn forked(&self, database: &str, forked: bool);
}

/// Nobody watches: for tests.
#[derive(Debug, Default, Clone, Copy)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn fetch_started(&self, _: &'static str, _: &'static str) {}
    fn fetch_ended(&self, _: &'static str, _: &'static str, _: &'static str, _: std::time::Duration) {}
    fn checksum(&self, _: &'static str) {}
    fn read_ahead(&self, _: &'static str, _: u64) {}
    fn rejected(&self, _: &'static str) {}
    fn stored(&self, _: u64) {}
    fn fetch_refused(&self, _: &'static str) {}
    fn upstream_answered(&self, _: &'static str) {}
    fn spans(&self, _: &'static str, _: u64) {}
    fn forked(&self, _: &str, _: bool) {}
}
