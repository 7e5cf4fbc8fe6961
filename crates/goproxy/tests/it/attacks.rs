//! What was found by attacking the program as a whole, one test each.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use goproxy_testkit::{GitHost, GitRepo};

use crate::{
    engine::{Engine, whatever_fetches},
    support::home_with_git,
};

whatever_fetches! {
    clones_of_strangers_got_the_hooks_of_the_host,
}

async fn clones_of_strangers_got_the_hooks_of_the_host(engine: Engine) {
    let Some(repo) = GitRepo::new() else { return };
    repo.commit(&[("go.mod", "module github.com/acme/lib\n"), ("lib.go", "package lib\n")]);
    repo.tag("v1.0.0");
    let host = GitHost::start().await;
    host.add("acme/lib", &repo);
    let home = home_with_git("github.com", &host, None);
    let ran = home.path().join("hook-ran");
    home.write("template/hooks/reference-transaction", format!("#!/bin/sh\n: > {}\n", ran.display()));
    let hook = home.path().join("template/hooks/reference-transaction");
    fs::set_permissions(hook, fs::Permissions::from_mode(0o755)).unwrap();
    home.git_config(&format!("[init]\n\ttemplateDir = {}\n", home.path().join("template").display()));
    let proxy = engine.goproxy().home(&home).start().await;
    assert_eq!(proxy.get("/github.com/acme/lib/@v/v1.0.0.zip").await.status, 200, "{}", proxy.log());
    assert!(!ran.exists(), "a hook ran");
    let folders = folders(&proxy.cache_dir().join(engine.repositories()));
    assert!(folders.iter().any(|folder| folder.ends_with("objects")), "there are repositories: {folders:?}");
    let hooks = folders.iter().find(|folder| folder.ends_with("hooks"));
    assert_eq!(hooks, None, "files that nobody needs, for every repository that is asked for");
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let below = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    below.flat_map(|path| folders(&path).into_iter().chain([path])).collect()
}
