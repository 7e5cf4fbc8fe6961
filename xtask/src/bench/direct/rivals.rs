//! Who answers: our proxy, and the `go` command by itself. Both reach the git server by the same configuration.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, bail};

use super::{
    super::process::{Server, free_port, remove, run},
    http::Connection,
    repositories::OWNER,
};

/// What one measurement cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    pub(super) seconds: f64,
    /// User and system time, children included.
    pub(super) cpu_seconds: f64,
}

/// The variables that lead `https://github.com/` to a base URL.
fn git_environment(base: &str) -> [(&'static str, String); 4] {
    [
        ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
        ("GIT_CONFIG_COUNT", "1".to_owned()),
        ("GIT_CONFIG_KEY_0", format!("url.{base}/.insteadOf")),
        ("GIT_CONFIG_VALUE_0", "https://github.com/".to_owned()),
    ]
}

/// Our proxy with an empty cache.
pub(super) struct Ours {
    server: Server,
    port: u16,
    log: PathBuf,
}

impl Ours {
    pub(super) fn start(binary: &Path, engine: &str, base: &str, work: &Path) -> Result<Self> {
        let (cache, home, log) = (work.join("cache"), work.join("home"), work.join("goproxy.log"));
        remove(&cache)?;
        fs::create_dir_all(&home)?;
        let port = free_port()?;
        let arguments = [
            format!("-listen=127.0.0.1:{port}"),
            format!("-cacheDir={}", cache.display()),
            format!("-direct={engine}"),
        ];
        let git = git_environment(base);
        let home = home.to_string_lossy();
        let environment: Vec<_> = git.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let environment = [&environment[..], &[("HOME", &*home)]].concat();
        let flags = if engine == "default" { &arguments[..2] } else { &arguments[..] };
        let arguments: Vec<_> = flags.iter().map(String::as_str).collect();
        Ok(Self { server: Server::start_with(binary, &arguments, &environment, port, &log)?, port, log })
    }

    /// Gets the paths below the module one after the other, as a client does.
    pub(super) fn get(&self, module: &str, paths: &[String]) -> Result<Cost> {
        let (cpu, started) = (self.server.cpu_seconds(), Instant::now());
        let mut connection = Connection::open(self.port)?;
        for path in paths {
            let answer = connection.get(&format!("/github.com/{OWNER}/{module}/{path}"), "");
            let body = answer.with_context(|| format!("our proxy; see {}", self.log.display()))?;
            if body.is_empty() {
                bail!("{module}/{path}: an empty answer");
            }
        }
        Ok(Cost { seconds: started.elapsed().as_secs_f64(), cpu_seconds: self.server.cpu_seconds() - cpu })
    }

    /// The same for many clients at once, each with paths of its own.
    pub(super) fn storm(&self, module: &str, clients: &[Vec<String>]) -> Result<Cost> {
        let (cpu, started) = (self.server.cpu_seconds(), Instant::now());
        let results: Vec<Result<Cost>> = std::thread::scope(|scope| {
            let threads: Vec<_> = clients.iter().map(|paths| scope.spawn(|| self.get(module, paths))).collect();
            let ended = |thread: std::thread::ScopedJoinHandle<'_, _>| thread.join();
            threads.into_iter().map(|thread| ended(thread).unwrap_or_else(|_| bail!("a client panicked"))).collect()
        });
        results.into_iter().collect::<Result<Vec<_>>>()?;
        Ok(Cost { seconds: started.elapsed().as_secs_f64(), cpu_seconds: self.server.cpu_seconds() - cpu })
    }

    /// The most memory that the process ever held, in MiB.
    pub(super) fn peak_memory(&self) -> Result<f64> {
        self.server.peak_memory()
    }
}

/// The `go` command in a module cache of its own.
pub(super) struct Go {
    folder: PathBuf,
}

impl Go {
    pub(super) fn new(work: &Path) -> Result<Self> {
        let folder = work.join("go");
        fs::create_dir_all(folder.join("outside"))?;
        fs::create_dir_all(folder.join("home"))?;
        Ok(Self { folder })
    }

    /// Clones as a fetch of this version leaves them.
    pub(super) fn clones(&self, base: &str, module: &str, version: &str) -> Result<PathBuf> {
        let kept = self.folder.join(format!("vcs-{module}"));
        if !kept.exists() {
            self.download(base, module, &[version], None)?;
            fs::rename(self.folder.join("cache/cache/vcs"), &kept)?;
        }
        Ok(kept)
    }

    /// `.info` and `.mod` of a version.
    pub(super) fn files(&self, base: &str, module: &str, version: &str, clones: Option<&Path>) -> Result<Cost> {
        let asked = format!("github.com/{OWNER}/{module}@{version}");
        self.go(base, &["list", "-m", "-json", &asked], clones)
    }

    /// `.info`, `.mod` and `.zip` of versions. `go` unpacks the zip as well, which it cannot be told to leave.
    pub(super) fn download(&self, base: &str, module: &str, versions: &[&str], clones: Option<&Path>) -> Result<Cost> {
        let asked: Vec<_> = versions.iter().map(|version| format!("github.com/{OWNER}/{module}@{version}")).collect();
        let asked: Vec<_> = asked.iter().map(String::as_str).collect();
        self.go(base, &[&["mod", "download", "-json"], &asked[..]].concat(), clones)
    }

    /// The list of versions, as anybody asks for it: without those that are retracted, which `go` finds out by fetching
    /// the latest `go.mod`. With `-retracted` it would cost a third of that.
    pub(super) fn list(&self, base: &str, module: &str, clones: Option<&Path>) -> Result<Cost> {
        let asked = format!("github.com/{OWNER}/{module}");
        self.go(base, &["list", "-m", "-json", "-versions", &asked], clones)
    }

    /// Runs it with an empty module cache, or with clones alone.
    fn go(&self, base: &str, arguments: &[&str], clones: Option<&Path>) -> Result<Cost> {
        let cache = self.folder.join("cache");
        remove(&cache)?;
        if let Some(clones) = clones {
            fs::create_dir_all(cache.join("cache"))?;
            run("cp", &["-a", &clones.to_string_lossy(), &cache.join("cache/vcs").to_string_lossy()], &[])?;
        }
        let path = |name: &str| self.folder.join(name).to_string_lossy().into_owned();
        let (home, gopath, cache, outside) = (path("home"), path("gopath"), path("cache"), path("outside"));
        let build = path("build");
        let git = git_environment(base);
        let mut environment: Vec<_> = git.iter().map(|(name, value)| (*name, value.as_str())).collect();
        environment.extend([("HOME", &*home), ("GOPATH", &gopath), ("GOMODCACHE", &cache), ("GOCACHE", &build)]);
        environment.extend([("GOPROXY", "direct"), ("GOSUMDB", "off"), ("GOENV", "off"), ("GOWORK", "off")]);
        environment.extend([("GOFLAGS", "-modcacherw"), ("GO111MODULE", "on"), ("GOTOOLCHAIN", "local")]);
        environment.extend([("GOPRIVATE", ""), ("GONOPROXY", ""), ("GOINSECURE", ""), ("GOVCS", "")]);
        let (cpu, started) = (children_seconds(), Instant::now());
        run("go", &[&["-C", &outside], arguments].concat(), &environment)?;
        Ok(Cost { seconds: started.elapsed().as_secs_f64(), cpu_seconds: children_seconds() - cpu })
    }
}

/// What the ended children of this process used. Our proxy and the git server end between the measurements.
fn children_seconds() -> f64 {
    super::super::process::cpu_seconds("self", &[15, 16])
}
