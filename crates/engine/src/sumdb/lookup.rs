//! Lookups: the record of a version, proved to stand in the log.

use std::sync::Arc;

use bytes::Bytes;
use gomod::{
    ModuleVersion,
    sumdb::{CheckError, Lookup, Sums, TileHeight, TilePlan, check},
};

use super::Database;
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
        let head = self.advance(db, &Bytes::copy_from_slice(lookup.note().as_bytes())).await?.head;
        let why = |e: &CheckError| db.unproved(&object, e);
        let plan = TilePlan::inclusion(&head, lookup.id(), TileHeight::GO).map_err(|e| why(&e))?;
        let check = |tiles: &_| {
            let record = check::inclusion(&head, lookup.id(), lookup.record(), tiles)?;
            Ok(record.sums(version))
        };
        let sums = self.proved(db, &plan, check).await?.map_err(|unproved| why(&unproved.error))?;
        sums.map_err(|e| db.invalid(&object, &e))
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
