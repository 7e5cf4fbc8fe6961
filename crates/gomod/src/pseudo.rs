//! Pseudo-versions, which name a commit: golang.org/x/mod/module, pseudo.go. The forms are
//! `vX.0.0-TIME-REV` without an older tag, `vX.Y.(Z+1)-0.TIME-REV` after `vX.Y.Z` and `vX.Y.Z-pre.0.TIME-REV` after
//! `vX.Y.Z-pre`, each but the first with `+incompatible` where the older tag has it.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::semver;
use crate::version::VersionError;

/// Length of the UTC time `yyyymmddhhmmss`.
const TIME_LEN: usize = 14;

/// Whether `v` is a pseudo-version. Its time need not be a valid one.
pub fn is_pseudo_version(v: &str) -> bool {
    split(v).is_some()
}

/// The pseudo-version for commit `rev` (12 hex digits as a rule) made at `time`, after the tag `older` (empty if none).
/// `major` (`v2`; empty means `v0`) counts only without an older tag.
pub fn pseudo_version(major: &str, older: &str, time: Timestamp, rev: &str) -> String {
    let commit = format!("{}-{rev}", time.strftime("%Y%m%d%H%M%S"));
    let Some(base) = semver::parse(older) else {
        let major = if major.is_empty() { "v0" } else { major };
        return format!("{major}.0.0-{commit}");
    };
    let (canonical, build) = (semver::canonical(older), base.build);
    if base.prerelease.is_empty() {
        return format!("v{}.{}.{}-0.{commit}{build}", base.major, base.minor, increment(base.patch));
    }
    format!("{canonical}.0.{commit}{build}")
}

/// The commit time in a pseudo-version.
pub fn pseudo_version_time(v: &str) -> Result<Timestamp, VersionError> {
    let time = parse(v)?.time;
    parse_time(time).ok_or_else(|| invalid(v, format!("malformed time {time:?}")))
}

/// The commit hash prefix in a pseudo-version.
pub fn pseudo_version_rev(v: &str) -> Result<&str, VersionError> {
    Ok(parse(v)?.rev)
}

/// The tag that a pseudo-version says it follows, `None` for the form `vX.0.0-`.
pub fn pseudo_version_base(v: &str) -> Result<Option<String>, VersionError> {
    let Pseudo { base, lead, build, .. } = parse(v)?;
    let numbers = &v[..base];
    match lead {
        "" if build.is_empty() => Ok(None),
        "" => Err(invalid(v, format!("lacks base version, but has build metadata {build:?}"))),
        "0." => {
            let (stem, patch) = numbers.rsplit_once('.').unwrap_or((numbers, ""));
            match decrement(patch) {
                Some(patch) => Ok(Some(format!("{stem}.{patch}{build}"))),
                None => Err(invalid(v, format!("version before {numbers} would have negative patch number"))),
            }
        }
        pre => Ok(Some(format!("{numbers}-{}{build}", pre.trim_end_matches(".0.")))),
    }
}

/// The parts of a pseudo-version.
struct Pseudo<'a> {
    /// Length of `vX.Y.Z`.
    base: usize,
    /// What stands between `vX.Y.Z-` and the time: empty, `0.` or `pre.0.`.
    lead: &'a str,
    time: &'a str,
    rev: &'a str,
    /// With its `+`, or empty.
    build: &'a str,
}

fn split(v: &str) -> Option<Pseudo<'_>> {
    let parts = semver::parse(v)?;
    let (before, rev) = parts.prerelease.strip_prefix('-')?.rsplit_once('-')?;
    let (lead, time) = before.split_at(before.len().checked_sub(TIME_LEN)?);
    let first_form = lead.is_empty() && parts.minor == "0" && parts.patch == "0";
    let shape = first_form || lead == "0." || lead.ends_with(".0.");
    let time_ok = time.bytes().all(|b| b.is_ascii_digit());
    let rev_ok = !rev.is_empty() && rev.bytes().all(|b| b.is_ascii_alphanumeric());
    let base = v.len() - parts.build.len() - parts.prerelease.len();
    (shape && time_ok && rev_ok).then_some(Pseudo { base, lead, time, rev, build: parts.build })
}

fn parse(v: &str) -> Result<Pseudo<'_>, VersionError> {
    split(v).ok_or_else(|| invalid(v, "syntax error".to_owned()))
}

fn invalid(v: &str, reason: String) -> VersionError {
    VersionError::Pseudo { version: v.to_owned(), reason }
}

fn parse_time(time: &str) -> Option<Timestamp> {
    let field = |from: usize, to: usize| time.get(from..to)?.parse::<i8>().ok();
    let year = time.get(..4)?.parse().ok()?;
    let (month, day) = (field(4, 6)?, field(6, 8)?);
    let civil = DateTime::new(year, month, day, field(8, 10)?, field(10, 12)?, field(12, 14)?, 0).ok()?;
    TimeZone::UTC.to_timestamp(civil).ok()
}

/// A decimal number plus one, of any length.
fn increment(decimal: &str) -> String {
    let stem = decimal.trim_end_matches('9');
    let zeros = "0".repeat(decimal.len() - stem.len());
    match stem.as_bytes().split_last() {
        Some((&last, head)) => format!("{}{}{zeros}", &stem[..head.len()], char::from(last + 1)),
        None => format!("1{zeros}"),
    }
}

/// A decimal number minus one, of any length; `None` for zero.
fn decrement(decimal: &str) -> Option<String> {
    let stem = decimal.trim_end_matches('0');
    let nines = "9".repeat(decimal.len() - stem.len());
    let (&last, head) = stem.as_bytes().split_last()?;
    if stem == "1" && !nines.is_empty() {
        return Some(nines);
    }
    Some(format!("{}{}{nines}", &stem[..head.len()], char::from(last - 1)))
}

#[cfg(test)]
#[path = "pseudo_tests.rs"]
mod tests;
