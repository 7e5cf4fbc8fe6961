//! Go's test repositories, made from the scripts below GOROOT and served.

use std::path::{Path, PathBuf};

use goproxy_testkit::{Answer, GitServer, VcsScript, skipped};
use tempfile::TempDir;

use crate::oracle::World;

/// All of them, and who serves them.
#[derive(Debug)]
pub(crate) struct Repositories {
    pub(crate) world: World,
    /// Name below `git/`, and the folder.
    pub(crate) made: Vec<(String, TempDir)>,
}

impl Repositories {
    /// Makes those that are wanted; `None`, said, where GOROOT has no scripts, as in some distributions.
    pub(crate) async fn start(test: &str, wanted: impl Fn(&str) -> bool) -> Option<Self> {
        let world = World::start(test).await?;
        let scripts = VcsScript::all(&world.go.root().await.join("src/cmd/go/testdata/vcstest"));
        if scripts.is_empty() {
            skipped(&format!("{test}: GOROOT has no test data"));
            return None;
        }
        let mut made = Vec::new();
        for script in &scripts {
            match script.name.strip_prefix("git/") {
                Some(name) if script.is_git() && wanted(name) => made.push((name.to_owned(), script.run())),
                Some(_) => {}
                None => pages(&world, script),
            }
        }
        for (name, folder) in &made {
            world.serve(&format!("git/{name}"), &git_dir(folder.path()), GitServer::Filters);
            if name == "vgotest1" {
                world.serve("rsc/vgotest1", &git_dir(folder.path()), GitServer::Filters);
            }
        }
        Some(Self { world, made })
    }
}

pub(crate) fn git_dir(folder: &Path) -> PathBuf {
    folder.join(".git")
}

/// `go/<script>/<folder>/index.html` is the page of `vcs-test.golang.org/go/<script>/<folder>`.
fn pages(world: &World, script: &VcsScript) {
    for (file, html) in script.files.iter().filter(|_| script.name.starts_with("go/")) {
        let Some(folder) = file.strip_suffix("index.html") else { continue };
        let path = format!("/{}/{folder}", script.name);
        world.host.on(path.trim_end_matches('/'), Answer::html(html.clone()));
    }
}
