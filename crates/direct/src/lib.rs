//! Modules straight from git, without the `go` command: where a module's repository is (`discover`), what its tags and
//! commits mean (`coderepo`), what of it is on this machine (`repository`), and its zip (`content`, `archive`).

mod archive;
mod coderepo;
mod content;
mod discover;
mod freshness;
mod repository;
mod source;

pub use source::{Native, NativeOptions};
