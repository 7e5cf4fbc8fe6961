//! The client: a real `go` with empty caches, on the live test's project.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, Result, bail};

use crate::bench::{
    process::{remove, run},
    root,
};

pub(crate) struct Client {
    /// Where it unpacks.
    folder: PathBuf,
    /// What it has compiled; kept, so that a build measures what it fetches.
    compiled: PathBuf,
}

impl Client {
    /// Unpacks in memory where that can be had: it writes half a gigabyte of small files, and a disk that is busy with
    /// those of the last round would be all that is measured. Our own cache stays on the disk.
    pub(crate) fn new(work: &Path) -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { memory.join("goproxy-bench-cold") } else { work.join("client") };
        let compiled = root().join("target/bench/compiled");
        fs::create_dir_all(&compiled)?;
        Ok(Self { folder, compiled })
    }

    pub(crate) fn clear(&self) -> Result<()> {
        remove(&self.folder)
    }

    /// Seconds that `go mod download` takes.
    pub(crate) fn download(&self, proxy: &str) -> Result<f64> {
        self.timed(proxy, &["mod", "download"], |_| true)
    }

    /// The same for a project with every second requirement.
    pub(crate) fn download_half(&self, proxy: &str) -> Result<f64> {
        self.timed(proxy, &["mod", "download"], |number| number % 2 == 0)
    }

    /// Seconds that `go build` takes where everything was compiled before. The first one compiles.
    pub(crate) fn build(&self, proxy: &str) -> Result<f64> {
        if fs::read_dir(&self.compiled)?.next().is_none() {
            self.timed(proxy, &["build", "-o", "/dev/null", "."], |_| true)?;
        }
        self.timed(proxy, &["build", "-o", "/dev/null", "."], |_| true)
    }

    fn timed(&self, proxy: &str, command: &[&str], has: impl Fn(usize) -> bool) -> Result<f64> {
        let (modules, project) = (self.folder.join("gopath"), self.folder.join("project"));
        remove(&modules)?;
        remove(&project)?;
        fs::create_dir_all(&project)?;
        let source = root().join("crates/goproxy/tests/live");
        for file in ["go.sum", "main.go"] {
            fs::copy(source.join(file), project.join(file)).with_context(|| format!("copying {file}"))?;
        }
        fs::write(project.join("go.mod"), with_requirements(&fs::read_to_string(source.join("go.mod"))?, has))?;
        let [modules, directory, compiled] =
            [&modules, &project, &self.compiled].map(|path| path.to_string_lossy().into_owned());
        let environment = [
            ("GOPROXY", proxy),
            ("GOPATH", &*modules),
            ("GOMODCACHE", ""),
            ("GOCACHE", &*compiled),
            ("GOFLAGS", "-modcacherw"),
            ("GOSUMDB", "off"),
        ];
        let started = Instant::now();
        // It tells each download: its words are for failures.
        let output = Command::new("go").args(["-C", &*directory]).args(command).envs(environment).output()?;
        if !output.status.success() {
            bail!("go {}: {}", command.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        Ok(started.elapsed().as_secs_f64())
    }
}

/// A go.mod with those of its requirements whose numbers are chosen.
fn with_requirements(go_mod: &str, has: impl Fn(usize) -> bool) -> String {
    let mut number = 0;
    let mut keep = |line: &&str| {
        let requirement = line.starts_with('\t');
        number += usize::from(requirement);
        !requirement || has(number)
    };
    go_mod.lines().filter(|line| keep(line)).map(|line| format!("{line}\n")).collect()
}

/// What a server of ours says of itself.
pub(crate) fn metrics(server: &str) -> Result<String> {
    run("curl", &["-sS", &format!("{server}/metrics")], &[])
}
