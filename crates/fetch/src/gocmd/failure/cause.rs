//! What lies behind a failure of `git`, `hg`, `ssh` or of a connection, and how we put it.

use goproxy_engine::ErrorKind;

/// Why version control could not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The host says that there is no such repository, page or ref.
    Absent,
    /// The host wants credentials, or refuses the ones it got.
    Credentials,
    /// GOVCS of the host forbids this kind of version control.
    Policy,
    /// The ssh host key is not known, or another one.
    HostKey,
    /// The name of the host cannot be looked up.
    Lookup,
    /// There is no connection, or it broke.
    Connection,
    /// The certificate cannot be verified, or there is no TLS.
    Tls,
    /// The host says that it fails.
    Failing,
    /// The host asks to come back later.
    Limited,
    /// `git`, `hg` or another program is missing on our side.
    Tool,
    /// Our disk, or another limit of our side.
    Disk,
    /// The module needs a newer Go than the host has.
    NewerGo,
    /// The bytes are not those of the checksum database.
    Checksum,
    /// Anything else.
    Unknown,
}

/// Words of `git`, `ssh`, `hg` and hosting services. The first match decides, so causes stand before their consequences
/// ("could not read from remote repository" follows everything).
const OF_PROGRAM: &[(Cause, &[&str])] = &[
    (
        Cause::Tool,
        &["executable file not found", "command not found", "is not a git command", "unable to find remote helper"],
    ),
    (
        Cause::Disk,
        &[
            "no space left on device",
            "disk quota exceeded",
            "read-only file system",
            "too many open files",
            "cannot allocate memory",
            "out of memory",
            "unable to create temporary file",
            "could not create work tree",
            "cannot mkdir",
            "insufficient permission for adding an object",
        ],
    ),
    (Cause::HostKey, &["host key verification failed", "remote host identification has changed"]),
    (
        Cause::Credentials,
        &[
            "could not read username",
            "could not read password",
            "terminal prompts disabled",
            "authentication failed",
            "invalid credentials",
            "permission denied (",
            "access denied",
            "not authorized",
            "returned error: 401",
            "returned error: 403",
            "authorization failed",
            "too many authentication failures",
            "http error 401",
            "http error 403",
            "no mutual signature",
            "load key ",
        ],
    ),
    (
        Cause::Absent,
        &[
            "repository not found",
            "' not found",
            "project not found",
            "does not appear to be a git repository",
            "could not be found or you don't have permission",
            "project you were looking for could not be found",
            "returned error: 404",
            "returned error: 410",
            "http error 404",
            "http error 410",
            "couldn't find remote ref",
            "no such repository",
            "repository does not exist",
            "does not exist",
        ],
    ),
    (Cause::Limited, &["returned error: 429", "http error 429", "too many requests", "rate limit"]),
    (
        Cause::Failing,
        &["returned error: 5", "http error 5", "internal server error", "service unavailable", "bad gateway"],
    ),
    (
        Cause::Lookup,
        &["could not resolve", "name resolution", "name or service not known", "no such host", "nodename nor servname"],
    ),
    (Cause::Tls, &["certificate", "ssl", "tls", "x509"]),
    (
        Cause::Connection,
        &[
            "failed to connect",
            "couldn't connect",
            "connection",
            "timed out",
            "timeout",
            "network is",
            "no route to host",
            "hung up",
            "early eof",
            "rpc failed",
            "unexpected disconnect",
            "transfer closed",
            "recv failure",
            "empty reply",
            "proxy",
        ],
    ),
];

/// Words of `go` itself about the web: net, net/http, crypto/tls, crypto/x509.
const OF_WEB: &[(Cause, &[&str])] = &[
    (Cause::Lookup, &["no such host", "server misbehaving", "name resolution", "dial tcp: lookup "]),
    (Cause::Tls, &["x509: ", "tls: ", "tls handshake", "http: server gave http response to https client"]),
    (Cause::Disk, &["too many open files"]),
];

/// Words of `go` that say that nothing is wrong with the module itself.
const OF_GO: &[(Cause, &[&str])] = &[
    (Cause::Tool, &["executable file not found"]),
    (Cause::Policy, &["govcs disallows"]),
    (Cause::NewerGo, &[" requires go >= "]),
    (Cause::Checksum, &["checksum mismatch", "security error"]),
    (
        Cause::Disk,
        &[
            "no space left on device",
            "disk quota exceeded",
            "read-only file system",
            "too many open files",
            "permission denied",
            "input/output error",
            "cannot allocate memory",
        ],
    ),
];

