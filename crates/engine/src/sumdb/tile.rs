//! Tiles that clients ask for: proved by the newest head, and stored.

use std::sync::Arc;

use bytes::Bytes;
use gomod::{
    Tile,
    sumdb::{CheckError, TileHeight, TilePlan, TreeHead, check},
};

use super::{Database, proof::unstored};
use crate::{Object, Result, Stored, engine::Shared};

impl Shared {
    /// A tile of the database's tree, proved and stored. What no head that we know reaches, and what only mirrors ask for
    /// (records, other heights), is passed on: who asks has to prove it anyway.
    pub(super) async fn fetch_tile(self: &Arc<Self>, db: &Database, tile: Tile) -> Result<Stored> {
        let object = Object::SumTile(db.name.clone(), tile);
        let Some((head, plan)) = self.tile_plan(db, tile).await? else {
            return self.pass_on(&object, &db.name, &tile.to_string()).await;
        };
        let body = self.prove_tile(db, tile, (&head, &plan)).await?;
        let stored = self.store_bytes(&object, &body).await?;
        self.memory.prove(&object);
        Ok(stored)
    }

    /// The bytes of a tile as the tree has them, wherever they come from.
    pub(super) async fn prove_tile(
        self: &Arc<Self>,
        db: &Database,
        tile: Tile,
        (head, plan): (&TreeHead, &TilePlan),
    ) -> Result<Bytes> {
        let check = |tiles: &_| check::tile(head, tile, tiles).map(Bytes::copy_from_slice);
        self.proved(db, plan, check).await?.map_err(|unproved| db.unproved(&tile, &unproved.error))
    }

    /// What proves a tile, by the newest head or one that is newer still; `None` if nothing does.
    pub(super) async fn tile_plan(self: &Arc<Self>, db: &Database, tile: Tile) -> Result<Option<(TreeHead, TilePlan)>> {
        let mut latest = self.newest(db).await?;
        loop {
            let plan = latest.as_ref().map(|latest| TilePlan::tile(&latest.head, tile, TileHeight::GO));
            match (plan, &latest) {
                (Some(Ok(plan)), Some(latest)) => return Ok(Some((latest.head, plan))),
                (Some(Err(CheckError::Malformed(_))), _) => return Ok(None),
                _ if !db.log.may_ask() => return Ok(None),
                _ => latest = Some(self.advance(db, &self.ask(&db.name, "latest").await?).await?),
            }
        }
    }

    /// Something from a database that proves nothing to us: not stored.
    pub(super) async fn pass_on(&self, object: &Object, name: &str, path: &str) -> Result<Stored> {
        let body = self.ask(name, path).await?;
        crate::check::sum(object, &body)?;
        Ok(unstored(body))
    }
}
