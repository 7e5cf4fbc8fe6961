//! The `.netrc` file, read the way the `go` command reads it (cmd/go/internal/auth/netrc.go): by lines, tokens in
//! pairs, the first entry of a machine wins, `default` never gives credentials, `macdef` runs to the next empty line.

use std::fmt;

/// A login for one machine. Its `Debug` shows neither part: some hosts take a token as the user.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

/// The entries that have all of machine, login and password, in file order.
#[derive(Clone, Debug, Default)]
pub struct Netrc(Vec<(String, Login)>);

impl Netrc {
    /// Reads a file. Nothing is an error: what is no entry counts as none.
    pub fn parse(text: &str) -> Self {
        let mut entries = Vec::new();
        let mut partial = Partial::default();
        let mut in_macro = false;
        for line in text.split('\n') {
            if in_macro {
                in_macro = !line.is_empty();
                continue;
            }
            let tokens: Vec<&str> = line.split_whitespace().collect();
            let pairs = tokens.chunks_exact(2);
            let rest = pairs.remainder();
            for pair in pairs {
                match pair[0] {
                    "machine" => partial = Partial { machine: pair[1].to_owned(), ..Partial::default() },
                    "login" => partial.login = pair[1].to_owned(),
                    "password" => partial.password = pair[1].to_owned(),
                    "macdef" => in_macro = true,
                    _ => {}
                }
                entries.extend(partial.take_if_complete());
            }
            if rest == ["default"] {
                break;
            }
        }
        Self(entries)
    }

    /// The login for `host`, or `host:port` where the port is not the scheme's own. Compared exactly, as `go` does.
    pub fn login(&self, machine: &str) -> Option<&Login> {
        self.0.iter().find(|(name, _)| name == machine).map(|(_, login)| login)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[derive(Default)]
struct Partial {
    machine: String,
    login: String,
    password: String,
}

impl Partial {
    fn take_if_complete(&mut self) -> Option<(String, Login)> {
        if self.machine.is_empty() || self.login.is_empty() || self.password.is_empty() {
            return None;
        }
        let Self { machine, login, password } = std::mem::take(self);
        Some((machine, Login { user: login, password }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(user: &str, password: &str) -> Login {
        Login { user: user.into(), password: password.into() }
    }

    #[test]
    fn reads_what_go_reads() {
        let netrc = Netrc::parse(
            "incomplete\n\nmachine api.github.com\n  login user\n  password pwd\n\n\
             machine incomlete.host\n  login justlogin\n\nmachine test.host\nlogin user2\npassword pwd2\n\n\
             machine oneline login user3 password pwd3\n\nmachine ignore.host macdef ignore\n  login nobody\n  password nothing\n\n\
             machine hasmacro.too macdef ignore-next-lines login user4 password pwd4\n  login nobody\n  password nothing\n\n\
             machine oneline login second password second\ndefault\nlogin anonymous\npassword gopher@golang.org\n\
             machine after.default\nlogin oops\npassword too-late-in-file\n",
        );
        assert_eq!(netrc.login("api.github.com"), Some(&login("user", "pwd")));
        assert_eq!(netrc.login("test.host"), Some(&login("user2", "pwd2")));
        assert_eq!(netrc.login("oneline"), Some(&login("user3", "pwd3")));
        assert_eq!(netrc.login("hasmacro.too"), Some(&login("user4", "pwd4")));
        for absent in ["incomlete.host", "ignore.host", "after.default", "", "api.github.com:8443"] {
            assert_eq!(netrc.login(absent), None, "{absent}");
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let netrc = Netrc::parse("machine a login b password canary\n");
        assert!(!format!("{netrc:?}").contains("canary"));
    }
}
