//! What goes wrong, and what is said of it.

use goproxy_testkit::Recorder;

use super::*;

#[tokio::test]
async fn failures_of_ssh_are_told_apart() {
    for (said, kind, text) in [
        ("git@git.corp: Permission denied (publickey).", ErrorKind::Refused, "git.corp asks for credentials"),
        ("Host key verification failed.", ErrorKind::Unavailable, "does not trust the ssh host key of git.corp"),
        ("ERROR: Repository not found.", ErrorKind::NotFound, "repository not found on git.corp"),
        (
            "ssh: Could not resolve hostname git.corp: Name or service not known",
            ErrorKind::Unavailable,
            "cannot look up host git.corp",
        ),
        (
            "ssh: connect to host git.corp port 22: Connection refused",
            ErrorKind::Unavailable,
            "no connection to git.corp",
        ),
        ("something new about https://u:canary@x/", ErrorKind::Unavailable, "version control failed on"),
    ] {
        let Some(world) = World::with_ssh(&format!("echo '{said}' >&2; exit 255")) else { return };
        world.repo.commit(&[("a", "1")]);
        let remote = world.remote().await;
        for error in [remote.refs().await.unwrap_err(), world.shallow(&remote, &["main"]).await.unwrap_err()] {
            assert_eq!(error.kind(), kind, "{error:?}");
            assert!(
                error.message().starts_with("https://github.com/a/b: ") && error.message().contains(text),
                "{error}"
            );
            assert!(!error.message().contains(&world.repo.path().display().to_string()), "{error}");
            assert!(error.detail().unwrap().contains(said.split(' ').next().unwrap()));
            assert!(!error.detail().unwrap().contains("canary"));
        }
    }
}

#[tokio::test]
async fn a_directory_that_is_no_repository_is_not_named() {
    let Some(world) = World::new() else { return };
    fs::remove_dir_all(world.repo.git_dir()).unwrap();
    let error = world.remote().await.refs().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    assert_eq!(error.message(), "https://github.com/a/b: repository not found on the proxy host");
}

#[tokio::test]
async fn an_ssh_that_hangs_is_killed_when_its_time_is_over() {
    let Some(world) = World::with_ssh("echo $$ >\"$HOME/pid\"; exec sleep 1000") else { return };
    let options = ClientOptions { proxies: ProxySettings::default(), netrc: None, ..ClientOptions::default() };
    let options = GitOptions {
        http: HttpClient::new(options).unwrap(),
        git: git(),
        host_env: world.vars(),
        time_limit: Duration::from_secs(2),
        per_host: HostLimits { at_once: 1, per_second: 1000 },
    };
    let remote = GitClient::new(options).remote("https://github.com/a/b", Access::default()).await.unwrap();
    assert_eq!(remote.refs().await.unwrap_err().kind(), ErrorKind::Timeout);
    let stat = format!("/proc/{}/stat", world.log("pid").trim());
    for _ in 0..1000 {
        match fs::read_to_string(&stat) {
            Ok(text) if !text.contains(") Z ") => tokio::time::sleep(Duration::from_millis(10)).await,
            _ => return,
        }
    }
    panic!("ssh is still there");
}

#[tokio::test]
async fn without_git_the_error_says_what_is_missing() {
    let Some(world) = World::with_ssh("") else { return };
    for git in [None, Some("/nonexistent/git".into())] {
        let client = world.client_with(git);
        let error = client
            .remote("ssh://git@git.corp/a", Access { internal: true, ..Access::default() })
            .await
            .unwrap()
            .refs()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.message().contains("git: command not found on the proxy host"), "{error}");
    }
}

#[tokio::test]
async fn what_is_refused_starts_no_program() {
    let Some(mut world) = World::with_ssh("touch \"$HOME/started\"") else { return };
    let recorder = Recorder::new(&["git"]);
    world.env.push(("PATH", recorder.path().into_string().unwrap()));
    let git = std::env::split_paths(&recorder.path()).next().unwrap().join("git");
    let client = world.client_with(Some(git));
    for url in [
        "ext::sh -c touch% started",
        "ssh://-oProxyCommand=touch/a",
        "file:///etc",
        "/etc",
        "git://h.example/a",
        "ssh://10.0.0.1/a",
        "git@localhost:a",
        "https://h.example/a/../b",
    ] {
        let refused = match client.remote(url, Access::default()).await {
            Ok(remote) => remote.refs().await.map(drop),
            Err(error) => Err(error),
        };
        // An address inside is no answer of anybody, so that nobody learns whether there is something.
        let kinds = [ErrorKind::Refused, ErrorKind::NoHost];
        assert!(refused.as_ref().is_err_and(|e| kinds.contains(&e.kind())), "{url}: {refused:?}");
    }
    let calls = recorder.calls("git");
    assert!(calls.iter().all(|call| call.contains(" config ") || call.starts_with("git config")), "{calls:?}");
    assert_eq!(world.log("ssh.log"), "");
}

#[tokio::test]
async fn arguments_hold_no_token_and_hooks_do_not_run() {
    let Some(mut world) = World::new() else { return };
    world.repo.commit(&[("a", "1")]);
    let recorder = Recorder::new(&["git"]);
    let git = std::env::split_paths(&recorder.path()).next().unwrap().join("git");
    world.env.push(("CANARY", "canary".to_owned()));
    world.home.git_config(
        "[http]\n\textraHeader = Authorization: canary\n[core]\n\thooksPath = hooks\n\tfsmonitor = hooks/x\n",
    );
    let hook = world.home.path().join("hooks/reference-transaction");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    write_script(&hook, "#!/bin/sh\ntouch \"$HOME/hooked\"\n");
    let remote = world.client_with(Some(git)).remote("https://github.com/a/b", Access::default()).await.unwrap();
    remote.refs().await.unwrap();
    world.shallow(&remote, &["main"]).await.unwrap();
    world.whole(&remote, &["main"]).await.unwrap();
    let calls = recorder.calls("git");
    assert!(calls.len() >= 4, "{calls:?}");
    for call in &calls {
        assert!(!call.contains("canary") && !call.contains(&world.id("main").to_string()), "{call}");
        let Some((_, after)) = call.split_once("--end-of-options ") else { continue };
        assert!(after.starts_with("https://github.com/a/b"), "{call}");
    }
    assert!(!world.home.path().join("hooked").exists());
}
