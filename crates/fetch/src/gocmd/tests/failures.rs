//! What does not exist, what is refused, and what is broken: told apart, in words that give nothing away.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
};

use goproxy_engine::{Error, ErrorKind, Kind};

use super::world::{World, fetch, file, list, resolve};
use crate::GoCommand;

/// Nothing that only the host should know.
fn assert_discreet(world: &World, error: &Error) {
    let message = error.message();
    for hidden in [world.dir.path().to_str().unwrap(), "S3CRET", "ls-remote", "exit status", "/scratch/", "go: "] {
        assert!(!message.contains(hidden), "{hidden} in {message}");
    }
    assert!(message.lines().count() <= 8 && message.len() <= 640, "{message}");
    assert!(!error.detail().unwrap_or_default().contains("S3CRET"), "{:?}", error.detail());
}

#[tokio::test]
async fn what_does_not_exist_is_not_found_in_the_words_of_go() {
    let Some(world) = World::new() else { return };
    let repo = world.repo("acme/plain").await;
    repo.write("go.mod", "module github.com/acme/plain\n").commit(&["v1.0.0"]).await;
    repo.write("a.go", "package plain\n").commit(&[]).await;
    repo.git(&["branch", "v1.0.5"]).await;
    let (go, m) = (world.command(), "github.com/acme/plain");
    for (result, words) in [
        (file(&go, "github.com/acme/plain@v1.9.9", Kind::Mod).await.map(drop), "unknown revision v1.9.9"),
        (fetch(&go, "github.com/acme/plain@v1.9.9", Kind::Zip).await.map(drop), "unknown revision v1.9.9"),
        (file(&go, "github.com/acme/plain@v1.0.5", Kind::Info).await.map(drop), "(v1.0.5 is not a tag)"),
        (
            fetch(&go, "github.com/acme/plain@v1.0.1-0.20200101000000-abcdefabcdef", Kind::Zip).await.map(drop),
            "unknown revision",
        ),
        (resolve(&go, m, "nobranch").await.map(drop), "unknown revision nobranch"),
        (resolve(&go, "github.com/acme/plain/sub", "latest").await.map(drop), "no matching versions"),
        (list(&go, "github.com/acme").await.map(drop), "invalid github.com import path"),
        (list(&go, "github.com/acme/absent").await.map(drop), "repository not found on github.com"),
        (fetch(&go, "github.com/acme/absent@v1.0.0", Kind::Zip).await.map(drop), "repository not found on github.com"),
        (resolve(&go, "github.com/acme/absent", "latest").await.map(drop), "repository not found on github.com"),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error} {:?}", error.detail());
        assert!(error.message().contains(words), "{words}: {error}");
        assert_discreet(&world, &error);
    }
}

/// Answers everything with the status that the path begins with.
fn git_host() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut request) = (stream.unwrap(), [0; 4096]);
            let n = stream.read(&mut request).unwrap_or(0);
            let text = String::from_utf8_lossy(&request[..n]).into_owned();
            let status = text.split('/').nth(1).unwrap_or("500").to_owned();
            let realm = "WWW-Authenticate: Basic realm=\"x\"\r\n";
            let _ = write!(stream, "HTTP/1.1 {status} X\r\n{realm}Content-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    port
}

