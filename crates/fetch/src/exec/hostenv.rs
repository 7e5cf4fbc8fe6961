//! The environment of this process as a child may have it: what authenticates passes, what disturbs does not.

use std::ffi::{OsStr, OsString};

pub(crate) type Var = (OsString, OsString);

/// A master connection would outlive the run; a prompt would wait for ever.
pub(crate) const SSH_COMMAND: &str = "ssh -o ControlMaster=no -o BatchMode=yes";

/// Settings of `go` (`go help environment`) that the host may have for its own builds, and what git sets for hooks.
/// GOVCS, GOAUTH, GODEBUG and GOROOT stay: they are about fetching, or about this very `go`.
#[rustfmt::skip]
pub(crate) const WITHHELD: &[&str] = &[
    "GO111MODULE", "GOFLAGS", "GOENV", "GOWORK", "GOTOOLCHAIN", "GOPROXY", "GONOPROXY", "GOPRIVATE", "GOINSECURE", "GOSUMDB",
    "GONOSUMDB", "GONOSUMCHECK", "GOPATH", "GOMODCACHE", "GOCACHE", "GOCACHEPROG", "GOTMPDIR", "GOBIN", "GOOS", "GOARCH",
    "GOHOSTOS", "GOHOSTARCH", "GO386", "GOAMD64", "GOARM", "GOARM64", "GOMIPS", "GOMIPS64", "GOPPC64", "GORISCV64",
    "GOWASM", "GOEXPERIMENT", "GOFIPS140", "GOCOVERDIR", "GOTOOLDIR", "GOTELEMETRY", "GOTELEMETRYDIR", "TMPDIR",
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_QUARANTINE_PATH", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE",
    "GIT_REPLACE_REF_BASE", "GIT_DEFAULT_HASH", "GIT_DEFAULT_REF_FORMAT", "GIT_ATTR_SOURCE", "GIT_LITERAL_PATHSPECS",
    "GIT_TEMPLATE_DIR", "GIT_TERMINAL_PROMPT", "GCM_INTERACTIVE", "GIT_CURL_VERBOSE", "LC_ALL", "LANGUAGE",
];

/// Traces write requests, with their credentials, to standard error.
const WITHHELD_PREFIX: &str = "GIT_TRACE";

/// The variables of the host that may pass.
pub(crate) fn scrubbed(host: &[Var]) -> Vec<Var> {
    host.iter().filter(|(name, _)| !is_withheld(name)).cloned().collect()
}

/// The value of a variable, as long as it says something.
pub(crate) fn get<'a>(vars: &'a [Var], name: &str) -> Option<&'a OsStr> {
    vars.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_os_str()).filter(|value| !value.is_empty())
}

fn is_withheld(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| WITHHELD.contains(&name) || name.starts_with(WITHHELD_PREFIX))
}

/// Adds to the configuration that the host may pass in the same way (GIT_CONFIG_COUNT, git-config(1)).
pub(crate) fn add_git_config(vars: &mut Vec<Var>, key: &str, value: &str) {
    let at = vars.iter().position(|(name, _)| name == "GIT_CONFIG_COUNT").map(|i| vars.swap_remove(i).1);
    // A count that is no number is an error for git; it stays one.
    let Ok(count) = at.as_ref().map_or(Some("0"), |at| at.to_str()).unwrap_or_default().parse::<u32>() else {
        vars.extend(at.map(|at| ("GIT_CONFIG_COUNT".into(), at)));
        return;
    };
    vars.push(("GIT_CONFIG_COUNT".into(), (count + 1).to_string().into()));
    vars.push((format!("GIT_CONFIG_KEY_{count}").into(), key.into()));
    vars.push((format!("GIT_CONFIG_VALUE_{count}").into(), value.into()));
}
