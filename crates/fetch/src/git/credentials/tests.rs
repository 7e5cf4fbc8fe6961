//! Helpers, askpass programs and `.netrc`, with real `git`.

use std::{ffi::OsString, fs};

use super::{
    super::config::tests::{env, git},
    *,
};

struct World {
    home: tempfile::TempDir,
    credentials: Credentials,
}

/// `setup` is given the home directory and returns what is added to the environment.
fn world(setup: impl FnOnce(&Path) -> Vec<(&'static str, String)>) -> Option<World> {
    let git = Some(git()?);
    let home = tempfile::tempdir().unwrap();
    let more = setup(home.path());
    let more: Vec<(&str, &str)> = more.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let vars: Vec<(OsString, OsString)> = env(home.path(), &more);
    let config = Arc::new(HostConfig::new(git.clone(), &vars));
    Some(World { credentials: Credentials::new(git, &vars, Some(home.path().join(".netrc")), config), home })
}

impl World {
    async fn fill(&self, url: &str) -> Option<(String, String)> {
        let login = self.credentials.fill(&Url::parse(url).unwrap()).await?;
        Some((login.user, login.password.expose().to_owned()))
    }

    /// What the helper was called with, a line for each call.
    fn calls(&self) -> String {
        fs::read_to_string(self.home.path().join("calls")).unwrap_or_default()
    }
}

fn login(user: &str, password: &str) -> Option<(String, String)> {
    Some((user.to_owned(), password.to_owned()))
}

/// Answers `get` for the user asked for, or `me`, and writes down what it is told.
fn with_helper(home: &Path) {
    let script = "!f() { words=$(sort | tr '\\\\n' ' '); echo \\\"$1 $words\\\" >>\\\"$HOME/calls\\\"; \
                  test $1 = get && echo username=me && echo password=canary; true; }; f";
    fs::write(home.join(".gitconfig"), format!("[credential]\n\thelper = \"{script}\"\n")).unwrap();
}

#[tokio::test]
async fn a_helper_is_asked_once_and_told_how_it_went() {
    let Some(world) = world(|home| {
        with_helper(home);
        Vec::new()
    }) else {
        return;
    };
    let url = Url::parse("https://h.example:8443/a/b").unwrap();
    let (one, two) = tokio::join!(world.fill(url.as_str()), world.fill("https://h.example:8443/other"));
    assert_eq!((one, two), (login("me", "canary"), login("me", "canary")));
    assert_eq!(world.calls(), "get host=h.example:8443 protocol=https \n");
    let known = world.credentials.fill(&url).await.unwrap();
    for _ in 0..2 {
        world.credentials.approve(&url, &known).await;
    }
    world.credentials.reject(&url, &known).await;
    world.credentials.reject(&url, &known).await;
    let told = world.calls();
    let told: Vec<_> = told.lines().skip(1).collect();
    let words = "host=h.example:8443 password=canary protocol=https username=me ";
    assert_eq!(told, [format!("store {words}"), format!("erase {words}")]);
    assert!(world.fill(url.as_str()).await.is_some());
    assert_eq!(world.calls().matches("get ").count(), 2, "asked again after it was refused");
    assert!(!format!("{:?} {known:?}", world.credentials).contains("canary"));
}

#[tokio::test]
async fn paths_are_told_where_they_count() {
    let Some(world) = world(|home| {
        with_helper(home);
        let config = fs::read_to_string(home.join(".gitconfig")).unwrap();
        fs::write(
            home.join(".gitconfig"),
            format!("{config}[credential \"https://h.example\"]\n\tuseHttpPath = true\n"),
        )
        .unwrap();
        Vec::new()
    }) else {
        return;
    };
    for url in ["https://h.example/a%20b", "https://h.example/c", "https://you@i.example/d", "https://i.example/e"] {
        assert!(world.fill(url).await.is_some());
    }
    let calls = world.calls();
    let calls: Vec<_> = calls.lines().collect();
    assert_eq!(
        calls,
        [
            "get host=h.example path=a b protocol=https ",
            "get host=h.example path=c protocol=https ",
            "get host=i.example protocol=https username=you ",
            "get host=i.example protocol=https ",
        ]
    );
}

#[tokio::test]
async fn askpass_is_asked() {
    let Some(world) = world(|home| {
        fs::write(home.join("ask"), "#!/bin/sh\ncase $1 in Username*) echo me;; *) echo canary;; esac\n").unwrap();
        fs::set_permissions(home.join("ask"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        vec![("GIT_ASKPASS", home.join("ask").display().to_string())]
    }) else {
        return;
    };
    assert_eq!(world.fill("https://h.example/a").await, login("me", "canary"));
}

#[tokio::test]
async fn netrc_goes_first_and_for_its_host_only() {
    let Some(world) = world(|home| {
        with_helper(home);
        let text = "machine h.example login n password p\nmachine h.example:8443 login o password q\n";
        fs::write(home.join(".netrc"), text).unwrap();
        Vec::new()
    }) else {
        return;
    };
    for (url, found) in [
        ("https://h.example/a", login("n", "p")),
        ("https://h.example:9000/a", login("n", "p")),
        ("https://h.example:8443/a", login("o", "q")),
        ("https://n@h.example/a", login("n", "p")),
        ("https://x.h.example/a", login("me", "canary")),
        ("https://other@h.example/a", None),
    ] {
        let filled = world.fill(url).await;
        if found.is_some() {
            assert_eq!(filled, found, "{url}");
        } else {
            assert_ne!(filled, login("n", "p"), "{url}");
        }
    }
}

#[tokio::test]
async fn without_anybody_to_ask_nobody_is_asked() {
    let Some(world) = world(|home| {
        fs::write(home.join(".gitconfig"), "[credential]\n\thelper =\n").unwrap();
        Vec::new()
    }) else {
        return;
    };
    assert_eq!(world.fill("https://h.example/a").await, None);
    let failing = "[credential]\n\thelper = !false\n";
    fs::write(world.home.path().join(".gitconfig"), failing).unwrap();
    assert_eq!(world.fill("https://h.example/a").await, None);
}

#[test]
fn nothing_can_be_smuggled_into_a_description() {
    let described = |url: &str| description(&Url::parse(url).unwrap(), None);
    assert_eq!(described("https://me@h/a/b").unwrap(), "protocol=https\nhost=h\npath=a/b\nusername=me\n\n");
    assert_eq!(described("https://h/a%0Ahost=evil"), None);
    assert_eq!(described("https://a%0Ab@h/"), None);
}
