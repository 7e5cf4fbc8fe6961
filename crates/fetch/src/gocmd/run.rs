//! Running `go`: which commands answer what, and one run for all who ask for the same version.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use bytes::Bytes;
use gomod::{ModulePath, ModuleVersion, Patterns};
use goproxy_engine::{
    Error, ErrorKind, Flight, Kind, Result,
    trace::{during, stage},
};

use super::{
    GoOptions, blocking,
    bundle::{self, Bundle},
    clones,
    env::{self, Environment},
    failure::{self, Context},
    gate::Gate,
    internal,
    output::Module,
    scratch::{Scratch, ScratchRoot},
};
use crate::{
    credentials::{Credential, child},
    exec::{Exec, ExecError, Finished},
};

/// What all runs share.
#[derive(Debug)]
pub(super) struct Runner {
    options: GoOptions,
    environment: Environment,
    /// GOPRIVATE and GOINSECURE.
    patterns: RwLock<(Arc<str>, Arc<str>)>,
    root: Arc<ScratchRoot>,
    gate: Gate,
    flights: Flight<String, Result<Arc<Bundle>>>,
}

/// A process that ended: what it printed, and what went wrong if it failed.
struct Ran {
    stdout: Vec<u8>,
    failure: Option<Error>,
}

impl Ran {
    fn success(self) -> Result<Vec<u8>> {
        self.failure.map_or(Ok(self.stdout), Err)
    }
}

impl Runner {
    pub(super) fn new(options: GoOptions) -> std::io::Result<Self> {
        Ok(Self {
            environment: Environment::new(&options.host_env),
            patterns: RwLock::new(texts(&options.private, &options.insecure)),
            root: Arc::new(ScratchRoot::new(&options.scratch_root)?),
            gate: Gate::new(options.concurrency, options.queue),
            flights: Flight::default(),
            options,
        })
    }

    pub(super) fn set_patterns(&self, private: &Patterns, insecure: &Patterns) {
        *self.patterns.write().unwrap_or_else(PoisonError::into_inner) = texts(private, insecure);
    }

    /// The versions of a module, one per line.
    ///
    /// Asked without `@latest`, since a list must not fail with it, and with retracted versions, which `go` hides
    /// otherwise. No versions is what `go` says of any path inside a repository, so then it is asked for a commit.
    pub(super) async fn list(&self, path: &ModulePath) -> Result<Bytes> {
        let _turn = self.gate.enter().await?;
        let scratch = self.scratch().await?;
        let ran = self.go(&scratch, path.as_str(), &["list", "-m", "-json", "-versions", "-retracted"]).await?;
        let module = Module::parse(&ran.success()?)?;
        if module.versions.is_empty() {
            let head = self.go(&scratch, &format!("{path}@HEAD"), &["list", "-m", "-json"]).await?;
            // No commit yet, or not git: the repository is there, and that is all there is to be known.
            head.success().map(drop).or_else(|e| if failure::is_unborn(&e) { Ok(()) } else { Err(e) })?;
        }
        Ok(module.versions.iter().flat_map(|version| [version.as_str(), "\n"]).collect::<String>().into())
    }

    /// What a query stands for, with `.info` and `.mod` of it.
    pub(super) async fn resolve(self: &Arc<Self>, path: &ModulePath, query: &str) -> Result<Arc<Bundle>> {
        let asked = format!("{path}@{query}");
        let (runner, path) = (Arc::clone(self), path.clone());
        let key = format!("query {asked}");
        let work = || async move { runner.run_query(&path, asked).await.map(Arc::new) };
        self.flights.join(key.clone(), work).await.unwrap_or_else(|| panicked(&key))
    }

    /// The files of a version: `.info` and `.mod` without the zip, unless that is wanted or being made.
    pub(super) async fn fetch(self: &Arc<Self>, module: &ModuleVersion, kind: Kind) -> Result<Arc<Bundle>> {
        let (zip_key, wants_zip) = (format!("zip {module}"), kind == Kind::Zip);
        if !wants_zip && let Some(bundle) = self.flights.running(&zip_key).await {
            return bundle;
        }
        let key = if wants_zip { zip_key } else { format!("files {module}") };
        let (runner, module) = (Arc::clone(self), module.clone());
        let work = || async move { runner.run_version(module, wants_zip).await.map(Arc::new) };
        self.flights.join(key.clone(), work).await.unwrap_or_else(|| panicked(&key))
    }

    async fn run_query(&self, path: &ModulePath, asked: String) -> Result<Bundle> {
        let _turn = self.gate.enter().await?;
        let scratch = self.scratch().await?;
        let ran = self.go(&scratch, &asked, &["list", "-m", "-json"]).await?;
        let module = bundle::answered(path, &Module::parse(&ran.success()?)?.version)?;
        Ok(Bundle::new(scratch, module, None))
    }

    /// Files that are there count even if `go` fails: a zip that it refuses does not take `.info` and `.mod` with it.
    async fn run_version(&self, module: ModuleVersion, zip: bool) -> Result<Bundle> {
        let _turn = self.gate.enter().await?;
        let scratch = self.scratch().await?;
        let args: &[&str] = if zip { &["mod", "download", "-json"] } else { &["list", "-m", "-json"] };
        let ran = self.go(&scratch, &module.to_string(), args).await?;
        let failure = match ran.failure {
            None => other_version(&module, &Module::parse(&ran.stdout)?.version),
            failure => failure,
        };
        Ok(Bundle::new(scratch, module, failure))
    }

