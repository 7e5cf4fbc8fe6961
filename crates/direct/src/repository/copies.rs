//! All local copies: found by their remote, kept open while they are in use, bounded in number and size.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use goproxy_engine::{Error, Result, blocking};
use goproxy_fetch::{Access, GitClient, Remote};
use sha2::{Digest as _, Sha256};

use super::{Copy, local::Local, snapshot::Snapshot, sweep::Sweeper};
use crate::freshness::Freshness;

/// Copies whose refs and open files are kept although nobody uses them.
const MOST_IDLE: usize = 128;

/// Refs that idle copies hold in memory, some hundred bytes each.
const MOST_IDLE_REFS: usize = 500_000;

/// Idle copies whose files stay open: each holds up to 8 MiB of what was read, and indexes.
const MOST_IDLE_OPEN: usize = 16;

/// Where copies are and how long what they know is believed.
#[derive(Debug)]
pub(crate) struct CopiesOptions {
    pub(crate) git: GitClient,
    /// The directory of all copies.
    pub(crate) root: PathBuf,
    /// How long a remote's refs are fresh.
    pub(crate) freshness: Freshness,
    /// Bytes of all copies together; the least recently used are removed beyond it.
    pub(crate) bytes: u64,
}

/// The local copies of remote repositories.
#[derive(Debug)]
pub(crate) struct Copies {
    options: CopiesOptions,
    open: Mutex<HashMap<String, Arc<Copy>>>,
    sweeper: Sweeper,
}

impl Copies {
    pub(crate) fn new(options: CopiesOptions) -> Self {
        let sweeper = Sweeper::new(options.root.clone(), options.bytes);
        Self { options, open: Mutex::default(), sweeper }
    }

    /// The copy of the repository at a URL. Nothing is fetched yet.
    pub(crate) async fn open(&self, url: &str, access: Access) -> Result<Arc<Copy>> {
        let remote = self.options.git.remote(url, access).await?;
        let name = name(&remote, access);
        if self.sweeper.is_due() {
            self.sweep();
        }
        close_idle(&self.lock());
        let found = self.lock().get(&name).cloned();
        if let Some(copy) = found.filter(|copy| copy.hold()) {
            copy.touch();
            return Ok(copy);
        }
        let dir = self.options.root.join(&name[..2]).join(&name[2..]);
        let at = dir.display().to_string();
        let local = blocking(move || Local::open(dir).map_err(|e| Error::internal(format!("{at}: {e}")))).await?;
        local.touch();
        let copy = Arc::new(Copy::new(remote, local, Snapshot::new(self.options.freshness.clone())));
        let mut open = self.lock();
        forget_idle(&mut open);
        // Somebody else may have been as quick: there is one copy, so that there is one fetch.
        let entry = open.entry(name).or_insert_with(|| Arc::clone(&copy));
        if !entry.hold() {
            *entry = copy;
        }
        Ok(Arc::clone(entry))
    }

    fn sweep(&self) {
        let mut open = self.lock();
        forget_idle(&mut open);
        // What is held is not removed; the refs of the others are still good.
        open.values().filter(|copy| is_idle(copy)).for_each(|copy| copy.let_go());
        self.sweeper.sweep();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Copy>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name that tells no secret and is a directory's. What was fetched from inside our network for private modules is
/// not what a public module's page leads to, even if it names the same place.
fn name(remote: &Remote, access: Access) -> String {
    let inside = if access.internal { "internal " } else { "" };
    let hash = Sha256::digest(format!("{inside}{}", remote.key()));
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Drops what nobody uses and what is stale anyway; all that is idle when there is too much of it.
fn forget_idle(open: &mut HashMap<String, Arc<Copy>>) {
    open.retain(|_, copy| !(is_idle(copy) && copy.snapshot.is_stale()));
    let idle = || open.values().filter(|copy| is_idle(copy));
    let (count, refs) = (idle().count(), idle().map(|copy| copy.snapshot.len()).sum::<usize>());
    if count > MOST_IDLE || refs > MOST_IDLE_REFS {
        open.retain(|_, copy| !is_idle(copy));
    }
}

/// Nobody but the map has it.
fn is_idle(copy: &Arc<Copy>) -> bool {
    Arc::strong_count(copy) == 1
}

/// Closes the files of copies that nobody uses, if there are many.
fn close_idle(open: &HashMap<String, Arc<Copy>>) {
    let idle: Vec<_> = open.values().filter(|copy| is_idle(copy) && copy.is_open()).collect();
    if idle.len() > MOST_IDLE_OPEN {
        idle.into_iter().for_each(|copy| copy.close());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::tests::World, *};

    async fn eventually(what: impl Fn() -> bool) {
        for _ in 0..500 {
            if what() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it does not happen");
    }

    #[tokio::test]
    async fn idle_copies_were_held_whatever_their_size() {
        let Some(world) = World::new().await else { return };
        world.repo.commit(&[("go.mod", "module m\n")]);
        let copies = world.copies(Duration::from_secs(3600), 0);
        let copy = world.open(&copies, "a/b").await;
        let pack = copy.git_dir().join("objects/pack");
        copy.odb().await.unwrap();
        std::fs::create_dir_all(&pack).unwrap();
        std::fs::write(pack.join("pack-1.pack"), "some bytes").unwrap();
        copies.sweep();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(pack.exists(), "somebody has it");
        drop(copy);
        copies.sweep();
        eventually(|| !pack.exists()).await;
        let asked = world.host.total();
        world.open(&copies, "a/b").await.refs().await.unwrap();
        assert!(world.host.total() > asked, "what was removed is made anew");
    }

    #[tokio::test]
    async fn every_idle_copy_kept_its_files_open() {
        let Some(world) = World::new().await else { return };
        let copies = world.copies(Duration::from_secs(3600), u64::MAX);
        let used = world.open(&copies, "a/b").await;
        used.odb().await.unwrap();
        for n in 0..=MOST_IDLE_OPEN {
            let path = format!("many/{n}");
            world.host.add(&path, &world.repo);
            world.open(&copies, &path).await.odb().await.unwrap();
        }
        assert_eq!(copies.lock().values().filter(|copy| copy.is_open()).count(), MOST_IDLE_OPEN + 2);
        world.open(&copies, "a/b").await;
        assert_eq!(copies.lock().values().filter(|copy| copy.is_open()).count(), 1);
        assert!(used.is_open());
    }
}