#[tokio::test]
async fn refusals_and_failures_of_a_git_host() {
    let Some(world) = World::new() else { return };
    let port = git_host();
    for status in [401, 403, 404, 410, 429, 500, 503] {
        let url = format!("127.0.0.1:{port}/{status}");
        world.git_config(&format!(
            "[url \"http://user:S3CRET@{url}/\"]\n\tinsteadOf = https://github.com/with{status}/\n"
        ));
        world.git_config(&format!("[url \"http://{url}/\"]\n\tinsteadOf = https://github.com/without{status}/\n"));
    }
    world.git_config("[url \"http://127.0.0.1:1/\"]\n\tinsteadOf = https://github.com/closed/\n");
    world.git_config("[url \"http://nowhere.invalid/\"]\n\tinsteadOf = https://github.com/unknown/\n");
    let go = world.command();
    for (module, kind) in [
        ("github.com/with401/x", ErrorKind::Refused),
        ("github.com/without401/x", ErrorKind::Refused),
        ("github.com/with403/x", ErrorKind::Refused),
        ("github.com/without403/x", ErrorKind::Refused),
        ("github.com/with404/x", ErrorKind::NotFound),
        ("github.com/without410/x", ErrorKind::NotFound),
        ("github.com/with429/x", ErrorKind::Busy),
        ("github.com/with500/x", ErrorKind::Unavailable),
        ("github.com/without503/x", ErrorKind::Unavailable),
        ("github.com/closed/x", ErrorKind::Unavailable),
        ("github.com/unknown/x", ErrorKind::Unavailable),
    ] {
        let results = [
            list(&go, module).await.map(drop),
            resolve(&go, module, "latest").await.map(drop),
            file(&go, &format!("{module}@v1.0.0"), Kind::Info).await.map(drop),
            fetch(&go, &format!("{module}@v1.0.0"), Kind::Zip).await.map(drop),
        ];
        for error in results.map(Result::unwrap_err) {
            assert_eq!(error.kind(), kind, "{module}: {error}: {:?}", error.detail());
            assert_discreet(&world, &error);
        }
    }
    let error = list(&go, "github.com/without401/x").await.unwrap_err();
    assert!(error.message().contains(&format!("127.0.0.1:{port} asks for credentials")), "{error}");
}

#[tokio::test]
async fn govcs_of_the_host_is_a_refusal() {
    let Some(world) = World::new() else { return };
    world.repo("acme/plain").await.write("go.mod", "module github.com/acme/plain\n").commit(&["v1.0.0"]).await;
    let mut options = world.options();
    options.host_env.push(("GOVCS".into(), "public:off,private:git".into()));
    let go = GoCommand::new(options).unwrap();
    let error = list(&go, "github.com/acme/plain").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    // What is private is the operator's to say, while we run.
    go.set_patterns(&gomod::Patterns::parse("github.com/acme").unwrap(), &gomod::Patterns::default());
    assert_eq!(list(&go, "github.com/acme/plain").await.unwrap(), ["v1.0.0"]);
}

#[tokio::test]
async fn without_go_the_text_says_what_is_missing() {
    let Some(world) = World::new() else { return };
    let mut options = world.options();
    options.go = world.path("no/such/go");
    let go = GoCommand::new(options).unwrap();
    let error = list(&go, "github.com/acme/plain").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.message(), "go: command not found on the proxy host; install Go or use -proxy");
}

#[tokio::test]
async fn without_git_the_text_says_what_is_missing() {
    let Some(world) = World::new() else { return };
    let mut options = world.options();
    options.host_env.retain(|(name, _)| name != "PATH");
    options.host_env.push(("PATH".into(), world.path("home").into()));
    let error = list(&GoCommand::new(options).unwrap(), "github.com/acme/plain").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.message(), "github.com/acme/plain: git: command not found on the proxy host");
}

#[tokio::test]
async fn queries_are_never_options_or_expressions_of_git() {
    let Some(world) = World::new() else { return };
    world.repo("acme/plain").await.write("go.mod", "module github.com/acme/plain\n").commit(&["v1.0.0"]).await;
    let (go, m) = (world.command(), "github.com/acme/plain");
    for query in ["--upload-pack=touch PWN", "-x", "HEAD~1", "@{-1}", "^main", "v1.0.0..main", "HEAD^{}", "$(id)"] {
        // What the rules for file names let through reaches git as the name of a ref, if at all.
        if gomod::Query::parse(query).is_ok() {
            let error = resolve(&go, m, query).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{query}: {error}");
            assert_discreet(&world, &error);
        }
    }
    assert!(gomod::Query::parse("HEAD~1").is_ok(), "something was tried");
}
