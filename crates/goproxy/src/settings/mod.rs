//! What the program is told: flags, environment, file, defaults, in that precedence.
//!
//! One [`table`] defines each setting. Everything is parsed and checked here, before anything is opened or bound, so
//! that a bad value never leaves half a service behind.

mod access;
mod credentials;
#[cfg(test)]
mod docs;
pub(crate) mod duration;
mod environment;
mod file;
mod load;
#[cfg(test)]
mod load_tests;
mod otel;
mod redact;
mod rows;
mod setting;
mod show;
mod size;
mod suggest;
mod table;
mod tables;
mod value;

use std::{path::PathBuf, time::Duration};

use gomod::{Patterns, ProxyList, ProxyTarget, sumdb::SumDbSetting, vcs::GoVcs};
use goproxy_fetch::{CredentialRow, Inside};
use goproxy_server::{AccessLogFormat, Listen};

pub(crate) use access::{Access, IssuerRow, KeysAt};
pub(crate) use environment::Environment;
pub(crate) use load::{Effective, Given, Loaded, Mode, load};
pub(crate) use otel::Otel;
pub(crate) use rows::{Repeated, Row};
pub(crate) use setting::{Fallback, Group, Setting, Shape};
pub(crate) use show::effective_toml;
pub(crate) use suggest::nearest;
pub(crate) use table::{TABLE, find};
pub(crate) use tables::TABLES;
pub(crate) use value::SumDb;

/// Every setting, parsed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// `-config`: the file, if there is one.
    pub(crate) config: Option<PathBuf>,
    pub(crate) serving: Serving,
    pub(crate) cache: Cache,
    pub(crate) sources: Sources,
    pub(crate) access: Access,
    pub(crate) limits: Limits,
    pub(crate) logs: Logs,
}

/// How clients reach us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Serving {
    /// `-listen`.
    pub(crate) listen: Listen,
    /// `-pathPrefix`: empty, or `/x` without a slash at its end.
    pub(crate) path_prefix: String,
    /// `-tlsCert`.
    pub(crate) tls_cert: Option<PathBuf>,
    /// `-tlsKey`.
    pub(crate) tls_key: Option<PathBuf>,
    /// `-tlsClientCA`.
    pub(crate) tls_client_ca: Option<PathBuf>,
}

impl Default for Serving {
    fn default() -> Self {
        Self {
            listen: Listen::Tcp { host: String::new(), port: 0 },
            path_prefix: String::new(),
            tls_cert: None,
            tls_key: None,
            tls_client_ca: None,
        }
    }
}

/// What is kept, and for how long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cache {
    /// `-cacheDir`: absolute. Files are under `pkg/mod/cache/download`.
    pub(crate) dir: PathBuf,
    /// `-cacheExpire`.
    pub(crate) expire: Duration,
    /// `-gitCacheSize`, in bytes.
    pub(crate) git_bytes: u64,
    /// `-scrub`; zero is never.
    pub(crate) scrub: Duration,
    /// `-readAhead`, in bytes; zero is never.
    pub(crate) read_ahead: u64,
    /// `-minFreeDisk`, in bytes; `None` leaves it to the store.
    pub(crate) min_free: Option<u64>,
}

/// Who is asked for what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// `-proxy`: `None` is proxy mode, everything direct.
    pub(crate) proxy: Option<ProxyList>,
    /// `-exclude`.
    pub(crate) exclude: Patterns,
    /// `-direct`.
    pub(crate) direct: Fetcher,
    /// `-directRefused`.
    pub(crate) refused: Refused,
    /// `-insecure`.
    pub(crate) insecure: Patterns,
    /// `-allowInside`.
    pub(crate) inside: Inside,
    /// GOINSECURE.
    pub(crate) go_insecure: Patterns,
    /// GOVCS.
    pub(crate) go_vcs: GoVcs,
    /// GOPRIVATE.
    pub(crate) go_private: Patterns,
    /// GONOSUMDB.
    pub(crate) go_no_sum: Patterns,
    /// GOSUMDB: the database that vouches for public modules.
    pub(crate) go_sumdb: SumDbSetting,
    /// `-sumdb`.
    pub(crate) sumdb: Vec<SumDb>,
    /// `[[credentials]]`, each with its place in the file.
    pub(crate) credentials: Vec<(String, CredentialRow)>,
}

impl Sources {
    /// The modules that go direct and whose names never leave.
    pub(crate) fn private(&self) -> Patterns {
        self.exclude.join(&self.go_private)
    }

    /// Whether some modules come from version control.
    pub(crate) fn any_direct(&self) -> bool {
        let direct = |list: &ProxyList| list.entries().iter().any(|hop| hop.target == ProxyTarget::Direct);
        self.proxy.as_ref().is_none_or(direct) || self.private() != Patterns::default()
    }

    /// The modules that may come over connections that prove nothing.
    pub(crate) fn insecure(&self) -> Patterns {
        self.insecure.join(&self.go_insecure)
    }
}

/// What fetches from version control.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fetcher {
    /// We ourselves; the `go` command for what is not in git.
    #[default]
    Native,
    /// The `go` command.
    Go,
}

/// What a client is told where a repository wants other credentials than there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Refused {
    /// 404: as forges say of what may or may not exist.
    #[default]
    NotFound,
    /// 403.
    Forbidden,
}

/// Time and number limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// `-connectTimeout`.
    pub(crate) connect: Duration,
    /// `-responseTimeout`.
    pub(crate) response: Duration,
    /// `-idleTimeout`.
    pub(crate) idle: Duration,
    /// `-directTimeout`.
    pub(crate) direct: Duration,
    /// `-drainTimeout`.
    pub(crate) drain: Duration,
    /// `-fetchLimit`.
    pub(crate) fetches: usize,
    /// `-upstreamLimit`.
    pub(crate) upstream_requests: usize,
    /// `-directLimit`.
    pub(crate) direct_fetches: usize,
    /// `-directHostLimit`.
    pub(crate) direct_per_host: usize,
    /// `-directHostRate`.
    pub(crate) direct_host_rate: u32,
    /// `-maxConnections`.
    pub(crate) connections: usize,
}

/// What is written to standard error.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Logs {
    /// `-logLevel`.
    pub(crate) level: Level,
    /// `-logFormat`.
    pub(crate) format: Format,
    /// `-accessLog`.
    pub(crate) access: AccessLogFormat,
    /// `-redactPrivate`.
    pub(crate) redact_private: bool,
    /// `-otlpEndpoint`: where traces go, if anywhere.
    pub(crate) otlp: Option<String>,
    /// What OpenTelemetry's variables say besides.
    pub(crate) otel: Otel,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Level {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
}

impl Level {
    /// The next that logs more, if there is one.
    pub(crate) const fn more(self) -> Self {
        match self {
            Self::Error => Self::Warn,
            Self::Warn => Self::Info,
            Self::Info | Self::Debug => Self::Debug,
        }
    }

    /// The next that logs less, if there is one.
    pub(crate) const fn less(self) -> Self {
        match self {
            Self::Debug => Self::Info,
            Self::Info => Self::Warn,
            Self::Warn | Self::Error => Self::Error,
        }
    }

    /// As the setting has it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// What a log line looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}
