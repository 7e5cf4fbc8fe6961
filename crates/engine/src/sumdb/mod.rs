//! Checksum databases whose keys we know: nothing that they say is stored, served or believed before it is proved
//! (golang.org/x/mod/sumdb `Client`; `gomod::sumdb` has the proofs).

pub(crate) mod adopted;
mod early;
mod fork;
mod log;
mod lookup;
mod proof;
mod served;
mod sums;
mod tile;
mod vouch;

use std::sync::Arc;

use bytes::Bytes;
use gomod::sumdb::CheckError;

pub(crate) use log::{Log, Logs};
pub(crate) use vouch::pin_of;

use crate::{Error, ErrorKind, Result, Stored, blocking::content, check, engine::Shared, watch::watched};

/// A database as it is asked, and what we know of its log.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    /// The name in `/sumdb/<name>/`.
    pub(crate) name: String,
    pub(crate) log: Arc<Log>,
}

impl Database {
    /// What it sent, or somebody on the way, does not hold.
    fn invalid(&self, what: &dyn std::fmt::Display, why: &dyn std::fmt::Display) -> Error {
        Error::new(ErrorKind::Invalid, format!("checksum database {}: {what}: {why}", self.name))
    }

    /// A proof failed. Where tiles are at fault, that says nothing about what they were to prove.
    fn unproved(&self, what: &dyn std::fmt::Display, error: &CheckError) -> Error {
        let kind = match error {
            CheckError::BadTile(_) | CheckError::MissingTile(_) => ErrorKind::Unavailable,
            _ => ErrorKind::Invalid,
        };
        Error::new(kind, format!("checksum database {}: {what}: {error}", self.name))
    }
}

impl Shared {
    /// The database of that name, if we know its key.
    pub(crate) fn database(&self, name: &str) -> Option<Database> {
        let key = self.routing.load().sum_keys.get(name).cloned()?;
        Some(Database { name: name.to_owned(), log: self.logs.of(key) })
    }

    /// What the database, or a proxy's copy of it, says to `path`.
    async fn ask(&self, name: &str, path: &str) -> Result<Bytes> {
        let sums = Arc::clone(&self.routing.load().sums);
        watched(&*self.observer, "sumdb", "sumdb", sums.get(name, path, check::MAX_SUM)).await
    }
}

/// The bytes of an object of a database, all of which are small.
async fn bytes(stored: &Stored) -> Result<Bytes> {
    content(&stored.blob, stored.size).await
}
