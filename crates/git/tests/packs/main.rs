//! Packs and repositories, with real `git` as the judge. Tests that lack it say SKIPPED.
#![allow(clippy::disallowed_methods, reason = "test code: starting git is what it is for")]

mod git;
mod hostile;
mod interop;
mod pack;
mod reading;
mod speed;
