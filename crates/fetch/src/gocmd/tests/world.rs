//! A directory with git repositories, a home, and what a proxy needs around its `go`.

use std::{
    ffi::OsString,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use gomod::{ModulePath, ModuleVersion, Patterns, Query, Version};
use goproxy_engine::{
    Answer, Error, ErrorKind, Fact, FactFound, Intake, Kind, Object, Remembered, Resolved, Result, Source as _,
    Staging, Store, Stored, TempPath, Verified,
};

use crate::{GoCommand, GoOptions, exec::Exec};

/// Everything below one temporary directory.
pub(super) struct World {
    pub(super) dir: tempfile::TempDir,
    pub(super) go: PathBuf,
    git: PathBuf,
}

/// A repository that is being written.
pub(super) struct Repo<'a> {
    world: &'a World,
    dir: PathBuf,
}

impl World {
    /// `None`, and a word about it, where `go` or `git` are missing.
    pub(super) fn new() -> Option<Self> {
        let git =
            std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join("git")).find(|git| git.is_file());
        let (Some(go), Some(git)) = (crate::find_program("go"), git) else {
            // Past the capture of the test runner.
            let _ = writeln!(std::io::stderr(), "SKIPPED: needs go and git on PATH");
            return None;
        };
        let world = Self { dir: tempfile::tempdir().unwrap(), go, git };
        fs::create_dir_all(world.path("home")).unwrap();
        world.git_config(&format!(
            "[init]\n\tdefaultBranch = main\n[user]\n\tname = a\n\temail = a@b.c\n[protocol \"file\"]\n\tallow = always\n\
             [url \"{}/\"]\n\tinsteadOf = https://github.com/\n",
            world.path("repos").display()
        ));
        Some(world)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Adds to the host's git configuration.
    pub(super) fn git_config(&self, text: &str) {
        let file = self.path("home/.gitconfig");
        let before = fs::read_to_string(&file).unwrap_or_default();
        fs::write(file, before + text).unwrap();
    }

    /// The environment of the host.
    pub(super) fn env(&self) -> Vec<(OsString, OsString)> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let vars = [("PATH", path), ("HOME", self.path("home").into()), ("GIT_CONFIG_NOSYSTEM", "1".into())];
        vars.into_iter().map(|(name, value)| (name.into(), value)).collect()
    }

    pub(super) fn options(&self) -> GoOptions {
        GoOptions {
            credentials: crate::Credentials::default(),
            go: self.go.clone(),
            vcs_dir: self.path("gopath/pkg/mod/cache/vcs"),
            scratch_root: self.path("scratch"),
            host_env: self.env(),
            private: Patterns::default(),
            insecure: Patterns::default(),
            concurrency: 4,
            queue: 100,
            time_limit: Duration::from_secs(120),
        }
    }

    pub(super) fn command(&self) -> GoCommand {
        GoCommand::new(self.options()).unwrap()
    }

    /// A stand-in for `go`: a shell script in which `$GO` is the real one.
    pub(super) fn script(&self, body: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let file = self.path("go-script");
        fs::write(&file, format!("#!/bin/sh\nGO={}\n{body}\n", self.go.display())).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    pub(super) async fn repo(&self, name: &str) -> Repo<'_> {
        let dir = self.path("repos").join(name);
        fs::create_dir_all(&dir).unwrap();
        let repo = Repo { world: self, dir };
        repo.git(&["init", "-q"]).await;
        repo
    }

    /// Directories of runs that are there now.
    pub(super) fn scratch(&self) -> usize {
        let dirs = |dir: &Path| fs::read_dir(dir).into_iter().flatten().map(|e| e.unwrap().path()).collect::<Vec<_>>();
        dirs(&self.path("scratch")).iter().filter(|dir| dir.is_dir()).map(|dir| dirs(dir).len()).sum()
    }
}

impl Repo<'_> {
    pub(super) async fn git(&self, args: &[&str]) -> String {
        let exec = Exec::new(&self.world.git).args(args).envs(self.world.env()).cwd(&self.dir);
        let done = exec.run().await.unwrap();
        assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }

    pub(super) fn write(&self, name: &str, content: &str) -> &Self {
        let file = self.dir.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
        self
    }

    /// Commits everything and sets tags on it.
    pub(super) async fn commit(&self, tags: &[&str]) -> &Self {
        self.git(&["add", "-A"]).await;
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]).await;
        for tag in tags {
            self.git(&["tag", tag]).await;
        }
        self
    }
}

