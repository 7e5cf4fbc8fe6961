//! One fetch into a copy: what is needed of what is wanted, what the remote can leave out, what came. What goes wrong
//! because of what is here is mended here.

use std::sync::Arc;

use goproxy_engine::{Error, ErrorKind, Result, blocking};
use goproxy_fetch::Fetched;
use goproxy_git::{FetchRequest, Filter, Kind, Objects as _, Odb, Oid};

use super::{copy::Copy, incomplete, sound, whole};

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

/// What became of one try.
enum Tried {
    Done,
    /// What is here turned out to be damaged.
    Damaged(String),
    /// `told` is whether the remote was told of commits that are here.
    Failed {
        error: Error,
        told: bool,
    },
}

impl Copy {
    /// Fetches, in the turn of this process. What is wrong with what is here is mended once.
    pub(super) async fn download(&self, ids: &[Oid], part: &Part) -> Result<()> {
        let turn = self.turn().await?;
        let mut odb = self.current(&turn).await?;
        let (mut emptied, mut tell) = (false, true);
        loop {
            match self.attempt(&odb, ids, part, tell).await? {
                Tried::Done => return Ok(()),
                Tried::Damaged(what) if emptied => {
                    return Err(Error::internal(format!("the local copy of a repository: {what}")));
                }
                Tried::Damaged(what) => {
                    self.say_damaged(&what);
                    self.empty(&turn)?;
                    (odb, emptied) = (self.current(&turn).await?, true);
                }
                // A remote may not take what it was told; and what is here may be less than was believed.
                Tried::Failed { error, told: true } if error.kind() == ErrorKind::Invalid => {
                    tracing::debug!(copy = %self.git_dir().display(), %error, "fetching as if nothing were here");
                    self.completed(Vec::new());
                    self.forget_whole().await?;
                    // Whatever others find to be here meanwhile, and even if the disk forgets nothing.
                    tell = false;
                }
                Tried::Failed { error, .. } => return Err(error),
            }
        }
    }

    /// `tell` is whether the remote may be told of commits that are here.
    async fn attempt(&self, odb: &Arc<Odb>, ids: &[Oid], part: &Part, tell: bool) -> Result<Tried> {
        let request = match self.request(odb, ids, part, tell).await? {
            Ok(request) if request.wants.is_empty() => return Ok(Tried::Done),
            Ok(request) => request,
            Err(what) => return Ok(Tried::Damaged(what)),
        };
        let told = !request.haves.is_empty();
        Ok(match self.remote().fetch(&request, &self.git_dir()).await {
            Ok(Fetched::Done) => match self.came(self.keep(Arc::clone(odb)), request, part.clone()).await? {
                Ok(true) => Tried::Done,
                Ok(false) => Tried::Failed { error: incomplete(), told },
                Err(what) => Tried::Damaged(what),
            },
            Ok(Fetched::Damaged(what)) => Tried::Damaged(what),
            Err(error) => Tried::Failed { error, told },
        })
    }

    async fn request(
        &self,
        odb: &Arc<Odb>,
        ids: &[Oid],
        part: &Part,
        tell: bool,
    ) -> Result<Result<FetchRequest, String>> {
        let (reader, git_dir, ids, asked) = (Arc::clone(odb), self.git_dir(), ids.to_vec(), part.clone());
        let request = blocking(move || {
            let whole = if tell && asked == Part::Whole { whole::read(&git_dir) } else { Vec::new() };
            sound(needed(&reader, whole, ids, &asked))
        });
        let haves = if tell && *part == Part::History { self.complete() } else { Vec::new() };
        Ok(request.await?.map(|request| if haves.is_empty() { request } else { FetchRequest { haves, ..request } }))
    }

    /// Whether everything is here now; remembers what came whole.
    async fn came(&self, odb: Arc<Odb>, request: FetchRequest, part: Part) -> Result<Result<bool, String>> {
        let git_dir = self.git_dir();
        let came = move || {
            odb.refresh()?;
            let here = |all, id| Ok::<_, goproxy_git::Error>(all && odb.contains(id)?);
            let all = request.wants.iter().try_fold(true, here)?;
            if all && part == Part::Whole {
                // Only ever a saving.
                let _ = whole::add(&git_dir, &request.wants);
            }
            // Of a history, what is missing may be no commit.
            Ok(all || part == Part::History)
        };
        blocking(move || sound(came())).await
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
