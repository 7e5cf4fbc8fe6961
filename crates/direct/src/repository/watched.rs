//! Reading by who has rules of its own and words for what goes wrong: whether the copy was damaged is seen on the way.

use std::sync::{Arc, OnceLock};

use goproxy_engine::Result;
use goproxy_git::{Error, Kind, Object, Objects, Odb, Oid};

use super::copy::Copy;

/// The objects of a copy at one time. Clones watch together.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    odb: Arc<Odb>,
    damage: Arc<OnceLock<String>>,
}

impl Copy {
    /// What is here now. What is seen of it stays readable, even if the copy is begun anew.
    pub(crate) async fn watched(&self) -> Result<Watched> {
        Ok(Watched { odb: self.odb().await?, damage: Arc::default() })
    }

    /// Empties the copy if what was read of it was damaged, so that the next who comes fetches again.
    pub(crate) async fn after<T>(&self, watched: &Watched, done: Result<T>) -> Result<T> {
        if let Some(what) = watched.damage.get() {
            self.remove_damaged(&watched.odb, what).await?;
        }
        done
    }
}

impl Watched {
    fn watch<T>(&self, read: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::Corrupt(what)) = &read {
            let _ = self.damage.set(what.clone());
        }
        read
    }
}

impl Objects for Watched {
    fn read(&self, id: &Oid, limit: u64) -> Result<Option<Object>, Error> {
        self.watch(self.odb.read(id, limit))
    }

    fn header(&self, id: &Oid) -> Result<Option<(Kind, u64)>, Error> {
        self.watch(self.odb.header(id))
    }

    fn contains(&self, id: &Oid) -> Result<bool, Error> {
        self.watch(self.odb.contains(id))
    }
}
