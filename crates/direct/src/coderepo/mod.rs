//! What tags and commits of a repository mean for a module: `cmd/go/internal/modfetch/coderepo.go`,
//! `codehost/git.go` and `modload/query.go`.
//!
//! [`CodeRepo`] asks a [`Repo`] as little as Go's rules allow: advertised refs first, then single commits and their
//! go.mod files, history last.

mod convert;
mod coordinates;
mod failure;
mod find_dir;
mod info;
mod latest;
mod pseudo;
mod query;
mod repo;
mod revision;
mod stat;
#[cfg(test)]
mod tests;
mod versions;

pub(crate) use coordinates::Coordinates;
pub(crate) use repo::Repo;
pub(crate) use revision::Revision;

use gomod::{Query, Version};
use goproxy_engine::{
    Result,
    trace::{during, stage},
};

use self::failure::Failure;

/// A module in its repository.
pub(crate) struct CodeRepo<'a> {
    at: Coordinates,
    repo: &'a dyn Repo,
}

impl<'a> CodeRepo<'a> {
    pub(crate) fn new(coordinates: Coordinates, repo: &'a dyn Repo) -> Self {
        Self { at: coordinates, repo }
    }

    /// All versions that have a tag, in order, with retracted ones: `go list -m -versions -retracted`. None is the
    /// answer where the module is, without a version; where it is not, that is the error.
    pub(crate) async fn versions(&self) -> Result<Vec<String>> {
        during(stage("resolve"), async { self.all_versions().await.map_err(Failure::into_error) }).await
    }

    /// Exactly this version: `go list -m path@version`.
    pub(crate) async fn version(&self, version: &Version) -> Result<Revision> {
        during(stage("resolve"), async { self.exactly(version).await.map_err(Failure::into_error) }).await
    }

    /// What a branch, a tag, a hash, `v1` or `v1.2` stand for: `go list -m path@query`.
    pub(crate) async fn query(&self, query: &Query) -> Result<Revision> {
        during(stage("resolve"), async { self.answer(query.as_str()).await.map_err(Failure::into_error) }).await
    }

    /// `go list -m path@latest`.
    pub(crate) async fn latest(&self) -> Result<Revision> {
        during(stage("resolve"), async { self.answer_latest().await.map_err(Failure::into_error) }).await
    }
}
