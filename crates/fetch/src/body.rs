//! The body of an answer: bounded in bytes, in the time that it may stand still, and in how slowly it may drip.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use goproxy_engine::ErrorKind;
use reqwest::Response;
use tokio::time::{Instant, timeout};

use crate::{client::chain, failure::Failure};

/// What must arrive within one idle window, in bytes. At the default window of 60 s that is half a KiB/s: slower than
/// any line, and fast enough that a body of bytes dripping one by one is given up after the first window.
const LEAST_PER_WINDOW: u64 = 32 << 10;

/// A body that is being received.
#[derive(Debug)]
pub(crate) struct Body {
    response: Response,
    /// The URL for logs.
    shown: String,
    limit: u64,
    received: u64,
    window: Duration,
    /// Time spent waiting in this window, and bytes that it brought. The time the reader takes does not count.
    waited: Duration,
    in_window: u64,
}

impl Body {
    pub(crate) fn new(response: Response, shown: String, limit: u64, window: Duration) -> Self {
        Self { response, shown, limit, received: 0, window, waited: Duration::ZERO, in_window: 0 }
    }

    /// Refuses what announces itself as too large, before a byte of it is read.
    pub(crate) fn checked(self) -> Result<Self, Failure> {
        match self.response.content_length() {
            Some(length) if length > self.limit => Err(self.too_large()),
            _ => Ok(self),
        }
    }

    /// Its length, if the answer's head tells it.
    pub(crate) fn announced(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// The next piece, `None` at the proper end. A body that ends before its announced length, or whose last chunk
    /// never comes, is an error.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let started = Instant::now();
        let patience = self.window.saturating_sub(self.waited);
        let next = timeout(patience, self.response.chunk()).await;
        self.waited += started.elapsed();
        let chunk = match next {
            Ok(Ok(chunk)) => chunk,
            Ok(Err(error)) => return Err(self.broken(&error.without_url())),
            Err(_) => return Err(self.stalled()),
        };
        if let Some(chunk) = &chunk {
            self.count(chunk.len() as u64)?;
        }
        Ok(chunk)
    }

    /// All of it, for what is small.
    pub(crate) async fn bytes(mut self) -> Result<Bytes, Failure> {
        let mut all = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    fn count(&mut self, bytes: u64) -> Result<(), Failure> {
        self.received += bytes;
        self.in_window += bytes;
        if self.in_window >= LEAST_PER_WINDOW {
            (self.waited, self.in_window) = (Duration::ZERO, 0);
        }
        if self.received > self.limit { Err(self.too_large()) } else { Ok(()) }
    }

    fn too_large(&self) -> Failure {
        let detail = format!("{}: more than {} bytes", self.shown, self.limit);
        Failure::lasting(ErrorKind::Invalid, "the upstream sent more than the limit for this file", detail)
    }

    fn stalled(&self) -> Failure {
        let (got, window) = (self.in_window, self.window);
        let detail = format!("{}: {got} bytes in {window:?}, after {} in all", self.shown, self.received);
        Failure::lasting(ErrorKind::Timeout, "the upstream stopped sending", detail)
    }

    fn broken(&self, error: &reqwest::Error) -> Failure {
        let detail = format!("{}: after {} bytes: {}", self.shown, self.received, chain(error));
        Failure::transient(ErrorKind::Unavailable, "the upstream broke off its answer", detail)
    }
}
