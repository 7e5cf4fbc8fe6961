//! A cache that belongs to somebody else: a volume that a server with other rights has filled, or a folder that was made
//! for us by root.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use rustix::process::{getegid, geteuid};

/// What to do about a path below the cache directory where we may not write, if that is because it belongs to a user who
/// may. A directory in which its own user may not write is meant to be so.
pub(crate) fn remedy(path: &Path, cache_dir: &Path) -> Option<String> {
    let (there, found) = path.ancestors().find_map(|dir| Some((dir, fs::metadata(dir).ok()?)))?;
    let (ours, group) = (geteuid().as_raw(), getegid().as_raw());
    let theirs = found.uid();
    (theirs != ours && found.mode() & 0o200 != 0).then(|| {
        format!(
            "{} belongs to user {theirs} and this is user {ours}: run `chown -R {ours}:{group} {}` once as root, or run \
             goproxy as user {theirs}",
            there.display(),
            cache_dir.display(),
        )
    })
}
