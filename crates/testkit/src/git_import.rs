//! Bare repositories made from a `git fast-import` stream: one process whatever is in them. Refs and HEAD are written
//! as the caller says, so that they may be what git itself would not make: tags on trees, HEAD without a branch.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// What names objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectFormat {
    /// SHA-1, 40 digits.
    Sha1,
    /// SHA-256, 64 digits.
    Sha256,
}

/// A bare repository, removed when dropped.
#[derive(Debug)]
pub struct BareRepo {
    dir: TempDir,
    /// The name of each mark's object; index 0 is nothing.
    objects: Vec<String>,
}

impl BareRepo {
    /// Imports the objects of a stream, whose marks are 1, 2, 3...; there are no refs yet.
    ///
    /// # Panics
    /// With what git says of a bad stream.
    pub fn import(format: ObjectFormat, stream: &[u8]) -> Self {
        let dir = TempDir::new().unwrap();
        skeleton(dir.path(), format);
        let marks = dir.path().join("marks");
        let mut child = Command::new("git")
            .args(["fast-import", "--quiet", "--date-format=raw-permissive"])
            .arg(format!("--export-marks={}", marks.display()))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("LC_ALL", "C")])
            .env("GIT_DIR", dir.path())
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("git runs");
        // It says nothing before it has read everything, or has died.
        let _ = child.stdin.take().expect("piped").write_all(stream);
        let output = child.wait_with_output().expect("git ends");
        assert!(output.status.success(), "git fast-import: {}", String::from_utf8_lossy(&output.stderr));
        fs::remove_dir_all(dir.path().join("refs")).unwrap();
        fs::create_dir_all(dir.path().join("refs/heads")).unwrap();
        Self { objects: objects(&fs::read_to_string(marks).unwrap()), dir }
    }

    /// The repository itself.
    pub fn git_dir(&self) -> &Path {
        self.dir.path()
    }

    /// The full name of a mark's object.
    pub fn object(&self, mark: usize) -> &str {
        &self.objects[mark]
    }

    /// Sets HEAD, the name of a branch or of an object, and all refs: full names and objects.
    pub fn set_refs(&self, head: &str, refs: &[(String, String)]) {
        let head = if head.starts_with("refs/") { format!("ref: {head}\n") } else { format!("{head}\n") };
        fs::write(self.dir.path().join("HEAD"), head).unwrap();
        let mut lines: Vec<_> = refs.iter().map(|(name, object)| format!("{object} {name}\n")).collect();
        lines.sort_by(|a, b| a.split(' ').nth(1).cmp(&b.split(' ').nth(1)));
        let packed = format!("# pack-refs with: sorted \n{}", lines.concat());
        fs::write(self.dir.path().join("packed-refs"), packed).unwrap();
    }

    /// Leaves the repository where it is, for somebody to look at.
    pub fn keep(self) -> PathBuf {
        self.dir.keep()
    }
}

fn skeleton(dir: &Path, format: ObjectFormat) {
    for folder in ["objects", "refs/heads"] {
        fs::create_dir_all(dir.join(folder)).unwrap();
    }
    fs::write(dir.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    let config = match format {
        ObjectFormat::Sha1 => "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
        ObjectFormat::Sha256 => {
            "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n"
        }
    };
    fs::write(dir.join("config"), config).unwrap();
}

fn objects(marks: &str) -> Vec<String> {
    let mut pairs: Vec<(usize, &str)> = marks
        .lines()
        .map(|line| line.trim_start_matches(':').split_once(' ').expect("mark and object"))
        .map(|(mark, object)| (mark.parse().expect("a number"), object))
        .collect();
    pairs.sort_unstable();
    let mut objects = vec![String::new()];
    for (mark, object) in pairs {
        objects.resize(mark, String::new());
        objects.push(object.to_owned());
    }
    objects
}
