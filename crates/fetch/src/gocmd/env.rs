//! The environment of a run: the host's, as the original hands it on, less what would make `go` do something else than
//! fetch one module directly, plus what makes it do just that.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use crate::{
    credentials::{Credential, child},
    exec::hostenv::{self, Var},
    netrc,
};

/// Only this module is checked against the checksum database by the run itself: `go` refuses it otherwise.
const TOOLCHAIN: &str = "golang.org/toolchain";

/// What is the same for all runs. It may hold credentials, so it cannot be printed.
pub(super) struct Environment {
    base: Vec<Var>,
    sumdb: Option<OsString>,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}

/// What is different for each.
pub(super) struct Run<'a> {
    pub(super) module: &'a str,
    pub(super) private: &'a str,
    pub(super) insecure: &'a str,
    pub(super) gopath: &'a Path,
    pub(super) gocache: &'a Path,
    pub(super) tmp: &'a Path,
    pub(super) telemetry: &'a Path,
    /// For git.
    pub(super) credentials: &'a [Credential],
    /// In place of the host's.
    pub(super) netrc: Option<&'a Path>,
}

impl Environment {
    /// From the environment of this process.
    pub(super) fn new(host: &[Var]) -> Self {
        let get = |name: &str| host.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
        let mut base: Vec<Var> = hostenv::scrubbed(host);
        let mut set = |name: &str, value: &str| base.push((name.into(), value.into()));
        for (name, value) in [
            ("GO111MODULE", "on"),
            ("GOPROXY", "direct"),
            ("GONOPROXY", ""),
            ("GOWORK", "off"),
            ("GOENV", "off"),
            ("GOFLAGS", "-modcacherw"),
            // A newer `go` line is answered by a newer toolchain only if the host has one: nothing is downloaded for it.
            ("GOTOOLCHAIN", "path"),
            // Clones get no hooks, neither the host's own, which are not meant for strangers' repositories, nor samples.
            ("GIT_TEMPLATE_DIR", ""),
            // Nobody sits at a terminal.
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GCM_INTERACTIVE", "never"),
            // The messages of git are read.
            ("LC_ALL", "C.UTF-8"),
        ] {
            set(name, value);
        }
        if get("GIT_SSH").is_none() && get("GIT_SSH_COMMAND").is_none() {
            set("GIT_SSH_COMMAND", hostenv::SSH_COMMAND);
        }
        // A collection of garbage in the background would leave our process group.
        hostenv::add_git_config(&mut base, "gc.autoDetach", "false");
        Self { base, sumdb: get("GOSUMDB") }
    }

    /// For one run.
    pub(super) fn vars(&self, run: &Run<'_>) -> Vec<Var> {
        let mut vars = self.base.clone();
        let mut set = |name: &str, value: &OsStr| vars.push((name.into(), value.into()));
        set("GOPRIVATE", run.private.as_ref());
        set("GOINSECURE", run.insecure.as_ref());
        set("GOPATH", run.gopath.as_ref());
        set("GOMODCACHE", run.gopath.join("pkg/mod").as_ref());
        set("GOCACHE", run.gocache.as_ref());
        set("TMPDIR", run.tmp.as_ref());
        // Counting uses, and starting a process that reports them, is not ours to cause. There is no variable to turn
        // it off; this one (cmd/internal/telemetry) moves it to where it is off.
        set("TEST_TELEMETRY_DIR", run.telemetry.as_ref());
        if run.module != TOOLCHAIN {
            set("GOSUMDB", "off".as_ref());
        } else if let Some(sumdb) = &self.sumdb {
            set("GOSUMDB", sumdb);
        }
        if let Some(netrc) = run.netrc {
            vars.retain(|(name, _)| name != "NETRC");
            vars.push(("NETRC".into(), netrc.into()));
        }
        run.credentials.iter().for_each(|credential| child::add_to_git(&mut vars, credential));
        vars
    }

    /// The host's own `.netrc`.
    pub(super) fn netrc(&self) -> Option<PathBuf> {
        netrc::path(|name| hostenv::get(&self.base, name).map(OsStr::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn vars(module: &str, host: &[(&str, &str)]) -> HashMap<String, String> {
        let host: Vec<Var> = host.iter().map(|(n, v)| (OsString::from(n), OsString::from(v))).collect();
        let path = Path::new("/s");
        let run = Run {
            module,
            private: "a.b/*",
            insecure: "c.d",
            gopath: path,
            gocache: path,
            tmp: path,
            telemetry: path,
            credentials: &[],
            netrc: None,
        };
        let text = |s: OsString| s.into_string().unwrap();
        let vars = Environment::new(&host).vars(&run);
        let map: HashMap<_, _> = vars.iter().cloned().map(|(n, v)| (text(n), text(v))).collect();
        assert_eq!(map.len(), vars.len(), "nothing is set twice");
        map
    }

    #[test]
    fn what_authenticates_passes_and_what_disturbs_does_not() {
        let kept = [
            ("HOME", "/h"),
            ("NETRC", "/h/.netrc"),
            ("SSH_AUTH_SOCK", "/x"),
            ("GIT_SSH_COMMAND", "ssh -i /k"),
            ("GIT_ASKPASS", "/ask"),
            ("HTTPS_PROXY", "http://p:1"),
            ("NO_PROXY", "x"),
            ("SSL_CERT_FILE", "/ca"),
            ("GOVCS", "a:all"),
            ("GOAUTH", "netrc"),
            ("GOOGLE_APPLICATION_CREDENTIALS", "/g"),
        ];
        let hostile: Vec<(&str, &str)> = hostenv::WITHHELD.iter().map(|name| (*name, "canary")).collect();
        let host: Vec<_> = kept.iter().copied().chain(hostile).chain([("GIT_TRACE_CURL", "canary")]).collect();
        let vars = vars("a.b/c", &host);
        for (name, value) in kept {
            assert_eq!(vars.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert!(!vars.values().any(|value| value == "canary"), "{vars:?}");
        assert_eq!(
            ["GOPROXY", "GOSUMDB", "GOPRIVATE", "GOINSECURE"].map(|name| vars[name].as_str()),
            ["direct", "off", "a.b/*", "c.d"]
        );
    }

    #[test]
    fn ssh_never_asks_unless_the_host_says_how() {
        assert!(vars("a.b/c", &[])["GIT_SSH_COMMAND"].contains("BatchMode=yes"));
        assert!(!vars("a.b/c", &[("GIT_SSH", "/my/ssh")]).contains_key("GIT_SSH_COMMAND"));
    }

    #[test]
    fn the_toolchain_is_checked_as_the_host_says() {
        assert_eq!(vars(TOOLCHAIN, &[("GOSUMDB", "my.db+1+2")])["GOSUMDB"], "my.db+1+2");
        assert!(!vars(TOOLCHAIN, &[]).contains_key("GOSUMDB"));
    }

    #[test]
    fn git_configuration_of_the_host_is_added_to() {
        let host = [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "a.b"), ("GIT_CONFIG_VALUE_0", "c")];
        let with = vars("a.b/c", &host);
        assert_eq!((with["GIT_CONFIG_COUNT"].as_str(), with["GIT_CONFIG_KEY_0"].as_str()), ("2", "a.b"));
        assert_eq!(with["GIT_CONFIG_KEY_1"], "gc.autoDetach");
        assert_eq!(vars("a.b/c", &[("GIT_CONFIG_COUNT", "x")])["GIT_CONFIG_COUNT"], "x");
    }
}
