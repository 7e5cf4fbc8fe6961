//! The test kit's own tests: real `go` and `git` judge what it pretends to be. Those that lack a program say SKIPPED.

#![allow(clippy::disallowed_methods, reason = "test code: starting programs is what it is for")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "test code")]

mod git;
mod go;
mod proxy;
mod site;
mod tools;

/// Unwraps an option or ends the test, loudly, for want of a program.
macro_rules! or_skip {
    ($what:expr, $option:expr) => {
        match $option {
            Some(value) => value,
            None => {
                goproxy_testkit::skipped(&format!("no {}", $what));
                return;
            }
        }
    };
}
pub(crate) use or_skip;
