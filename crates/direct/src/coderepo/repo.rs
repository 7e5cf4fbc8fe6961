//! What the rules need of a repository, whatever it takes to get it.

use std::sync::Arc;

use async_trait::async_trait;
use goproxy_engine::Result;
use goproxy_git::{Commit, Oid, Refs};

/// A remote repository, of which as much is fetched as an answer needs. Errors are for the client: `NotFound` where the
/// repository does not exist, otherwise what went wrong on the way.
#[async_trait]
pub(crate) trait Repo: Send + Sync {
    /// What the remote advertises: shared by all who ask within the freshness period.
    async fn refs(&self) -> Result<Arc<Refs>>;

    /// For who misses a name in [`Repo::refs`]: asks the remote again, unless that was done a moment ago.
    async fn newer_refs(&self) -> Result<Arc<Refs>>;

    /// A commit; `None` where the id is of something else (a tag on a tree or a blob).
    async fn commit(&self, id: &Oid) -> Result<Option<Commit>>;

    /// The raw blob at a path (`a/b/go.mod`) of a commit, as `git cat-file blob commit:path` gives it: of a symbolic
    /// link its target. `None` where there is nothing, a directory or a submodule.
    async fn file(&self, commit: &Oid, path: &str) -> Result<Option<Vec<u8>>>;

    /// Whether everything that [`Repo::refs`] reach is here, so that nobody is asked for a commit of it.
    async fn has_history(&self) -> Result<bool>;

    /// Commits that branches, tags or HEAD reach and whose id begins with these lower-case digits: two at most. A whole
    /// id is a prefix, too.
    async fn commits_with_prefix(&self, hex: &str) -> Result<Vec<Oid>>;

    /// Which of the candidates are `commit` itself or reached from it; in the order of the candidates.
    async fn ancestors_among(&self, candidates: &[Oid], commit: &Oid) -> Result<Vec<bool>>;
}
