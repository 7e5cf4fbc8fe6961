//! The local copy of one remote: reads what is here, fetches what is missing.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use goproxy_engine::{Error, Result, blocking};
use goproxy_fetch::Remote;
use goproxy_git::{FetchRequest, Kind, Objects, Odb, Oid, Refs};

use super::{fetching::Fetching, from_git, incomplete, local::Local, snapshot::Snapshot};

/// More packs than this make every look-up slow, and are files to keep open: the copy is begun anew.
const MOST_PACKS: usize = 256;

/// A local copy. It stays on disk while this value lives.
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

    /// HEAD, branches and tags, at most as old as the freshness period.
    pub(crate) async fn refs(&self) -> Result<Arc<Refs>> {
        Ok(self.snapshot.fresh(&self.remote).await?.refs)
    }

    /// The refs of this moment.
    pub(crate) async fn newer_refs(&self) -> Result<Arc<Refs>> {
        Ok(self.snapshot.newer(&self.remote).await?.refs)
    }

    pub(super) fn touch(&self) {
        self.local.touch();
    }

    /// What is here.
    pub(crate) async fn odb(&self) -> Result<Arc<Odb>> {
        if let Some(odb) = self.opened() {
            return Ok(odb);
        }
        let format = self.snapshot.fresh(&self.remote).await?.format;
        let git_dir = self.git_dir();
        let open =
            move || goproxy_git::init(&git_dir, format).and_then(|()| Odb::open(&git_dir, format)).map_err(from_git);
        let odb = Arc::new(blocking(open).await?);
        Ok(Arc::clone(self.lock_odb().get_or_insert(odb)))
    }

    /// Closes the files of the copy until it is read again.
    pub(super) fn close(&self) {
        *self.lock_odb() = None;
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
        match blocking(move || Ok(work(&odb))).await? {
            Ok(value) => Ok(value),
            Err(goproxy_git::Error::Corrupt(what)) => {
                tracing::warn!(copy = %self.git_dir().display(), %what, "removing a damaged copy of a repository");
                self.empty().await?;
                Err(from_git(goproxy_git::Error::Corrupt(what)))
            }
            Err(error) => Err(from_git(error)),
        }
    }

    /// Makes sure that the wanted objects are here: what several ask for at a time is fetched at once.
    pub(crate) async fn fetch(&self, request: FetchRequest) -> Result<()> {
        self.fetching.fetch(self, request).await
    }

    /// Fetches, in the turn of this process.
    pub(super) async fn fetch_now(&self, mut request: FetchRequest) -> Result<()> {
        let local_failed = |e: std::io::Error| Error::internal(format!("{}: {e}", self.git_dir().display()));
        let turn = self.local.turn().await.map_err(local_failed)?;
        let mut odb = self.odb().await?;
        if odb.packs() > MOST_PACKS {
            turn.empty(&self.local).map_err(local_failed)?;
            self.close();
            odb = self.odb().await?;
        }
        let wants = std::mem::take(&mut request.wants);
        // Another process may have fetched them meanwhile; but a commit that is here may be wanted with what it follows or
        // contains.
        let again = !request.shallow || request.filter.is_none();
        let reader = Arc::clone(&odb);
        let missing = move || {
            reader.refresh()?;
            let needed = |id: &Oid| {
                let here = reader.header(id)?;
                Ok(here.is_none_or(|(kind, _)| again && kind == Kind::Commit))
            };
            let wants = wants.into_iter().filter_map(|id| needed(&id).map(|yes| yes.then_some(id)).transpose());
            wants.collect::<Result<Vec<_>, goproxy_git::Error>>()
        };
        request.wants = blocking(move || missing().map_err(from_git)).await?;
        if request.wants.is_empty() {
            return Ok(());
        }
        if !request.shallow {
            request.haves = self.complete.lock().unwrap_or_else(PoisonError::into_inner).clone();
        }
        self.remote.fetch(&request, &self.git_dir()).await?;
        let came = move || {
            odb.refresh()?;
            let lacks = |id: &Oid| odb.header(id).map(|header| header.is_none());
            request.wants.iter().map(lacks).try_fold(true, |all, lacks| lacks.map(|lacks| all && !lacks))
        };
        if blocking(move || came().map_err(from_git)).await? { Ok(()) } else { Err(incomplete()) }
    }

    /// Remembers commits whose whole history is here.
    pub(super) fn completed(&self, tips: Vec<Oid>) {
        *self.complete.lock().unwrap_or_else(PoisonError::into_inner) = tips;
    }

    async fn empty(&self) -> Result<()> {
        let failed = |e: std::io::Error| Error::internal(format!("removing a damaged repository: {e}"));
        self.local.turn().await.map_err(failed)?.empty(&self.local).map_err(failed)?;
        self.completed(Vec::new());
        self.close();
        Ok(())
    }
}
