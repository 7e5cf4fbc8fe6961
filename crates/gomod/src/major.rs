//! The major version at the end of a module path (`/v2`, gopkg.in's `.v2`) and the versions that agree with it.

use crate::semver;
use crate::version::VersionError;

/// Splits a module path into what stands before its major version and the suffix itself: empty, `/vN` with N >= 2, or
/// `.vN` (with `-unstable` or not) of a gopkg.in path. `None` if the suffix is malformed, as in `/v1` or `/v2.0`.
pub fn split_path_version(path: &str) -> Option<(&str, &str)> {
    if path.starts_with("gopkg.in/") {
        return split_gopkg_in(path);
    }
    let stem = path.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &path[stem.len()..];
    match stem.strip_suffix("/v") {
        Some(prefix) if !number.is_empty() => {
            let refused = number.contains('.') || number.starts_with('0') || number == "1";
            (!refused).then(|| path.split_at(prefix.len()))
        }
        _ => Some((path, "")),
    }
}

fn split_gopkg_in(path: &str) -> Option<(&str, &str)> {
    let stable = path.strip_suffix("-unstable").unwrap_or(path);
    let stem = stable.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = &stable[stem.len()..];
    let prefix = stem.strip_suffix(".v")?;
    // v0 is the one number that may begin with a zero; gopkg.in has no v0-unstable. As in Go's own code, `.v-unstable`
    // passes: no version agrees with it.
    let zero = number.starts_with('0') && path[prefix.len()..] != *".v0";
    let missing = number.is_empty() && stable.len() == path.len();
    (!zero && !missing).then(|| path.split_at(prefix.len()))
}

/// Whether version `v` agrees with the major version suffix `path_major` of its module path.
pub fn match_path_major(v: &str, path_major: &str) -> bool {
    check_path_major(v, path_major).is_ok()
}

/// As [`match_path_major`], with the error that the `go` command shows.
pub fn check_path_major(v: &str, path_major: &str) -> Result<(), VersionError> {
    let suffix = path_major.strip_suffix("-unstable").filter(|s| s.starts_with(".v")).unwrap_or(path_major);
    // Early releases of the go command made v0.0.0 pseudo-versions for gopkg.in .v1 modules; go.mod files still have
    // them.
    if suffix == ".v1" && v.starts_with("v0.0.0-") {
        return Ok(());
    }
    let major = semver::major(v);
    let (agrees, want) = match suffix.strip_prefix(['/', '.']) {
        Some(want) => (want == major, want),
        None if suffix.is_empty() => {
            (major == "v0" || major == "v1" || semver::build(v) == "+incompatible", "v0 or v1")
        }
        None => (false, suffix),
    };
    if agrees {
        return Ok(());
    }
    Err(VersionError::Major { version: v.to_owned(), want: want.to_owned(), got: major.to_owned() })
}

/// The canonical form of `v`: shorthands filled in, build metadata dropped except `+incompatible`. Empty if `v` is no
/// version.
pub fn canonical_version(v: &str) -> String {
    let mut canonical = semver::canonical(v);
    if semver::build(v) == "+incompatible" {
        canonical.push_str("+incompatible");
    }
    canonical
}

#[cfg(test)]
#[path = "major_tests.rs"]
mod tests;
