//! Real repositories in temporary directories.

use goproxy_git::{Error, ObjectFormat, Objects, PackLimits, PackReceiver, PackStats};
use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

pub(crate) const LIMITS: PackLimits = PackLimits { bytes: 4 << 30, objects: 1 << 24, object: 1 << 30 };

pub(crate) struct Git {
    pub(crate) dir: tempfile::TempDir,
}

impl Git {
    /// A repository with a working tree.
    pub(crate) fn new(format: ObjectFormat) -> Option<Self> {
        if Command::new("git").arg("version").output().is_err() {
            let _ = writeln!(std::io::stderr(), "SKIPPED: needs git on PATH");
            return None;
        }
        let git = Self { dir: tempfile::tempdir().unwrap() };
        git.run(&["init", "-q", &format!("--object-format={}", format.name())]);
        Some(git)
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.pipe(arguments, b"")).unwrap()
    }

    pub(crate) fn pipe(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let (ok, out, err) = run(self.path(), arguments, input);
        assert!(ok, "git {arguments:?}: {err}");
        out
    }

    pub(crate) fn commit(&self, files: &[(&str, Vec<u8>)]) -> String {
        for (name, content) in files {
            let path = self.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        self.run(&["add", "-A"]);
        self.run(&["commit", "-q", "--allow-empty", "-m", "m"]);
        self.run(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// A history in which git finds deltas: `commits` commits of `files` files of some kilobytes.
    pub(crate) fn history(&self, commits: u32, files: u32) {
        let mut random = fastrand::Rng::with_seed(7);
        let mut line = move || format!("{:x} {}\n", random.u64(..), "word ".repeat(random.usize(..9)));
        let mut contents: Vec<Vec<u8>> =
            (0..files).map(|_| (0..90).map(|_| line()).collect::<String>().into()).collect();
        for commit in 0..commits {
            for (at, content) in contents.iter_mut().enumerate() {
                if commit > 0 && (at as u32 + commit).is_multiple_of(5) {
                    content.extend(line().into_bytes());
                }
            }
            let changed =
                contents.iter().enumerate().map(|(at, content)| (format!("d{}/e/f{at}.go", at % 7), content.clone()));
            let changed: Vec<_> = changed.collect();
            self.commit(&changed.iter().map(|(name, content)| (name.as_str(), content.clone())).collect::<Vec<_>>());
        }
    }

    /// All that HEAD reaches, as a pack.
    pub(crate) fn pack(&self, options: &[&str], revisions: &str) -> Vec<u8> {
        let arguments = [&["pack-objects", "-q", "--revs", "--stdout"], options].concat();
        self.pipe(&arguments, revisions.as_bytes())
    }

    /// Every object of a repository, with kind, size and content.
    pub(crate) fn objects(dir: &Path) -> Vec<(String, String, u64)> {
        let format = "--batch-check=%(objectname) %(objecttype) %(objectsize)";
        let (ok, out, err) = run(dir, &["cat-file", "--batch-all-objects", format], b"");
        assert!(ok, "{err}");
        let line = |line: &str| {
            let words: Vec<_> = line.split(' ').collect();
            (words[0].to_owned(), words[1].to_owned(), words[2].parse().unwrap())
        };
        String::from_utf8(out).unwrap().lines().map(line).collect()
    }
}

/// `git` in a directory, with nobody's configuration.
pub(crate) fn run(dir: &Path, arguments: &[&str], input: &[u8]) -> (bool, Vec<u8>, String) {
    let mut command = Command::new("git");
    command.current_dir(dir).args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.env("HOME", "/nonexistent").env("GIT_CONFIG_NOSYSTEM", "1");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "T").env(format!("GIT_{who}_EMAIL"), "t@example.com");
        command.env(format!("GIT_{who}_DATE"), "1700000000 +0000");
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_vec());
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    (output.status.success(), output.stdout, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Receives a pack in pieces of a size.
pub(crate) fn receive(
    dir: &Path,
    format: ObjectFormat,
    pack: &[u8],
    piece: usize,
    bases: &dyn Objects,
) -> Result<PackStats, Error> {
    receive_within(LIMITS, dir, format, pack, piece, bases)
}

pub(crate) fn receive_within(
    limits: PackLimits,
    dir: &Path,
    format: ObjectFormat,
    pack: &[u8],
    piece: usize,
    bases: &dyn Objects,
) -> Result<PackStats, Error> {
    let mut receiver = PackReceiver::new(dir, format, limits)?;
    pack.chunks(piece).try_for_each(|bytes| receiver.write(bytes))?;
    receiver.finish(bases)
}

/// Names in `objects/pack`.
pub(crate) fn files(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir.join("objects/pack")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
