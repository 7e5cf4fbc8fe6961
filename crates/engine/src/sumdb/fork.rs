//! A database that has signed two histories: the alarm, and evidence that outlives a restart. Nothing is verified by it
//! any more until somebody has looked at the evidence and removed it.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use gomod::sumdb::{Fork, TilePlan, Tiles};

use super::{Database, log::Latest};
use crate::{Engine, Error, ErrorKind, Fact, Result, engine::Shared};

/// All that shows the fork to somebody who trusts neither us nor the database.
pub(super) struct Histories<'a> {
    pub(super) fork: Box<Fork>,
    pub(super) older: &'a Latest,
    pub(super) newer: &'a Latest,
    pub(super) plan: &'a TilePlan,
    pub(super) tiles: &'a Tiles<Bytes>,
}

impl Histories<'_> {
    fn evidence(&self) -> String {
        let note = |latest: &Latest| String::from_utf8_lossy(&latest.note).into_owned();
        let mut text = format!("{}\n\n{}\n{}\n", self.fork, note(self.older), note(self.newer));
        for tile in self.plan.tiles() {
            if let Some(bytes) = self.tiles.get(*tile) {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{tile} {}", STANDARD.encode(bytes));
            }
        }
        text
    }
}

impl Shared {
    /// Writes the evidence down and says so, as loud as we can.
    pub(super) async fn alarm(&self, db: &Database, histories: &Histories<'_>) -> Error {
        self.observer.checksum("fork");
        let evidence = Bytes::from(histories.evidence());
        if let Err(error) = self.store.establish(&fact(db), None, &evidence).await {
            tracing::error!(database = db.name, detail = error.detail(), "cannot write down the evidence of a fork");
            tracing::error!(database = db.name, "{}", String::from_utf8_lossy(&evidence));
        }
        match self.refuse_fork(db).await {
            Err(error) => error,
            Ok(()) => Error::new(ErrorKind::Unavailable, format!("SECURITY: {}: {}", db.name, histories.fork)),
        }
    }

    /// Fails for as long as there is evidence.
    pub(super) async fn refuse_fork(&self, db: &Database) -> Result<()> {
        let found = self.store.recall(&fact(db)).await?;
        self.observer.forked(&db.name, found.is_some());
        let Some(found) = found else { return Ok(()) };
        let text =
            format!("SECURITY: checksum database {} has signed two histories; nothing is verified by it", db.name);
        tracing::error!(database = db.name, evidence = found.place, "{text}");
        let remedy = format!("the evidence is in {}; remove it when you know why", found.place);
        Err(Error::new(ErrorKind::Unavailable, text).with_detail(remedy))
    }
}

impl Engine {
    /// Looks for evidence of forks, and tells the observer: of those that an earlier run found, and of those that
    /// somebody has dealt with.
    pub async fn look_for_forks(&self) {
        let names: Vec<_> = self.routing().sum_keys.keys().cloned().collect();
        for db in names.iter().filter_map(|name| self.shared.database(name)) {
            // What cannot be read is told when it is needed.
            if let Ok(found) = self.shared.store.recall(&fact(&db)).await {
                self.shared.observer.forked(&db.name, found.is_some());
            }
        }
    }
}

fn fact(db: &Database) -> Fact {
    Fact::Fork(db.log.key.name().to_owned(), db.log.key.hash())
}
