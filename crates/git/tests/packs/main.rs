//! Packs and repositories, with real `git` as the judge. Tests that lack it say SKIPPED.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "test code: what is wrong is a panic, and starting git is what it is for"
)]

mod git;
mod hostile;
mod interop;
mod mutations;
mod pack;
mod reading;
