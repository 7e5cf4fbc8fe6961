//! Reading what a program writes, in bounded memory.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// How much is read at a time.
const CHUNK: usize = 16 << 10;

/// Reads to the end, or stops when there is more than `limit`. Returns whether all of it was read.
pub(super) async fn head(mut from: impl AsyncRead + Unpin, limit: usize, into: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        into.reserve(CHUNK);
        if from.read_buf(into).await? == 0 {
            return Ok(true);
        }
        if into.len() > limit {
            return Ok(false);
        }
    }
}

/// Reads to the end and keeps the last `limit` bytes (up to twice as many until the end is reached).
pub(super) async fn tail(mut from: impl AsyncRead + Unpin, limit: usize, into: &mut Vec<u8>) -> io::Result<()> {
    loop {
        into.reserve(CHUNK);
        let n = from.read_buf(into).await?;
        if into.len() > 2 * limit || n == 0 {
            into.drain(..into.len().saturating_sub(limit));
        }
        if n == 0 {
            return Ok(());
        }
    }
}
