//! Temporary directories: one for each run, below one for this process, which a lock marks as living. What a process
//! that was killed left behind goes when the next one starts.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::fs::{FlockOperation, flock};

use crate::exec::orphans;

const PREFIX: &str = "go-";
const LOCK: &str = ".lock";

/// The directory of this process. Removed when dropped.
#[derive(Debug)]
pub(super) struct ScratchRoot {
    dir: PathBuf,
    lock_path: PathBuf,
    /// Locked as long as we live; programs that we start do not inherit it.
    _lock: File,
    next: AtomicU64,
}

impl ScratchRoot {
    /// Makes a directory below `parent`, after removing those of dead processes.
    pub(super) fn new(parent: &Path) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        // `go` needs absolute paths.
        let parent = parent.canonicalize()?;
        sweep(&parent)?;
        loop {
            let name = format!("{PREFIX}{}-{:08x}", std::process::id(), fastrand::u32(..));
            let (dir, lock_path) = (parent.join(&name), parent.join(format!("{name}{LOCK}")));
            let lock = OpenOptions::new().write(true).create_new(true).open(&lock_path)?;
            flock(&lock, FlockOperation::LockExclusive)?;
            // Somebody may have swept it away before it was locked.
            if lock.metadata()?.nlink() > 0 {
                fs::create_dir(&dir)?;
                return Ok(Self { dir, lock_path, _lock: lock, next: AtomicU64::new(0) });
            }
        }
    }

    /// Makes the directory of one run, whose module cache has the clones in `vcs_dir`.
    pub(super) fn run(&self, vcs_dir: &Path) -> io::Result<Scratch> {
        let dir = self.dir.join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        fs::create_dir(&dir)?;
        let scratch = Scratch { dir };
        let cache = scratch.cache();
        for dir in [&cache, &scratch.tmp(), &scratch.empty(), &scratch.telemetry()] {
            fs::create_dir_all(dir)?;
        }
        fs::write(scratch.telemetry().join("mode"), "off\n")?;
        fs::create_dir_all(vcs_dir)?;
        symlink(vcs_dir.canonicalize()?, cache.join("vcs"))?;
        Ok(scratch)
    }
}

impl Drop for ScratchRoot {
    fn drop(&mut self) {
        if remove_tree(&self.dir).is_ok() {
            let _ = fs::remove_file(&self.lock_path);
        }
    }
}

/// The directory of one run. Removed when dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    dir: PathBuf,
}

impl Scratch {
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// GOPATH.
    pub(super) fn gopath(&self) -> PathBuf {
        self.dir.join("gopath")
    }

    /// GOCACHE; only because `go` insists on one.
    pub(super) fn gocache(&self) -> PathBuf {
        self.dir.join("gocache")
    }

    /// TMPDIR: what a killed `go` leaves there goes with the rest.
    pub(super) fn tmp(&self) -> PathBuf {
        self.dir.join("tmp")
    }

    /// Telemetry settings, which say off.
    pub(super) fn telemetry(&self) -> PathBuf {
        self.dir.join("telemetry")
    }

    /// What `go` reads credentials from, where there are some for it.
    pub(super) fn netrc(&self) -> PathBuf {
        self.dir.join("netrc")
    }

    /// Files of the download cache: `<escaped module>/@v/<escaped version>.<extension>`.
    pub(super) fn download(&self) -> PathBuf {
        self.cache().join("download")
    }

    /// A working directory outside any module: an empty one, or the root directory if we are inside of a module, such
    /// as when a cache lies in somebody's project.
    pub(super) fn outside(&self) -> PathBuf {
        let empty = self.empty();
        if empty.ancestors().any(|dir| dir.join("go.mod").is_file()) { "/".into() } else { empty }
    }

    fn empty(&self) -> PathBuf {
        self.dir.join("empty")
    }

    fn cache(&self) -> PathBuf {
        self.gopath().join("pkg/mod/cache")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let dir = std::mem::take(&mut self.dir);
        let remove = move || {
            if let Err(e) = remove_tree(&dir) {
                tracing::warn!(dir = %dir.display(), error = %e, "cannot remove a temporary directory");
            }
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}

/// Removes what dead processes left in `parent`, and ends what they left running.
fn sweep(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        if !entry.file_type()?.is_file() {
            continue;
        }
        let path = entry.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !name.starts_with(PREFIX) {
            continue;
        }
        let Some(dir) = name.strip_suffix(LOCK) else { continue };
        let Ok(lock) = File::open(&path) else { continue };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let tree = parent.join(dir);
            let ended = orphans::end("GOPATH", &tree);
            if ended > 0 {
                tracing::warn!(ended, "killed processes that a dead process left running");
            }
            match remove_tree(&tree) {
                Ok(()) => fs::remove_file(&path)?,
                // Where no orphan can be found one may still be writing; the next start tries again.
                Err(e) => tracing::warn!(dir, error = %e, "cannot remove a leftover directory"),
            }
        }
    }
    Ok(())
}