fn find(table: &[(Cause, &[&str])], text: &str) -> Option<Cause> {
    table.iter().find(|(_, needles)| needles.iter().any(|needle| text.contains(needle))).map(|(cause, _)| *cause)
}

impl Cause {
    /// From the output of a program that `go` ran.
    pub(crate) fn of_program(output: &str) -> Self {
        find(OF_PROGRAM, &output.to_lowercase()).unwrap_or(Self::Unknown)
    }

    /// From the words of `go`, unless they are about the module.
    pub(crate) fn of_go(told: &str) -> Option<Self> {
        // What the client asked for stands in the text and must not decide.
        let lower = told.to_lowercase();
        if !lower.contains("unrecognized import path") && lower.contains("unknown revision") {
            return None;
        }
        if let Some(status) = status(told) {
            return Self::of_status(status);
        }
        let web = ["get \"http", "https fetch: ", "dial tcp", "reading http"].iter().any(|sign| lower.contains(sign));
        if web && !lower.contains("?go-get=1: no go-import") {
            return Some(find(OF_WEB, &lower).unwrap_or(Self::Connection));
        }
        find(OF_GO, &lower)
    }

    fn of_status(status: u16) -> Option<Self> {
        match status {
            401 | 403 | 407 => Some(Self::Credentials),
            429 => Some(Self::Limited),
            408 | 500.. => Some(Self::Failing),
            // `go` has words for it.
            _ => None,
        }
    }

    pub(crate) const fn kind(self) -> ErrorKind {
        match self {
            Self::Absent => ErrorKind::NotFound,
            Self::Credentials | Self::Policy => ErrorKind::Refused,
            Self::Limited => ErrorKind::Busy,
            Self::Disk => ErrorKind::Internal,
            Self::Checksum => ErrorKind::Invalid,
            Self::HostKey
            | Self::Lookup
            | Self::Connection
            | Self::Tls
            | Self::Failing
            | Self::Tool
            | Self::NewerGo
            | Self::Unknown => ErrorKind::Unavailable,
        }
    }

    /// What the client reads: `asked` is the module it asked for, `host` where the answer had to come from.
    pub(crate) fn message(self, asked: &str, host: &str, text: &str) -> String {
        match self {
            Self::Absent => format!("{asked}: repository not found on {host}"),
            Self::Credentials => format!(
                "{asked}: {host} asks for credentials that the proxy does not have, or refuses those it has\n\
                 if the repository exists, configure access to {host} on the proxy host (git credential helper, .netrc or ssh key)"
            ),
            Self::Policy => {
                format!("{asked}: GOVCS on the proxy host does not allow the version control system of this module")
            }
            Self::HostKey => format!(
                "{asked}: the proxy does not trust the ssh host key of {host}; add it to known_hosts on the proxy host"
            ),
            Self::Lookup => format!("{asked}: cannot look up host {host}"),
            Self::Connection => format!("{asked}: no connection to {host}, or it broke"),
            Self::Tls => format!("{asked}: the certificate of {host} cannot be verified, or it does not speak TLS"),
            Self::Failing => format!("{asked}: {host} answers with a server error"),
            Self::Limited => format!("{asked}: {host} asks to come back later"),
            Self::Tool => format!("{asked}: {} not found on the proxy host", program(text)),
            Self::Disk => "the proxy could not write to its cache".to_owned(),
            Self::NewerGo => {
                format!("{asked}: {}, which the Go on the proxy host is not; update it there", required(text))
            }
            Self::Checksum => format!("{asked}: the checksum database says otherwise"),
            Self::Unknown => format!("{asked}: version control failed on {host}"),
        }
    }
}

/// The status of a web answer: `reading <url>: 404 Not Found`.
fn status(told: &str) -> Option<u16> {
    let (_, rest) = told.split_once("reading http")?;
    let status = rest.split(": ").find_map(|part| part.get(..3).filter(|s| s.bytes().all(|b| b.is_ascii_digit())))?;
    status.parse().ok()
}

/// The missing program: `exec: "git": executable file not found`.
fn program(text: &str) -> String {
    let name = text.split("exec: \"").nth(1).and_then(|rest| rest.split('"').next());
    let plain = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
    name.filter(plain).map_or_else(|| "a program of version control".to_owned(), |name| format!("{name}: command"))
}

/// `requires go >= 1.99` without what `go` says of itself.
fn required(text: &str) -> &str {
    let from = text.find("requires go >= ").unwrap_or(0);
    text[from..].split(" (").next().unwrap_or_default().lines().next().unwrap_or_default()
}
