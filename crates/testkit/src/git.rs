//! Real git repositories with fixed dates, so that hashes and pseudo-versions are the same in every run.

use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// The date of the first commit, 2024-01-02T03:04:05Z; each further one is a minute later.
const FIRST_COMMIT: u64 = 1_704_164_645;

/// A repository with a work tree, removed when dropped. Its HEAD, as the world sees it, is the branch checked out.
#[derive(Debug)]
pub struct GitRepo {
    dir: TempDir,
    commits: Cell<u64>,
}

impl GitRepo {
    /// An empty repository whose branch is `main`; `None`, and a word about it, where there is no git.
    pub fn new() -> Option<Self> {
        if !Command::new("git").arg("--version").output().is_ok_and(|output| output.status.success()) {
            crate::skipped("no git on this machine");
            return None;
        }
        let repo = Self { dir: TempDir::new().unwrap(), commits: Cell::new(0) };
        repo.git(&["init", "-q", "-b", "main"]);
        Some(repo)
    }

    /// The work tree.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The repository itself.
    pub fn git_dir(&self) -> PathBuf {
        self.path().join(".git")
    }

    /// Writes the files, commits everything, and returns the commit's full hash.
    pub fn commit(&self, files: &[(&str, &str)]) -> String {
        for (name, text) in files {
            let path = self.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        self.git(&["add", "-A"]);
        self.commits.set(self.commits.get() + 1);
        self.git(&["commit", "-q", "--allow-empty", "-m", &format!("commit {}", self.commits.get())]);
        self.head()
    }

    /// Removes a file; the next commit records it.
    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path().join(name)).unwrap();
    }

    /// Tags HEAD, moving the tag if it exists.
    pub fn tag(&self, name: &str) {
        self.git(&["tag", "-f", name]);
    }

    /// Makes an annotated tag on HEAD.
    pub fn annotated_tag(&self, name: &str) {
        self.git(&["tag", "-f", "-a", name, "-m", name]);
    }

    /// Makes a branch at HEAD and switches to it.
    pub fn branch(&self, name: &str) {
        self.git(&["checkout", "-q", "-b", name]);
    }

    /// Switches to a branch.
    pub fn checkout(&self, name: &str) {
        self.git(&["checkout", "-q", name]);
    }

    /// The full hash of HEAD.
    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// The pseudo-version without base of HEAD: `v0.0.0-<date>-<12 digits>`.
    pub fn pseudo_version(&self) -> String {
        self.git(&[
            "-c",
            "log.showSignature=false",
            "log",
            "-n1",
            "--date=format-local:%Y%m%d%H%M%S",
            "--format=v0.0.0-%cd-%H",
        ])
        .chars()
        .take("v0.0.0-20060102150405-".len() + 12)
        .collect()
    }

    /// Runs any git command in the work tree and returns its trimmed output.
    pub fn git(&self, args: &[&str]) -> String {
        let date = format!("{} +0000", FIRST_COMMIT + 60 * self.commits.get().saturating_sub(1));
        let output = Command::new("git")
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("TZ", "UTC")])
            .envs([("GIT_AUTHOR_NAME", "A. Author"), ("GIT_AUTHOR_EMAIL", "author@example.com")])
            .envs([("GIT_COMMITTER_NAME", "A. Author"), ("GIT_COMMITTER_EMAIL", "author@example.com")])
            .envs([("GIT_AUTHOR_DATE", &date), ("GIT_COMMITTER_DATE", &date)])
            .output()
            .expect("git runs");
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("git speaks UTF-8").trim().to_owned()
    }
}
