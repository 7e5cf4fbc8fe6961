//! What may be asked: paths, methods, limits, the fixed paths.

use std::time::Duration;

use gomod::Route;
use tokio::io::AsyncWriteExt;

use crate::support::{BODY, Running, read_all};

/// Nothing of this is a module path, and none reaches the handler.
#[tokio::test]
async fn hostile_paths_are_refused() {
    let server = Running::start();
    let mut targets: Vec<String> = [
        // Out of the cache.
        "/x/@v/../../../../../../secret/creds.zip",
        "/x.y/z/@v/%2e%2e/%2e%2e/secret.zip",
        "/x.y/z/@v/%2E%2E%2F%2E%2E%2Fsecret.zip",
        "/x.y/z/@v/..%2f..%2fsecret.zip",
        "/x.y/z/@v/..%5c..%5csecret.zip",
        "/x.y/z/@v/%252e%252e%252fsecret.zip",
        // Not clean.
        "/%2F%2F%2F..%2F..%2Fetc%2Fpasswd",
        "//etc/passwd",
        "/./a.b/c/@v/list",
        "/a.b//c/@v/list",
        "/a.b/c/@v//list",
        "/a.b/c/@v/list/",
        // Broken escapes.
        "/github.com/Azure/x/@v/list",
        "/github.com/!Azure/x/@v/list",
        "/github.com/a!/x/@v/list",
        "/github.com/!!a/x/@v/list",
        "/github.com/!1/x/@v/list",
        // Another spelling of a private name.
        "//github.com/corp/p/@v/list",
        "/./github.com/corp/p/@v/list",
        "/github.com/corp/p%2Fq/@v/list",
        // Tricks in the file name.
        "/a.b/c/@v/v1.0.0.zip%00.mod",
        "/a.b/c/@v/v1.0.0.ZIP",
        "/a.b/c/@v/.zip",
        "/a.b/c/@v/latest.info",
        "/a.b/c/@v/upgrade.info",
        "/a.b/c/@v/v1.0.0.zip.zip",
        "/a.b/c/@v/v1.0.0%0d%0aX:1.info",
        // No module paths.
        "/con/x/@v/list",
        "/a.b/nul.txt/@v/list",
        "/a.b/c./@v/list",
        "/a.b/~1/@v/list",
        "/-x.com/a/@v/list",
        "/a/b/@v/list",
        "/a.b/c/v1/@v/list",
        "/gopkg.in/yaml/@v/list",
        // Without "v/".
        "/a.b/c/@v1.0.0.info",
        "/favicon.ico",
    ]
    .map(str::to_owned)
    .into();
    targets.push(format!("/a.b{}/@v/list", "/x".repeat(2000)));
    targets.push(format!("/{}/@v/list", "!a".repeat(10_000)));
    for target in targets {
        let answer = server.get(&target).await;
        assert!((400..=499).contains(&answer.status), "{target}: {answer:?}");
        assert_eq!(answer.field("X"), "", "{target}");
    }
    assert_eq!(server.fake.served(), []);
}

/// What is the same module is seen as the same module.
#[tokio::test]
async fn names_reach_the_handler_unescaped() {
    let server = Running::start();
    for (target, name) in [
        ("/github.com/!my!org/priv/@v/list", "github.com/MyOrg/priv"),
        ("/github.com/%21my%21org/priv/@v/list", "github.com/MyOrg/priv"),
        ("/%67ithub.com/corp/p/@v/list?x=1", "github.com/corp/p"),
    ] {
        assert_eq!(server.get(target).await.status, 200, "{target}");
        match &server.fake.served()[..] {
            [Route::Module(request)] => assert_eq!(request.path.as_str(), name),
            other => panic!("{target}: {other:?}"),
        }
    }
}

/// The header's limit is 16 KiB, the target's 4 KiB.
#[tokio::test]
async fn long_requests_are_refused() {
    let server = Running::start();
    for (len, status) in [(4096, 200), (4097, 414), (8 << 10, 414), (64 << 10, 431), (1 << 20, 431)] {
        let path = "/a.b/c/@v/list?";
        let answer = server.get(&format!("{path}{}", "x".repeat(len - path.len()))).await;
        assert_eq!(answer.status, status, "{len}: {answer:?}");
    }
    let field = |len| format!("X: {}", "x".repeat(len));
    assert_eq!(server.ask("GET /a.b/c/@v/list", &[&field(15 << 10)]).await.status, 200);
    assert_eq!(server.ask("GET /a.b/c/@v/list", &[&field(17 << 10)]).await.status, 431);
    assert_eq!(server.fake.served().len(), 2);
}

