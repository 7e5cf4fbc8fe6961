//! The table: each setting once. Flags, environment variables, file keys, `-help`, the documentation and the example
//! file all come from these rows.

use gomod::{Patterns, ProxyList};
use goproxy_fetch::Inside;
use goproxy_server::AccessLogFormat;

use super::{Fallback, Fetcher, Format, Group, Level, Refused, Setting, Shape, duration, size, value};

const LEVELS: [(&str, Level); 4] =
    [("error", Level::Error), ("warn", Level::Warn), ("info", Level::Info), ("debug", Level::Debug)];
const FORMATS: [(&str, Format); 2] = [("text", Format::Text), ("json", Format::Json)];
const ACCESS: [(&str, AccessLogFormat); 3] =
    [("text", AccessLogFormat::Text), ("json", AccessLogFormat::Json), ("off", AccessLogFormat::Off)];
const FETCHERS: [(&str, Fetcher); 2] = [("native", Fetcher::Native), ("go", Fetcher::Go)];
const REDACT: [(&str, bool); 2] = [("off", false), ("on", true)];
const METRICS: [(&str, bool); 2] = [("open", false), ("admin", true)];
const REFUSED: [(&str, Refused); 2] = [("404", Refused::NotFound), ("403", Refused::Forbidden)];

/// The row of a setting.
pub(crate) fn find(name: &str) -> Option<&'static Setting> {
    TABLE.iter().find(|setting| setting.name == name)
}

