//! The `!` escaping of paths and versions in URLs and file names: `!x` stands for `X`, so that names which differ in
//! case only stay apart on every file system (golang.org/x/mod/module, "Escaped Paths").

use std::borrow::Cow;

use crate::path::{Kind, PathError, check_element, check_path};
use crate::version::VersionError;

/// The escaped form of a module path, which is checked first.
pub fn escape_path(path: &str) -> Result<String, PathError> {
    check_path(path)?;
    Ok(escape(path))
}

/// The escaped form of a version or query: any file name without `!` and without letters beyond ASCII.
pub fn escape_version(version: &str) -> Result<String, VersionError> {
    let file_name = check_element(version, Kind::File).is_ok() && version.is_ascii() && !version.contains('!');
    if !file_name {
        return Err(VersionError::Disallowed(version.to_owned()));
    }
    Ok(escape(version))
}

/// The module path that `escaped` stands for.
pub fn unescape_path(escaped: &str) -> Result<String, PathError> {
    let refused = |reason| PathError::Escaped { escaped: escaped.to_owned(), reason };
    let path = unescape(escaped).ok_or_else(|| refused(None))?;
    check_path(&path).map_err(|error| refused(Some(Box::new(error))))?;
    Ok(path.into_owned())
}

/// The version or query that `escaped` stands for: a file name without `!`.
pub fn unescape_version(escaped: &str) -> Result<String, VersionError> {
    let refused = |reason| VersionError::Escaped { escaped: escaped.to_owned(), reason };
    let version = unescape(escaped).ok_or_else(|| refused(None))?;
    check_element(&version, Kind::File).map_err(|reason| refused(Some(reason)))?;
    Ok(version.into_owned())
}

/// Escapes a string that is known to be ASCII without `!`.
pub(crate) fn escape(s: &str) -> String {
    let mut escaped = String::with_capacity(s.len() + 4);
    for c in s.chars() {
        if c.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(c.to_ascii_lowercase());
    }
    escaped
}

/// Undoes [`escape`]; nothing else than what it yields is accepted, so every name has one escaped form.
fn unescape(escaped: &str) -> Option<Cow<'_, str>> {
    if !escaped.is_ascii() || escaped.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let mut pieces = escaped.split('!');
    let first = pieces.next().unwrap_or_default();
    if first.len() == escaped.len() {
        return Some(Cow::Borrowed(escaped));
    }
    let mut plain = first.to_owned();
    for piece in pieces {
        let letter = piece.chars().next().filter(char::is_ascii_lowercase)?;
        plain.push(letter.to_ascii_uppercase());
        plain.push_str(&piece[1..]);
    }
    Some(Cow::Owned(plain))
}

#[cfg(test)]
#[path = "escape_tests.rs"]
mod tests;