/// The limit is not that of what came at once.
#[tokio::test]
async fn long_requests_in_pieces_are_refused() {
    let server = Running::start();
    let request = format!("GET /a.b/c/@v/list HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(17 << 10));
    let mut stream = server.connect_at_once().await;
    for piece in request.as_bytes().chunks(8000) {
        stream.write_all(piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    assert!(read_all(&mut stream).await.starts_with("HTTP/1.1 431 "));
    assert_eq!(server.fake.served(), []);
}

#[tokio::test]
async fn only_get_and_head() {
    let server = Running::start();
    for method in ["OPTIONS", "TRACE", "POST", "PUT", "DELETE", "PATCH", "PROPFIND", "get"] {
        for path in ["/a.b/c/@v/list", "/healthz", "/metrics", "/nothing"] {
            let answer = server.ask(&format!("{method} {path}"), &[]).await;
            assert_eq!((answer.status, answer.field("allow")), (405, "GET, HEAD"), "{method} {path}");
        }
    }
    assert_eq!(server.ask("OPTIONS *", &[]).await.status, 405);
    assert_eq!(server.ask("CONNECT a:1", &[]).await.status, 405);
    assert_eq!(server.ask("GET http://evil/a.b/c/@v/list", &[]).await.status, 400);
    assert_eq!(server.fake.served(), []);
}

#[tokio::test]
async fn a_path_prefix_precedes_the_protocol_only() {
    let server = Running::start_with(|options| options.path_prefix = "/go".to_owned());
    assert_eq!(server.get("/go/a.b/c/@v/list").await.body, BODY);
    assert_eq!(server.get("/go/sumdb/sum.golang.org/supported").await.body, BODY);
    assert_eq!(server.fake.served().len(), 2);
    for target in ["/a.b/c/@v/list", "/gone/a.b/c/@v/list", "/go//a.b/c/@v/list"] {
        assert!((400..=499).contains(&server.get(target).await.status), "{target}");
    }
    assert_eq!(server.get("/healthz").await.status, 200);
    assert_eq!(server.get("/go/healthz").await.status, 404);
    // The page for people.
    assert_eq!(server.get("/go/").await.status, 200);
    assert_eq!(server.fake.served(), []);
}

#[tokio::test]
async fn probes() {
    let server = Running::start();
    let answer = server.get("/healthz").await;
    assert_eq!((answer.status, answer.body.as_str(), answer.field("cache-control")), (200, "ok\n", "no-store"));
    assert_eq!(server.get("/readyz").await.body, "ok\n");
    *server.fake.not_ready.lock().unwrap() = Some("the cache directory is not writable".to_owned());
    let answer = server.get("/readyz").await;
    assert_eq!((answer.status, answer.body.as_str()), (503, "the cache directory is not writable\n"));
    assert_eq!(server.get("/healthz").await.status, 200);
    let answer = server.ask("HEAD /healthz", &[]).await;
    assert_eq!((answer.status, answer.body.as_str(), answer.field("content-length")), (200, "", "3"));
}

#[tokio::test]
async fn cached_only_by_header() {
    let server = Running::start();
    for (value, cached_only) in [
        ("1", true),
        ("t", true),
        ("T", true),
        ("true", true),
        ("TRUE", true),
        ("True", true),
        ("0", false),
        ("yes", false),
        ("", false),
    ] {
        let field = format!("Disable-Module-Fetch: {value}");
        let answer = server.ask("GET /a.b/c/@v/list", &[&field]).await;
        assert_eq!(answer.field("vary"), "Disable-Module-Fetch");
        match &server.fake.served()[..] {
            [Route::Module(request)] => assert_eq!(request.cached_only, cached_only, "{value}"),
            other => panic!("{other:?}"),
        }
    }
    server.get("/cached-only/a.b/c/@v/list").await;
    assert!(matches!(&server.fake.served()[..], [Route::Module(request)] if request.cached_only));
}