/// Every setting, in the order of the documentation.
pub(crate) static TABLE: &[Setting] = &[
    Setting {
        name: "config",
        group: Group::Serving,
        shape: Shape::Path,
        default: Fallback::Value(""),
        reload: false,
        help: "A TOML file with settings; its keys are the names of the flags. SIGHUP reads it again.",
        example: "/etc/goproxy.toml",
        set: |s, text| value::optional_path(text).map(|path| s.config = path),
    },
    Setting {
        name: "listen",
        group: Group::Serving,
        shape: Shape::Address,
        default: Fallback::Value("0.0.0.0:8081"),
        reload: false,
        help: "Where to serve: [host]:port, or unix:/path for a socket. Without a host, every address of the machine.",
        example: "127.0.0.1:8081",
        set: |s, text| value::listen(text).map(|listen| s.serving.listen = listen),
    },
    Setting {
        name: "pathPrefix",
        group: Group::Serving,
        shape: Shape::Prefix,
        default: Fallback::Value(""),
        reload: false,
        help: "A path that every module request begins with, for a host that is shared with other services.",
        example: "/go",
        set: |s, text| value::path_prefix(text).map(|prefix| s.serving.path_prefix = prefix),
    },
    Setting {
        name: "tlsCert",
        group: Group::Serving,
        shape: Shape::Path,
        default: Fallback::Value(""),
        reload: false,
        help: "Serve HTTPS with this certificate: a PEM file, the server's certificate before the intermediate ones. \
               Needs tlsKey. The files of all three settings are read again on SIGHUP and when they change.",
        example: "/etc/goproxy/tls.crt",
        set: |s, text| value::optional_path(text).map(|path| s.serving.tls_cert = path),
    },
    Setting {
        name: "tlsKey",
        group: Group::Serving,
        shape: Shape::Path,
        default: Fallback::Value(""),
        reload: false,
        help: "The private key of tlsCert: a PEM file, not encrypted.",
        example: "/etc/goproxy/tls.key",
        set: |s, text| value::optional_path(text).map(|path| s.serving.tls_key = path),
    },
    Setting {
        name: "tlsClientCA",
        group: Group::Serving,
        shape: Shape::Path,
        default: Fallback::Value(""),
        reload: false,
        help: "Serve only clients with a certificate that one of these authorities signed (mutual TLS): a PEM file. \
               The go command has no client certificates; this is for proxies and caches in between.",
        example: "/etc/goproxy/clients.crt",
        set: |s, text| value::optional_path(text).map(|path| s.serving.tls_client_ca = path),
    },
    Setting {
        name: "cacheDir",
        group: Group::Cache,
        shape: Shape::Path,
        default: Fallback::Found("the first entry of $GOPATH, else $HOME/go", super::Environment::go_path),
        reload: false,
        help: "The root of the cache. Files are kept in pkg/mod/cache/download below it, in the layout of Go's own \
               module cache; one that go or an earlier goproxy wrote is adopted.",
        example: "/var/lib/goproxy",
        set: |s, text| value::path(text).map(|dir| s.cache.dir = dir),
    },
    Setting {
        name: "cacheExpire",
        group: Group::Cache,
        shape: Shape::Duration,
        default: Fallback::Value("5m"),
        reload: true,
        help: "How long version lists, @latest and branch queries are fresh. What belongs to one version never \
               expires.",
        example: "1m30s",
        set: |s, text| duration::parse(text).map(|expire| s.cache.expire = expire),
    },
    Setting {
        name: "gitCacheSize",
        group: Group::Cache,
        shape: Shape::Size,
        default: Fallback::Value("10GB"),
        reload: false,
        help: "How much disk local copies of git repositories may take, in pkg/mod/cache/goproxy/git below cacheDir. \
               Those that nobody asked for longest are removed first; what was served from them stays in the cache.",
        example: "500MB",
        set: |s, text| size::parse(text).map(|bytes| s.cache.git_bytes = bytes),
    },
    Setting {
        name: "scrub",
        group: Group::Cache,
        shape: Shape::Duration,
        default: Fallback::Value("720h"),
        reload: false,
        help: "How long one pass over the whole cache takes that reads every file and compares it with its hash, a \
               little at a time; bad files are moved to quarantine and fetched again when somebody asks. 0 for never.",
        example: "168h",
        set: |s, text| duration::parse(text).map(|period| s.cache.scrub = period),
    },
    Setting {
        name: "readAhead",
        group: Group::Cache,
        shape: Shape::Size,
        default: Fallback::Value("256MB"),
        reload: true,
        help: "Fetch from upstreams what a client will ask next, before it asks: the other files of a version and the \
               go.mod files that go walks to. How many bytes of zips may lie in the cache that were fetched so and \
               that nobody has asked for yet; less is fetched where clients ask for other things. 0 for never.",
        example: "64MB",
        set: |s, text| size::parse(text).map(|bytes| s.cache.read_ahead = bytes),
    },
    Setting {
        name: "minFreeDisk",
        group: Group::Cache,
        shape: Shape::Size,
        default: Fallback::Value(""),
        reload: false,
        help: "How much of the cache's disk is left free: with less, nothing new is fetched (503), and what is there is \
               served. Empty for 500 MiB or a twentieth of the disk, whichever is less.",
        example: "2GB",
        set: |s, text| {
            s.cache.min_free = if text.is_empty() { None } else { Some(size::parse(text)?) };
            Ok(())
        },
    },
    Setting {
        name: "proxy",
        group: Group::Sources,
        shape: Shape::Upstreams,
        default: Fallback::Value(""),
        reload: true,
        help: "Router mode: the upstreams to ask, written like Go's GOPROXY: URLs with , (go on when a module does \
               not exist) or | (go on after any error) between them, direct, off. Empty is proxy mode: everything \
               comes from version control.",
        example: "https://goproxy.io,direct",
        set: |s, text| {
            let list =
                || ProxyList::parse(text).map_err(|error| format!("{error}; for example https://goproxy.io,direct"));
            s.sources.proxy = if text.trim().is_empty() { None } else { Some(list()?) };
            Ok(())
        },
    },
    Setting {
        name: "exclude",
        group: Group::Sources,
        shape: Shape::Patterns,
        default: Fallback::Value(""),
        reload: true,
        help: "Private modules, as a comma list of patterns like Go's GOPRIVATE: they come from version control and \
               their names go to no upstream and no checksum database. GOPRIVATE in the environment adds to it.",
        example: "*.corp.example.com,github.com/example/*",
        set: |s, text| {
            let parsed = Patterns::parse(text).map_err(|error| format!("{error}; see go help private"));
            parsed.map(|patterns| s.sources.exclude = patterns)
        },
    },
    Setting {
        name: "insecure",
        group: Group::Sources,
        shape: Shape::Patterns,
        default: Fallback::Value(""),
        reload: true,
        help: "Modules from version control that may come over http or from a host whose certificate cannot be \
               verified, as a comma list of patterns. GOINSECURE in the environment adds to it.",
        example: "git.lab.example.com",
        set: |s, text| {
            let parsed = Patterns::parse(text).map_err(|error| format!("{error}; see go help private"));
            parsed.map(|patterns| s.sources.insecure = patterns)
        },
    },
    Setting {
        name: "allowInside",
        group: Group::Sources,
        shape: Shape::Patterns,
        default: Fallback::Value(""),
        reload: false,
        help: "What repositories and pages of public modules and redirects of public upstreams may lead to although it \
               is in an internal network, as a comma list of hosts, patterns of hosts, addresses and networks. Hosts of \
               one label and below .local, .internal or .home.arpa are to be named as hosts. Metadata addresses of \
               clouds stay forbidden unless the address itself is in the list.",
        example: "git.corp.example,*.lab.internal,10.1.0.0/16",
        set: |s, text| Inside::parse(text).map(|inside| s.sources.inside = inside),
    },
    Setting {
        name: "direct",
        group: Group::Sources,
        shape: Shape::Choice(&["native", "go"]),
        default: Fallback::Value("native"),
        reload: false,
        help: "What fetches from version control: native speaks git itself and leaves Mercurial, Subversion, Bazaar \
               and Fossil to the go command, where there is one; go leaves everything to the go command.",
        example: "go",
        set: |s, text| value::choice(text, &FETCHERS).map(|fetcher| s.sources.direct = fetcher),
    },
    Setting {
        name: "directRefused",
        group: Group::Sources,
        shape: Shape::Choice(&["404", "403"]),
        default: Fallback::Value("404"),
        reload: false,
        help: "The status for a module whose repository asks the native engine for credentials that it does not have, \
               or refuses those it has. After 404, go looks for the module under a shorter path or at the next proxy, \
               as it does of itself; after 403 it stops. The text names the host either way.",
        example: "403",
        set: |s, text| value::choice(text, &REFUSED).map(|refused| s.sources.refused = refused),
    },
    Setting {
        name: "sumdb",
        group: Group::Sources,
        shape: Shape::Databases,
        default: Fallback::Value("sum.golang.org,sum.golang.google.cn,gosum.io"),
        reload: true,
        help: "Checksum databases that clients may use through us, as a comma list of name or name=https://url; off \
               for none.",
        example: "sum.golang.org,sum.example.com=https://sum.example.com/db",
        set: |s, text| value::sum_dbs(text).map(|databases| s.sources.sumdb = databases),
    },
    Setting {
        name: "htpasswd",
        group: Group::Access,
        shape: Shape::Path,
        default: Fallback::Value(""),
        reload: true,
        help: "A file of users and their passwords, as htpasswd -B writes it. Without it, tokens, issuers or rules, \
               everybody may read everything. SIGHUP reads it again.",
        example: "/etc/goproxy/htpasswd",
        set: |s, text| {
            s.access.htpasswd = if text.is_empty() { None } else { Some(value::path(text)?) };
            Ok(())
        },
    },
    Setting {
        name: "metricsAccess",
        group: Group::Access,
        shape: Shape::Choice(&["open", "admin"]),
        default: Fallback::Value("open"),
        reload: true,
        help: "Who may read /metrics: everybody, or who may administer all modules.",
        example: "admin",
        set: |s, text| value::choice(text, &METRICS).map(|admin| s.access.metrics_admin = admin),
    },
    Setting {
        name: "connectTimeout",
        group: Group::Limits,
        shape: Shape::Duration,
        default: Fallback::Value("10s"),
        reload: true,
        help: "How long connecting to an upstream may take.",
        example: "5s",
        set: |s, text| value::limit(text).map(|limit| s.limits.connect = limit),
    },
    Setting {
        name: "responseTimeout",
        group: Group::Limits,
        shape: Shape::Duration,
        default: Fallback::Value("3m"),
        reload: true,
        help: "How long an upstream may take to begin its answer; it may have to clone a repository first.",
        example: "1m",
        set: |s, text| value::limit(text).map(|limit| s.limits.response = limit),
    },
    Setting {
        name: "idleTimeout",
        group: Group::Limits,
        shape: Shape::Duration,
        default: Fallback::Value("60s"),
        reload: true,
        help: "How long an upstream may stay silent, or nearly so, in the middle of an answer.",
        example: "30s",
        set: |s, text| value::limit(text).map(|limit| s.limits.idle = limit),
    },
    Setting {
        name: "fetchLimit",
        group: Group::Limits,
        shape: Shape::Count,
        default: Fallback::Value("4096"),
        reload: true,
        help: "How many fetches run or wait for their turn at the same time; more requests for what is not in the cache \
               are told to come back (503 with Retry-After).",
        example: "1000",
        set: |s, text| value::count(text).map(|count| s.limits.fetches = count),
    },
    Setting {
        name: "upstreamLimit",
        group: Group::Limits,
        shape: Shape::Count,
        default: Fallback::Value("128"),
        reload: true,
        help: "How many requests to one upstream are under way at the same time; others wait. A quarter of them at most \
               is for what nobody has asked for yet (readAhead).",
        example: "32",
        set: |s, text| value::count(text).map(|count| s.limits.upstream_requests = count),
    },
    Setting {
        name: "directTimeout",
        group: Group::Limits,
        shape: Shape::Duration,
        default: Fallback::Value("10m"),
        reload: false,
        help: "How long one fetch from version control may take before it is given up and its processes are killed.",
        example: "5m",
        set: |s, text| value::limit(text).map(|limit| s.limits.direct = limit),
    },
    Setting {
        name: "directLimit",
        group: Group::Limits,
        shape: Shape::Count,
        default: Fallback::Found("two for each processor", |_| Ok((2 * processors()).to_string())),
        reload: false,
        help: "How many runs of the go command, and how many zips from git, are made at the same time; others wait.",
        example: "8",
        set: |s, text| value::count(text).map(|count| s.limits.direct_fetches = count),
    },
    Setting {
        name: "directHostLimit",
        group: Group::Limits,
        shape: Shape::Count,
        default: Fallback::Value("8"),
        reload: false,
        help: "How many operations of the native engine one git host gets at the same time; others wait.",
        example: "4",
        set: |s, text| value::count(text).map(|count| s.limits.direct_per_host = count),
    },
    Setting {
        name: "directHostRate",
        group: Group::Limits,
        shape: Shape::Count,
        default: Fallback::Value("100"),
        reload: false,
        help: "How many operations of the native engine one git host gets in a second, on average; others wait.",
        example: "20",
        set: |s, text| {
            value::count(text).map(|count| s.limits.direct_host_rate = u32::try_from(count).unwrap_or(u32::MAX))
        },
    },
    Setting {
        name: "maxConnections",
        group: Group::Limits,
        shape: Shape::Count,
        default: Fallback::Value("10000"),
        reload: false,
        help: "How many client connections are open at the same time; others wait to be accepted.",
        example: "2000",
        set: |s, text| value::count(text).map(|count| s.limits.connections = count),
    },
    Setting {
        name: "drainTimeout",
        group: Group::Limits,
        shape: Shape::Duration,
        default: Fallback::Value("10s"),
        reload: false,
        help: "How long requests in progress may take after SIGTERM or SIGINT before they are cut off.",
        example: "30s",
        set: |s, text| duration::parse(text).map(|limit| s.limits.drain = limit),
    },
    Setting {
        name: "logLevel",
        group: Group::Logs,
        shape: Shape::Choice(&["error", "warn", "info", "debug"]),
        default: Fallback::Value("info"),
        reload: true,
        help: "How much is logged to standard error. SIGUSR1 logs more by one level at once, SIGUSR2 less; SIGHUP returns \
               to the setting.",
        example: "debug",
        set: |s, text| value::choice(text, &LEVELS).map(|level| s.logs.level = level),
    },
    Setting {
        name: "logFormat",
        group: Group::Logs,
        shape: Shape::Choice(&["text", "json"]),
        default: Fallback::Value("text"),
        reload: false,
        help: "What log lines look like: text without a time, as service managers add their own, or JSON objects.",
        example: "json",
        set: |s, text| value::choice(text, &FORMATS).map(|format| s.logs.format = format),
    },
    Setting {
        name: "accessLog",
        group: Group::Logs,
        shape: Shape::Choice(&["text", "json", "off"]),
        default: Fallback::Value("text"),
        reload: false,
        help: "A line for each request: seconds, status and URL as text, the same and more as JSON, or off.",
        example: "json",
        set: |s, text| value::choice(text, &ACCESS).map(|format| s.logs.access = format),
    },
    Setting {
        name: "redactPrivate",
        group: Group::Logs,
        shape: Shape::Choice(&["off", "on"]),
        default: Fallback::Value("off"),
        reload: true,
        help: "With on, the log from level info up and the access log hold private:3f2a9c1d in place of what is named \
               like a private module (exclude, GOPRIVATE): the same for the same name until a restart. Lines of level \
               debug hold the names.",
        example: "on",
        set: |s, text| value::choice(text, &REDACT).map(|redact| s.logs.redact_private = redact),
    },
    Setting {
        name: "otlpEndpoint",
        group: Group::Logs,
        shape: Shape::Url,
        default: Fallback::Found("$OTEL_EXPORTER_OTLP_ENDPOINT, else off", super::otel::endpoint),
        reload: false,
        help: "Traces of requests go to this OpenTelemetry collector, over OTLP/HTTP as JSON: its base URL, to which \
               /v1/traces is added unless it ends so; off for none. Other OTEL_ variables count, see observing.md.",
        example: "http://127.0.0.1:4318",
        set: |s, text| value::endpoint(text).map(|endpoint| s.logs.otlp = endpoint),
    },
];

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

