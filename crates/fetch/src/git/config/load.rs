//! Reading the configuration, and noticing that it changed.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use goproxy_engine::{Error, Result, blocking};

use super::entries::Entries;
use crate::{
    exec::{
        Exec, ExecError,
        hostenv::{self, Var},
    },
    git::cli::env::ChildEnv,
    gocmd::failure::words,
};

/// Read again after this long although no file seems to have changed: included files may be new.
const LIFE: Duration = Duration::from_secs(60);

/// Reading some files.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// The configuration of a moment.
pub(super) struct Loaded {
    pub(super) entries: Entries,
    files: Vec<(PathBuf, Stamp)>,
    read: Instant,
}

impl Default for Loaded {
    fn default() -> Self {
        Self { entries: Entries::default(), files: Vec::new(), read: Instant::now() }
    }
}

/// What changes when a file is written: inode, size, seconds and nanoseconds of its last change. `None` without a file.
type Stamp = Option<(u64, u64, i64, i64)>;

impl Loaded {
    /// Outside of any repository, so that it is nobody's but the host's.
    pub(super) async fn read(git: &Path, env: &[Var]) -> Result<Self> {
        let read = Instant::now();
        let usual = usual_files(env);
        // Before reading: what changes meanwhile is noticed later.
        let before = blocking(move || Ok(stamped(usual))).await?;
        let run = Exec::new(git)
            .args(["config", "--list", "-z", "--show-scope", "--show-origin", "--includes"])
            .envs(ChildEnv::new(env).vars().iter().cloned())
            .envs([("GIT_CEILING_DIRECTORIES".into(), "/".into())])
            .cwd(Path::new("/"))
            .time_limit(TIME_LIMIT);
        let finished = match Box::pin(run.run()).await {
            Ok(finished) => finished,
            // Installed once, gone now: the same as never having been there.
            Err(ExecError::Missing(_)) => return Ok(Self::default()),
            Err(e) => return Err(unreadable(&e.to_string())),
        };
        if !finished.status.success() {
            return Err(unreadable(&String::from_utf8_lossy(&finished.stderr)));
        }
        let (entries, named) = Entries::parse(&finished.stdout);
        let named = named.into_iter().filter(|file| !before.iter().any(|(known, _)| known == file)).collect();
        let mut files = blocking(move || Ok(stamped(named))).await?;
        files.extend(before);
        Ok(Self { entries, files, read })
    }

    pub(super) async fn is_current(&self) -> bool {
        if self.read.elapsed() > LIFE {
            return false;
        }
        let files = self.files.clone();
        blocking(move || Ok(files.iter().all(|(path, before)| stamp(path) == *before))).await.unwrap_or(false)
    }
}

/// Where there is no `git`, nobody reads its configuration: told once, since a token in it would be missed.
pub(super) fn warn_of_unread(env: &[Var]) {
    for file in usual_files(env).iter().filter(|file| file.is_file()) {
        tracing::warn!(file = %file.display(), "git configuration is not read: no git program on this machine; install git if it holds credentials or insteadOf");
    }
}

/// The files of git-config(1), FILES, that may come into being.
fn usual_files(env: &[Var]) -> Vec<PathBuf> {
    let get = |name: &str| hostenv::get(env, name).map(PathBuf::from);
    let home = get("HOME");
    let xdg = get("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")));
    let system = get("GIT_CONFIG_SYSTEM").unwrap_or_else(|| "/etc/gitconfig".into());
    let own = match get("GIT_CONFIG_GLOBAL") {
        Some(file) => vec![file],
        None => {
            xdg.map(|dir| dir.join("git/config")).into_iter().chain(home.map(|dir| dir.join(".gitconfig"))).collect()
        }
    };
    own.into_iter().chain([system]).collect()
}

fn stamped(files: Vec<PathBuf>) -> Vec<(PathBuf, Stamp)> {
    files.into_iter().map(|file| (stamp(&file), file)).map(|(stamp, file)| (file, stamp)).collect()
}

fn stamp(file: &Path) -> Stamp {
    fs::metadata(file).ok().map(|meta| (meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()))
}

fn unreadable(stderr: &str) -> Error {
    let message = "the git configuration of the proxy host cannot be read; see the log of the proxy";
    Error::new(goproxy_engine::ErrorKind::Internal, message).with_detail(words::without_secrets(stderr.trim_end()))
}
