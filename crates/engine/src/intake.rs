//! Where sources put what they bring.

use bytes::Bytes;

use crate::{
    Result, Staging, Store, Via,
    growing::{Growth, Teller},
};

/// What a source sees of the store: temporary files, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Intake<'a> {
    store: &'a dyn Store,
    /// Who is told how what was asked for grows.
    watched: Option<(&'a Teller, Via)>,
}

impl<'a> Intake<'a> {
    /// Temporary files of that store.
    pub fn new(store: &'a dyn Store) -> Self {
        Self { store, watched: None }
    }

    /// The same for a zip that others read while it is written.
    pub(crate) fn watched(store: &'a dyn Store, teller: &'a Teller, via: Via) -> Self {
        Self { store, watched: Some((teller, via)) }
    }

    /// A new temporary file. Dropping it removes it.
    pub async fn stage(&self) -> Result<Staging> {
        self.store.stage().await
    }

    /// One for the very file that was asked for, written from its start to its end: those who wait for it may be given
    /// its beginning meanwhile. `announced` is its length, if the source says it.
    pub async fn stage_wanted(&self, announced: Option<u64>) -> Result<Staging> {
        let staging = self.stage().await?;
        Ok(match self.watched {
            Some((teller, via)) => staging.growing(Growth::new(teller.clone(), via, announced)),
            None => staging,
        })
    }

    /// A small content that is at hand.
    pub async fn stage_bytes(&self, bytes: &Bytes) -> Result<Staging> {
        let mut staging = self.stage().await?;
        staging.write(bytes).await?;
        Ok(staging)
    }
}
