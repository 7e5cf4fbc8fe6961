//! Rules: who may do what with which modules.

use gomod::{ModulePath, Patterns};

/// In a rule: everybody, with credentials or without.
pub const ANONYMOUS: &str = "anonymous";
/// In a rule: everybody with credentials.
pub const AUTHENTICATED: &str = "authenticated";

/// What somebody may do. Who administers may also read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Get files of modules and their checksums.
    Read,
    /// Also what is not for readers, such as `/metrics`.
    Admin,
}

/// One rule. Rules only ever add: what no rule allows is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    who: Vec<String>,
    /// `None`: all modules.
    modules: Option<Patterns>,
    right: Right,
}

impl Rule {
    /// A rule from its words. `modules` is a list of patterns as in GOPRIVATE; none, or `*`, are all modules.
    ///
    /// # Errors
    /// The word that is wrong, and what it may be.
    pub fn new(who: Vec<String>, modules: Option<&str>, right: Option<&str>) -> Result<Self, String> {
        if who.is_empty() || who.iter().any(String::is_empty) {
            return Err(format!("who wants names: of users, tokens, issuers, {ANONYMOUS} or {AUTHENTICATED}"));
        }
        let modules = match modules.map(str::trim) {
            None | Some("*") => None,
            Some(text) => Some(Patterns::parse(text).map_err(|error| format!("{error}; see go help private"))?),
        };
        if modules.as_ref().is_some_and(Patterns::is_empty) {
            return Err("modules is empty, so the rule allows nothing; leave it out for all modules".to_owned());
        }
        let right = match right {
            None | Some("read") => Right::Read,
            Some("admin") => Right::Admin,
            Some(other) => return Err(format!("right {other:?} must be one of read, admin")),
        };
        Ok(Self { who, modules, right })
    }

    /// The names that the rule is for.
    pub fn who(&self) -> impl Iterator<Item = &str> {
        self.who.iter().map(String::as_str)
    }

    /// Whether it gives this right for this module.
    pub(crate) fn allows(&self, right: Right, path: &ModulePath) -> bool {
        self.right >= right && self.modules.as_ref().is_none_or(|modules| modules.matches(path))
    }

    /// Whether it gives this right for any module.
    pub(crate) fn allows_something(&self, right: Right) -> bool {
        self.right >= right
    }

    /// Whether it gives this right for every module.
    pub(crate) fn allows_everything(&self, right: Right) -> bool {
        self.right >= right && self.modules.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(modules: &str, right: &str) -> Result<Rule, String> {
        Rule::new(vec!["u".into()], Some(modules), Some(right))
    }

    #[test]
    fn a_pattern_ends_at_an_element_and_minds_capitals() {
        let rule = rule("github.com/corp,*.corp.example.com", "read").unwrap();
        let allows = |path| rule.allows(Right::Read, &ModulePath::parse(path).unwrap());
        for path in ["github.com/corp", "github.com/corp/a/b/v2", "git.corp.example.com/x"] {
            assert!(allows(path), "{path}");
        }
        for path in [
            "github.com/corporate",
            "github.com/Corp/a",
            "github.com/corp.x",
            "example.com/github.com/corp",
            "corp.example.com/x",
        ] {
            assert!(!allows(path), "{path}");
        }
    }

    #[test]
    fn who_administers_also_reads_and_not_the_other_way_round() {
        let path = ModulePath::parse("a.example/b").unwrap();
        let (admin, read) = (rule("*", "admin").unwrap(), rule("a.example", "read").unwrap());
        assert!(admin.allows(Right::Read, &path) && admin.allows(Right::Admin, &path));
        assert!(read.allows(Right::Read, &path) && !read.allows(Right::Admin, &path));
        assert!(admin.allows_everything(Right::Admin) && !read.allows_everything(Right::Read));
        assert!(!rule("a.example", "admin").unwrap().allows_everything(Right::Admin));
    }

    #[test]
    fn mistakes_are_errors_with_a_remedy() {
        assert!(rule("a.b/[x", "read").unwrap_err().contains("malformed pattern"));
        assert!(rule(",", "read").unwrap_err().contains("allows nothing"));
        assert!(rule("*", "write").unwrap_err().contains("must be one of read, admin"));
        assert!(Rule::new(vec![], None, None).unwrap_err().contains("who wants names"));
    }
}
