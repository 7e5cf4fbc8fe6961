//! What answers look like: headers, validators, ranges, failures.

use std::{io::Write, sync::Arc, time::Duration};

use goproxy_engine::{Blob, CacheStatus, Error, ErrorKind, Lifetime, Reply, Via};

use crate::support::{BODY, ETAG, Running, reply};

const NOW: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const OLD: &str = "Sun, 06 Nov 1994 08:49:36 GMT";

#[tokio::test]
async fn content_types() {
    let server = Running::start();
    for (path, content_type) in [
        ("/a.b/c/@v/list", "text/plain; charset=utf-8"),
        ("/a.b/c/@v/v1.0.0.mod", "text/plain; charset=utf-8"),
        ("/a.b/c/@v/v1.0.0.info", "application/json"),
        ("/a.b/c/@v/main.info", "application/json"),
        ("/a.b/c/@latest", "application/json"),
        ("/a.b/c/@v/v1.0.0.zip", "application/zip"),
        ("/sumdb/sum.golang.org/supported", "text/plain; charset=utf-8"),
        ("/sumdb/sum.golang.org/latest", "text/plain; charset=utf-8"),
        ("/sumdb/sum.golang.org/lookup/a.b/c@v1.0.0", "text/plain; charset=utf-8"),
        ("/sumdb/sum.golang.org/tile/8/0/001", "application/octet-stream"),
        ("/sumdb/sum.golang.org/tile/8/data/001", "text/plain; charset=utf-8"),
    ] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.field("content-type")), (200, content_type), "{path}");
        assert_eq!(answer.field("x-content-type-options"), "nosniff");
        assert_eq!(answer.field("content-length"), "10");
        assert_eq!(answer.field("etag"), ETAG);
        assert_eq!(answer.field("last-modified"), NOW);
        assert_eq!(answer.field("accept-ranges"), "bytes");
        assert_eq!(answer.body, BODY);
        let vary = if path.starts_with("/sumdb/") { "" } else { "Disable-Module-Fetch" };
        assert_eq!(answer.field("vary"), vary, "{path}");
    }
}

#[tokio::test]
async fn lifetimes() {
    let server = Running::start();
    let secs = Duration::from_secs;
    let immutable = Lifetime::Immutable;
    let fresh = Lifetime::Fresh { age: secs(100), remaining: secs(200) };
    let stale = Lifetime::Stale { age: secs(500) };
    for (lifetime, cache, control, age, warning, x_cache) in [
        (immutable, CacheStatus::Miss, "public, max-age=31536000, immutable", "", "", "miss"),
        (fresh, CacheStatus::Hit, "public, max-age=300", "100", "", "hit"),
        (stale, CacheStatus::Stale, "public, max-age=0", "500", "110 - \"response is stale\"", "stale"),
    ] {
        server.fake.answer("a.b/c", Ok(Reply { lifetime, cache, via: Via::Proxy, ..reply("x") }));
        let answer = server.get("/a.b/c/@v/list").await;
        assert_eq!(answer.field("cache-control"), control);
        assert_eq!(answer.field("age"), age);
        assert_eq!(answer.field("warning"), warning);
        assert_eq!(answer.field("x-cache"), x_cache);
    }
}

/// The original stored an empty file for the HEAD of an uncached one. Here a HEAD is a GET without its body.
#[tokio::test]
async fn head_has_the_headers_of_get() {
    let server = Running::start();
    for path in ["/a.b/c/@v/v1.0.0.zip", "/a.b/c/@v/list", "/nothing", "/healthz", "/metrics"] {
        let get = server.get(path).await;
        let head = server.ask(&format!("HEAD {path}"), &[]).await;
        assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{path}");
        for field in ["content-type", "etag", "last-modified", "cache-control", "x-cache", "accept-ranges", "vary"] {
            assert_eq!(head.field(field), get.field(field), "{path} {field}");
        }
        if path != "/metrics" {
            assert_eq!(head.field("content-length"), get.body.len().to_string(), "{path}");
        }
    }
}

