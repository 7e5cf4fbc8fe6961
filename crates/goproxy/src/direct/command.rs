//! The `go` command.

use std::path::PathBuf;

use goproxy_fetch::{GoCommand, GoOptions, HttpClient, find_program};

use super::host_env;
use crate::{
    failure::Failure,
    settings::{Fetcher, Loaded, Settings},
};

/// How many requests may wait for a turn of the `go` command: a few clients that each ask for a whole build at once.
/// More than that are told to come back.
const QUEUE: usize = 512;

/// The `go` on PATH. Whoever asks for nothing else needs one.
pub(super) fn program(loaded: &Loaded) -> Result<Option<PathBuf>, Failure> {
    let go = find_program("go");
    if go.is_none() && loaded.settings.sources.direct == Fetcher::Go {
        return Err(loaded.bad_value("direct", "there is no go command on PATH; install Go, or leave -direct out"));
    }
    Ok(go)
}

/// With a scratch directory beside the store's own temporary files, on the same file system.
pub(super) fn new(settings: &Settings, go: PathBuf, http: &HttpClient) -> Result<GoCommand, Failure> {
    let cache = settings.cache.dir.join("pkg/mod/cache");
    let scratch = cache.join("goproxy/go");
    let options = GoOptions {
        go,
        vcs_dir: cache.join("vcs"),
        scratch_root: scratch.clone(),
        host_env: host_env(&settings.sources),
        credentials: http.credentials().clone(),
        private: settings.sources.private(),
        insecure: settings.sources.insecure(),
        concurrency: settings.limits.direct_fetches,
        queue: QUEUE,
        time_limit: settings.limits.direct,
    };
    GoCommand::new(options).map_err(|error| {
        let dir = scratch.display();
        Failure::fatal(format!("cannot write {dir}: {error}; correct -cacheDir or its permissions"))
    })
}
