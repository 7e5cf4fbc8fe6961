//! A new repository.

use crate::{Error, ObjectFormat};
use std::{fs, path::Path};

/// Makes a bare repository that the `git` command accepts; one that is there already stays as it is. Several processes
/// may do so at once.
pub fn init(git_dir: &Path, format: ObjectFormat) -> Result<(), Error> {
    for dir in ["objects/pack", "objects/info", "refs/heads", "refs/tags", "info"] {
        fs::create_dir_all(git_dir.join(dir))?;
    }
    // No ref names what is fetched here, so that a collection would remove it.
    let rest = "\tbare = true\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n";
    let config = match format {
        ObjectFormat::Sha1 => format!("[core]\n\trepositoryformatversion = 0\n{rest}"),
        ObjectFormat::Sha256 => {
            format!("[core]\n\trepositoryformatversion = 1\n{rest}[extensions]\n\tobjectformat = sha256\n")
        }
    };
    put(git_dir, "config", &config)?;
    // As `go` does: `git archive` must not change or leave out files because the module's author says so.
    put(git_dir, "info/attributes", "* -export-subst -export-ignore\n")?;
    // Last, since a directory is a repository when this is there.
    put(git_dir, "HEAD", "ref: refs/heads/main\n")
}

/// A file appears whole, and what is there stays.
fn put(git_dir: &Path, name: &str, content: &str) -> Result<(), Error> {
    let path = git_dir.join(name);
    if path.try_exists()? {
        return Ok(());
    }
    let temporary = git_dir.join(format!("tmp_{:016x}", fastrand::u64(..)));
    let done = fs::write(&temporary, content).and_then(|()| fs::rename(&temporary, &path));
    if done.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    Ok(done?)
}
