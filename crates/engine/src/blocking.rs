//! File work, in the pool that may block.

use std::{os::unix::fs::FileExt as _, sync::Arc};

use bytes::Bytes;

use crate::{Blob, Error, Result};

/// Runs `work` there.
///
/// # Errors
/// Those of `work`; [`crate::ErrorKind::Internal`] if it panics.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let task = tokio::task::spawn_blocking(work);
    task.await.unwrap_or_else(|e| Err(Error::internal(format!("file work: {e}"))))
}

/// All bytes of something stored that is small.
pub(crate) async fn content(blob: &Blob, size: u64) -> Result<Bytes> {
    let file = match blob {
        Blob::Bytes(bytes) => return Ok(bytes.clone()),
        Blob::File(file) => Arc::clone(file),
    };
    let broken = |error: std::io::Error| Error::internal(format!("reading a stored object: {error}"));
    blocking(move || {
        let mut body = vec![0; usize::try_from(size).unwrap_or_default()];
        file.read_exact_at(&mut body, 0).map_err(broken)?;
        Ok(Bytes::from(body))
    })
    .await
}
