//! Keeps all copies together below a bound: those that were not used for the longest time go first.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use super::local::lock_file;

/// How often sizes are looked at. Between two looks the bound may be exceeded.
const INTERVAL: Duration = Duration::from_secs(300);

/// What is kept of the bound, so that not every look removes something.
const KEEP_PERCENT: u64 = 90;

/// Removes cold copies now and then.
#[derive(Debug)]
pub(super) struct Sweeper {
    root: PathBuf,
    bytes: u64,
    last: Mutex<Option<Instant>>,
    running: Arc<AtomicBool>,
}

impl Sweeper {
    pub(super) fn new(root: PathBuf, bytes: u64) -> Self {
        Self { root, bytes, last: Mutex::default(), running: Arc::default() }
    }

    /// Whether it is time to sweep, told once.
    pub(super) fn is_due(&self) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|at| at.elapsed() > INTERVAL) && !self.running.load(Ordering::Acquire);
        if due {
            *last = Some(Instant::now());
        }
        due
    }

    /// Sweeps in the background.
    pub(super) fn sweep(&self) {
        let running = Running::new(&self.running);
        let (root, bytes) = (self.root.clone(), self.bytes);
        tokio::task::spawn_blocking(move || {
            let _running = running;
            if let Err(error) = sweep(&root, bytes) {
                tracing::warn!(root = %root.display(), %error, "local copies of repositories cannot be swept");
            }
        });
    }
}

/// Says that a sweep is under way, however it ends.
#[derive(Debug)]
struct Running(Arc<AtomicBool>);

