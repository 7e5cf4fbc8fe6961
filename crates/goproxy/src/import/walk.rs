//! The regular files below a folder. Links are not followed: what is imported lies there itself.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Gives every file with its path relative to the folder, separated by slashes, until `each` has enough. What cannot be
/// read is left out and told at the end. Blocks.
pub(super) fn files(folder: &Path, mut each: impl FnMut(PathBuf, &str) -> bool) -> Vec<(PathBuf, io::Error)> {
    let (mut folders, mut unread) = (vec![folder.to_owned()], Vec::new());
    while let Some(current) = folders.pop() {
        let entries = match std::fs::read_dir(&current) {
            Ok(entries) => entries,
            Err(error) => {
                unread.push((current, error));
                continue;
            }
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    unread.push((current.clone(), error));
                    continue;
                }
            };
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() => {
                    let relative = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
                    if !each(path, &relative) {
                        return unread;
                    }
                }
                Ok(_) => {}
                Err(error) => unread.push((path, error)),
            }
        }
    }
    unread
}
