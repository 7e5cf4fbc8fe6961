//! Which commits are here with all that they contain: of what comes after them, the remote need not send that again.
//! Kept in a file of the copy, and lost with it.

use std::{fs, io, io::Read as _, path::Path};

use goproxy_git::{Oid, open_regular};

/// The last ones: a new version is like the one before it.
const MOST: usize = 8;

const FILE: &str = "whole";

/// More than the longest ids take, so that nothing larger is read.
const MOST_BYTES: u64 = 4 << 10;

/// The latest last. A file that is damaged tells less.
pub(super) fn read(git_dir: &Path) -> Vec<Oid> {
    let mut text = String::new();
    if let Ok(file) = open_regular(&git_dir.join(FILE)) {
        let _ = file.take(MOST_BYTES).read_to_string(&mut text);
    }
    text.lines().filter_map(Oid::from_hex).collect()
}

/// Adds commits, in the turn of who fetches.
pub(super) fn add(git_dir: &Path, new: &[Oid]) -> io::Result<()> {
    let mut whole = read(git_dir);
    whole.retain(|id| !new.contains(id));
    whole.extend(new);
    whole.dedup();
    let latest = whole.len().saturating_sub(MOST);
    let text: String = whole[latest..].iter().map(|id| format!("{id}\n")).collect();
    // One that is left of a killed process goes with other leftovers.
    let temporary = git_dir.join(format!("tmp_{FILE}"));
    fs::write(&temporary, text)?;
    fs::rename(temporary, git_dir.join(FILE))
}

/// Nothing is known to be whole any more.
pub(super) fn forget(git_dir: &Path) {
    let _ = fs::remove_file(git_dir.join(FILE));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let id = |n: usize| Oid::from_hex(&format!("{n:040x}")).unwrap();
        assert_eq!(read(dir.path()), []);
        for n in 0..MOST + 3 {
            add(dir.path(), &[id(n), id(n)]).unwrap();
        }
        add(dir.path(), &[id(5)]).unwrap();
        let whole = read(dir.path());
        assert_eq!((whole.len(), whole[0], whole[MOST - 1]), (MOST, id(3), id(5)));
        fs::write(dir.path().join(FILE), format!("{}\nsomething\n{}", id(1), id(2))).unwrap();
        assert_eq!(read(dir.path()), [id(1), id(2)]);
        forget(dir.path());
        assert_eq!(read(dir.path()), []);
    }
}
