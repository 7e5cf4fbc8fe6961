//! One fetch into a copy: what is needed of what is wanted, what the remote can leave out, what came.

use std::{path::Path, sync::Arc};

use goproxy_engine::{Result, blocking};
use goproxy_git::{FetchRequest, Filter, Kind, Objects as _, Odb, Oid};

use super::{copy::Copy, from_git, incomplete, whole};

impl Copy {
    /// Fetches, in the turn of this process.
    pub(super) async fn download(&self, request: FetchRequest) -> Result<()> {
        let turn = self.turn().await?;
        let odb = self.current(&turn).await?;
        let (reader, git_dir) = (Arc::clone(&odb), self.git_dir());
        let mut request = blocking(move || needed(&reader, &git_dir, request).map_err(from_git)).await?;
        if request.wants.is_empty() {
            return Ok(());
        }
        if !request.shallow {
            request.haves = self.complete();
        }
        self.remote().fetch(&request, &self.git_dir()).await?;
        let (fetched, git_dir) = (self.keep(odb), self.git_dir());
        let came = blocking(move || came(&fetched, &git_dir, &request).map_err(from_git));
        if came.await? { Ok(()) } else { Err(incomplete()) }
    }

    /// Whether the remote can leave out of a commit what is here of others.
    pub(crate) async fn any_whole(&self) -> Result<bool> {
        let git_dir = self.git_dir();
        blocking(move || Ok(!whole::read(&git_dir).is_empty())).await
    }

    /// Something of them turned out to be missing.
    pub(crate) async fn forget_whole(&self) -> Result<()> {
        let git_dir = self.git_dir();
        blocking(move || {
            whole::forget(&git_dir);
            Ok(())
        })
        .await
    }
}

/// Whether all of the wanted commits comes.
fn is_whole(request: &FetchRequest) -> bool {
    request.shallow && request.filter.is_none()
}

/// What is still missing: somebody else may have fetched it meanwhile. But a commit that is here may be wanted with what
/// it follows or contains.
fn needed(odb: &Odb, git_dir: &Path, mut request: FetchRequest) -> Result<FetchRequest, goproxy_git::Error> {
    let mut whole = if is_whole(&request) { whole::read(git_dir) } else { Vec::new() };
    whole.retain(|id| odb.contains(id).unwrap_or_default());
    let again = is_whole(&request) || !request.shallow;
    let mut wants = Vec::new();
    for id in request.wants {
        let kind = odb.header(&id)?.map(|(kind, _)| kind);
        if kind.is_none() || again && kind == Some(Kind::Commit) && !whole.contains(&id) {
            wants.push(id);
        }
    }
    request.wants = wants;
    request.haves = whole;
    Ok(request)
}

/// Whether everything is here now; remembers what came whole. Of a history, what is missing may be no commit.
fn came(odb: &Odb, git_dir: &Path, request: &FetchRequest) -> Result<bool, goproxy_git::Error> {
    odb.refresh()?;
    if request.filter == Some(Filter::NoTrees) {
        return Ok(true);
    }
    let (mut all, mut commits) = (true, Vec::<Oid>::new());
    for id in &request.wants {
        let kind = odb.header(id)?.map(|(kind, _)| kind);
        all &= kind.is_some();
        commits.extend((kind == Some(Kind::Commit)).then_some(*id));
    }
    if is_whole(request) && all && !commits.is_empty() {
        whole::add(git_dir, &commits)?;
    }
    Ok(all)
}
