//! What clients get of a database: proved where we know its key, passed on where we do not.

use std::sync::Arc;

use ::bytes::Bytes;

use super::bytes;
use crate::{Error, ErrorKind, Object, Result, Stored, engine::Shared};

impl Shared {
    /// Fetches a lookup or a tile.
    pub(crate) async fn fetch_sum(self: &Arc<Self>, object: &Object) -> Result<Stored> {
        match object {
            Object::SumLookup(name, version) => match self.database(name) {
                Some(db) => self.fetch_lookup(&db, version).await,
                None => {
                    let path = format!("lookup/{}@{}", version.path().escaped(), version.version().escaped());
                    self.pass_on(object, name, &path).await
                }
            },
            Object::SumTile(name, tile) => match self.database(name) {
                Some(db) => self.fetch_tile(&db, *tile).await,
                None => self.pass_on(object, name, &tile.to_string()).await,
            },
            Object::Module(..) => Err(Error::internal(format!("{object} is not of a checksum database"))),
        }
    }

    /// The newest signed tree head; never an older one than before.
    pub(crate) async fn sum_latest(self: &Arc<Self>, name: &str) -> Result<Bytes> {
        let body = self.ask(name, "latest").await?;
        match self.database(name) {
            Some(db) => Ok(self.advance(&db, &body).await?.note),
            None if gomod::sumdb::is_signed_tree(&body) => Ok(body),
            None => Err(Error::new(ErrorKind::Invalid, format!("{name}/latest: not a signed tree head"))),
        }
    }

    /// Proves what is stored before it is served for the first time: another program may have written it. What does not
    /// hold is moved aside; what cannot be proved at the moment is served, since clients prove it themselves.
    pub(crate) async fn recheck(self: &Arc<Self>, object: &Object) -> Result<()> {
        if self.memory.is_proved(object) {
            return Ok(());
        }
        let Some(stored) = self.held(object).await? else { return Ok(()) };
        match self.holds(object, &stored).await {
            Ok(true) => self.memory.prove(object),
            Ok(false) => {}
            Err(error) if error.kind() == ErrorKind::Invalid => self.reject(object, error.message()).await?,
            Err(error) => tracing::debug!(%object, %error, "served without a proof"),
        }
        Ok(())
    }

    /// Whether it is proved; `false` where nothing can prove it.
    pub(crate) async fn holds(self: &Arc<Self>, object: &Object, stored: &Stored) -> Result<bool> {
        let body = bytes(stored).await?;
        match object {
            Object::SumLookup(name, version) => {
                let Some(db) = self.database(name) else { return Ok(false) };
                self.prove_lookup(&db, version, &body).await.map(|_| true)
            }
            Object::SumTile(name, tile) => {
                let Some(db) = self.database(name) else { return Ok(false) };
                let Some((head, plan)) = self.tile_plan(&db, *tile).await? else { return Ok(false) };
                if self.prove_tile(&db, *tile, (&head, &plan)).await? == body {
                    return Ok(true);
                }
                Err(db.invalid(object, &"is not a tile of the database's tree"))
            }
            Object::Module(..) => Ok(false),
        }
    }
}
