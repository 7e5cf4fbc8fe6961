//! Clones of repositories that a killed process left damaged. `go` never mends one, so every later fetch of that
//! repository would fail for ever.

use std::{
    fs::OpenOptions,
    io,
    path::{Path, PathBuf},
};

use goproxy_engine::own_dir::remove_tree;
use rustix::fs::{FlockOperation, flock};

use crate::exec::Finished;

/// What git says of its own lock files that nobody holds any more, and of half-written repositories.
const SIGNS: &[&str] = &[
    ".lock': File exists",
    "'origin' does not appear to be a git repository",
    "fatal: not a git repository",
    "could not lock config file",
    "shallow file has changed since we read it",
    "fatal: bad object",
    "fatal: bad config",
    "bad config line",
    "is corrupt",
    "unable to read tree",
    "unable to read sha1 file",
    " is empty\n",
];

/// The clone in `vcs_dir` that a failed command complains of, if it is the clone's own fault.
pub(super) fn damaged(finished: &Finished, vcs_dir: &Path) -> Option<PathBuf> {
    // `go mod download` prints the error to standard output, in JSON.
    let text = [&finished.stderr, &finished.stdout].map(|text| String::from_utf8_lossy(text).replace("\\n", "\n"));
    text.iter().find_map(|text| {
        let own = |line: &&str| !line.trim_start().starts_with("remote:");
        let told = text.split_inclusive('\n').filter(own).any(|line| SIGNS.iter().any(|sign| line.contains(sign)));
        told.then(|| name(text)).flatten().map(|name| vcs_dir.join(name))
    })
}

/// The hash that a clone is named by.
fn name(text: &str) -> Option<&str> {
    let hash = |rest: &str| rest.len() >= 64 && rest.as_bytes()[..64].iter().all(u8::is_ascii_hexdigit);
    text.split("/cache/vcs/").skip(1).find(|rest| hash(rest)).map(|rest| &rest[..64])
}

/// Removes a clone, unless somebody uses it: under the lock that `go` takes (cmd/go/internal/modfetch/codehost).
pub(super) fn remove(clone: &Path) -> io::Result<()> {
    let lock = OpenOptions::new().write(true).create(true).truncate(false).open(clone.with_extension("lock"))?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => remove_tree(clone),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::process::ExitStatusExt as _};

    use super::*;

    const HASH: &str = "e19850bbdb420d399b6576c9d265b58f026976cfd1ffb4f11ffb35d02878ed44";

    fn failed(stdout: &str, stderr: &str) -> Finished {
        let status = std::process::ExitStatus::from_raw(256);
        Finished { status, stdout: stdout.into(), stderr: stderr.into() }
    }

    #[test]
    fn only_the_clones_own_fault_counts() {
        let vcs = Path::new("/v");
        let run = format!(
            "go: a.b/c@v1: invalid version: git fetch -f in /s/1/gopath/pkg/mod/cache/vcs/{HASH}: exit status 128:\n\t"
        );
        let lock = format!("{run}fatal: Unable to create '/x/shallow.lock': File exists.\n");
        assert_eq!(damaged(&failed("", &lock), vcs), Some(vcs.join(HASH)));
        let json = serde_json::to_string(&lock).unwrap();
        assert_eq!(damaged(&failed(&json, ""), vcs), Some(vcs.join(HASH)));
        for harmless in ["fatal: '/r' does not appear to be a git repository\n", "remote: fatal: bad object\n", ""] {
            assert_eq!(damaged(&failed("", &format!("{run}{harmless}")), vcs), None, "{harmless}");
        }
        assert_eq!(damaged(&failed("", "fatal: bad object"), vcs), None, "no clone is named");
    }

    #[test]
    fn a_clone_in_use_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let clone = dir.path().join(HASH);
        fs::create_dir(&clone).unwrap();
        let user = fs::File::create(clone.with_extension("lock")).unwrap();
        flock(&user, FlockOperation::LockExclusive).unwrap();
        remove(&clone).unwrap();
        assert!(clone.exists());
        drop(user);
        remove(&clone).unwrap();
        assert!(!clone.exists());
    }
}
