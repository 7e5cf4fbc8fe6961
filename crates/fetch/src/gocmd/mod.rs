//! Direct from version control, through the `go` command of the host: what it lists, resolves and downloads is what
//! every Go user would get, with the host's git configuration, credentials and proxies.
//!
//! Each run has a module cache of its own, thrown away afterwards, and shares only the clones of repositories: no source
//! tree is kept, and no `go` client on this host that holds a lock in its module cache can wait for us while we wait for
//! it. Whoever asks for the same version at the same time shares one run.
//!
//! What remains of the host's Go: it refuses to make the zip of a module whose `go` line is newer than itself
//! (`.info`, `.mod` and lists work); newer toolchains named `go1.N` on PATH are used then.

mod bundle;
mod clones;
mod env;
pub(crate) mod failure;
mod gate;
mod output;
mod run;
mod scratch;
#[cfg(test)]
mod tests;

use std::{
    ffi::OsString,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use gomod::{ModulePath, ModuleVersion, Patterns, Query};
use goproxy_engine::{Error, ErrorKind, Intake, Kind, Object, Resolved, Result, Source, Staging, Versions, Via};

use self::run::Runner;
use crate::Credentials;

/// How to run `go`.
#[derive(Clone)]
pub struct GoOptions {
    /// The program, as [`crate::find_program`] finds it.
    pub go: PathBuf,
    /// Clones of repositories, shared by all runs and with any `go` whose module cache this is:
    /// `<GOPATH>/pkg/mod/cache/vcs`.
    pub vcs_dir: PathBuf,
    /// Where runs have their temporary files; leftovers of dead processes in it are removed.
    pub scratch_root: PathBuf,
    /// The environment of this process, which the host's git configuration, credentials and proxies come from.
    pub host_env: Vec<(OsString, OsString)>,
    /// The credentials of the configuration.
    pub credentials: Credentials,
    /// GOPRIVATE of the runs; it decides what GOVCS allows.
    pub private: Patterns,
    /// GOINSECURE of the runs.
    pub insecure: Patterns,
    /// How many processes may run at a time.
    pub concurrency: usize,
    /// How many more requests may wait for their turn.
    pub queue: usize,
    /// How long one process may take.
    pub time_limit: Duration,
}

/// Without the environment, which may hold credentials.
impl std::fmt::Debug for GoOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GoOptions").field("go", &self.go).field("vcs_dir", &self.vcs_dir).finish_non_exhaustive()
    }
}

/// The `go` command as a source of modules. Cheap to clone.
#[derive(Clone, Debug)]
pub struct GoCommand {
    runner: Arc<Runner>,
}

impl GoCommand {
    /// Prepares the scratch directory. Errors are of the file system.
    pub fn new(options: GoOptions) -> std::io::Result<Self> {
        Ok(Self { runner: Arc::new(Runner::new(options)?) })
    }

    /// Replaces GOPRIVATE and GOINSECURE, for runs that begin from now on.
    pub fn set_patterns(&self, private: &Patterns, insecure: &Patterns) {
        self.runner.set_patterns(private, insecure);
    }
}

#[async_trait]
impl Source for GoCommand {
    fn via(&self) -> Via {
        Via::Direct
    }

    async fn list(&self, path: &ModulePath) -> Result<Versions> {
        let asked = SystemTime::now();
        Ok(Versions { body: Runner::list(&self.runner, path).await?, asked })
    }

    async fn latest(&self, path: &ModulePath, intake: &Intake<'_>) -> Result<Resolved> {
        let asked = SystemTime::now();
        Runner::resolve(&self.runner, path, "latest").await?.resolved(asked, intake).await
    }

    async fn query(&self, path: &ModulePath, query: &Query, intake: &Intake<'_>) -> Result<Resolved> {
        let asked = SystemTime::now();
        Runner::resolve(&self.runner, path, query.as_str()).await?.resolved(asked, intake).await
    }

    async fn fetch(&self, version: &ModuleVersion, kind: Kind, intake: &Intake<'_>) -> Result<Vec<(Object, Staging)>> {
        Runner::fetch(&self.runner, version, kind).await?.staged(version, kind, intake).await
    }
}

/// Our own side failed.
fn internal(detail: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, "the proxy could not write to its cache").with_detail(detail.to_string())
}

/// Runs file work where it may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T> {
    goproxy_engine::blocking(move || work().map_err(internal)).await
}