pub(super) fn path(text: &str) -> ModulePath {
    ModulePath::parse(text).unwrap()
}

pub(super) fn version(module: &str) -> ModuleVersion {
    let (module, version) = module.split_once('@').unwrap();
    ModuleVersion::new(path(module), Version::parse(version).unwrap()).unwrap()
}

/// Files of a version as they were staged, in order: `info`, `mod` or `zip`, and the content.
pub(super) async fn fetch(go: &GoCommand, module: &str, kind: Kind) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let (store, module) = (Stage::default(), version(module));
    let staged = go.fetch(&module, kind, &Intake::new(&store)).await?;
    Ok(store.contents(&module, staged))
}

/// The content of one file of a version.
pub(super) async fn file(go: &GoCommand, module: &str, kind: Kind) -> Result<String> {
    fetch(go, module, kind).await.map(|files| String::from_utf8(files[0].1.clone()).unwrap())
}

/// What a query, or `latest`, resolves to: the `.info`, and the objects that came along.
pub(super) async fn resolve(go: &GoCommand, module: &str, query: &str) -> Result<(String, Vec<String>)> {
    let (store, module) = (Stage::default(), path(module));
    let resolved = match query {
        "latest" => go.latest(&module, &Intake::new(&store)).await?,
        query => go.query(&module, &Query::parse(query).unwrap(), &Intake::new(&store)).await?,
    };
    let Resolved { info, extra, .. } = resolved;
    let extra = extra.iter().map(|(object, _)| object.to_string()).collect();
    Ok((String::from_utf8(info.to_vec()).unwrap(), extra))
}

/// The list, as lines.
pub(super) async fn list(go: &GoCommand, module: &str) -> Result<Vec<String>> {
    let versions = go.list(&path(module)).await?;
    Ok(String::from_utf8(versions.body.to_vec()).unwrap().lines().map(str::to_owned).collect())
}

/// The `Version` of an `.info`.
pub(super) fn version_of(info: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(info).unwrap();
    value["Version"].as_str().unwrap().to_owned()
}

/// A store that stages, and does nothing else.
#[derive(Debug)]
pub(super) struct Stage {
    dir: tempfile::TempDir,
    files: Mutex<Vec<PathBuf>>,
}

impl Default for Stage {
    fn default() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), files: Mutex::default() }
    }
}

impl Stage {
    fn contents(&self, asked: &ModuleVersion, staged: Vec<(Object, Staging)>) -> Vec<(&'static str, Vec<u8>)> {
        let files = self.files.lock().unwrap();
        assert_eq!(files.len(), staged.len());
        let content = |((object, staging), file): ((Object, Staging), &PathBuf)| {
            let Object::Module(module, kind) = object else { panic!("{object}") };
            let bytes = fs::read(file).unwrap();
            assert_eq!((&module, staging.len()), (asked, bytes.len() as u64));
            (kind.extension(), bytes)
        };
        staged.into_iter().zip(files.iter()).map(content).collect()
    }
}

fn stages_only<T>() -> Result<T> {
    Err(Error::new(ErrorKind::Internal, "this store only stages"))
}

#[async_trait]
impl Store for Stage {
    async fn open(&self, _: &Object) -> Result<Option<Stored>> {
        stages_only()
    }

    fn room(&self) -> Result<()> {
        Ok(())
    }

    async fn stage(&self) -> Result<Staging> {
        let mut files = self.files.lock().unwrap();
        let path = self.dir.path().join(files.len().to_string());
        let file = fs::File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        files.push(path.clone());
        Ok(Staging::new(TempPath::new(path), file))
    }

    async fn commit(&self, _: Verified) -> Result<Stored> {
        stages_only()
    }

    async fn load(&self, _: &Answer) -> Result<Option<Remembered>> {
        stages_only()
    }

    async fn save(&self, _: &Answer, _: &Remembered) -> Result<()> {
        stages_only()
    }
    async fn reject(&self, _: &Object, _: &str) -> Result<()> {
        stages_only()
    }

    async fn recall(&self, _: &Fact) -> Result<Option<FactFound>> {
        stages_only()
    }

    async fn establish(&self, _: &Fact, _: Option<&Bytes>, _: &Bytes) -> Result<bool> {
        stages_only()
    }
}
