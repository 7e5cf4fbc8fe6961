//! Git servers: the wire protocol over our own HTTP client, and the `git` command for what needs it.

mod archive;
mod cli;
mod config;
mod credentials;
mod discover;
mod hosts;
mod http;
mod introduce;
mod login;
mod memory;
mod receive;
mod remote;
#[cfg(test)]
mod tests;
mod wrong;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use config::HostConfig;
use credentials::Credentials;
use goproxy_engine::Result;
use goproxy_git::Oid;
use hosts::Hosts;
use memory::Memories;

pub use hosts::HostLimits;
pub use remote::{Fetched, Remote};

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
    /// What one host is asked at most.
    pub per_host: HostLimits,
}

/// Without the environment, which may hold credentials.
impl std::fmt::Debug for GitOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitOptions").field("git", &self.git).finish_non_exhaustive()
    }
}

/// The ways to git servers. Clones share what they know of hosts.
#[derive(Clone, Debug)]
pub struct GitClient(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: Arc<GitOptions>,
    config: Arc<HostConfig>,
    credentials: Credentials,
    memories: Memories,
    hosts: Hosts,
}

impl GitClient {
    /// Reads nothing and starts nothing yet.
    pub fn new(options: GitOptions) -> Self {
        let hosts = Hosts::new(options.per_host);
        let options = Arc::new(options);
        let config = Arc::new(HostConfig::new(options.git.clone(), &options.host_env));
        let netrc = options.http.options().netrc.clone();
        let credentials = Credentials::new(options.git.clone(), &options.host_env, netrc, Arc::clone(&config));
        let memories = Memories::default();
        Self(Arc::new(Shared { options, config, credentials, memories, hosts }))
    }

    /// Reads the host's configuration ahead of the first who needs it.
    pub async fn prepare(&self) {
        self.0.config.prepare().await;
    }

    /// The repository at a URL, rewritten as the host's git configuration says (`insteadOf`). Nothing is asked yet.
    ///
    /// # Errors
    /// A URL that is not one of a git repository, or that `access` does not allow.
    pub async fn remote(&self, url: &str, access: Access) -> Result<Remote> {
        Remote::new(&self.0, url, access).await
    }

    /// Writes a tar file of a commit's directory (`dir` is empty for the root), as `go` has `git archive` convert it.
    /// All directories of the commit and all files below `dir` are in the repository.
    ///
    /// # Errors
    /// No `git` on this machine; its failure.
    pub async fn archive(&self, git_dir: &Path, commit: &Oid, dir: &str, out: &Path) -> Result<()> {
        archive::archive(&self.0.options, git_dir, commit, dir, out).await
    }
}
