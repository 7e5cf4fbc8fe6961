//! Version control: our own engine for git, the `go` command of this machine, or both.

mod command;
mod native;

use std::{ffi::OsString, sync::Arc};

use goproxy_direct::Native;
use goproxy_engine::Source;
use goproxy_fetch::{GoCommand, HttpClient};

use crate::{
    failure::Failure,
    settings::{Fetcher, Loaded, Settings, Sources},
};

/// The source of everything direct.
#[derive(Clone, Debug)]
pub(crate) enum Direct {
    /// With the `go` command, if there is one, for what is not in git.
    Native(Native, Option<GoCommand>),
    Go(GoCommand),
}

impl Direct {
    /// Finds what is wrong with the settings before anything is made on disk.
    pub(crate) fn check(loaded: &Loaded) -> Result<(), Failure> {
        command::program(loaded).map(drop)
    }

    /// Finds the programs and makes the directories that the settings ask for. Without `go`, only `-direct go` fails.
    pub(crate) fn new(loaded: &Loaded, http: &HttpClient) -> Result<Self, Failure> {
        let settings = &loaded.settings;
        let command = match command::program(loaded)?.map(|go| command::new(settings, go, http)).transpose() {
            Ok(command) => command,
            Err(failure) if settings.sources.direct == Fetcher::Go => return Err(failure),
            // A cache that can only be read is served all the same.
            Err(failure) => {
                tracing::warn!("modules that are not in git cannot be fetched: {}", failure.line());
                None
            }
        };
        Ok(match (settings.sources.direct, command) {
            (Fetcher::Go, Some(command)) => Self::Go(command),
            (_, command) => Self::Native(native::new(settings, http, command.as_ref()), command),
        })
    }

    /// As the engine has it.
    pub(crate) fn source(&self) -> Arc<dyn Source> {
        match self {
            Self::Native(native, _) => Arc::new(native.clone()),
            Self::Go(command) => Arc::new(command.clone()),
        }
    }

    /// Makes ready for the first request, if some modules come from version control.
    pub(crate) fn prepare(&self, sources: &Sources) {
        if let Self::Native(native, _) = self
            && sources.any_direct()
        {
            native.prepare();
        }
    }

    /// Tells the fetchers what a reload may change: which modules are private, which may be insecure, and how long
    /// answers are fresh.
    pub(crate) fn update(&self, settings: &Settings) {
        let (private, insecure) = (settings.sources.private(), settings.sources.insecure());
        if let Self::Native(native, _) = self {
            native.set_freshness(settings.cache.expire);
            native.set_private(&private);
            native.set_insecure(&insecure);
        }
        if let Self::Go(command) | Self::Native(_, Some(command)) = self {
            command.set_patterns(&private, &insecure);
        }
    }
}

/// Variables that are for us, by how they begin: our own, those of the collector of traces, whose headers hold a key, and
/// those with which a CI system gives out tokens.
const OURS: [&str; 3] = ["GOPROXY_", "OTEL_", "ACTIONS_ID_TOKEN_REQUEST_"];

/// Our own variables may hold the credentials of an upstream, and those that credentials come from do: none of version
/// control's business.
pub(crate) fn host_env(sources: &Sources) -> Vec<(OsString, OsString)> {
    let of_client = std::env::var("GOPROXY_TOKEN_VARIABLE").unwrap_or_default();
    let named = |name: &str| sources.credentials.iter().any(|(_, row)| row.variable() == Some(name));
    let secret = |name: &str| OURS.iter().any(|ours| name.starts_with(ours)) || named(name) || name == of_client;
    let ours = |name: &OsString| name.to_str().is_some_and(secret);
    std::env::vars_os().filter(|(name, _)| !ours(name)).collect()
}
