//! A store that only stages, and counts what it staged.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use goproxy_engine::{
    Answer, Error, ErrorKind, Fact, FactFound, Object, Remembered, Result, Staging, Store, Stored, TempPath, Verified,
};
use tempfile::TempDir;

#[derive(Debug)]
pub(super) struct Stages {
    dir: TempDir,
    made: AtomicUsize,
}

impl Stages {
    pub(super) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), made: AtomicUsize::new(0) }
    }

    /// Temporary files made in all.
    pub(super) fn made(&self) -> usize {
        self.made.load(Ordering::SeqCst)
    }

    /// The contents of those that are left, as far as they are on disk.
    pub(super) fn left(&self) -> Vec<Vec<u8>> {
        let files = std::fs::read_dir(self.dir.path()).unwrap();
        files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }
}

#[async_trait]
impl Store for Stages {
    async fn open(&self, _: &Object) -> Result<Option<Stored>> {
        Ok(None)
    }

    fn room(&self) -> Result<()> {
        Ok(())
    }

    async fn stage(&self) -> Result<Staging> {
        let path = self.dir.path().join(self.made.fetch_add(1, Ordering::SeqCst).to_string());
        let file = std::fs::File::create_new(&path).unwrap();
        Ok(Staging::new(TempPath::new(path), file))
    }

    async fn commit(&self, _: Verified) -> Result<Stored> {
        Err(Error::new(ErrorKind::Internal, "this store only stages"))
    }

    async fn load(&self, _: &Answer) -> Result<Option<Remembered>> {
        Ok(None)
    }

    async fn save(&self, _: &Answer, _: &Remembered) -> Result<()> {
        Ok(())
    }
    async fn reject(&self, _: &Object, _: &str) -> Result<()> {
        Ok(())
    }

    async fn recall(&self, _: &Fact) -> Result<Option<FactFound>> {
        Ok(None)
    }

    async fn establish(&self, _: &Fact, _: Option<&Bytes>, _: &Bytes) -> Result<bool> {
        Ok(true)
    }
}
