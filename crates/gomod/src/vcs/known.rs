//! What a module path says about its repository by itself: hosts that everybody knows, and paths that name the
//! repository's end (`example.com/x.git/sub`).

use super::Vcs;

/// The repository of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What it is kept in.
    pub vcs: Vcs,
    /// The path of its root: a prefix of the module path as a rule; what follows a `~` inside an element may be taken for
    /// a host of its own, as `go` does before it finds that they don't agree.
    pub root: String,
    /// Where it is.
    pub location: Location,
}

/// Where a repository is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// Its URL.
    Url(String),
    /// `host/path`: which scheme leads to it has to be tried ([`Vcs::schemes`]).
    Schemeless(String),
}

/// The repository of a valid module path, `None` if the host's go-import page has to be asked.
///
/// # Errors
/// In `go`'s words: the host is known, and has no such repositories.
pub fn known(path: &str) -> Result<Option<Known>, String> {
    let elements: Vec<&str> = path.split('/').collect();
    match elements[0] {
        // Reserved so that Go's own tests need no network.
        "example.net" => return Err("no modules on example.net".to_owned()),
        "rsc.io" if elements.len() == 1 => return Err("rsc.io is not a module".to_owned()),
        _ => {}
    }
    let Some(host) = HOSTS.iter().find(|host| host.is_of(&elements)) else { return Ok(general(path)) };
    let Some(length) = (host.root)(&elements).filter(|_| elements.iter().all(|element| is_plain(element))) else {
        return Err(format!("invalid {} import path {path:?}", host.prefix));
    };
    let root = elements[..length].join("/");
    if host.refuses_suffix && Vcs::SYSTEMS.iter().any(|vcs| named_end(&root, *vcs).is_some()) {
        return Err(format!("invalid version control suffix in {}/ path", host.prefix));
    }
    Ok(Some(Known { vcs: host.vcs, location: Location::Url(format!("https://{root}")), root }))
}

/// A host whose repositories need no asking.
struct Host {
    prefix: &'static str,
    vcs: Vcs,
    /// How many elements the root has, if the path is one of the host's.
    root: fn(&[&str]) -> Option<usize>,
    /// Whether the repository's name must not end like `.git`.
    refuses_suffix: bool,
}

const HOSTS: [Host; 6] = [
    Host { prefix: "github.com", vcs: Vcs::Git, root: owner_and_name, refuses_suffix: true },
    Host { prefix: "bitbucket.org", vcs: Vcs::Git, root: owner_and_name, refuses_suffix: true },
    Host { prefix: "hub.jazz.net/git", vcs: Vcs::Git, root: jazz, refuses_suffix: true },
    Host { prefix: "git.apache.org", vcs: Vcs::Git, root: apache, refuses_suffix: false },
    Host { prefix: "git.openstack.org", vcs: Vcs::Git, root: owner_and_name, refuses_suffix: false },
    Host { prefix: "chiselapp.com", vcs: Vcs::Fossil, root: chisel, refuses_suffix: false },
];

impl Host {
    fn is_of(&self, elements: &[&str]) -> bool {
        self.prefix.split('/').enumerate().all(|(at, part)| elements.get(at) == Some(&part))
    }
}

fn owner_and_name(elements: &[&str]) -> Option<usize> {
    (elements.len() >= 3).then_some(3)
}

fn jazz(elements: &[&str]) -> Option<usize> {
    let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (elements.len() >= 4 && elements[2].bytes().all(lower)).then_some(4)
}

fn apache(elements: &[&str]) -> Option<usize> {
    let name = named_end(elements.get(1)?, Vcs::Git)?;
    let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b);
    (!name.is_empty() && name.bytes().all(lower)).then_some(2)
}

/// The whole path is the repository: nothing may follow.
fn chisel(elements: &[&str]) -> Option<usize> {
    match elements {
        [_, "user", user, "repository", _] if user.bytes().all(|b| b.is_ascii_alphanumeric()) => Some(5),
        _ => None,
    }
}

/// `\w`, dots and dashes, as all static hosts have it.
fn is_plain(element: &str) -> bool {
    !element.is_empty() && element.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// What stands before `.git` and the like.
fn named_end(element: &str, vcs: Vcs) -> Option<&str> {
    element.strip_suffix(vcs.name())?.strip_suffix('.')
}

/// Any host, if an element of the path ends in `.git` or the like: the first one that does is the end of the root.
///
/// Go's expression is not anchored at the start of the path. With a module path that matters only behind a `~` that does
/// not begin its element: such an element is none of a repository, and what follows it is tried as a path of its own.
fn general(path: &str) -> Option<Known> {
    let inner_tilde = |&(at, _): &(usize, &str)| at > 0 && !path[..at].ends_with('/');
    let start = path.match_indices('~').filter(inner_tilde).map(|(at, _)| at + 1).next_back().unwrap_or(0);
    let tail = &path[start..];
    // From the beginning only the whole host is one, whose later parts would say the same.
    let starts = if start == 0 { 0..1 } else { 0..tail.len() };
    starts.into_iter().find_map(|at| named(tail.get(at..)?))
}

fn named(path: &str) -> Option<Known> {
    let (host, rest) = path.split_once('/')?;
    let host_char = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
    let inner_dot = host.len() > 2 && host[1..host.len() - 1].contains('.');
    if !inner_dot || !host.bytes().all(host_char) {
        return None;
    }
    let mut found = None;
    let mut end = host.len();
    for element in rest.split('/') {
        end += 1 + element.len();
        let plain = element.strip_prefix('~').unwrap_or(element);
        if !is_plain(plain) {
            return None;
        }
        let suffix = Vcs::SYSTEMS.into_iter().find(|vcs| named_end(plain, *vcs).is_some_and(|name| !name.is_empty()));
        found = found.or_else(|| suffix.map(|vcs| (vcs, end)));
    }
    let (vcs, end) = found?;
    let root = path[..end].to_owned();
    let schemeless = named_end(&root, vcs)?.to_owned();
    Some(Known { vcs, location: Location::Schemeless(schemeless), root })
}

#[cfg(test)]
#[path = "known_tests.rs"]
mod tests;
