//! The host's own git configuration, as far as it decides how to get to a repository and as whom: `insteadOf`, `http.*`,
//! `credential.*`, protocols. Read by `git` itself, in one run, kept until a file changes.

mod entries;
mod http;
mod load;
#[cfg(test)]
mod mutations;
mod place;
mod protocol;
mod urlmatch;
mod way;

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use goproxy_engine::Result;
use reqwest::Url;

pub(super) use self::place::Scheme;
pub(crate) use self::way::Way;
use self::{entries::is_true, load::Loaded, urlmatch::Target};
use crate::exec::hostenv::{self, Var};

/// The configuration. It may hold credentials, so it cannot be printed.
pub(crate) struct HostConfig {
    git: Option<PathBuf>,
    env: Vec<Var>,
    /// Held while it is read, so that it is read once.
    loaded: tokio::sync::Mutex<Option<Arc<Loaded>>>,
    unread: OnceLock<()>,
}

impl std::fmt::Debug for HostConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostConfig").field("git", &self.git).finish_non_exhaustive()
    }
}

/// Who may know credentials.
#[derive(Clone, Copy, Debug)]
pub(super) struct Helpers {
    /// A helper for some URL, or a program that asks.
    pub(super) any: bool,
    /// They are told apart by the path, not only by the host.
    pub(super) by_path: bool,
}

impl HostConfig {
    /// `git` is the program, `host_env` the environment of this process. Nothing is read yet.
    pub(crate) fn new(git: Option<PathBuf>, host_env: &[Var]) -> Self {
        let (loaded, unread) = Default::default();
        Self { git, env: hostenv::scrubbed(host_env), loaded, unread }
    }

    /// Reads it ahead of the first who needs it.
    pub(super) async fn prepare(&self) {
        // What is wrong with it is told to whom it concerns.
        let _ = self.load().await;
    }

    /// The way to the repository at a URL.
    ///
    /// # Errors
    /// [`goproxy_engine::ErrorKind::Refused`] for what is not the URL of a repository, or where the configuration forbids
    /// the protocol; `Internal` for a configuration that git cannot read.
    pub(crate) async fn for_url(&self, url: &str) -> Result<Way> {
        Way::new(url, &self.load().await?.entries, &self.env)
    }

    /// What is configured of credentials for a URL.
    pub(super) async fn credentials(&self, url: &Url) -> Result<Helpers> {
        let entries = &self.load().await?.entries;
        let asks = ["GIT_ASKPASS", "SSH_ASKPASS"].iter().any(|name| hostenv::get(&self.env, name).is_some());
        let set = |section, name| entries.anywhere(section, name).any(|value| !value.is_empty());
        let any = asks || set("credential", "helper") || set("core", "askpass");
        let about = entries.about("credential", &Target::new(url.clone(), Some(url.username().to_owned())));
        let by_path = about.get("usehttppath").and_then(|values| values.last()).is_some_and(|value| is_true(value));
        Ok(Helpers { any, by_path })
    }

    async fn load(&self) -> Result<Arc<Loaded>> {
        let mut kept = self.loaded.lock().await;
        if let Some(loaded) = &*kept
            && loaded.is_current().await
        {
            return Ok(Arc::clone(loaded));
        }
        let loaded = match &self.git {
            Some(git) => Loaded::read(git, &self.env).await?,
            None => {
                self.unread.get_or_init(|| load::warn_of_unread(&self.env));
                Loaded::default()
            }
        };
        Ok(Arc::clone(kept.insert(Arc::new(loaded))))
    }
}

#[cfg(test)]
pub(super) mod tests;
