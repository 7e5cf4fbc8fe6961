//! Checksum databases (<https://go.dev/design/25530-sumdb>, golang.org/x/mod/sumdb), without connecting to one: signed
//! notes, the hash tree of RFC 6962, proofs from tiles, the sums in a record.
//!
//! Trust comes in steps. Heads and authentic records are made by the steps named here and by nothing else:
//!
//! 1. [`TreeHead::open`] checks the signature of a note ([`note::open`]) and gives the tree head in it.
//! 2. [`check::consistency`] proves that the head known so far and the new one are of the same log.
//! 3. [`check::inclusion`] proves that a record stands in that log and gives an [`AuthenticRecord`].
//! 4. [`AuthenticRecord::sums`] reads a version's sums, from the text that was proved and nothing else.
//!
//! Steps 2 and 3 take [`Tiles`]; a [`TilePlan`] says which ones to fetch.

pub mod check;
mod encoding;
mod head;
mod key;
mod lookup;
pub mod note;
mod plan;
mod setting;
mod sums;
mod tiles;
mod tree;

pub use check::{CheckError, Fork};
pub use head::{HeadError, TreeHead};
pub use key::{KeyError, VerifierKey};
pub use lookup::{Lookup, LookupError, is_signed_tree};
pub use note::NoteError;
pub use plan::{TileHeight, TilePlan};
pub use setting::{SettingError, SumDbSetting};
pub use sums::{AuthenticRecord, Sums, SumsError};
pub use tiles::Tiles;
pub use tree::Hash;

#[cfg(test)]
mod tests;
