//! Modules straight from git, without the `go` command: where a module's repository is (`discover`), what its tags and
//! commits mean (`coderepo`), what of it is on this machine (`repository`), and its zip (`archive`).

#![allow(dead_code, reason = "the pieces are being joined")]

mod archive;
mod coderepo;
mod discover;
mod repository;
