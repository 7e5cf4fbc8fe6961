//! Semantic versions as golang.org/x/mod/semver reads them: a leading `v`, `v1` and `v1.2` as shorthands, numbers of
//! any length, and build metadata that takes no part in the order.
//!
//! Every function takes any string; what is no version yields an empty string, `false`, or sorts before all versions.

use std::cmp::Ordering;

/// The parts of a valid version, as slices of it. A shorthand has `"0"` where it says nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) major: &'a str,
    pub(crate) minor: &'a str,
    pub(crate) patch: &'a str,
    /// With its `-`, or empty.
    pub(crate) prerelease: &'a str,
    /// With its `+`, or empty.
    pub(crate) build: &'a str,
    /// What a shorthand lacks: `.0.0`, `.0` or nothing.
    short: &'static str,
}

impl Parts<'_> {
    /// Whether all three numbers are written out.
    pub(crate) const fn is_full(&self) -> bool {
        self.short.is_empty()
    }
}

/// Whether `v` is a version, shorthands included.
pub fn is_valid(v: &str) -> bool {
    parse(v).is_some()
}

/// `v` with its shorthand filled in and without build metadata: `v1` becomes `v1.0.0`, `v1.2.3+x` becomes `v1.2.3`.
pub fn canonical(v: &str) -> String {
    match parse(v) {
        Some(p) if !p.short.is_empty() => format!("{v}{}", p.short),
        Some(p) => v[..v.len() - p.build.len()].to_owned(),
        None => String::new(),
    }
}

/// The major version with its `v`: `v2` of `v2.1.0`.
pub fn major(v: &str) -> &str {
    parse(v).map_or("", |p| &v[..1 + p.major.len()])
}

/// Major and minor version: `v2.1` of `v2.1.0`.
pub fn major_minor(v: &str) -> String {
    parse(v).map_or_else(String::new, |p| format!("v{}.{}", p.major, p.minor))
}

/// The prerelease with its `-`: `-pre` of `v2.1.0-pre+meta`.
pub fn prerelease(v: &str) -> &str {
    parse(v).map_or("", |p| p.prerelease)
}

/// The build metadata with its `+`: `+meta` of `v2.1.0+meta`.
pub fn build(v: &str) -> &str {
    parse(v).map_or("", |p| p.build)
}

/// Semantic version precedence. Strings that are no versions equal each other and come before all versions.
pub fn compare(v: &str, w: &str) -> Ordering {
    match (parse(v), parse(w)) {
        (Some(v), Some(w)) => compare_numbers(v.major, w.major)
            .then_with(|| compare_numbers(v.minor, w.minor))
            .then_with(|| compare_numbers(v.patch, w.patch))
            .then_with(|| compare_prereleases(v.prerelease, w.prerelease)),
        (v, w) => v.is_some().cmp(&w.is_some()),
    }
}

/// Sorts by [`compare`], equal ones as strings.
pub fn sort_versions<S: AsRef<str>>(versions: &mut [S]) {
    versions.sort_by(|v, w| compare(v.as_ref(), w.as_ref()).then_with(|| v.as_ref().cmp(w.as_ref())));
}

/// The parts of `v`, if it is a version.
pub(crate) fn parse(v: &str) -> Option<Parts<'_>> {
    let (major, rest) = number(v.strip_prefix('v')?)?;
    let mut parts = Parts { major, minor: "0", patch: "0", prerelease: "", build: "", short: ".0.0" };
    if rest.is_empty() {
        return Some(parts);
    }
    let (minor, rest) = number(rest.strip_prefix('.')?)?;
    (parts.minor, parts.short) = (minor, ".0");
    if rest.is_empty() {
        return Some(parts);
    }
    let (patch, rest) = number(rest.strip_prefix('.')?)?;
    let (pre, build) = rest.split_at(rest.find('+').unwrap_or(rest.len()));
    (parts.patch, parts.short, parts.prerelease, parts.build) = (patch, "", pre, build);
    let pre_ok = pre.is_empty() || pre.strip_prefix('-').is_some_and(|ids| identifiers(ids, true));
    let build_ok = build.is_empty() || identifiers(&build[1..], false);
    (pre_ok && build_ok).then_some(parts)
}

/// Cuts a decimal number without leading zeros off the front.
fn number(s: &str) -> Option<(&str, &str)> {
    let (digits, rest) = s.split_at(s.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(s.len()));
    (!digits.is_empty() && !leading_zero(digits)).then_some((digits, rest))
}

/// Whether all dot-separated identifiers are well formed; numeric ones of a prerelease have no leading zero.
fn identifiers(ids: &str, prerelease: bool) -> bool {
    ids.split('.').all(|id| {
        !id.is_empty()
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !(prerelease && is_numeric(id) && leading_zero(id))
    })
}

fn leading_zero(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0')
}

fn is_numeric(id: &str) -> bool {
    id.bytes().all(|b| b.is_ascii_digit())
}

/// Numbers without leading zeros compare by length, then as strings: no integer type bounds them.
fn compare_numbers(x: &str, y: &str) -> Ordering {
    x.len().cmp(&y.len()).then_with(|| x.cmp(y))
}

/// Semver 2.0.0, rule 11: none beats any; identifier by identifier; the longer wins a tie.
fn compare_prereleases(x: &str, y: &str) -> Ordering {
    if x == y || x.is_empty() || y.is_empty() {
        return x.is_empty().cmp(&y.is_empty());
    }
    let (mut xs, mut ys) = (x[1..].split('.'), y[1..].split('.'));
    loop {
        match (xs.next(), ys.next()) {
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) => {
                return match (is_numeric(a), is_numeric(b)) {
                    (true, true) => compare_numbers(a, b),
                    (false, false) => a.cmp(b),
                    (a_numeric, b_numeric) => b_numeric.cmp(&a_numeric), // digits come before letters
                };
            }
            (a, b) => return a.is_some().cmp(&b.is_some()),
        }
    }
}

#[cfg(test)]
#[path = "semver_tests.rs"]
mod tests;