/// RFC 9110 13.2.2 and 14.2; the finer rules are tested beside their functions.
#[tokio::test]
async fn conditional_and_range_requests() {
    let server = Running::start();
    let file = file_of(BODY.as_bytes());
    server.fake.answer("a.b/file", Ok(Reply { blob: Blob::File(Arc::new(file)), ..reply(BODY) }));
    let etag = |name: &str| format!("{name}: {ETAG}");
    let cases: &[(&str, &[&str], u16, &str, &str)] = &[
        ("GET", &[&etag("If-None-Match")], 304, "", ""),
        ("HEAD", &[&etag("If-None-Match")], 304, "", ""),
        ("GET", &["If-None-Match: *"], 304, "", ""),
        ("GET", &["If-None-Match: \"x\""], 200, BODY, ""),
        ("GET", &[&format!("If-Modified-Since: {NOW}")], 304, "", ""),
        ("GET", &[&format!("If-Modified-Since: {OLD}")], 200, BODY, ""),
        ("GET", &["If-None-Match: \"x\"", &format!("If-Modified-Since: {NOW}")], 200, BODY, ""),
        ("GET", &["If-Match: \"x\""], 412, "precondition failed\n", ""),
        ("GET", &["Range: bytes=2-4"], 206, "234", "bytes 2-4/10"),
        ("GET", &["Range: bytes=7-"], 206, "789", "bytes 7-9/10"),
        ("GET", &["Range: bytes=-2"], 206, "89", "bytes 8-9/10"),
        ("GET", &["Range: bytes=10-"], 416, "range not satisfiable\n", "bytes */10"),
        ("GET", &["Range: bytes=0-1,3-4"], 200, BODY, ""),
        ("GET", &["Range: junk"], 200, BODY, ""),
        ("HEAD", &["Range: bytes=2-4"], 200, "", ""),
        ("GET", &["Range: bytes=2-4", &etag("If-Range")], 206, "234", "bytes 2-4/10"),
        ("GET", &["Range: bytes=2-4", &format!("If-Range: {NOW}")], 206, "234", "bytes 2-4/10"),
        ("GET", &["Range: bytes=2-4", "If-Range: \"x\""], 200, BODY, ""),
        // A range of something that changed, or did not.
        ("GET", &["Range: bytes=10-", "If-Range: \"x\""], 200, BODY, ""),
        ("GET", &["Range: bytes=2-4", &etag("If-None-Match")], 304, "", ""),
        ("GET", &["Range: bytes=2-4", "If-Match: \"x\""], 412, "precondition failed\n", ""),
    ];
    for module in ["a.b/bytes", "a.b/file"] {
        for (method, fields, status, body, range) in cases {
            let answer = server.ask(&format!("{method} /{module}/@v/v1.0.0.zip"), fields).await;
            assert_eq!((answer.status, answer.body.as_str()), (*status, *body), "{method} {fields:?}");
            assert_eq!(answer.field("content-range"), *range, "{method} {fields:?}");
            if *status == 304 {
                assert_eq!(answer.field("etag"), ETAG);
                assert_eq!(answer.field("cache-control"), "public, max-age=31536000, immutable");
                assert_eq!(answer.field("content-type"), "");
            }
            if *status == 206 {
                assert_eq!(answer.field("content-length"), body.len().to_string());
            }
        }
    }
}

#[tokio::test]
async fn a_large_file_arrives_whole() {
    let server = Running::start();
    let content: Vec<u8> = (0..3_000_000_u32).map(|i| b'a' + (i % 23) as u8).collect();
    let blob = Blob::File(Arc::new(file_of(&content)));
    server.fake.answer("a.b/c", Ok(Reply { blob, size: content.len() as u64, ..reply("") }));
    let answer = server.get("/a.b/c/@v/v1.0.0.zip").await;
    assert_eq!(answer.field("content-length"), "3000000");
    assert!(answer.body.as_bytes() == content);
    let answer = server.ask("GET /a.b/c/@v/v1.0.0.zip", &["Range: bytes=1000000-1999999"]).await;
    assert!(answer.body.as_bytes() == &content[1_000_000..2_000_000]);
}

