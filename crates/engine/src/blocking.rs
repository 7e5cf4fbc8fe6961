//! File work, in the pool that may block.

use crate::{Error, Result};

/// Runs `work` there.
///
/// # Errors
/// Those of `work`; [`crate::ErrorKind::Internal`] if it panics.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let task = tokio::task::spawn_blocking(work);
    task.await.unwrap_or_else(|e| Err(Error::internal(format!("file work: {e}"))))
}
