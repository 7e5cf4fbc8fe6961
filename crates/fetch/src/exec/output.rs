//! Writing what a program reads, and reading what it writes, in bounded memory. A stream that is no pipe is at its end.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// How much is read at a time.
const CHUNK: usize = 16 << 10;

/// Writes all of it and closes the pipe. What the program does not care to read is not our loss.
pub(super) async fn feed(to: Option<impl AsyncWrite + Unpin>, bytes: &[u8]) -> io::Result<()> {
    let Some(mut to) = to else { return Ok(()) };
    match to.write_all(bytes).await {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(e),
        _ => Ok(()),
    }
}

/// Reads to the end, or stops when there is more than `limit`. Returns whether all of it was read.
pub(super) async fn head(from: Option<impl AsyncRead + Unpin>, limit: usize, into: &mut Vec<u8>) -> io::Result<bool> {
    let Some(mut from) = from else { return Ok(true) };
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
pub(super) async fn tail(from: Option<impl AsyncRead + Unpin>, limit: usize, into: &mut Vec<u8>) -> io::Result<()> {
    let Some(mut from) = from else { return Ok(()) };
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
