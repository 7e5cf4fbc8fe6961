//! GOVCS (`go help vcs`): which version control systems may be used for which modules.

use super::Vcs;
use crate::Patterns;

/// The rules in force: those of the variable, and behind them Go's own, `private:all,public:git|hg`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoVcs(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    whom: Whom,
    allowed: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Whom {
    Private,
    Public,
    Matching(Patterns),
}

/// Why a value is refused, in `go`'s words; also patterns that `go` accepts and that could match nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct GoVcsError(String);

impl Default for GoVcs {
    fn default() -> Self {
        let rule = |whom, allowed: &[&str]| Rule { whom, allowed: allowed.iter().map(|&s| s.to_owned()).collect() };
        Self(vec![rule(Whom::Private, &["all"]), rule(Whom::Public, &["git", "hg"])])
    }
}

impl GoVcs {
    /// Reads the variable's value.
    pub fn parse(text: &str) -> Result<Self, GoVcsError> {
        let mut rules = Vec::new();
        let mut seen: Vec<(&str, &str)> = Vec::new();
        let items = if text.trim().is_empty() { Vec::new() } else { text.split(',').map(str::trim).collect() };
        for item in items {
            let (pattern, list) = split(item)?;
            if let Some((_, old)) = seen.iter().find(|(known, _)| *known == pattern) {
                return Err(GoVcsError(format!("unreachable pattern in GOVCS: {item:?} after {old:?}")));
            }
            seen.push((pattern, item));
            rules.push(Rule { whom: whom(pattern)?, allowed: allowed(item, list)? });
        }
        rules.extend(Self::default().0);
        Ok(Self(rules))
    }

    /// Refuses a system for the repository whose root has this path, in `go`'s words. `private` is whether GOPRIVATE
    /// matches.
    pub fn check(&self, vcs: Vcs, root: &str, private: bool) -> Result<(), String> {
        // Nothing is started for a module proxy.
        if vcs == Vcs::Mod || self.allows(vcs, root, private) {
            return Ok(());
        }
        let what = if private { "private" } else { "public" };
        Err(format!("GOVCS disallows using {} for {what} {root}; see 'go help vcs'", vcs.name()))
    }

    /// The first rule that is about the path decides.
    fn allows(&self, vcs: Vcs, root: &str, private: bool) -> bool {
        let is_about = |rule: &&Rule| match &rule.whom {
            Whom::Private => private,
            Whom::Public => !private,
            Whom::Matching(patterns) => patterns.matches_str(root),
        };
        let rule = self.0.iter().find(is_about);
        rule.is_some_and(|rule| rule.allowed.iter().any(|name| name == vcs.name() || name == "all"))
    }
}

fn split(item: &str) -> Result<(&str, &str), GoVcsError> {
    let error = |text: String| Err(GoVcsError(text));
    if item.is_empty() {
        return error("empty entry in GOVCS".to_owned());
    }
    let Some((pattern, list)) = item.split_once(':').map(|(pattern, list)| (pattern.trim(), list.trim())) else {
        return error(format!("malformed entry in GOVCS (missing colon): {item:?}"));
    };
    match (pattern, list) {
        ("", _) => error(format!("empty pattern in GOVCS: {item:?}")),
        (_, "") => error(format!("empty VCS list in GOVCS: {item:?}")),
        ("." | "..", _) => error(format!("relative pattern not allowed in GOVCS: {pattern:?}")),
        _ if pattern.starts_with("./") || pattern.starts_with("../") => {
            error(format!("relative pattern not allowed in GOVCS: {pattern:?}"))
        }
        both => Ok(both),
    }
}

fn whom(pattern: &str) -> Result<Whom, GoVcsError> {
    match pattern {
        "private" => Ok(Whom::Private),
        "public" => Ok(Whom::Public),
        _ => Patterns::parse(pattern).map(Whom::Matching).map_err(|error| GoVcsError(error.to_string())),
    }
}

fn allowed(item: &str, list: &str) -> Result<Vec<String>, GoVcsError> {
    let names: Vec<String> = list.split('|').map(|name| name.trim().to_owned()).collect();
    match names.iter().any(String::is_empty) {
        true => Err(GoVcsError(format!("empty VCS name in GOVCS: {item:?}"))),
        false => Ok(names),
    }
}

#[cfg(test)]
#[path = "govcs_tests.rs"]
mod tests;