impl Running {
    fn new(flag: &Arc<AtomicBool>) -> Self {
        flag.store(true, Ordering::Release);
        Self(Arc::clone(flag))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A copy on disk.
#[derive(Debug)]
struct Cold {
    dir: PathBuf,
    used: SystemTime,
    bytes: u64,
}

/// Removes the least recently used copies until the others are small enough. Those in use stay. What cannot be removed
/// keeps nothing else from being.
pub(super) fn sweep(root: &Path, bytes: u64) -> io::Result<()> {
    let (empty, mut copies): (Vec<_>, Vec<_>) = copies(root)?.into_iter().partition(Cold::is_forgotten);
    for copy in empty {
        removed(root, &copy);
    }
    let mut total: u64 = copies.iter().map(|copy| copy.bytes).sum();
    if total <= bytes {
        return Ok(());
    }
    copies.sort_by_key(|copy| copy.used);
    for copy in copies {
        if total <= bytes / 100 * KEEP_PERCENT {
            break;
        }
        if removed(root, &copy) {
            total -= copy.bytes;
        }
    }
    Ok(())
}

impl Cold {
    /// Nothing was ever fetched into it, and nobody came back: somebody asked for what does not exist.
    fn is_forgotten(&self) -> bool {
        const LONG: Duration = Duration::from_secs(3600);
        self.bytes == 0 && self.used.elapsed().is_ok_and(|age| age > LONG)
    }
}

fn removed(root: &Path, copy: &Cold) -> bool {
    match remove(root, &copy.dir) {
        Ok(done) => {
            tracing::debug!(copy = %copy.dir.display(), bytes = copy.bytes, done, "removing a cold copy of a repository");
            done
        }
        Err(error) => {
            tracing::warn!(copy = %copy.dir.display(), %error, "a cold copy of a repository cannot be removed");
            false
        }
    }
}

fn copies(root: &Path) -> io::Result<Vec<Cold>> {
    let mut copies = Vec::new();
    for shard in subdirectories(root)? {
        if shard.file_name().is_some_and(|name| name.len() != 2) {
            forget(&shard);
            continue;
        }
        for dir in subdirectories(&shard)? {
            let used = fs::metadata(dir.join("in-use")).and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            let bytes = size(&dir.join("git/objects/pack"))?;
            copies.push(Cold { dir, used, bytes });
        }
    }
    Ok(copies)
}

/// What a sweep that was killed has moved aside, or what is left of an archive that nobody can wait for any more.
fn forget(dir: &Path) {
    const LEFTOVER: Duration = Duration::from_secs(24 * 3600);
    let old = || dir.metadata().and_then(|m| m.modified()).is_ok_and(|at| at.elapsed().is_ok_and(|age| age > LEFTOVER));
    if dir.file_name().is_some_and(|name| name.to_string_lossy().starts_with("removed-")) || old() {
        let _ = fs::remove_dir_all(dir);
    }
}

fn subdirectories(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Packs are nearly all of a copy.
fn size(pack: &Path) -> io::Result<u64> {
    let entries = match fs::read_dir(pack) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut bytes = 0;
    for entry in entries {
        // Gone since: a fetch has published or given up.
        bytes += entry?.metadata().map(|m| m.len()).unwrap_or_default();
    }
    Ok(bytes)
}

/// Removes a copy unless somebody uses it.
fn remove(root: &Path, dir: &Path) -> io::Result<bool> {
    // Made if it is not there, as whoever opens the copy would: a directory without one is nobody's.
    let in_use = match lock_file(&dir.join("in-use")) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(e),
    };
    if in_use.try_lock().is_err() {
        return Ok(false);
    }
    // Moved first: whoever opens the copy from now on makes a new one.
    let aside = root.join(format!("removed-{:016x}", fastrand::u64(..)));
    fs::rename(dir, &aside)?;
    drop(in_use);
    fs::remove_dir_all(&aside)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::{super::local::Local, *};

    fn copy(root: &Path, name: &str, bytes: usize, used: u64) {
        let dir = root.join(&name[..2]).join(&name[2..]);
        fs::create_dir_all(dir.join("git/objects/pack")).unwrap();
        fs::write(dir.join("git/objects/pack/pack-1.pack"), vec![0; bytes]).unwrap();
        let in_use = fs::File::create(dir.join("in-use")).unwrap();
        in_use.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(used)).unwrap();
    }

    #[test]
    fn cold_copies_go_first_and_used_ones_stay() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for (name, used) in [("aa1", 10), ("aa2", 20), ("bb3", 30), ("cc4", 40)] {
            copy(root, name, 1000, used);
        }
        fs::create_dir(root.join("removed-0")).unwrap();
        let held = Local::open(root.join("aa/1")).unwrap();
        sweep(root, 4000).unwrap();
        assert_eq!(copies(root).unwrap().len(), 4);
        assert!(!root.join("removed-0").exists());
        sweep(root, 3000).unwrap();
        let left: Vec<_> = copies(root).unwrap().into_iter().map(|copy| copy.dir).collect();
        assert!(root.join("aa/1").exists() && root.join("cc/4").exists(), "{left:?}");
        assert_eq!(left.len(), 2, "{left:?}");
        drop(held);
        sweep(root, 0).unwrap();
        assert_eq!(copies(root).unwrap().len(), 0);
    }

    #[test]
    fn what_does_not_exist_left_directories_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        copy(root, "aa1", 1000, 10);
        for (name, used) in [("aa2", SystemTime::UNIX_EPOCH), ("aa3", SystemTime::now())] {
            let local = Local::open(root.join(&name[..2]).join(&name[2..])).unwrap();
            fs::File::open(root.join(&name[..2]).join(&name[2..]).join("in-use")).unwrap().set_modified(used).unwrap();
            drop(local);
        }
        sweep(root, 4000).unwrap();
        assert!(root.join("aa/1").exists() && !root.join("aa/2").exists() && root.join("aa/3").exists());
    }

    #[test]
    fn a_copy_without_its_lock_file_stayed_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        copy(root, "aa1", 1000, 10);
        fs::remove_file(root.join("aa/1/in-use")).unwrap();
        sweep(root, 0).unwrap();
        assert!(!root.join("aa/1").exists());
    }

    #[test]
    fn a_copy_that_was_moved_away_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        drop(Local::open(root.join("aa/1")).unwrap());
        assert!(remove(root, &root.join("aa/1")).unwrap());
        let local = Local::open(root.join("aa/1")).unwrap();
        assert!(!remove(root, &root.join("aa/1")).unwrap());
        assert!(local.git_dir().parent().unwrap().exists());
    }
}
