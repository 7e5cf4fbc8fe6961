//! What was found by attacking the program as a whole, one test each.

use std::{fs, os::unix::fs::PermissionsExt as _};

use goproxy_testkit::{GitHost, GitRepo};

use crate::support::{go_client, goproxy, home_with_git};

#[tokio::test]
async fn clones_of_strangers_got_the_hooks_of_the_host() {
    if go_client("clones_of_strangers").await.is_none() {
        return;
    }
    let repo = GitRepo::new().unwrap();
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
    let proxy = goproxy().home(&home).start().await;
    assert_eq!(proxy.get("/github.com/acme/lib/@v/v1.0.0.zip").await.status, 200, "{}", proxy.log());
    assert!(!ran.exists(), "a hook ran");
    let clones = proxy.cache_dir().join("pkg/mod/cache/vcs");
    let clone = fs::read_dir(clones).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap();
    assert!(!clone.join("hooks").exists(), "files that nobody needs, for every repository that is asked for");
}
