//! Temporary directories: one for each run, below one for this process, which a lock marks as living. What a process
//! that was killed left behind goes when the next one starts.

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use goproxy_engine::own_dir::{self, OwnDir, remove_tree};

use crate::exec::orphans;

const PREFIX: &str = "go-";

/// The directory of this process. Removed when dropped.
#[derive(Debug)]
pub(super) struct ScratchRoot {
    own: OwnDir,
    next: AtomicU64,
}

impl ScratchRoot {
    /// Makes a directory below `parent`, after removing those of dead processes, and ending what they left running.
    pub(super) fn new(parent: &Path) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        // `go` needs absolute paths.
        let parent = parent.canonicalize()?;
        own_dir::sweep(&parent, PREFIX, |dir| {
            let ended = orphans::end("GOPATH", dir);
            if ended > 0 {
                tracing::warn!(ended, "killed processes that a dead process left running");
            }
        })?;
        Ok(Self { own: OwnDir::make(&parent, PREFIX)?, next: AtomicU64::new(0) })
    }

    /// Makes the directory of one run, whose module cache has the clones in `vcs_dir`.
    pub(super) fn run(&self, vcs_dir: &Path) -> io::Result<Scratch> {
        let dir = self.own.path().join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

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
        let tree = parent.path().join("go-1-000000000000dead/gopath/pkg/mod/a.b/c@v1.0.0");
        fs::create_dir_all(&tree).unwrap();
        fs::write(tree.join("x.go"), "x").unwrap();
        fs::set_permissions(&tree, fs::Permissions::from_mode(0o555)).unwrap();
        fs::write(parent.path().join("go-1-000000000000dead.lock"), "").unwrap();
        fs::write(parent.path().join("somebody-elses"), "").unwrap();

        let next = ScratchRoot::new(parent.path()).unwrap();
        assert!(
            living.own.path().is_dir()
                && next.own.path().is_dir()
                && !parent.path().join("go-1-000000000000dead").exists()
        );
        drop((living, next));
        assert_eq!(names(parent.path()), ["somebody-elses"]);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn programs_outlived_a_killed_process_and_held_the_clones() {
        use std::os::unix::process::ExitStatusExt as _;

        let parent = tempfile::tempdir().unwrap();
        let living = ScratchRoot::new(parent.path()).unwrap();
        let dead = parent.path().canonicalize().unwrap().join("go-1-000000000000dead");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.with_extension("lock"), "").unwrap();
        let sleep = |dir: &Path, started: &Path| {
            let vars = [("GOPATH".into(), dir.join("0/gopath").into()), ("STARTED".into(), started.into())];
            let sh = crate::exec::Exec::new(Path::new("/bin/sh")).args(["-c", ": > $STARTED; exec /bin/sleep 60"]);
            tokio::spawn(sh.envs(vars).run())
        };
        let started = [parent.path().join("orphan"), parent.path().join("ours")];
        let (orphan, ours) = (sleep(&dead, &started[0]), sleep(living.own.path(), &started[1]));
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
    fn the_working_directory_is_outside_any_module() {
        let parent = tempfile::tempdir().unwrap();
        let root = ScratchRoot::new(&parent.path().join("tmp")).unwrap();
        let scratch = root.run(&parent.path().join("vcs")).unwrap();
        assert_eq!(scratch.outside(), scratch.empty());
        fs::write(parent.path().join("go.mod"), "module x\n").unwrap();
        assert_eq!(scratch.outside(), Path::new("/"));
    }
}
