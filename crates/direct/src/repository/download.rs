//! One fetch into a copy: what is needed of what is wanted, what the remote can leave out, what came. What goes wrong
//! because of what is here is mended here.

use std::sync::Arc;

use goproxy_engine::{Error, ErrorKind, Result, blocking};
use goproxy_fetch::Fetched;
use goproxy_git::{FetchRequest, Filter, Kind, Objects as _, Odb, Oid};

use super::{copy::Copy, from_git, incomplete, whole};

/// What is wanted of objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Of commits: all that they contain.
    Whole,
    /// The objects, and what they contain as far as the filter goes; without a filter all of it.
    Below(Option<Filter>),
    /// Of commits: what they follow, without directories and files.
    History,
}

impl Copy {
    /// Fetches, in the turn of this process.
    pub(super) async fn download(&self, ids: &[Oid], part: &Part) -> Result<()> {
        let turn = self.turn().await?;
        let mut odb = self.current(&turn).await?;
        let mut emptied = false;
        // Once more after each of two things that are mended below.
        loop {
            let request = self.request(&odb, ids, part).await?;
            if request.wants.is_empty() {
                return Ok(());
            }
            let wrong = match self.remote().fetch(&request, &self.git_dir()).await {
                Ok(Fetched::Done) if self.came(self.keep(odb.clone()), &request, part).await? => return Ok(()),
                Ok(Fetched::Done) => incomplete(),
                Ok(Fetched::Damaged(what)) if !emptied => {
                    self.say_damaged(&what);
                    self.empty(&turn)?;
                    (odb, emptied) = (self.current(&turn).await?, true);
                    continue;
                }
                Ok(Fetched::Damaged(what)) => Error::internal(format!("the local copy of a repository: {what}")),
                Err(error) => error,
            };
            // A remote may not take what it was told of commits that are here; and they may be less than was believed.
            let told = !request.haves.is_empty();
            if !told || !matches!(wrong.kind(), ErrorKind::Invalid | ErrorKind::Unavailable) {
                return Err(wrong);
            }
            tracing::debug!(copy = %self.git_dir().display(), error = %wrong, "fetching as if nothing were here");
            self.completed(Vec::new());
            self.forget_whole().await?;
        }
    }

    async fn request(&self, odb: &Arc<Odb>, ids: &[Oid], part: &Part) -> Result<FetchRequest> {
        let (reader, git_dir, ids, asked) = (Arc::clone(odb), self.git_dir(), ids.to_vec(), part.clone());
        let request = blocking(move || {
            let whole = if asked == Part::Whole { whole::read(&git_dir) } else { Vec::new() };
            needed(&reader, whole, ids, &asked).map_err(from_git)
        });
        let request = request.await?;
        Ok(if *part == Part::History { FetchRequest { haves: self.complete(), ..request } } else { request })
    }

    /// Whether everything is here now; remembers what came whole.
    async fn came(&self, odb: Arc<Odb>, request: &FetchRequest, part: &Part) -> Result<bool> {
        let (git_dir, wants, part) = (self.git_dir(), request.wants.clone(), part.clone());
        let came = move || {
            odb.refresh()?;
            let all = wants.iter().try_fold(true, |all, id| Ok::<_, goproxy_git::Error>(all && odb.contains(id)?))?;
            if all && part == Part::Whole {
                whole::add(&git_dir, &wants)?;
            }
            // Of a history, what is missing may be no commit.
            Ok(all || part == Part::History)
        };
        blocking(move || came().map_err(from_git)).await
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

/// What is still missing: somebody else may have fetched it meanwhile. But a commit that is here may be wanted with what
/// it follows or contains; of those in `whole` nothing can be missing.
fn needed(odb: &Odb, mut whole: Vec<Oid>, ids: Vec<Oid>, part: &Part) -> Result<FetchRequest, goproxy_git::Error> {
    let is_commit = |id: &Oid| Ok::<_, goproxy_git::Error>(matches!(odb.header(id)?, Some((Kind::Commit, _))));
    whole.retain(|id| is_commit(id).unwrap_or_default());
    let mut wants = Vec::new();
    for id in ids {
        let here = odb.contains(&id)?;
        let again = !matches!(part, Part::Below(_)) && !whole.contains(&id);
        if !here || again && is_commit(&id)? {
            wants.push(id);
        }
    }
    let filter = match part {
        Part::Whole => None,
        Part::Below(filter) => filter.clone(),
        Part::History => Some(Filter::NoTrees),
    };
    Ok(FetchRequest { wants, shallow: *part != Part::History, filter, haves: whole })
}
