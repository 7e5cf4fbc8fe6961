//! Git's wire protocol, version 2 (gitprotocol-v2(5)) and what came before it (gitprotocol-pack(5)), as bytes in and bytes out: what to send, and parsers that take
//! an answer in pieces of any size. No answer is believed: lengths, ids and names are checked, memory is bounded.

mod advertisement;
mod capabilities;
mod fetch;
mod line;
mod listing;
mod text;

pub use advertisement::{Advertised, AdvertisementParser};
pub use capabilities::Capabilities;
pub use fetch::{FetchParser, fetch_request};
pub use line::{Packet, PacketParser};
pub use listing::{ListLimits, ListParser, list_request};

/// Why an answer cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The server's own word for what is wrong, made fit to be shown: one line, no control characters, cut to a length.
    #[error("{0}")]
    Said(String),
    /// Not the protocol, or cut off.
    #[error("{0}")]
    Malformed(String),
    /// More than the limit.
    #[error("{0}")]
    TooLarge(String),
    /// What takes the pack does not want it.
    #[error(transparent)]
    Pack(#[from] crate::Error),
}

fn malformed(what: impl Into<String>) -> WireError {
    WireError::Malformed(what.into())
}