#[cfg(test)]
mod tests {
    use super::{super::Settings, *};

    #[test]
    fn defaults_and_examples_are_good_values() {
        let environment = super::super::Environment::from([("HOME", "/home/u")]);
        for setting in TABLE {
            let default = match setting.default {
                Fallback::Value(text) => text.to_owned(),
                Fallback::Found(_, find) => find(&environment).expect(setting.name),
            };
            for text in [&default, setting.example] {
                (setting.set)(&mut Settings::default(), text)
                    .unwrap_or_else(|e| panic!("{}: {text}: {e}", setting.name));
            }
        }
    }

    #[test]
    fn choices_are_the_words_of_their_shape() {
        for setting in TABLE {
            if let Shape::Choice(words) = setting.shape {
                let error = (setting.set)(&mut Settings::default(), "?").expect_err(setting.name);
                assert_eq!(error, format!("must be one of {}", words.join(", ")), "{}", setting.name);
            }
        }
    }

    #[test]
    fn names_are_unique_and_collide_with_no_service_link() {
        let mut names: Vec<_> = TABLE.iter().map(|setting| setting.variable()).collect();
        // Kubernetes sets GOPROXY_PORT and GOPROXY_SERVICE_HOST when a service is called goproxy.
        assert!(names.iter().all(|name| !name.starts_with("GOPROXY_PORT") && !name.starts_with("GOPROXY_SERVICE")));
        for name in ["GOPROXY_CACHE_DIR", "GOPROXY_TLS_CLIENT_CA"] {
            assert!(names.contains(&name.to_owned()), "{name}");
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }
}
