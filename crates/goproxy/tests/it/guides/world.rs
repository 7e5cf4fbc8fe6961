//! What the guides speak of: an upstream, a git host, caches of other programs, and a reader's machine.
#![expect(clippy::disallowed_methods, reason = "runs what readers run")]

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use goproxy_testkit::{GitHost, GitRepo, ModuleFixture, Upstream, skipped};

use super::page::Page;
use crate::support::home_with_git;

/// How long a page may take.
const LIMIT: Duration = Duration::from_secs(120);

pub(super) struct World {
    upstream: Upstream,
    host: GitHost,
    _repo: GitRepo,
    module: ModuleFixture,
}

impl World {
    /// `None` where a program is missing that readers have.
    pub(super) async fn new() -> Option<Self> {
        for program in ["bash", "curl", "git", "go", "openssl"] {
            if std::process::Command::new(program)
                .arg("--help")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_err()
            {
                skipped(&format!("the guides: no {program} on this machine"));
                return None;
            }
        }
        let (upstream, host, repo) = (Upstream::start().await, GitHost::start().await, GitRepo::new()?);
        let module = ModuleFixture::new("golang.org/x/text", "v0.14.0");
        upstream.add(&module);
        repo.commit(&[
            ("go.mod", "module git.corp.example/team/hello.git\n\ngo 1.20\n"),
            ("hello.go", "package hello\n"),
        ]);
        repo.tag("v1.2.0");
        host.add("team/hello", &repo);
        Some(Self { upstream, host, _repo: repo, module })
    }

    pub(super) async fn run(&self, page: &Page) {
        let folder = tempfile::tempdir().unwrap();
        self.caches(folder.path());
        let home = home_with_git("git.corp.example", &self.host, None);
        let ports = [free_port(), free_port()];
        let script = self.script(page, folder.path(), ports);
        let file = folder.path().join("page.sh");
        fs::write(&file, &script).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_goproxy")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = tokio::process::Command::new("bash");
        command.arg(&file).current_dir(folder.path()).env_clear().env("PATH", path).env("HOME", home.path());
        for (name, value) in [("GOSUMDB", "off"), ("GOTOOLCHAIN", "local"), ("GOFLAGS", "-modcacherw")] {
            command.env(name, value);
        }
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(LIMIT, command.output()).await;
        let output = output.unwrap_or_else(|_| panic!("{} takes too long:\n{script}", page.name)).unwrap();
        assert!(
            output.status.success(),
            "{}: {}\n{}{}\nin\n{script}",
            page.name,
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Caches of others, and one of ours.
    fn caches(&self, folder: &Path) {
        let lib = folder.join("var/lib");
        let put = |path: PathBuf, body: &[u8]| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, body).unwrap();
        };
        let module = &self.module;
        let athens = lib.join("athens").join(module.path()).join(module.version());
        put(athens.join(format!("{}.info", module.version())), &module.info());
        put(athens.join("go.mod"), &module.mod_file());
        put(athens.join("source.zip"), &module.zip());
        for (ext, body) in [("info", module.info()), ("mod", module.mod_file()), ("zip", module.zip())] {
            let name = module.url_path(ext);
            put(lib.join("goproxy-caches").join(name.trim_start_matches('/')), &body);
            put(lib.join("goproxy/pkg/mod/cache/download").join(name.trim_start_matches('/')), &body);
        }
    }

    fn script(&self, page: &Page, folder: &Path, [port, secure]: [u16; 2]) -> String {
        let mut script =
            String::from("set -euo pipefail\nmkdir -p ~/.ssh\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n");
        if page.name == "moving.md" {
            // It takes a module cache for granted.
            script.push_str("mkdir -p \"$(go env GOMODCACHE)/cache\" && cp -r var/lib/goproxy/pkg/mod/cache/download \"$(go env GOMODCACHE)/cache/\"\n");
        }
        for block in page.blocks.iter().filter(|block| block.is_run()) {
            if !block.is_server() {
                script.push_str(&block.text);
                continue;
            }
            let listens = if block.text.contains("8443") { secure } else { port };
            // In the place of the subshell, so that it ends with its job.
            script.push_str(&format!("{{\nexec {}}} >>server.log 2>&1 &\n", block.text));
            script
                .push_str(&format!("until (exec 3<>/dev/tcp/127.0.0.1/{listens}) 2>/dev/null; do sleep 0.05; done\n"));
        }
        script
            .replace("8081", &port.to_string())
            .replace("8443", &secure.to_string())
            .replace("/var/lib/", &format!("{}/var/lib/", folder.display()))
            .replace("https://goproxy.io", &self.upstream.url())
    }
}

/// A port that is free now.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
