//! Git servers: the wire protocol over our own HTTP client, and the `git` command for what needs it.

#[allow(dead_code, reason = "until the client calls it")]
mod cli;
#[allow(dead_code, reason = "until the client calls it")]
mod config;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use goproxy_engine::{Error, Result};
use goproxy_git::{FetchRequest, ObjectFormat, Oid, Refs};

use crate::{Access, HttpClient};

/// How to talk to git servers.
#[derive(Clone)]
pub struct GitOptions {
    /// Connections, proxies and `.netrc`.
    pub http: HttpClient,
    /// The `git` program, where there is one.
    pub git: Option<PathBuf>,
    /// The environment of this process, which the host's git configuration and credentials come from.
    pub host_env: Vec<(OsString, OsString)>,
    /// How long one operation may take.
    pub time_limit: Duration,
    /// How many operations one host gets at a time.
    pub per_host: usize,
}

/// Without the environment, which may hold credentials.
impl std::fmt::Debug for GitOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitOptions").field("git", &self.git).finish_non_exhaustive()
    }
}

/// The ways to git servers. Clones share what they know of hosts.
#[derive(Clone, Debug)]
pub struct GitClient(Arc<GitOptions>);

impl GitClient {
    /// Reads nothing and starts nothing yet.
    pub fn new(options: GitOptions) -> Self {
        Self(Arc::new(options))
    }

    /// The repository at a URL, rewritten as the host's git configuration says (`insteadOf`). Nothing is asked yet.
    ///
    /// # Errors
    /// A URL that is not one of a git repository, or that `access` does not allow.
    pub async fn remote(&self, url: &str, access: Access) -> Result<Remote> {
        Err(Error::internal(format!("{url} {access:?}: not there yet")))
    }

    /// Writes a tar file of a commit's directory (`dir` is empty for the root), as `go` has `git archive` convert it.
    /// All directories of the commit and all files below `dir` are in the repository.
    ///
    /// # Errors
    /// No `git` on this machine; its failure.
    pub async fn archive(&self, git_dir: &Path, commit: &Oid, dir: &str, out: &Path) -> Result<()> {
        Err(Error::internal(format!("{} {commit} {dir} {}: not there yet", git_dir.display(), out.display())))
    }
}

/// A remote repository. Dropping a future of it ends what it does. Clones are cheap.
///
/// Errors: `NotFound` where the server says that there is no such repository; `Refused` where it wants other credentials
/// than there are; `Unavailable`, `Timeout`, `Busy` and `Invalid` for what went wrong.
#[derive(Clone, Debug)]
pub struct Remote {
    url: String,
}

impl Remote {
    /// The URL as it was asked for: `Origin.URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What the local copy is named by: where and how it is really fetched, without credentials. Equal for all URLs
    /// that lead to the same.
    pub fn key(&self) -> &str {
        &self.url
    }

    /// HEAD, branches and tags, with the hash that the repository uses.
    pub async fn refs(&self) -> Result<(ObjectFormat, Refs)> {
        Err(Error::internal("not there yet"))
    }

    /// Fetches into a bare repository that nobody else fetches into meanwhile. Afterwards the wanted objects are there,
    /// and what they reach as far as depth and filter say (or more).
    ///
    /// # Errors
    /// `NotFound` where the remote does not have a wanted object (any more).
    pub async fn fetch(&self, request: &FetchRequest, git_dir: &Path) -> Result<()> {
        Err(Error::internal(format!("{request:?} {}: not there yet", git_dir.display())))
    }

    /// Whether [`FetchRequest::filter`] is honoured, as far as is known; trees and blobs can be wanted by id then.
    pub fn filters(&self) -> bool {
        false
    }
}
