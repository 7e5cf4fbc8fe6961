//! Zips that obey the rules, and one for every way not to.

mod bytes;
mod kit;
mod limits;
mod names;
mod structure;
