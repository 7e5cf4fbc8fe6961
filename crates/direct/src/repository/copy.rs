//! The local copy of one remote: reads what is here, fetches what is missing.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use goproxy_engine::{
    Error, Result, blocking,
    trace::{during, request, stage},
};
use goproxy_fetch::Remote;
use goproxy_git::{Odb, Oid};

use super::{
    download::Part,
    fetching::Fetching,
    from_git,
    local::{Local, Turn},
    snapshot::{Advertised, Snapshot},
    sound,
};

/// More packs than this make every look-up slow, and are files to keep open: the copy is begun anew.
const MOST_PACKS: usize = 256;

/// A local copy. It stays on disk while somebody has it.
#[derive(Debug)]
pub(crate) struct Copy {
    remote: Remote,
    local: Local,
    pub(super) snapshot: Snapshot,
    odb: Mutex<Option<Arc<Odb>>>,
    fetching: Fetching,
    /// Commits whose whole history is here, the last ones found to be: the remote need not send it again.
    complete: Mutex<Vec<Oid>>,
}

impl Copy {
    pub(super) fn new(remote: Remote, local: Local, snapshot: Snapshot) -> Self {
        let (odb, fetching, complete) = Default::default();
        Self { remote, local, snapshot, odb, fetching, complete }
    }

    pub(crate) fn remote(&self) -> &Remote {
        &self.remote
    }

    /// Where `git` finds the bare repository.
    pub(crate) fn git_dir(&self) -> PathBuf {
        self.local.git_dir()
    }

    /// HEAD, branches and tags, at most three quarters of the freshness period old.
    pub(crate) async fn refs(&self) -> Result<Advertised> {
        self.snapshot.fresh(&self.remote).await
    }

    /// The refs of this moment.
    pub(crate) async fn newer_refs(&self) -> Result<Advertised> {
        self.snapshot.newer(&self.remote).await
    }

    /// Whether it is still where it was, and stays there: a sweep may have removed it, or a hand.
    pub(super) fn hold(&self) -> bool {
        self.local.hold()
    }

    /// Keeps nothing but the refs, while nobody uses it: a sweep may remove it.
    pub(super) fn let_go(&self) {
        self.close();
        self.local.let_go();
    }

    pub(super) fn touch(&self) {
        self.local.touch();
    }

    /// What is here. A copy that turns out to be damaged is begun anew.
    pub(crate) async fn odb(&self) -> Result<Arc<Odb>> {
        if let Some(odb) = self.opened() {
            return Ok(odb);
        }
        match self.open().await? {
            Ok(odb) => Ok(Arc::clone(self.lock_odb().get_or_insert(odb))),
            // New, or damaged.
            Err(_) => self.current(&self.turn().await?).await,
        }
    }

    /// What is here at this moment, and usable: another process may have fetched more, have begun the copy anew, or have
    /// left it damaged.
    pub(super) async fn current(&self, turn: &Turn) -> Result<Arc<Odb>> {
        if let Some(odb) = self.opened() {
            let (reader, head) = (Arc::clone(&odb), self.git_dir().join("HEAD"));
            let usable = move || {
                let gone = !head.exists() || reader.lost_packs().unwrap_or(true);
                !gone && reader.refresh().is_ok() && reader.packs() <= MOST_PACKS
            };
            if blocking(move || Ok(usable())).await? {
                return Ok(odb);
            }
        }
        self.make(turn).await?;
        match self.open().await? {
            Ok(odb) if odb.packs() <= MOST_PACKS => return Ok(self.keep(odb)),
            Ok(_) => {}
            Err(what) => self.say_damaged(&what),
        }
        self.empty(turn)?;
        self.make(turn).await?;
        self.open().await?.map(|odb| self.keep(odb)).map_err(|what| from_git(goproxy_git::Error::Corrupt(what)))
    }

    /// Makes the repository if it is not there: in turn, since [`Local::turn`] removes files that are half made.
    async fn make(&self, _turn: &Turn) -> Result<()> {
        let format = self.snapshot.fresh(&self.remote).await?.format;
        let git_dir = self.git_dir();
        blocking(move || goproxy_git::init(&git_dir, format).map_err(from_git)).await
    }

