//! From what `go` prints to an error: which kind, and what the client may read of it.
//!
//! `NotFound` needs words that say so. What a program of version control printed is never passed on: it names paths,
//! commands and hosts behind `insteadOf`; we say what it means in our own words.

pub(crate) mod cause;
pub(crate) mod host;
pub(crate) mod words;

use std::{path::Path, process::ExitStatus};

use goproxy_engine::{Error, ErrorKind};

use self::cause::Cause;

/// What was asked, and what must not be shown.
#[derive(Debug)]
pub(super) struct Context<'a> {
    /// `path` or `path@query`.
    pub(super) asked: &'a str,
    /// The directory of the run.
    pub(super) scratch: &'a Path,
}

/// Words of `go` for what does not exist, or is no module or version by its rules: cmd/go/internal/modfetch/coderepo.go,
/// modload/query.go, vcs/vcs.go, golang.org/x/mod/zip.
const ABSENT: &[&str] = &[
    "unknown revision",
    "no matching versions",
    "invalid version",
    "invalid pseudo-version",
    "invalid module version",
    "malformed module path",
    "no commits",
    "ambiguous revision",
    "is not a module",
    "no modules on",
    "import path",
    "must not be local directory",
    "cannot match",
    "is not a tag",
    "create zip:",
    "module source tree too large",
    "invalid version control suffix",
    "does not contain package",
];

/// Classifies the failure that `text` tells (standard error, or the error in the JSON of `go mod download`).
pub(super) fn classify(text: &str, stderr: &str, status: ExitStatus, context: &Context<'_>) -> Error {
    let told = words::told(text);
    let (kind, message) = judge(&told, context);
    let shown = |text: &str| words::without_secrets(&words::without_remote(text));
    let detail = format!("go for {}: {status}: {}", context.asked, shown(stderr.trim_end()));
    let detail = if text == stderr { detail } else { format!("{detail}\n{}", shown(text)) };
    Error::new(kind, message).with_detail(detail)
}

/// Whether the error says that a repository has no HEAD: no commit, or no git.
pub(super) fn is_unborn(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound && error.message().ends_with("unknown revision HEAD")
}

fn judge(told: &str, context: &Context<'_>) -> (ErrorKind, String) {
    let module = context.asked.split('@').next().unwrap_or_default();
    let explain = |cause: Cause, text: &str| {
        let host = host::of(text).unwrap_or_else(|| module.split('/').next().unwrap_or_default().to_owned());
        (cause.kind(), cause.message(context.asked, &host, text))
    };
    if let Some(output) = words::of_program(told) {
        return explain(Cause::of_program(output), output);
    }
    if let Some(cause) = Cause::of_go(told) {
        return explain(cause, told);
    }
    let words = words::shown(told, context.scratch);
    if words.is_empty() {
        return (ErrorKind::Unavailable, format!("{}: the go command failed", context.asked));
    }
    if ABSENT.iter().any(|absent| told.contains(absent)) {
        return (ErrorKind::NotFound, words);
    }
    (ErrorKind::Unavailable, words)
}

#[cfg(test)]
mod tests;
