//! The real `go` and `git` against repositories on disk: no network, a home of their own.
//!
//! `insteadOf` leads github.com to the directory of a test, as an operator's git configuration would.

mod failures;
mod modules;
mod runs;
mod world;