    /// Opens the files; what is wrong with them, if they are damaged or not there.
    async fn open(&self) -> Result<Result<Arc<Odb>, String>> {
        // Another process may have emptied it since that was known.
        self.completed(Vec::new());
        let format = self.snapshot.fresh(&self.remote).await?.format;
        let git_dir = self.git_dir();
        blocking(move || sound(Odb::open(&git_dir, format).map(Arc::new))).await
    }

    /// Closes the files of the copy until it is read again.
    pub(super) fn close(&self) {
        *self.lock_odb() = None;
    }

    /// Whether files are open.
    pub(super) fn is_open(&self) -> bool {
        self.lock_odb().is_some()
    }

    pub(super) fn keep(&self, odb: Arc<Odb>) -> Arc<Odb> {
        *self.lock_odb() = Some(Arc::clone(&odb));
        odb
    }

    fn opened(&self) -> Option<Arc<Odb>> {
        self.lock_odb().clone()
    }

    fn lock_odb(&self) -> std::sync::MutexGuard<'_, Option<Arc<Odb>>> {
        self.odb.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads objects, where that may block. If the copy turns out to be damaged (by a power failure, by a hand), it is
    /// emptied, and the error is internal: the next who comes fetches again.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Odb) -> Result<T, goproxy_git::Error> + Send + 'static,
    ) -> Result<T> {
        let odb = self.odb().await?;
        let reader = Arc::clone(&odb);
        match during(stage("read"), blocking(move || Ok(work(&reader)))).await? {
            Ok(value) => Ok(value),
            Err(error) => {
                if let goproxy_git::Error::Corrupt(what) = &error {
                    self.remove_damaged(&odb, what).await?;
                }
                Err(from_git(error))
            }
        }
    }

    /// Empties the copy, of which something was damaged as it was read, unless somebody has done so meanwhile.
    pub(super) async fn remove_damaged(&self, damaged: &Arc<Odb>, what: &str) -> Result<()> {
        let turn = self.turn().await?;
        if self.opened().is_some_and(|now| !Arc::ptr_eq(&now, damaged)) {
            return Ok(());
        }
        self.say_damaged(what);
        self.empty(&turn)
    }

    pub(super) fn say_damaged(&self, what: &str) {
        tracing::warn!(copy = %self.git_dir().display(), what, "removing a damaged copy of a repository");
    }

    /// Makes sure that the wanted objects are here: what several ask for at a time is fetched at once.
    pub(crate) async fn fetch(&self, ids: Vec<Oid>, part: Part) -> Result<()> {
        during(request("objects"), Box::pin(self.fetching.fetch(self, ids, part))).await
    }

    /// The commits that are known to be here with their whole history, sorted.
    pub(super) fn complete(&self) -> Vec<Oid> {
        self.complete.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers them.
    pub(super) fn completed(&self, mut tips: Vec<Oid>) {
        tips.sort_unstable();
        *self.complete.lock().unwrap_or_else(PoisonError::into_inner) = tips;
    }

    /// Remembers them as well, beside as many others as a request can name.
    pub(super) fn completed_too(&self, commits: Vec<Oid>) {
        const MOST: usize = 256;
        let mut all = self.complete();
        if all.len() + commits.len() > MOST {
            all.clear();
        }
        all.extend(commits);
        all.dedup();
        self.completed(all);
    }

    pub(super) async fn turn(&self) -> Result<Turn> {
        self.local.turn().await.map_err(|e| Error::internal(format!("{}: {e}", self.git_dir().display())))
    }

    /// Removes what was fetched. Whoever reads it goes on with the files that are open.
    pub(super) fn empty(&self, turn: &Turn) -> Result<()> {
        turn.empty(&self.local).map_err(|e| Error::internal(format!("{}: {e}", self.git_dir().display())))?;
        self.close();
        Ok(())
    }
}