    async fn scratch(&self) -> Result<Scratch> {
        let (root, vcs_dir) = (Arc::clone(&self.root), self.options.vcs_dir.clone());
        blocking(move || root.run(&vcs_dir)).await
    }

    /// One command about `asked`, a module path or `path@query`. A clone that a killed process has left damaged is
    /// removed, and the command tried again.
    async fn go(&self, scratch: &Scratch, asked: &str, args: &[&str]) -> Result<Ran> {
        let finished = self.process(scratch, asked, args).await?;
        let finished = match clones::damaged(&finished, &self.options.vcs_dir) {
            Some(clone) if !finished.status.success() => {
                tracing::warn!(clone = %clone.display(), "removing a damaged clone");
                blocking(move || clones::remove(&clone)).await?;
                self.process(scratch, asked, args).await?
            }
            _ => finished,
        };
        let failure = (!finished.status.success()).then(|| {
            let context = Context { asked, scratch: scratch.dir() };
            let stderr = String::from_utf8_lossy(&finished.stderr);
            let printed = Module::parse(&finished.stdout).ok().and_then(|module| module.error);
            failure::classify(printed.as_deref().unwrap_or(&stderr), &stderr, finished.status, &context)
        });
        Ok(Ran { stdout: finished.stdout, failure })
    }

    async fn process(&self, scratch: &Scratch, asked: &str, args: &[&str]) -> Result<Finished> {
        let (private, insecure) = self.patterns.read().unwrap_or_else(PoisonError::into_inner).clone();
        let module = asked.split('@').next().unwrap_or_default();
        let (credentials, netrc) = self.credentials(scratch, module).await?;
        let vars = self.environment.vars(&env::Run {
            module,
            private: &private,
            insecure: &insecure,
            gopath: &scratch.gopath(),
            gocache: &scratch.gocache(),
            tmp: &scratch.tmp(),
            telemetry: &scratch.telemetry(),
            credentials: &credentials,
            netrc: netrc.as_deref(),
        });
        let exec = Exec::new(&self.options.go).args(args).args([asked]).envs(vars).cwd(&scratch.outside());
        let exec = exec.time_limit(self.options.time_limit);
        let run = async { exec.run().await.map_err(|e| no_result(asked, &e)) };
        let finished = during(stage("command"), run).await?;
        let cut = |bytes: Vec<u8>| match credentials.is_empty() {
            true => bytes,
            false => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                credentials.iter().fold(text, |text, credential| credential.cut(&text)).into_bytes()
            }
        };
        let Finished { status, stdout, stderr } = finished;
        Ok(Finished { status, stdout: cut(stdout), stderr: cut(stderr) })
    }

    /// What is configured for a module: for git, and a `.netrc` for `go` itself. One that cannot be had is left out here:
    /// most likely this module needs another.
    async fn credentials(&self, scratch: &Scratch, module: &str) -> Result<(Vec<Credential>, Option<PathBuf>)> {
        let Ok(path) = ModulePath::parse(module) else { return Ok((Vec::new(), None)) };
        let all = &self.options.credentials;
        let insecure = Patterns::parse(&self.patterns.read().unwrap_or_else(PoisonError::into_inner).1);
        let usable = all.usable(all.groups(&path), insecure.is_ok_and(|insecure| insecure.matches(&path)));
        let mut credentials = Vec::new();
        for entry in &usable {
            match entry.credential().await {
                Ok(credential) => credentials.push(credential),
                Err(error) => tracing::warn!(detail = error.detail(), "{error}"),
            }
        }
        let own = self.environment.netrc();
        let own = blocking(move || Ok(own.and_then(|path| std::fs::read(path).ok()).unwrap_or_default())).await?;
        let Some(text) = child::netrc(&usable, &own).await else { return Ok((credentials, None)) };
        let file = scratch.netrc();
        let written = file.clone();
        blocking(move || child::write_netrc(&written, &text)).await?;
        Ok((credentials, Some(file)))
    }
}

fn texts(private: &Patterns, insecure: &Patterns) -> (Arc<str>, Arc<str>) {
    (private.to_string().into(), insecure.to_string().into())
}

fn panicked<T>(key: &str) -> Result<T> {
    Err(Error::internal(format!("the run of go for {key} panicked")))
}

/// Canonical is what was asked for, so nothing else may be the answer.
fn other_version(module: &ModuleVersion, answered: &str) -> Option<Error> {
    let asked = module.version().as_str();
    let message = || format!("{module}: resolves to version {answered} ({asked} is not a tag)");
    (answered != asked).then(|| Error::new(ErrorKind::NotFound, message()))
}

/// `go` did not come to its end.
fn no_result(asked: &str, error: &ExecError) -> Error {
    match error {
        ExecError::Missing(_) => {
            let text = "go: command not found on the proxy host; install Go or use -proxy";
            Error::new(ErrorKind::Unavailable, text).with_detail(error.to_string())
        }
        ExecError::TimeLimit(_, limit) => {
            let text = format!("{asked}: version control took longer than {} seconds", limit.as_secs());
            Error::new(ErrorKind::Timeout, text).with_detail(error.to_string())
        }
        ExecError::Flood(..) => {
            let text = format!("{asked}: go printed too much");
            Error::new(ErrorKind::Unavailable, text).with_detail(error.to_string())
        }
        ExecError::Start(..) | ExecError::Wait(..) => internal(error),
    }
}
