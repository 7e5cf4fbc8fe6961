//! The native engine.

use std::sync::Arc;

use goproxy_direct::{Native, NativeOptions};
use goproxy_engine::{ErrorKind, Source};
use goproxy_fetch::{GitClient, GitOptions, GoCommand, HostLimits, HttpClient, find_program};

use super::host_env;
use crate::settings::{Refused, Settings};

/// As the settings have it; starts nothing and makes nothing yet.
pub(super) fn new(settings: &Settings, http: &HttpClient, command: Option<&GoCommand>) -> Native {
    let (sources, limits) = (&settings.sources, &settings.limits);
    let git = GitClient::new(GitOptions {
        http: http.clone(),
        git: find_program("git"),
        host_env: host_env(sources),
        time_limit: limits.direct,
        per_host: HostLimits { at_once: limits.direct_per_host, per_second: limits.direct_host_rate },
    });
    Native::new(NativeOptions {
        http: http.clone(),
        git,
        root: settings.cache.dir.join("pkg/mod/cache/goproxy/git"),
        cache_bytes: settings.cache.git_bytes,
        freshness: settings.cache.expire,
        time_limit: limits.direct,
        concurrency: limits.direct_fetches,
        private: sources.private(),
        insecure: sources.insecure(),
        govcs: sources.go_vcs.clone(),
        refused: match sources.refused {
            Refused::NotFound => ErrorKind::NotFound,
            Refused::Forbidden => ErrorKind::Refused,
        },
        others: command.map(|command| Arc::new(command.clone()) as Arc<dyn Source>),
    })
}
