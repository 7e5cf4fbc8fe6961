//! Logins of the `.netrc` file ([`gomod::netrc`]), and where it is.

use std::{ffi::OsString, path::PathBuf};

use crate::Secret;

/// A login for one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: Secret,
}

/// The file, read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Netrc(gomod::netrc::Netrc);

impl Netrc {
    pub(crate) fn parse(text: &str) -> Self {
        Self(gomod::netrc::Netrc::parse(text))
    }

    /// The login for `host`, or `host:port` where the port is not the scheme's own. Compared exactly, as `go` does.
    pub(crate) fn login(&self, machine: &str) -> Option<Login> {
        let gomod::netrc::Login { user, password } = self.0.login(machine)?;
        Some(Login { user: user.clone(), password: Secret::new(password) })
    }
}

/// Where the file is: `NETRC`, else `.netrc` in the home directory.
pub(crate) fn path(env: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name| env(name).filter(|value| !value.is_empty());
    set("NETRC").map(PathBuf::from).or_else(|| set("HOME").map(|home| PathBuf::from(home).join(".netrc")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_file() {
        let env = |pairs: &'static [(&str, &str)]| {
            move |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v))
        };
        assert_eq!(path(env(&[("NETRC", "/a/n"), ("HOME", "/h")])), Some("/a/n".into()));
        assert_eq!(path(env(&[("NETRC", ""), ("HOME", "/h")])), Some("/h/.netrc".into()));
        assert_eq!(path(env(&[])), None);
    }

    #[test]
    fn debug_shows_no_password() {
        let netrc = Netrc::parse("machine a login b password canary\n");
        assert!(!format!("{netrc:?}").contains("canary"));
    }
}
