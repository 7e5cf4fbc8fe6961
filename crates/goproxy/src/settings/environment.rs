//! The environment as a value, read once, so that tests can bring their own.

use std::{collections::BTreeMap, ffi::OsString};

/// What Kubernetes sets for a service that is named `goproxy`: none of ours, and never worth a warning.
const SERVICE_LINKS: [&str; 2] = ["GOPROXY_SERVICE_", "GOPROXY_PORT"];

/// What `goproxy auth` reads: for clients, but a machine may be both.
const OF_CLIENTS: [&str; 4] = ["GOPROXY_TOKEN", "GOPROXY_TOKEN_FILE", "GOPROXY_TOKEN_VARIABLE", "GOPROXY_AUDIENCE"];

/// Environment variables. An empty one counts as unset, as it does for Go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The environment of this process. A value that is not UTF-8 is read with replacement characters.
    pub(crate) fn of_process() -> Self {
        let text = |s: OsString| s.to_string_lossy().into_owned();
        Self(std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect())
    }

    /// A variable, unless it is unset or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// `GOPROXY_...` variables that name no setting: most likely misspelt.
    pub(crate) fn unknown(&self, known: impl Fn(&str) -> bool) -> Vec<String> {
        let ours = |name: &&String| {
            let expected = OF_CLIENTS.contains(&name.as_str()) || known(name);
            name.starts_with("GOPROXY_") && !expected && !SERVICE_LINKS.iter().any(|link| name.starts_with(link))
        };
        self.0.keys().filter(ours).cloned().collect()
    }

    /// The first entry of GOPATH as `go` finds it without its own configuration file: `$GOPATH`, else `$HOME/go`.
    pub(crate) fn go_path(&self) -> Result<String, String> {
        if let Some(list) = self.get("GOPATH") {
            return match list.split(':').find(|entry| !entry.is_empty()) {
                Some(entry) if entry.starts_with('/') => Ok(entry.to_owned()),
                _ => Err(format!("GOPATH {list:?} does not begin with an absolute path; set -cacheDir")),
            };
        }
        match self.get("HOME") {
            Some(home) if home.starts_with('/') => Ok(format!("{}/go", home.trim_end_matches('/'))),
            _ => Err("neither GOPATH nor HOME is set, so there is no default; set -cacheDir".into()),
        }
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_path_is_found_without_go() {
        for (variables, found) in [
            ([("GOPATH", "/a:/b"), ("HOME", "/h")], Some("/a")),
            ([("GOPATH", ":/b"), ("HOME", "/h")], Some("/b")),
            ([("GOPATH", ""), ("HOME", "/h")], Some("/h/go")),
            ([("GOPATH", ""), ("HOME", "/")], Some("/go")),
            ([("GOPATH", "a"), ("HOME", "/h")], None),
            ([("GOPATH", ""), ("HOME", "")], None),
        ] {
            assert_eq!(Environment::from(variables).go_path().ok().as_deref(), found, "{variables:?}");
        }
    }

    #[test]
    fn misspelt_variables_are_found_and_service_links_are_not() {
        let environment = Environment::from([
            ("GOPROXY_LISTEN", ":1"),
            ("GOPROXY_LISTN", ":1"),
            ("GOPROXY_SERVICE_HOST", "10.0.0.1"),
            ("GOPROXY_PORT_8081_TCP", "tcp://10.0.0.1:8081"),
            ("GOPROXY", "https://goproxy.io"),
        ]);
        assert_eq!(environment.unknown(|name| name == "GOPROXY_LISTEN"), ["GOPROXY_LISTN"]);
    }
}
