//! The configuration as real `git` reads it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use goproxy_engine::ErrorKind;

use super::*;

/// The `git` of this machine; tests end where there is none.
pub(in crate::git) fn git() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join("git")).find(|git| git.is_file())
}

/// An environment with a home of its own.
pub(in crate::git) fn env(home: &Path, more: &[(&str, &str)]) -> Vec<Var> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = [("PATH".into(), path), ("HOME".into(), home.into()), ("GIT_CONFIG_NOSYSTEM".into(), "1".into())];
    own.into_iter().chain(more.iter().map(|(n, v)| (n.into(), v.into()))).collect()
}

#[tokio::test]
async fn files_includes_and_variables() {
    let Some(git) = git() else { return };
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(".gitconfig"), "[include]\n\tpath = more\n[http]\n\textraHeader = X-All: 1\n").unwrap();
    fs::write(home.path().join("more"), "[url \"https://git.corp/\"]\n\tinsteadOf = https://github.com/\n").unwrap();
    let more = [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "http.https://git.corp/.extraHeader"),
        ("GIT_CONFIG_VALUE_0", "Authorization: Bearer canary"),
        ("GIT_CONFIG", "/nonexistent"),
        ("GIT_DIR", "/nonexistent"),
    ];
    let config = HostConfig::new(Some(git), &env(home.path(), &more));
    let way = config.for_url("https://github.com/a/b").await.unwrap();
    assert_eq!((way.url.as_str(), way.rewritten), ("https://git.corp/a/b", true));
    let names: Vec<_> = way.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["x-all", "authorization"]);
    assert!(!format!("{config:?} {way:?}").contains("canary"));
}

#[tokio::test]
async fn a_change_is_seen() {
    let Some(git) = git() else { return };
    let home = tempfile::tempdir().unwrap();
    let config = HostConfig::new(Some(git), &env(home.path(), &[]));
    let url = async || config.for_url("https://github.com/a/b").await.unwrap().url;
    assert_eq!(url().await, "https://github.com/a/b");
    let write = |base: &str| {
        let text = format!("[url \"{base}\"]\n\tinsteadOf = https://github.com/\n");
        fs::write(home.path().join(".gitconfig"), text).unwrap();
    };
    write("https://one.example/");
    assert_eq!(url().await, "https://one.example/a/b");
    write("https://three.example/");
    assert_eq!(url().await, "https://three.example/a/b");
}

#[tokio::test]
async fn read_once_while_nothing_changes() {
    let home = tempfile::tempdir().unwrap();
    let fake = home.path().join("git");
    let log = home.path().join("log");
    fs::write(&fake, format!("#!/bin/sh\necho run >>'{}'\n", log.display())).unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let config = HostConfig::new(Some(fake), &env(home.path(), &[]));
    for _ in 0..5 {
        // A file that was written just now may still be open in a child that another test starts.
        while config.for_url("https://h/a").await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert_eq!(fs::read_to_string(log).unwrap(), "run\n");
}

#[tokio::test]
async fn without_git_there_is_no_configuration() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(".gitconfig"), "[url \"https://x/\"]\n\tinsteadOf = https://github.com/\n").unwrap();
    for git in [None, Some("/nonexistent/git".into())] {
        let config = HostConfig::new(git, &env(home.path(), &[]));
        assert!(!config.for_url("https://github.com/a/b").await.unwrap().rewritten);
        let url = Url::parse("https://github.com/a/b").unwrap();
        assert!(!config.credentials(&url).await.unwrap().any);
    }
}

#[tokio::test]
async fn a_broken_configuration_is_our_own_failure() {
    let Some(git) = git() else { return };
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(".gitconfig"), "[broken").unwrap();
    let error = HostConfig::new(Some(git), &env(home.path(), &[])).for_url("https://h/a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(!error.message().contains(".gitconfig") && error.detail().unwrap().contains(".gitconfig"));
}

/// What `git` itself makes of `http.<url>.*`, setting by setting.
#[tokio::test]
async fn urls_match_as_in_git() {
    let Some(git) = git() else { return };
    let home = tempfile::tempdir().unwrap();
    let patterns = [
        "https://h.example",
        "https://h.example/",
        "https://h.example:443/a",
        "https://h.example/a/b",
        "https://*.h.example",
        "https://*.example/a",
        "https://x.h.example/a",
        "http://h.example",
        "https://h.example:8443",
        "https://H.EXAMPLE/A",
    ];
    let text: String = patterns.iter().map(|p| format!("[http \"{p}\"]\n\tuserAgent = {p}\n")).collect();
    fs::write(home.path().join(".gitconfig"), text).unwrap();
    let vars = env(home.path(), &[]);
    let config = HostConfig::new(Some(git.clone()), &vars);
    for url in [
        "https://h.example/a/b",
        "https://h.example/a/bc",
        "https://h.example/",
        "https://x.h.example/a/b",
        "https://x.h.example/b",
        "https://y.x.h.example/a",
        "https://h.example:8443/a",
        "https://h.example:444/a",
        "http://h.example/a",
        "https://H.example/A/b",
        "https://i.example/a",
    ] {
        let run = crate::exec::Exec::new(&git).args(["config", "--get-urlmatch", "http.useragent", url]);
        let said = run.envs(vars.clone()).cwd(Path::new("/")).run().await.unwrap().stdout;
        let way = config.for_url(url).await.unwrap();
        let ours = way.headers.first().map(|(_, value)| value.to_str().unwrap()).unwrap_or_default();
        assert_eq!(ours, String::from_utf8(said).unwrap().trim(), "{url}");
    }
}
