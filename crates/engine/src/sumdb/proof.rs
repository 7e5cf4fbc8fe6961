//! Proofs from tiles: those that are here first, the others from the database; kept once they are proved.

use std::{sync::Arc, time::SystemTime};

use bytes::Bytes;
use futures_util::future::try_join_all;
use gomod::{
    Tile,
    sumdb::{CheckError, TileHeight, TilePlan, Tiles},
};
use sha2::{Digest, Sha256};

use super::Database;
use crate::{Blob, Error, ErrorKind, Object, Result, Stored, engine::Shared};

/// What a check says of tiles that are all there.
pub(super) struct Unproved {
    pub(super) error: CheckError,
    pub(super) tiles: Tiles<Bytes>,
}

/// A tile that was gathered.
pub(super) struct Gathered {
    tile: Tile,
    bytes: Bytes,
    /// Whether it was here already.
    held: bool,
}

impl Shared {
    /// Gathers the tiles of a plan for a check. If it finds bad ones that were stored, they are moved aside and asked for
    /// anew, once.
    pub(super) async fn proved<T>(
        self: &Arc<Self>,
        db: &Database,
        plan: &TilePlan,
        check: impl Fn(&Tiles<Bytes>) -> Result<T, CheckError>,
    ) -> Result<Result<T, Box<Unproved>>> {
        self.proved_from(db, plan, None, check).await
    }

    /// The same, with tiles that may have been gathered already; if they are not those of the plan, they do not count.
    pub(super) async fn proved_from<T>(
        self: &Arc<Self>,
        db: &Database,
        plan: &TilePlan,
        at_hand: Option<Vec<Gathered>>,
        check: impl Fn(&Tiles<Bytes>) -> Result<T, CheckError>,
    ) -> Result<Result<T, Box<Unproved>>> {
        let (mut again, mut at_hand) = (true, at_hand.filter(|gathered| is_for(gathered, plan)));
        loop {
            let gathered = match at_hand.take() {
                Some(gathered) => gathered,
                None => self.gather_all(db, plan).await?,
            };
            let mut tiles = Tiles::new(TileHeight::GO);
            for Gathered { tile, bytes, .. } in &gathered {
                tiles.insert(*tile, bytes.clone());
            }
            let error = match check(&tiles) {
                Ok(value) => {
                    self.keep_tiles(db, plan, gathered);
                    return Ok(Ok(value));
                }
                Err(error) => error,
            };
            let suspects = if again { suspects(&error, &gathered) } else { Vec::new() };
            if suspects.is_empty() {
                return Ok(Err(Box::new(Unproved { error, tiles })));
            }
            for tile in suspects {
                self.reject(&Object::SumTile(db.name.clone(), tile), "is not a tile of the database's tree").await?;
            }
            again = false;
        }
    }

    /// The tiles of a plan, all at the same time.
    pub(super) async fn gather_all(self: &Arc<Self>, db: &Database, plan: &TilePlan) -> Result<Vec<Gathered>> {
        try_join_all(plan.tiles().iter().map(|tile| self.gather(db, *tile))).await
    }

    /// A tile or the full one in its place: a server that has grown need not keep partial ones.
    async fn gather(self: &Arc<Self>, db: &Database, tile: Tile) -> Result<Gathered> {
        for tile in [tile, tile.full()] {
            if let Some(stored) = self.held(&Object::SumTile(db.name.clone(), tile)).await? {
                return Ok(Gathered { tile, bytes: super::bytes(&stored).await?, held: true });
            }
        }
        let of = |tile, bytes| Gathered { tile, bytes, held: false };
        match self.ask_tile(db, tile).await {
            Err(error) if error.kind() == ErrorKind::NotFound && !tile.is_full() => {
                let full = self.ask_tile(db, tile.full()).await.map_err(|e| withheld(db, tile, e));
                full.map(|bytes| of(tile.full(), bytes))
            }
            answer => answer.map(|bytes| of(tile, bytes)).map_err(|e| withheld(db, tile, e)),
        }
    }

    /// Once for all whose proofs need it at the same time.
    async fn ask_tile(self: &Arc<Self>, db: &Database, tile: Tile) -> Result<Bytes> {
        let object = Object::SumTile(db.name.clone(), tile);
        let work = || {
            let (shared, name) = (Arc::clone(self), db.name.clone());
            // At full rank, whoever asks first: others will need the same tile.
            async move { shared.ask(&name, &tile.to_string()).await }
        };
        let broken = || Err(Error::internal(format!("asking for {object} panicked")));
        self.tiles.join(object.clone(), work).await.unwrap_or_else(broken)
    }

    /// Remembers proved tiles now and stores them later: who waits for the proof need not wait for the disk.
    fn keep_tiles(self: &Arc<Self>, db: &Database, plan: &TilePlan, gathered: Vec<Gathered>) {
        // Of a full tile in place of a partial one, only a part is proved.
        let proved = |gathered: &Gathered| !gathered.held && plan.tiles().contains(&gathered.tile);
        let new: Vec<_> = gathered.into_iter().filter(proved).collect();
        for Gathered { tile, bytes, .. } in &new {
            self.memory.keep_object(&Object::SumTile(db.name.clone(), *tile), &unstored(bytes.clone()));
        }
        if new.is_empty() {
            return;
        }
        let (shared, name) = (Arc::clone(self), db.name.clone());
        tokio::spawn(async move {
            for Gathered { tile, bytes, .. } in new {
                let object = Object::SumTile(name.clone(), tile);
                if let Err(error) = shared.store_bytes(&object, &bytes).await {
                    tracing::debug!(%object, %error, "a tile is not stored");
                }
            }
        });
    }
}

/// A tree that was signed has its tiles: that one is not to be had says nothing about the record that it was to prove.
fn withheld(db: &Database, tile: Tile, error: Error) -> Error {
    if error.kind() != ErrorKind::NotFound {
        return error;
    }
    Error::new(ErrorKind::Unavailable, format!("checksum database {}: {tile} of its tree is missing: {error}", db.name))
}

/// Whether tiles are those of a plan, or the full ones in their places.
fn is_for(gathered: &[Gathered], plan: &TilePlan) -> bool {
    let matches = |(gathered, tile): (&Gathered, &Tile)| gathered.tile == *tile || gathered.tile == tile.full();
    gathered.len() == plan.tiles().len() && gathered.iter().zip(plan.tiles()).all(matches)
}

/// Tiles that were here already and may be the wrong ones.
fn suspects(error: &CheckError, gathered: &[Gathered]) -> Vec<Tile> {
    let CheckError::BadTile(bad) = error else { return Vec::new() };
    let is_bad = |tile: &Tile| bad.iter().any(|bad| (bad.level(), bad.number()) == (tile.level(), tile.number()));
    gathered.iter().filter(|gathered| gathered.held).map(|gathered| gathered.tile).filter(is_bad).collect()
}

/// Bytes as if they were stored.
pub(super) fn unstored(bytes: Bytes) -> Stored {
    let sha256 = Sha256::digest(&bytes).into();
    Stored { size: bytes.len() as u64, blob: Blob::Bytes(bytes), sha256, modified: SystemTime::now(), doubtful: false }
}