/// Removes a tree, read-only directories too (module trees are). Symbolic links are removed, not followed.
pub(super) fn remove_tree(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            make_writable(dir)?;
            fs::remove_dir_all(dir)
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn make_writable(dir: &Path) -> io::Result<()> {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            make_writable(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn leftovers_of_the_dead_go_and_the_living_stay() {
        let parent = tempfile::tempdir().unwrap();
        let living = ScratchRoot::new(parent.path()).unwrap();
        let tree = parent.path().join("go-1-dead/gopath/pkg/mod/a.b/c@v1.0.0");
        fs::create_dir_all(&tree).unwrap();
        fs::write(tree.join("x.go"), "x").unwrap();
        fs::set_permissions(&tree, fs::Permissions::from_mode(0o555)).unwrap();
        fs::write(parent.path().join("go-1-dead.lock"), "").unwrap();
        fs::write(parent.path().join("somebody-elses"), "").unwrap();

        let next = ScratchRoot::new(parent.path()).unwrap();
        assert!(living.dir.is_dir() && next.dir.is_dir() && !parent.path().join("go-1-dead").exists());
        drop((living, next));
        assert_eq!(names(parent.path()), ["somebody-elses"]);
    }

    #[test]
    fn a_pipe_among_the_leftovers_was_waited_for() {
        use rustix::fs::{CWD, Mode, mkfifoat};

        let parent = tempfile::tempdir().unwrap();
        mkfifoat(CWD, parent.path().join("go-1-dead.lock"), Mode::RUSR | Mode::WUSR).unwrap();
        let (root, path) = (std::sync::mpsc::channel(), parent.path().to_owned());
        std::thread::spawn(move || root.0.send(ScratchRoot::new(&path).is_ok()));
        assert_eq!(root.1.recv_timeout(std::time::Duration::from_secs(20)), Ok(true));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn programs_outlived_a_killed_process_and_held_the_clones() {
        use std::os::unix::process::ExitStatusExt as _;

        let parent = tempfile::tempdir().unwrap();
        let living = ScratchRoot::new(parent.path()).unwrap();
        let dead = parent.path().canonicalize().unwrap().join("go-1-dead");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.with_extension("lock"), "").unwrap();
        let sleep = |dir: &Path, started: &Path| {
            let vars = [("GOPATH".into(), dir.join("0/gopath").into()), ("STARTED".into(), started.into())];
            let sh = crate::exec::Exec::new(Path::new("/bin/sh")).args(["-c", ": > $STARTED; exec /bin/sleep 60"]);
            tokio::spawn(sh.envs(vars).run())
        };
        let started = [parent.path().join("orphan"), parent.path().join("ours")];
        let (orphan, ours) = (sleep(&dead, &started[0]), sleep(&living.dir, &started[1]));
        while !started.iter().all(|file| file.exists()) {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let next = ScratchRoot::new(parent.path()).unwrap();
        let finished = tokio::time::timeout(std::time::Duration::from_secs(20), orphan).await.unwrap();
        assert_eq!(finished.unwrap().unwrap().status.signal(), Some(9));
        assert!(!ours.is_finished() && !dead.exists());
        ours.abort();
        drop(next);
    }

    #[test]
    fn a_run_shares_the_clones_and_removing_it_keeps_them() {
        let parent = tempfile::tempdir().unwrap();
        let vcs = parent.path().join("cache/vcs");
        let root = ScratchRoot::new(&parent.path().join("tmp")).unwrap();
        let scratch = root.run(&vcs).unwrap();
        fs::write(scratch.gopath().join("pkg/mod/cache/vcs/clone"), "x").unwrap();
        let dir = scratch.dir().to_owned();
        drop(scratch);
        assert!(!dir.exists());
        assert_eq!(names(&vcs), ["clone"]);
    }

    #[test]
    fn read_only_trees_can_be_removed_without_being_root() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("a/b");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("f"), "x").unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o500)).unwrap();
        // What the second try does; root never needs it.
        make_writable(&parent.path().join("a")).unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
        remove_tree(&parent.path().join("a")).unwrap();
        assert_eq!(names(parent.path()), [""; 0]);
    }

    #[test]
    fn the_working_directory_is_outside_any_module() {
        let parent = tempfile::tempdir().unwrap();
        let root = ScratchRoot::new(&parent.path().join("tmp")).unwrap();
        let scratch = root.run(&parent.path().join("vcs")).unwrap();
        assert_eq!(scratch.outside(), scratch.empty());
        fs::write(parent.path().join("go.mod"), "module x\n").unwrap();
        assert_eq!(scratch.outside(), Path::new("/"));
    }
}
