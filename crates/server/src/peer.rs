//! Who is at the other end of a connection.

use std::sync::Arc;

/// The other end, as far as the connection tells.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Its address and port, or `unix`.
    pub(crate) remote: Arc<str>,
    pub(crate) channel: Channel,
}

/// What can be read on the way.
#[derive(Debug)]
pub(crate) enum Channel {
    /// Everything, unless something in front of us or the machine itself keeps it.
    Plain,
    /// Nothing.
    Tls {
        /// The common name of the client's verified certificate, empty if it has none; `None` without a certificate.
        client: Option<Arc<str>>,
    },
}

impl Peer {
    /// Whose certificate was verified.
    pub(crate) fn certificate(&self) -> Option<&str> {
        match &self.channel {
            Channel::Plain => None,
            Channel::Tls { client } => client.as_deref(),
        }
    }
}
