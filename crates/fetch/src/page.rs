//! Small pages of strangers: `?go-get=1`.

use bytes::Bytes;
use goproxy_engine::{Error, Result};

use crate::{Access, HttpClient};

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Page {
    /// The status of the last hop.
    pub status: u16,
    /// Its `Content-Type`, empty if there was none.
    pub content_type: String,
    /// Its body, cut at the limit.
    pub body: Bytes,
}

impl HttpClient {
    /// Gets a page, following redirects within `access`; at most `limit` bytes of it, in ten seconds.
    ///
    /// # Errors
    /// Only where there is no answer: no connection, forbidden address, timeout.
    pub async fn page(&self, url: &str, access: Access, limit: u64) -> Result<Page> {
        Err(Error::internal(format!("{url} {access:?} {limit}: not there yet")))
    }
}
