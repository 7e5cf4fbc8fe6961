//! Lookups: the record of a version, proved to stand in the log.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join;
use gomod::{
    ModuleVersion,
    sumdb::{CheckError, Lookup, Sums, TileHeight, TilePlan, check},
};

use super::{Database, log::Latest, proof::Gathered};
use crate::{Object, Result, Stored, engine::Shared};

impl Shared {
    /// Proves the body of a lookup: its head continues the log that we know, and its record stands in it. Returns the
    /// sums of the version, from the record's text and nothing else.
    pub(super) async fn prove_lookup(
        self: &Arc<Self>,
        db: &Database,
        version: &ModuleVersion,
        body: &Bytes,
    ) -> Result<Sums> {
        let object = Object::SumLookup(db.name.clone(), version.clone());
        let lookup = Lookup::parse(body).map_err(|e| db.invalid(&object, &e))?;
        let told = db.told(&Bytes::copy_from_slice(lookup.note().as_bytes()))?;
        let (latest, at_hand) = join(self.advance_to(db, &told), self.gather_early(db, &told, lookup.id())).await;
        let head = latest?.head;
        let why = |e: &CheckError| db.unproved(&object, e);
        let plan = TilePlan::inclusion(&head, lookup.id(), TileHeight::GO).map_err(|e| why(&e))?;
        let check = |tiles: &_| {
            let record = check::inclusion(&head, lookup.id(), lookup.record(), tiles)?;
            Ok(record.sums(version))
        };
        let sums = self.proved_from(db, &plan, at_hand, check).await?.map_err(|unproved| why(&unproved.error))?;
        sums.map_err(|e| db.invalid(&object, &e))
    }

    /// The tiles that will show that a record stands in the log, most likely, while it is still being proved which head
    /// that is. They are no more believed than any others.
    async fn gather_early(self: &Arc<Self>, db: &Database, told: &Latest, id: u64) -> Option<Vec<Gathered>> {
        let known = self.newest(db).await.ok()?.filter(|known| known.head.size() >= told.head.size());
        let head = known.map_or(told.head, |known| known.head);
        let plan = TilePlan::inclusion(&head, id, TileHeight::GO).ok()?;
        self.gather_all(db, &plan).await.ok()
    }

    /// A lookup from the database: stored once it is proved.
    pub(super) async fn fetch_lookup(self: &Arc<Self>, db: &Database, version: &ModuleVersion) -> Result<Stored> {
        let path = format!("lookup/{}@{}", version.path().escaped(), version.version().escaped());
        let body = self.ask(&db.name, &path).await?;
        self.prove_lookup(db, version, &body).await?;
        let object = Object::SumLookup(db.name.clone(), version.clone());
        let stored = self.store_bytes(&object, &body).await?;
        self.memory.prove(&object);
        Ok(stored)
    }
}
