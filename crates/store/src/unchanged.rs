//! A store seen through glass: everything can be looked at, nothing changes. What is to be stored is kept in memory, what
//! is to be moved aside is out of sight.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use async_trait::async_trait;
use bytes::Bytes;
use goproxy_engine::{
    Answer, Blob, Fact, FactFound, Object, Remembered, Result, Staging, Store, Stored, TempPath, Verified, blocking,
};
use quick_cache::sync::Cache;

use crate::{FsStore, failure, files, inspect::Inspection};

/// Up to this size an object is given as bytes, which the engine keeps; all lookups and tiles are smaller.
const SMALL: u64 = 64 << 10;
/// How many objects that were to be stored are kept. Only lookups and tiles are.
const KEPT: usize = 4096;

/// A store that nobody can change through this; see [`FsStore::look_at`].
#[derive(Debug)]
pub struct Unchanged {
    store: FsStore,
    new: Cache<Object, Stored>,
    rejected: Mutex<HashSet<Object>>,
    facts: Mutex<HashMap<Fact, Bytes>>,
}

impl Unchanged {
    /// A view of a store.
    pub fn of(store: FsStore) -> Self {
        Self { store, new: Cache::new(KEPT), rejected: Mutex::default(), facts: Mutex::default() }
    }
}

#[async_trait]
impl Store for Unchanged {
    async fn open(&self, object: &Object) -> Result<Option<Stored>> {
        if let Some(stored) = self.new.get(object) {
            return Ok(Some(stored));
        }
        if lock(&self.rejected).contains(object) {
            return Ok(None);
        }
        let Inspection::Sound(sound) = self.store.inspect(object).await? else { return Ok(None) };
        stored(sound.file, sound.size, sound.sha256).await.map(Some)
    }

    /// What is kept is kept in memory.
    fn room(&self) -> Result<()> {
        Ok(())
    }

    async fn stage(&self) -> Result<Staging> {
        blocking(|| {
            let path = std::env::temp_dir().join(format!("goproxy-{:016x}", fastrand::u64(..)));
            match File::options().read(true).write(true).create_new(true).open(&path) {
                Ok(file) => Ok(Staging::new(TempPath::new(path), file)),
                Err(e) => Err(failure::at("making", &path, &e)),
            }
        })
        .await
    }

    async fn commit(&self, verified: Verified) -> Result<Stored> {
        let new = stored(Arc::clone(verified.file()), verified.size(), verified.sha256()).await?;
        self.new.insert(verified.object().clone(), new.clone());
        Ok(new)
    }

    async fn load(&self, answer: &Answer) -> Result<Option<Remembered>> {
        self.store.load(answer).await
    }

    async fn save(&self, _: &Answer, _: &Remembered) -> Result<()> {
        Ok(())
    }

    async fn reject(&self, object: &Object, _: &str) -> Result<()> {
        self.new.remove(object);
        lock(&self.rejected).insert(object.clone());
        Ok(())
    }

    async fn recall(&self, fact: &Fact) -> Result<Option<FactFound>> {
        let new = lock(&self.facts).get(fact).cloned();
        match new {
            Some(text) => Ok(Some(FactFound { text, place: "memory".to_owned() })),
            None => self.store.recall(fact).await,
        }
    }

    async fn establish(&self, fact: &Fact, old: Option<&Bytes>, new: &Bytes) -> Result<bool> {
        let known = self.recall(fact).await?.map(|found| found.text);
        if known.as_ref() == old {
            lock(&self.facts).insert(fact.clone(), new.clone());
        }
        Ok(known.as_ref() == old)
    }
}

async fn stored(file: Arc<File>, size: u64, sha256: [u8; 32]) -> Result<Stored> {
    let blob = if size > SMALL {
        Blob::File(file)
    } else {
        let read = blocking(move || {
            files::read(&file, size).map_err(|e| goproxy_engine::Error::internal(format!("reading an object: {e}")))
        });
        Blob::Bytes(read.await?.into())
    };
    Ok(Stored { blob, size, sha256, modified: SystemTime::now(), doubtful: false })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
