//! A real `go` command as a client, in an environment of its own.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use tempfile::TempDir;
use tokio::process::Command;

use crate::{fault::shared_dir, home::Home};

const LIMIT: Duration = Duration::from_secs(300);

/// What a finished program left behind.
#[derive(Clone, Debug)]
pub struct Output {
    /// Whether it exited with 0.
    pub ok: bool,
    /// The exit status; `None` if a signal or the time limit ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// A `go` with an empty module cache. GOPROXY and GOSUMDB are `off` until set, GOTOOLCHAIN is `local`; the build
/// cache alone is shared between clients.
#[derive(Clone, Debug)]
pub struct GoClient {
    go: PathBuf,
    version: String,
    env: BTreeMap<String, String>,
    dir: Arc<TempDir>,
}

impl GoClient {
    /// The `go` of this machine, or `None`: the caller says SKIPPED.
    pub async fn find() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/local/go/bin")]);
        let go = folders.map(|folder| folder.join("go")).find(|go| go.is_file())?;
        Self::at(&go).await
    }

    /// The `go` at this place, or `None` if it does not run.
    pub async fn at(go: &Path) -> Option<Self> {
        let mut client = Self {
            go: go.to_owned(),
            version: String::new(),
            env: BTreeMap::new(),
            dir: Arc::new(TempDir::new().unwrap()),
        };
        let output = client.run(&["env", "GOVERSION"]).await;
        client.version = output.stdout.trim().trim_start_matches("go").to_owned();
        output.ok.then_some(client)
    }

    /// Its release, such as `1.26.8`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where it is installed, its sources with it.
    pub async fn root(&self) -> PathBuf {
        PathBuf::from(self.run(&["env", "GOROOT"]).await.stdout.trim())
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.go
    }

    /// Sets GOPROXY.
    pub fn proxy(self, list: &str) -> Self {
        self.env("GOPROXY", list)
    }

    /// Sets GOSUMDB: a verifier key, `key url`, or `off`.
    pub fn sumdb(self, value: &str) -> Self {
        self.env("GOSUMDB", value)
    }

    /// Uses this home directory.
    pub fn home(self, home: &Home) -> Self {
        let path = home.path().to_str().expect("a UTF-8 path").to_owned();
        self.env("HOME", &path)
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The same client with nothing downloaded.
    pub fn fresh(&self) -> Self {
        Self { dir: Arc::new(TempDir::new().unwrap()), ..self.clone() }
    }

    /// Its GOPATH; the module cache is `pkg/mod` below it.
    pub fn gopath(&self) -> PathBuf {
        self.env.get("GOPATH").map_or_else(|| self.dir.path().join("gopath"), PathBuf::from)
    }

    /// Writes a project, or any files, into a new folder and returns it.
    pub fn project(&self, files: &[(&str, &str)]) -> PathBuf {
        let folder = tempfile::Builder::new().prefix("project").tempdir_in(self.dir.path()).unwrap().keep();
        for (name, text) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    /// `go mod download -json` of one `module@query`, outside a module.
    pub async fn download(&self, module: &str) -> Output {
        self.run(&["mod", "download", "-json", module]).await
    }

    /// The versions `go list -m -versions` shows, or what it printed when it failed.
    pub async fn list_versions(&self, module: &str) -> Result<Vec<String>, Output> {
        let output = self.run(&["list", "-m", "-versions", module]).await;
        if !output.ok {
            return Err(output);
        }
        Ok(output.stdout.split_whitespace().skip(1).map(str::to_owned).collect())
    }

    /// Builds every package of a project, completing its go.mod and go.sum.
    pub async fn build(&self, project: &Path) -> Output {
        self.run_in(project, &["build", "-mod=mod", "./..."]).await
    }

    /// Runs `go` in an empty folder.
    pub async fn run(&self, args: &[&str]) -> Output {
        let empty = self.dir.path().join("empty");
        fs::create_dir_all(&empty).unwrap();
        self.run_in(&empty, args).await
    }

    /// Runs `go` in a folder; killed after five minutes.
    pub async fn run_in(&self, folder: &Path, args: &[&str]) -> Output {
        let mut command = Command::new(&self.go);
        let home = self.dir.path().join("home");
        fs::create_dir_all(&home).unwrap();
        command
            .args(args)
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("GOPATH", self.gopath())
            .env("GOMODCACHE", self.gopath().join("pkg/mod"))
            .env("GOCACHE", shared_dir("go-build"))
            .envs([("GOENV", "off"), ("GOFLAGS", "-modcacherw"), ("GO111MODULE", "on"), ("GOTOOLCHAIN", "local")])
            .envs([("GOPROXY", "off"), ("GOSUMDB", "off"), ("GOTELEMETRY", "off"), ("CGO_ENABLED", "0")])
            .envs([("GIT_TERMINAL_PROMPT", "0"), ("GIT_CONFIG_NOSYSTEM", "1")])
            .envs(&self.env)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        finish(command, LIMIT).await
    }
}

/// Runs a program to its end or the limit.
pub(crate) async fn finish(mut command: Command, limit: Duration) -> Output {
    match tokio::time::timeout(limit, command.output()).await {
        Ok(output) => {
            let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
            Output {
                ok: output.status.success(),
                code: output.status.code(),
                stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
                stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            }
        }
        Err(_) => {
            let stderr = format!("killed after {limit:?}");
            Output { ok: false, code: None, stdout: String::new(), stderr }
        }
    }
}