/// A file that somebody cuts while we serve it must not look complete to the client.
#[tokio::test]
async fn a_cut_file_aborts_the_response() {
    let server = Running::start();
    let blob = Blob::File(Arc::new(file_of(&vec![b'x'; 600_000])));
    server.fake.answer("a.b/cut", Ok(Reply { blob, size: 900_000, ..reply("") }));
    let answer = server.get("/a.b/cut/@v/v1.0.0.zip").await;
    assert_eq!(answer.field("content-length"), "900000");
    assert!(answer.body.len() < 900_000);
    let line = server.log.line("aborted").await;
    assert!(line.contains(" 200 /a.b/cut/@v/v1.0.0.zip [cached]"), "{line}");
}

#[tokio::test]
async fn failures() {
    let server = Running::start();
    let later = Error::new(ErrorKind::Unavailable, "the upstream is away")
        .with_detail("dial tcp 10.0.0.1: secret")
        .with_retry_after(Some(Duration::from_millis(29_100)));
    server.fake.answer("a.b/later", Err(later));
    server.fake.fail("a.b/gone", ErrorKind::NotFound, "a.b/gone@v1: unknown revision");
    server.fake.fail("a.b/cold", ErrorKind::NotCached, "not cached");
    server.fake.fail("a.b/no", ErrorKind::Refused, "forbidden");
    server.fake.fail("a.b/bad", ErrorKind::Invalid, "zip: not a valid zip file");
    server.fake.fail("a.b/busy", ErrorKind::Busy, "too many fetches");
    server.fake.fail("a.b/late", ErrorKind::Timeout, "fetch timed out");
    server.fake.fail("a.b/full", ErrorKind::Internal, "internal error");
    for (module, status, body, control, retry) in [
        ("later", 502, "the upstream is away\n", "no-store", "30"),
        ("gone", 404, "not found: a.b/gone@v1: unknown revision\n", "public, max-age=60", ""),
        ("cold", 404, "not found: not cached\n", "no-store", ""),
        ("no", 403, "forbidden\n", "no-store", ""),
        ("bad", 502, "zip: not a valid zip file\n", "no-store", ""),
        ("busy", 503, "too many fetches\n", "no-store", "5"),
        ("late", 504, "fetch timed out\n", "no-store", ""),
        ("full", 500, "internal error\n", "no-store", ""),
        ("panic", 500, "internal error of the proxy, see its log\n", "no-store", ""),
    ] {
        let answer = server.get(&format!("/a.b/{module}/@v/list")).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, body), "{module}");
        assert_eq!(answer.field("cache-control"), control, "{module}");
        assert_eq!(answer.field("retry-after"), retry, "{module}");
        assert_eq!(answer.field("content-type"), "text/plain; charset=utf-8");
        assert_eq!(answer.field("vary"), "Disable-Module-Fetch");
        assert_eq!(answer.field("x-content-type-options"), "nosniff");
    }
}

/// What `go` prints of a body (cmd/go/internal/web/api.go): 8 lines, and nothing of it at all if it holds a control
/// character.
#[tokio::test]
async fn failure_texts_are_bounded() {
    let server = Running::start();
    let long = format!("first\x1b[31m line\n{}\nthird\n\nsecret", "日".repeat(1000));
    server.fake.fail("a.b/long", ErrorKind::Unavailable, &long);
    let body = server.get("/a.b/long/@v/list").await.body;
    assert!(body.len() <= 640, "{}", body.len());
    assert!(body.starts_with("first[31m line\n日") && body.ends_with("日\n"), "{body}");
    let lines: String = (0..20).map(|i| format!("line {i}\n")).collect();
    server.fake.fail("a.b/lines", ErrorKind::Unavailable, &lines);
    assert_eq!(server.get("/a.b/lines/@v/list").await.body.lines().count(), 8);
}

#[tokio::test]
async fn requests_have_ids() {
    let server = Running::start();
    let one = server.get("/a.b/c/@v/list").await;
    let two = server.get("/nothing").await;
    for answer in [&one, &two] {
        let id = answer.field("x-request-id");
        assert!(id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    }
    assert_ne!(one.field("x-request-id"), two.field("x-request-id"));
}

fn file_of(content: &[u8]) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    file
}
