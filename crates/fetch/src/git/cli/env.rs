//! The environment of a `git` that fetches for us: the host's, less what disturbs, plus what makes it quiet.

use crate::exec::hostenv::{self, Var};

/// What is the same for all runs. It may hold credentials, so it cannot be printed.
#[derive(Clone)]
pub(in crate::git) struct ChildEnv(Vec<Var>);

impl std::fmt::Debug for ChildEnv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChildEnv").finish_non_exhaustive()
    }
}

/// Ours to say, or of use to hooks only.
const REPLACED: &[&str] = &[
    "GIT_ALLOW_PROTOCOL",
    "GIT_PROTOCOL_FROM_USER",
    "GIT_PROTOCOL",
    "GIT_CONFIG",
    "GIT_LFS_SKIP_SMUDGE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_NO_LAZY_FETCH",
    "GIT_OPTIONAL_LOCKS",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_EDITOR",
    "GIT_PAGER",
];

impl ChildEnv {
    /// From the environment of this process.
    pub(in crate::git) fn new(host: &[Var]) -> Self {
        let replaced = |name: &std::ffi::OsStr| REPLACED.iter().any(|ours| name == *ours);
        let mut vars: Vec<Var> = hostenv::scrubbed(host).into_iter().filter(|(name, _)| !replaced(name)).collect();
        for (name, value) in [
            // Nobody sits at a terminal.
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GCM_INTERACTIVE", "never"),
            ("GIT_LFS_SKIP_SMUDGE", "1"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_TEMPLATE_DIR", ""),
            // The configuration of the host may name a file for traces, which hold credentials.
            ("GIT_TRACE2", "0"),
            ("GIT_TRACE2_EVENT", "0"),
            ("GIT_TRACE2_PERF", "0"),
            // The messages of git are read.
            ("LC_ALL", "C.UTF-8"),
        ] {
            vars.push((name.into(), value.into()));
        }
        Self(vars)
    }

    pub(in crate::git) fn vars(&self) -> &[Var] {
        &self.0
    }

    /// For one place: its protocol and no other, whoever redirects; an ssh that does not ask, unless the operator says
    /// which ssh it is.
    pub(super) fn to(&self, protocol: &str, own_ssh: bool, own_agent: bool) -> Vec<Var> {
        let mut vars = self.0.clone();
        let has = |name: &str| self.0.iter().any(|(n, _)| n == name);
        let mut set = |name: &str, value: &str| vars.push((name.into(), value.into()));
        set("GIT_ALLOW_PROTOCOL", protocol);
        set("GIT_PROTOCOL_FROM_USER", "0");
        if !own_ssh && !has("GIT_SSH") && !has("GIT_SSH_COMMAND") {
            set("GIT_SSH_COMMAND", hostenv::SSH_COMMAND);
        }
        if !own_agent && !has("GIT_HTTP_USER_AGENT") {
            set("GIT_HTTP_USER_AGENT", concat!("git/2 (goproxy/", env!("CARGO_PKG_VERSION"), ")"));
        }
        vars
    }
}
