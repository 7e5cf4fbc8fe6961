//! A go.mod as `go` reads that of a dependency (x/mod/modfile `ParseLax`): statements that it does not know do not
//! matter, a syntax error or a bad `require` spoils the whole file.

use std::cmp::Ordering;

use super::{syntax, unquote};
use crate::path::{canonical_version, check_path_major, split_path_version};
use crate::semver;

/// Versions that are retracted, both ends included. The ends are what the file says, valid or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The lowest.
    pub low: String,
    /// The highest; the same for a single version.
    pub high: String,
}

impl Interval {
    /// Whether a version lies in it.
    pub fn contains(&self, version: &str) -> bool {
        semver::compare(&self.low, version) != Ordering::Greater
            && semver::compare(version, &self.high) != Ordering::Greater
    }
}

/// What the go.mod of a dependency says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lax {
    /// The version of the `go` line, without what only newer ones could understand (`1.24` of `v1.24.0.1`).
    pub go: Option<String>,
    /// Which versions of the module its author takes back.
    pub retract: Vec<Interval>,
    module: bool,
}

/// What a go.mod says; `None` if it cannot be read.
pub fn parse_lax(data: &[u8]) -> Option<Lax> {
    let mut file = Lax::default();
    syntax::each(&String::from_utf8_lossy(data), |verb, args| file.add(verb, args))?;
    Some(file)
}

/// The versions that a go.mod retracts; none if it cannot be read. Statements of a form that is not known retract
/// nothing.
pub fn retractions(data: &[u8]) -> Vec<Interval> {
    parse_lax(data).map(|file| file.retract).unwrap_or_default()
}

impl Lax {
    fn add(&mut self, verb: &str, args: &[&str]) -> Option<()> {
        match (verb, args) {
            ("go", [version]) if self.go.is_none() => self.go = Some(go_version(version)?.to_owned()),
            ("module", [path]) if !self.module => {
                string(path)?;
                self.module = true;
            }
            ("require", [path, version]) => {
                let (path, version) = (string(path)?, canonical_version(&string(version)?));
                let (_, major) = split_path_version(&path)?;
                Some(()).filter(|()| !version.is_empty() && check_path_major(&version, major).is_ok())?;
            }
            ("ignore", [path]) => drop(string(path)?),
            ("retract", args) => self.retract.extend(interval(args)),
            ("go" | "module" | "require" | "ignore", _) => return None,
            _ => {}
        }
        Some(())
    }
}

/// `v1.0.0` or `[v1.0.0, v1.9.9]`, whatever follows.
fn interval(args: &[&str]) -> Option<Interval> {
    let text = |end: &str| string(end).filter(|end| end != "(");
    match args {
        ["[", low, ",", high, "]", ..] => Some(Interval { low: string(low)?, high: string(high)? }),
        ["[", ..] => None,
        [version, ..] => text(version).map(|version| Interval { low: version.clone(), high: version }),
        [] => None,
    }
}

/// A token as a string: only double quotes count as such.
pub(super) fn string(token: &str) -> Option<String> {
    if let Some(rest) = token.strip_prefix('"') {
        return unquote(rest.strip_suffix('"')?);
    }
    (!token.contains(['"', '\'', '`'])).then(|| token.to_owned())
}

/// `1.21`, `1.21.0`, `1.21rc1`; of anything else the `1.21` that it begins with, after a `v` perhaps.
pub(super) fn go_version(text: &str) -> Option<&str> {
    let number = |text: &str| {
        let len = text.bytes().take_while(u8::is_ascii_digit).count();
        (len > 0 && (len == 1 || !text.starts_with('0'))).then_some(len)
    };
    let begin = text.strip_prefix('v').unwrap_or(text);
    let major = number(begin).filter(|_| !begin.starts_with('0'))?;
    let minor = number(begin[major..].strip_prefix('.')?)?;
    let (short, rest) = begin.split_at(major + 1 + minor);
    let patch = rest.strip_prefix('.').and_then(|patch| Some(&patch[number(patch)?..])).unwrap_or(rest);
    let kind = patch.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let numbered = kind.len() < patch.len() && !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_digit());
    if begin.len() == text.len() && (patch.is_empty() || numbered) {
        return Some(text);
    }
    rest.starts_with(|c: char| !c.is_ascii_digit()).then_some(short)
}

#[cfg(test)]
#[path = "lax_tests.rs"]
mod tests;
