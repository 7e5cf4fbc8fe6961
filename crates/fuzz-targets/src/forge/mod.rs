//! What targets make themselves, right until an input damages it: a signed log, zips, packs.

mod log;
mod pack;
mod zip;

pub(crate) use log::{Log, key, sign};
pub(crate) use pack::{Pack, checksum, copy, delta, insert};
pub(crate) use zip::{Entry, PREFIX, module, zip};
