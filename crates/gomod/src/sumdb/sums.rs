//! The sums of a module version, from the text of its record.

use super::encoding;
use crate::ModuleVersion;

/// A record's text that [`super::check::inclusion`] has proved. What stood beside it, in a lookup's number or note, is
/// not in here: x/mod before 0.40.0 looked for sums there as well (CVE-2026-56864).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthenticRecord<'a> {
    text: &'a str,
}

/// The two hashes of a version, as go.sum has them: `h1:` and base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Of the module's zip; compare with [`crate::zip::hash`].
    pub zip: String,
    /// Of its go.mod; compare with [`crate::dirhash::hash_go_mod`].
    pub go_mod: String,
}

/// Why a record does not give a version's sums. `line` is the start of the missing or surplus line: `path version` or
/// `path version/go.mod`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SumsError {
    /// No `h1:` line. To go on without one is CVE-2026-42501.
    #[error("the checksum database's record has no h1: sum of {line}")]
    Missing {
        /// Which one.
        line: String,
    },
    /// More than one `h1:` line.
    #[error("the checksum database's record has several h1: sums of {line}")]
    Several {
        /// Which one.
        line: String,
    },
    /// What follows `h1:` is not base64 of 32 bytes.
    #[error("the checksum database's record has a malformed h1: sum of {line}")]
    Malformed {
        /// Which one.
        line: String,
    },
}

impl<'a> AuthenticRecord<'a> {
    /// For [`super::check::inclusion`] alone.
    pub(super) fn proved(text: &'a str) -> Self {
        Self { text }
    }

    /// The text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The sums of this version. Hashes of other kinds than `h1:` are left out, as `go` does.
    ///
    /// # Errors
    /// There is not exactly one for the zip and one for the go.mod.
    pub fn sums(&self, version: &ModuleVersion) -> Result<Sums, SumsError> {
        sums_in(self.text, version)
    }
}

/// The sums in any text of go.sum lines, proved or not.
pub(super) fn sums_in(text: &str, version: &ModuleVersion) -> Result<Sums, SumsError> {
    let line = format!("{} {}", version.path(), version.version());
    let go_mod = format!("{line}/go.mod");
    Ok(Sums { zip: only_sum(text, line)?, go_mod: only_sum(text, go_mod)? })
}

fn only_sum(text: &str, line: String) -> Result<String, SumsError> {
    let after = |full: &str| full.strip_prefix(&line)?.strip_prefix(' ').map(str::to_owned);
    let mut sums = text.split('\n').filter_map(after).filter(|sum| sum.starts_with("h1:"));
    let (first, second) = (sums.next(), sums.next());
    match (first, second) {
        (Some(_), Some(_)) => Err(SumsError::Several { line }),
        (Some(sum), None) if sum.strip_prefix("h1:").is_some_and(is_hash) => Ok(sum),
        (Some(_), None) => Err(SumsError::Malformed { line }),
        (None, _) => Err(SumsError::Missing { line }),
    }
}

fn is_hash(text: &str) -> bool {
    encoding::decode_hash(text).is_some()
}

#[cfg(test)]
#[path = "sums_tests.rs"]
mod tests;
