//! `?go-get=1` pages: the go-import tags in them and what they say about a path (cmd/go/internal/vcs, discovery.go).
//!
//! What such a page is, is what Go's own XML reader, told not to be strict, makes of it: pages that browsers read well
//! may fail, and others that no browser would read pass.

mod check;
mod declarations;
mod names;
#[cfg(test)]
mod tests;
mod text;
#[cfg(test)]
mod token_tests;
mod tokens;

pub use check::{check_repo_root, check_subdirectory};

use std::collections::HashSet;

use crate::vcs::Vcs;
use tokens::{Token, Tokens};

/// A go-import tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoImport {
    /// The path of the repository's root, or of the subdirectory of it.
    pub prefix: String,
    /// A word for [`Vcs::named`], as it stands there.
    pub vcs: String,
    /// The URL of the repository.
    pub repo_root: String,
    /// Where in the repository the prefix lies; empty for its root.
    pub subdirectory: String,
}

/// Why no tag is the one for a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatchError {
    /// The prefix of none leads to the path: in `go`'s words, one after the other.
    #[error("{}{}", prefixes.iter().map(|prefix| format!("meta tag {prefix} did not match import path {path}")).collect::<Vec<_>>().join(", "), and_more(*more))]
    None {
        /// Those of the first tags: with all of a hostile page, each time with the path, the text would have many times its size.
        prefixes: Vec<String>,
        /// How many others there are.
        more: usize,
        /// What was looked for.
        path: String,
    },
    /// More than one does.
    #[error("multiple meta tags match import path {0:?}")]
    Multiple(String),
}

impl GoImport {
    /// The tags of a page, those of module proxies first; they replace others with the same prefix. What follows
    /// `</head>` or `<body>`, or an error behind the first tag, does not count.
    ///
    /// # Errors
    /// In the words of Go's XML reader, where the page has an error and no tag before it.
    pub fn parse(page: &[u8]) -> Result<Vec<Self>, String> {
        let mut found = Vec::new();
        for token in Tokens::new(page) {
            match token {
                Err(error) if found.is_empty() => return Err(error),
                Err(_) => break,
                Ok(Token::Start { name, .. }) if name.eq_ignore_ascii_case("body") => break,
                Ok(Token::End { name }) if name.eq_ignore_ascii_case("head") => break,
                Ok(Token::Start { name, attributes }) if name.eq_ignore_ascii_case("meta") => {
                    found.extend(Self::of_tag(&attributes));
                }
                Ok(_) => {}
            }
        }
        let (mut proxies, mut others): (Vec<_>, Vec<_>) = found.into_iter().partition(Self::is_proxy);
        let replaced: HashSet<_> = proxies.iter().map(|proxy: &Self| proxy.prefix.as_str()).collect();
        others.retain(|other| !replaced.contains(other.prefix.as_str()));
        proxies.append(&mut others);
        Ok(proxies)
    }

    /// From the attributes of a `meta` tag, their names without namespace.
    fn of_tag(attributes: &[(String, String)]) -> Option<Self> {
        let value = |wanted: &str| {
            let found = attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map_or("", |(_, value)| value)
        };
        if value("name") != "go-import" {
            return None;
        }
        let fields: Vec<&str> = value("content").split_whitespace().collect();
        let (prefix, vcs, repo_root, subdirectory) = match *fields {
            [prefix, vcs, root] => (prefix, vcs, root, ""),
            [prefix, vcs, root, subdirectory] => (prefix, vcs, root, subdirectory),
            _ => return None,
        };
        Some(Self {
            prefix: prefix.to_owned(),
            vcs: vcs.to_owned(),
            repo_root: repo_root.to_owned(),
            subdirectory: subdirectory.to_owned(),
        })
    }

    fn is_proxy(&self) -> bool {
        self.vcs == Vcs::Mod.name()
    }

    /// The one tag for a path, of tags in the order of [`GoImport::parse`]: there must be no second one, except behind
    /// a module proxy.
    ///
    /// # Errors
    /// None is, or more than one.
    pub fn matching<'a>(imports: &'a [Self], path: &str) -> Result<&'a Self, MatchError> {
        let leads_to = |import: &&Self| is_prefix(&import.prefix, path);
        let mut matching = imports.iter().filter(leads_to);
        match (matching.next(), matching.next()) {
            (Some(found), None) => Ok(found),
            (Some(found), Some(second)) if found.is_proxy() && !second.is_proxy() => Ok(found),
            (Some(_), Some(_)) => Err(MatchError::Multiple(path.to_owned())),
            (None, _) => {
                let prefixes: Vec<_> = imports.iter().take(NAMED).map(|import| import.prefix.clone()).collect();
                Err(MatchError::None { more: imports.len() - prefixes.len(), prefixes, path: path.to_owned() })
            }
        }
    }
}

/// How many tags an error names.
const NAMED: usize = 10;

fn and_more(more: usize) -> String {
    if more > 0 { format!(", and {more} more did not") } else { String::new() }
}

/// Element by element. A prefix that ends in a slash leads to what is below it.
fn is_prefix(prefix: &str, path: &str) -> bool {
    let below = |rest: &str| rest.starts_with('/') || prefix.ends_with('/');
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || below(rest))
}
