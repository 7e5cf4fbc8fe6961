//! Version control: the `go` command of this machine, or the reason why there is none.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use gomod::{ModulePath, ModuleVersion, Patterns, Query};
use goproxy_engine::{Error, ErrorKind, Kind, Object, Resolved, Result, Source, Staging, Store, Via};
use goproxy_fetch::{GoCommand, GoOptions};

use crate::{failure::Failure, settings::Settings};

/// How many requests may wait for a turn of the `go` command: a few clients that each ask for a whole build at once.
/// More than that are told to come back.
const QUEUE: usize = 512;

/// The source of everything direct.
#[derive(Clone, Debug)]
pub(crate) enum Direct {
    Go(GoCommand),
    Missing,
}

impl Direct {
    /// Finds `go` and makes its scratch directory.
    pub(crate) fn new(settings: &Settings) -> std::result::Result<Self, Failure> {
        let Some(go) = GoCommand::find() else { return Ok(Self::Missing) };
        let cache = settings.cache.dir.join("pkg/mod/cache");
        let options = GoOptions {
            go,
            vcs_dir: cache.join("vcs"),
            scratch_root: scratch(&cache),
            // Our own variables may hold the credentials of an upstream, which are none of version control's business.
            host_env: std::env::vars_os().filter(|(name, _)| !name.to_string_lossy().starts_with("GOPROXY_")).collect(),
            private: settings.sources.private(),
            concurrency: settings.limits.direct_commands,
            queue: QUEUE,
            time_limit: settings.limits.direct,
        };
        GoCommand::new(options).map(Self::Go).map_err(|error| {
            let dir = scratch(&cache);
            Failure::fatal(format!("cannot write {}: {error}; correct -cacheDir or its permissions", dir.display()))
        })
    }

    /// As the engine has it.
    pub(crate) fn source(&self) -> Arc<dyn Source> {
        match self {
            Self::Go(command) => Arc::new(command.clone()),
            Self::Missing => Arc::new(NoGo),
        }
    }

    /// Tells `go` which modules are private from now on.
    pub(crate) fn set_private(&self, private: &Patterns) {
        if let Self::Go(command) = self {
            command.set_private(private);
        }
    }
}

/// Beside the store's own temporary files, on the same file system.
fn scratch(cache: &Path) -> std::path::PathBuf {
    cache.join("goproxy/go")
}

/// Stands in where this machine has no `go`.
#[derive(Debug)]
struct NoGo;

impl NoGo {
    fn error() -> Error {
        Error::new(ErrorKind::Internal, "this proxy cannot fetch from version control: it has no go command")
            .with_detail("no go on PATH; install Go where goproxy runs, or set -proxy")
    }
}

#[async_trait]
impl Source for NoGo {
    fn via(&self) -> Via {
        Via::Direct
    }

    async fn list(&self, _: &ModulePath) -> Result<Bytes> {
        Err(Self::error())
    }

    async fn latest(&self, _: &ModulePath, _: &dyn Store) -> Result<Resolved> {
        Err(Self::error())
    }

    async fn query(&self, _: &ModulePath, _: &Query, _: &dyn Store) -> Result<Resolved> {
        Err(Self::error())
    }

    async fn fetch(&self, _: &ModuleVersion, _: Kind, _: &dyn Store) -> Result<Vec<(Object, Staging)>> {
        Err(Self::error())
    }
}
