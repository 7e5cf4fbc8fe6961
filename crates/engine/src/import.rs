//! Files that other programs kept: for `goproxy import`.

use std::path::Path;

use crate::{Engine, Error, ErrorKind, Object, Result, blocking, check::MAX_ZIP};

impl Engine {
    /// Commits a file as if a source had sent it: its content is checked, and who vouches for it is asked. Gives its
    /// length in bytes, or `None` if the object is there already.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`]: it does not hold, or is contradicted. All others: it cannot be told, or our disk fails.
    pub async fn take_over(&self, object: &Object, file: &Path) -> Result<Option<u64>> {
        let shared = &self.shared;
        if shared.store.has(object).await? {
            return Ok(None);
        }
        let path = file.to_owned();
        let length = blocking(move || std::fs::metadata(path).map_err(|e| Error::internal(e.to_string()))).await?.len();
        if length > MAX_ZIP {
            return Err(Error::new(
                ErrorKind::Invalid,
                format!("{object}: {length} bytes are more than any module has"),
            ));
        }
        shared.store.room()?;
        let mut staging = shared.store.stage().await?;
        staging.copy_from(file).await?;
        let size = staging.len();
        shared.commit(object.clone(), staging).await?;
        Ok(Some(size))
    }
}
