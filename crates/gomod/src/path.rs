//! The rules for module, import and file paths: golang.org/x/mod/module `CheckPath`, `CheckImportPath` and
//! `CheckFilePath`, with the escaping and the major version suffix beside them.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

pub use crate::escape::{escape_path, escape_version, unescape_path, unescape_version};
pub use crate::major::{canonical_version, check_path_major, match_path_major, split_path_version};

/// Why a path is refused, in the words of the `go` command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The path breaks a rule.
    #[error("malformed {kind} path {path:?}: {reason}")]
    Malformed {
        /// `module`, `import` or `file`.
        kind: &'static str,
        /// The path as given.
        path: String,
        /// The rule.
        reason: String,
    },
    /// The `!` escaping is broken, or the unescaped path breaks a rule.
    #[error("invalid escaped module path {escaped:?}{}", reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default())]
    Escaped {
        /// The escaped path as given.
        escaped: String,
        /// The rule broken by the unescaped path, if the escaping itself was right.
        reason: Option<Box<Self>>,
    },
}

/// What a path is for: each kind allows other characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Module,
    Import,
    File,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Import => "import",
            Self::File => "file",
        }
    }

    fn allows(self, c: char) -> bool {
        let in_module = c.is_ascii_alphanumeric() || "-._~".contains(c);
        match self {
            Self::Module => in_module,
            Self::Import => in_module || c == '+',
            Self::File if c.is_ascii() => c.is_ascii_alphanumeric() || "!#$%&()+,-.=@[]^_{}~ ".contains(c),
            Self::File => c.general_category_group() == GeneralCategoryGroup::Letter,
        }
    }
}

/// Checks a module path: an import path whose first element is a lower-case host name with a dot, no element of which
/// starts with a dot, and whose `/vN` suffix, if any, is one of v2 and up. `gopkg.in/` paths end in `.vN` instead.
pub fn check_path(path: &str) -> Result<(), PathError> {
    malformed(Kind::Module, path, check_module(path))
}

/// Checks an import path: non-empty elements of ASCII letters, digits and `-._~+`, none of them all dots, with a
/// trailing dot, reserved on Windows, or like a Windows short name (`~1`).
pub fn check_import_path(path: &str) -> Result<(), PathError> {
    malformed(Kind::Import, path, check(path, Kind::Import))
}

/// Checks the path of a file in a module: as an import path, with more punctuation, spaces and all Unicode letters.
pub fn check_file_path(path: &str) -> Result<(), PathError> {
    malformed(Kind::File, path, check(path, Kind::File))
}

fn malformed(kind: Kind, path: &str, checked: Result<(), String>) -> Result<(), PathError> {
    checked.map_err(|reason| PathError::Malformed { kind: kind.name(), path: path.to_owned(), reason })
}

fn check_module(path: &str) -> Result<(), String> {
    check(path, Kind::Module)?;
    let first = path.split('/').next().unwrap_or(path);
    if !first.contains('.') {
        return Err("missing dot in first path element".to_owned());
    }
    let host_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    if let Some(c) = first.chars().find(|&c| !host_char(c)) {
        return Err(format!("invalid char {c:?} in first path element"));
    }
    match split_path_version(path) {
        Some(_) => Ok(()),
        None => Err("invalid version".to_owned()),
    }
}

fn check(path: &str, kind: Kind) -> Result<(), String> {
    let refused = match path {
        "" => "empty string",
        p if p.starts_with('-') && kind != Kind::File => "leading dash",
        p if p.contains("//") => "double slash",
        p if p.ends_with('/') => "trailing slash",
        _ => return path.split('/').try_for_each(|element| check_element(element, kind)),
    };
    Err(refused.to_owned())
}

/// Checks one path element.
pub(crate) fn check_element(element: &str, kind: Kind) -> Result<(), String> {
    if element.is_empty() {
        return Err("empty path element".to_owned());
    }
    if element.bytes().all(|b| b == b'.') {
        return Err(format!("invalid path element {element:?}"));
    }
    if element.starts_with('.') && kind == Kind::Module {
        return Err("leading dot in path element".to_owned());
    }
    if element.ends_with('.') {
        return Err("trailing dot in path element".to_owned());
    }
    if let Some(c) = element.chars().find(|&c| !kind.allows(c)) {
        return Err(format!("invalid char {c:?}"));
    }
    // Windows looks at what stands before the first dot only: aux.go is the device AUX.
    let stem = element.split('.').next().unwrap_or(element);
    if is_windows_device(stem) {
        return Err(format!("{stem:?} disallowed as path element component on Windows"));
    }
    if kind != Kind::File && is_windows_short_name(stem) {
        return Err("trailing tilde and digits in path element".to_owned());
    }
    Ok(())
}

/// CON, PRN, AUX, NUL, COM1 to COM9, LPT1 to LPT9, in any case.
fn is_windows_device(stem: &str) -> bool {
    let is = |name: &str| stem.eq_ignore_ascii_case(name);
    let numbered = || match stem.as_bytes() {
        [port @ .., b'1'..=b'9'] => port.eq_ignore_ascii_case(b"com") || port.eq_ignore_ascii_case(b"lpt"),
        _ => false,
    };
    is("con") || is("prn") || is("aux") || is("nul") || numbered()
}

/// `progra~1`: a tilde and digits at the end.
fn is_windows_short_name(stem: &str) -> bool {
    let digits = stem.rsplit_once('~').map_or("", |(_, digits)| digits);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
