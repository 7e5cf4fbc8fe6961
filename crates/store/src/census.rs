//! How much the objects take: a slow walk, repeated, so that starting scans nothing and hits do not notice.

use std::{
    fs, io,
    path::PathBuf,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use crate::{FsStore, Inner};

/// Before the first walk: the start belongs to those who ask.
const DELAY: Duration = Duration::from_secs(1);
/// Between walks. What is committed meanwhile is added, what others write or remove is noticed by the next one.
const PERIOD: Duration = Duration::from_hours(1);
/// After so many entries the walk rests: a million take less than a minute, and a few percent of one core.
const STRIDE: u32 = 512;
const REST: Duration = Duration::from_millis(20);

impl FsStore {
    /// Keeps [`Usage::stored_bytes`](crate::Usage) current. Never ends; drop it to stop.
    pub async fn census(&self) {
        tokio::time::sleep(DELAY).await;
        loop {
            let inner = Arc::clone(&self.0);
            let walk = tokio::task::spawn_blocking(move || {
                let bytes = walk(inner.layout.download.clone());
                inner.counted(bytes);
            });
            if let Err(error) = walk.await {
                tracing::error!("the census of the cache ended badly: {error}");
            }
            tokio::time::sleep(PERIOD).await;
        }
    }
}

impl Inner {
    /// Notes the outcome of a walk, and what the process had committed by then.
    fn counted(&self, bytes: u64) {
        let committed = self.committed_bytes.load(Ordering::Relaxed);
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner) = Some((bytes, committed));
    }

    /// What the last walk found and what was committed since.
    pub(crate) fn stored_bytes(&self, committed: u64) -> Option<u64> {
        let (bytes, before) = (*self.counted.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some(bytes + committed.saturating_sub(before))
    }
}

/// The bytes of the regular files below a folder. What vanishes or cannot be read counts as nothing.
fn walk(root: PathBuf) -> u64 {
    let (mut folders, mut bytes, mut seen) = (vec![root], 0, 0_u32);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            seen += 1;
            if seen.is_multiple_of(STRIDE) {
                std::thread::sleep(REST);
            }
            match size(&entry) {
                Ok(Some(size)) => bytes += size,
                Ok(None) => folders.push(entry.path()),
                Err(_) => {}
            }
        }
    }
    bytes
}

/// The size of a file, `None` for a folder. Links are not followed.
fn size(entry: &fs::DirEntry) -> io::Result<Option<u64>> {
    let kind = entry.file_type()?;
    if kind.is_dir() { Ok(None) } else { Ok(Some(entry.metadata()?.len())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn counts_what_is_there_and_what_is_added() {
        let folder = tempfile::tempdir().unwrap();
        let store = FsStore::open(folder.path()).unwrap();
        assert_eq!(store.usage().stored_bytes, None, "unknown before the first walk");
        let deep = store.0.layout.download.join("a.example/b/@v");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("v1.0.0.mod"), "module x\n").unwrap();
        fs::write(deep.join("v1.0.0.info"), "{}").unwrap();
        store.0.counted(walk(store.0.layout.download.clone()));
        assert_eq!(store.usage().stored_bytes, Some(11));
        store.0.committed_bytes.fetch_add(100, Ordering::Relaxed);
        assert_eq!(store.usage().stored_bytes, Some(111));
    }
}
