//! What the tests of this module share, and those that go through all of it.

mod log;
mod mutations;
mod real;
mod signer;
mod threats;

pub(super) use log::{Log, height};
pub(super) use signer::Signer;
