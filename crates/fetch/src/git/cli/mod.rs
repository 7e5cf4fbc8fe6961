//! The `git` command for what our own client cannot do.

pub(in crate::git) mod env;
