//! The repositories of the benchmark, made by `git fast-import` from a fixed seed.

use std::{
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

/// The owner of all of them: modules are `github.com/bench/<name>`.
pub(super) const OWNER: &str = "bench";

/// What a repository is made of. Tags are `v1.0.0`, `v1.1.0` and so on, evenly over the commits, the last one at HEAD.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) files: usize,
    pub(super) commits: usize,
    pub(super) tags: usize,
    /// One file of so many bytes that do not compress: the largest blob.
    pub(super) blob: usize,
}

/// Average size of a source file; the files of the standard library have 9 KB.
const SOURCE: usize = 4_000;

/// 2024-01-01T00:00:00Z; a commit each hour.
const FIRST_COMMIT: usize = 1_704_067_200;

/// Makes the bare repository `<folder>/<OWNER>/<name>.git`, packed as a forge keeps it.
pub(super) fn make(folder: &Path, shape: &Shape) -> Result<PathBuf> {
    let path = folder.join(OWNER).join(format!("{}.git", shape.name));
    std::fs::create_dir_all(&path)?;
    git(&path, &["init", "--quiet", "--bare", "--initial-branch=main", "."])?;
    let mut command = Command::new("git");
    command.args(["fast-import", "--quiet"]).current_dir(&path).stdin(Stdio::piped());
    let mut child = command.spawn().context("starting git fast-import")?;
    let stdin = child.stdin.take().context("no input")?;
    Import { out: BufWriter::new(stdin), noise: 0x9E37_79B9_7F4A_7C15 }.write(shape)?;
    if !child.wait()?.success() {
        bail!("git fast-import failed");
    }
    git(&path, &["repack", "-a", "-d", "--quiet", "--write-bitmap-index"])?;
    git(&path, &["commit-graph", "write", "--reachable"])?;
    git(&path, &["pack-refs", "--all"])?;
    Ok(path)
}

/// What git prints about a repository, trimmed.
pub(super) fn git(repository: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(repository).stderr(Stdio::inherit());
    let output = command.output().context("starting git")?;
    if !output.status.success() {
        bail!("git {}: {}", arguments.join(" "), output.status);
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

struct Import<W> {
    out: W,
    noise: u64,
}

impl<W: Write> Import<W> {
    fn write(mut self, shape: &Shape) -> Result<()> {
        let module = format!("module github.com/{OWNER}/{}\n\ngo 1.24\n", shape.name);
        for commit in 1..=shape.commits {
            let time = FIRST_COMMIT + 3600 * commit;
            writeln!(self.out, "commit refs/heads/main\nmark :{commit}\ncommitter A <a@example.com> {time} +0000")?;
            self.data(format!("Commit {commit}\n").as_bytes())?;
            if commit == 1 {
                self.file("go.mod", module.as_bytes())?;
                self.file("LICENSE", b"Do what you like.\n")?;
                let blob: Vec<u8> = (0..shape.blob).map(|_| self.next() as u8).collect();
                self.file("testdata/large.bin", &blob)?;
                for number in 0..shape.files.saturating_sub(3) {
                    self.source(number)?;
                }
            } else {
                // A few files each, the same ones seldom.
                for step in 0..3 {
                    self.source((commit * 31 + step * 977) % shape.files.saturating_sub(3).max(1))?;
                }
            }
        }
        for tag in 0..shape.tags {
            let commit = shape.commits - (shape.tags - 1 - tag) * shape.commits / shape.tags;
            writeln!(self.out, "reset refs/tags/v1.{tag}.0\nfrom :{commit}\n")?;
        }
        Ok(self.out.flush()?)
    }

    /// Text like Go's: it compresses to about a third, and neighbouring versions differ in some lines.
    fn source(&mut self, number: usize) -> Result<()> {
        let size = SOURCE / 4 + self.next() as usize % (SOURCE * 3 / 2);
        let mut text = format!("package p{}\n\n", number % 97);
        while text.len() < size {
            let (a, b) = (self.next() % 5_000, self.next() % 300);
            text.push_str(&format!("func (r *reader{b}) read{a}(ctx context.Context) (int, error) {{\n"));
            text.push_str(&format!("\tif err := r.check{b}(ctx, {a}); err != nil {{\n\t\treturn 0, err\n\t}}\n"));
            text.push_str(&format!("\treturn r.buffer{a}[{b}:].next(ctx)\n}}\n\n"));
        }
        let folder = format!("pkg{}/sub{}", number / 400, number / 20 % 20);
        self.file(&format!("{folder}/file{number}.go"), text.as_bytes())
    }

    fn file(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        writeln!(self.out, "M 100644 inline {name}")?;
        self.data(bytes)
    }

    fn data(&mut self, bytes: &[u8]) -> Result<()> {
        writeln!(self.out, "data {}", bytes.len())?;
        self.out.write_all(bytes)?;
        Ok(writeln!(self.out)?)
    }

    /// xorshift64.
    fn next(&mut self) -> u64 {
        self.noise ^= self.noise << 13;
        self.noise ^= self.noise >> 7;
        self.noise ^= self.noise << 17;
        self.noise >> 11
    }
}
