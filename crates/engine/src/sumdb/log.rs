//! How far we know a database's log: the newest tree head that is proved to continue all that came before it. It is
//! written down before it is believed and never goes back, whichever process learns of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as StdMutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use gomod::sumdb::{CheckError, TileHeight, TilePlan, TreeHead, VerifierKey, check};
use tokio::sync::Mutex;

use super::{Database, fork::Histories};
use crate::{Error, Fact, Result, engine::Shared};

/// How often another process may be faster before we give up.
const ATTEMPTS: usize = 16;

/// A database is asked for a newer head at most so often for the sake of tiles that lie beyond the one we know.
const NEWER_AT_MOST: Duration = Duration::from_secs(10);

/// A log, by the key that signs it.
#[derive(Debug)]
pub(crate) struct Log {
    pub(super) key: VerifierKey,
    latest: Mutex<Option<Latest>>,
    asked: StdMutex<Option<Instant>>,
}

/// A head and the note that signs it.
#[derive(Clone, Debug)]
pub(super) struct Latest {
    pub(super) head: TreeHead,
    pub(super) note: Bytes,
}

/// The logs of the keys that we know.
#[derive(Debug, Default)]
pub(crate) struct Logs(StdMutex<HashMap<String, Arc<Log>>>);

impl Logs {
    pub(super) fn of(&self, key: VerifierKey) -> Arc<Log> {
        let mut logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Log { key: key.clone(), latest: Mutex::default(), asked: StdMutex::default() });
        Arc::clone(logs.entry(key.to_string()).or_insert_with(new))
    }
}

impl Log {
    fn fact(&self) -> Fact {
        Fact::TreeHead(self.key.name().to_owned(), self.key.hash())
    }

    /// Whether it is time to ask for a newer head, told once.
    pub(super) fn may_ask(&self) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = asked.is_none_or(|at| at.elapsed() > NEWER_AT_MOST);
        if due {
            *asked = Some(Instant::now());
        }
        due
    }
}

impl Database {
    /// What a note says, once its signature is checked.
    pub(super) fn told(&self, note: &Bytes) -> Result<Latest> {
        let head = TreeHead::open(note, &self.log.key).map_err(|e| self.invalid(&"tree head", &e))?;
        Ok(Latest { head, note: note.clone() })
    }
}

impl Shared {
    /// The newest head that is known, if there is one.
    pub(super) async fn newest(&self, db: &Database) -> Result<Option<Latest>> {
        let mut latest = db.log.latest.lock().await;
        self.refuse_fork(db).await?;
        if latest.is_none() {
            *latest = self.recall_head(db).await?;
        }
        Ok(latest.clone())
    }

    /// Believes the head of a signed note once it is proved to be of the log that we know. Returns the newer one. Others
    /// do not wait for the proof: its tiles may take their time.
    pub(super) async fn advance(self: &Arc<Self>, db: &Database, note: &Bytes) -> Result<Latest> {
        let told = db.told(note)?;
        self.advance_to(db, &told).await
    }

    /// The same for a head whose signature is checked already.
    pub(super) async fn advance_to(self: &Arc<Self>, db: &Database, told: &Latest) -> Result<Latest> {
        for _ in 0..ATTEMPTS {
            let known = self.newest(db).await?;
            if let Some(known) = &known {
                let is_older = told.head.size() <= known.head.size();
                let (older, newer) = if is_older { (told, known) } else { (known, told) };
                self.prove_growth(db, older, newer).await?;
                if is_older {
                    return Ok(known.clone());
                }
            }
            if self.replace(db, known.as_ref(), told).await? {
                return Ok(told.clone());
            }
        }
        Err(Error::internal(format!("the tree head of {} changes all the time", db.name)))
    }

    /// Writes the newer head down, unless somebody else has done so meanwhile: another task, or another process.
    async fn replace(&self, db: &Database, known: Option<&Latest>, told: &Latest) -> Result<bool> {
        let mut latest = db.log.latest.lock().await;
        let old = known.map(|known| &known.note);
        if latest.as_ref().map(|latest| &latest.note) != old {
            return Ok(false);
        }
        let done = self.store.establish(&db.log.fact(), old, &told.note).await?;
        // What another process has written is read anew.
        *latest = done.then(|| told.clone());
        Ok(done)
    }

    async fn recall_head(&self, db: &Database) -> Result<Option<Latest>> {
        let Some(known) = self.store.recall(&db.log.fact()).await? else { return Ok(None) };
        match TreeHead::open(&known.text, &db.log.key) {
            Ok(head) => Ok(Some(Latest { head, note: known.text })),
            Err(e) => {
                let remedy = "nothing is verified until it is restored or removed";
                Err(Error::internal(format!(
                    "{}: what was written down of {} is damaged: {e}; {remedy}",
                    known.place, db.name
                )))
            }
        }
    }

    async fn prove_growth(self: &Arc<Self>, db: &Database, older: &Latest, newer: &Latest) -> Result<()> {
        if older.head == newer.head {
            return Ok(());
        }
        let why = |e: &CheckError| db.unproved(&"tree head", e);
        let plan = TilePlan::consistency(&older.head, &newer.head, TileHeight::GO).map_err(|e| why(&e))?;
        let check = |tiles: &_| check::consistency(&older.head, &newer.head, tiles);
        match self.proved(db, &plan, check).await? {
            Ok(()) => Ok(()),
            Err(unproved) => match unproved.error {
                CheckError::Fork(fork) => {
                    let histories = Histories { fork, older, newer, plan: &plan, tiles: &unproved.tiles };
                    Err(self.alarm(db, &histories).await)
                }
                error => Err(why(&error)),
            },
        }
    }
}
