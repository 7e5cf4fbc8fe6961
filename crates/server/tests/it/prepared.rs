//! What is asked for again and again is answered at once, and nobody can tell.

use std::{sync::Arc, time::Duration};

use goproxy_engine::{CacheStatus, Error, ErrorKind, Lifetime, Reply};
use goproxy_server::AccessLogFormat;

use crate::{
    gate::Door,
    support::{Answer, BODY, ETAG, Running, reply},
};

const TARGET: &str = "/a.b/c/@v/v1.0.0.info";

/// So many requests on one connection, and one that ends it.
fn requests(target: &str, count: usize, fields: &str) -> String {
    let one = format!("GET {target} HTTP/1.1\r\nHost: a\r\nUser-Agent: again\r\n{fields}\r\n");
    one.repeat(count) + "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
}

/// The answers but for the last, each with its id.
async fn answers(server: &Running, target: &str, count: usize, fields: &str) -> Vec<(String, String)> {
    let all = server.send(requests(target, count, fields)).await;
    let answers: Vec<_> = all.split("HTTP/1.1 ").skip(1).map(|answer| format!("HTTP/1.1 {answer}")).collect();
    assert_eq!(answers.len(), count + 1, "{all}");
    answers[..count].iter().map(|answer| apart(answer)).collect()
}

/// An answer without its id and date, and the id.
fn apart(answer: &str) -> (String, String) {
    let told = |line: &&str| !line.starts_with("x-request-id: ") && !line.starts_with("date: ");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let rest: Vec<_> = head.split("\r\n").filter(told).collect();
    let parsed = Answer::parse(answer);
    assert!(!parsed.field("date").is_empty());
    (rest.join("\n") + "\n\n" + body, parsed.field("x-request-id").to_owned())
}

#[tokio::test]
async fn the_same_answer_is_made_once_in_a_second() {
    let server = Running::start_with(|options| options.access_log = AccessLogFormat::Json);
    let all = answers(&server, TARGET, 200, "").await;
    let made = server.fake.served().len();
    assert!((2..100).contains(&made), "made {made} times");
    assert!(all.iter().all(|(answer, _)| *answer == all[0].0), "they differ");
    assert!(all[0].0.ends_with(BODY), "{}", all[0].0);
    let mut lines = Vec::new();
    for (_, id) in &all {
        let mut line: serde_json::Value = serde_json::from_str(&server.log.line(id).await).unwrap();
        for of_its_own in ["id", "time", "seconds"] {
            assert!(line.as_object_mut().unwrap().remove(of_its_own).is_some());
        }
        lines.push(line);
    }
    assert!(lines.iter().all(|line| *line == lines[0]), "the log tells them apart: {lines:?}");
    assert_eq!((&lines[0]["module"], &lines[0]["user_agent"]), (&"a.b/c".into(), &"again".into()));
    let metrics = server.get("/metrics").await.body;
    for line in [
        "goproxy_router_request_total{mode=\"cached\",status=\"200\"} 200",
        "goproxy_cache_requests_total{what=\"info\",result=\"hit\"} 200",
        "goproxy_http_request_duration_seconds_count{what=\"info\",status=\"200\"} 200",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

#[tokio::test]
async fn what_counts_beside_the_target_was_not_looked_at() {
    let server = Running::start();
    answers(&server, TARGET, 50, "").await;
    server.fake.served();
    for (fields, expected) in [
        ("Range: bytes=0-1\r\n", "HTTP/1.1 206 "),
        ("IF-NONE-MATCH: *\r\n", "HTTP/1.1 304 "),
        ("If-Match: x\r\n", "HTTP/1.1 412 "),
        ("Host: b\r\n", "HTTP/1.1 400 "),
        ("Disable-Module-Fetch: true\r\n", "HTTP/1.1 200 "),
    ] {
        let all = server.send(requests(TARGET, 1, fields)).await;
        assert!(all.starts_with(expected), "{fields}: {all}");
    }
    assert_eq!(server.fake.served().len(), 4, "all but the refused one");
    let head = format!("HEAD {TARGET} HTTP/1.1\r\nHost: a\r\n\r\n{}", requests(TARGET, 0, ""));
    let all = server.send(head).await;
    assert!(all.starts_with("HTTP/1.1 200 ") && !all.contains(BODY), "a HEAD has no body: {all}");
    assert_eq!(server.get(TARGET).await.field("connection"), "close");
}

/// Caches before us ask so, and downloaders of parts.
#[tokio::test]
async fn conditions_and_parts_are_as_cheap() {
    let server = Running::start();
    for (fields, status, body) in [
        ("Range: bytes=2-4\r\n", "206", "234"),
        (&*format!("If-None-Match: {ETAG}\r\n"), "304", ""),
        ("If-None-Match: \"x\"\r\n", "200", BODY),
        (&*format!("Range: bytes=1-1\r\nIf-None-Match: {ETAG}\r\n"), "304", ""),
        ("If-None-Match: \"x\"\r\nRange: bytes=1-1\r\n", "206", "1"),
        ("Range: bytes=99-\r\n", "416", "range not satisfiable\n"),
    ] {
        let all = answers(&server, TARGET, 100, fields).await;
        assert!(server.fake.served().len() < 50, "{fields}");
        for (answer, _) in all {
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{fields}: {answer}");
            assert_eq!(answer.split_once("\n\n").unwrap().1, body, "{fields}");
        }
    }
}

/// Whatever becomes of the object (it is moved aside, removed, mended), nobody is told of it from here a second later.
#[tokio::test]
async fn an_answer_outlived_its_second() {
    let server = Running::start();
    answers(&server, TARGET, 50, "").await;
    server.fake.fail("a.b/c", ErrorKind::NotFound, "gone");
    tokio::time::sleep(Duration::from_millis(1001)).await;
    for (answer, _) in answers(&server, TARGET, 50, "").await {
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    }
}

#[tokio::test]
async fn an_answer_of_this_second_was_given_past_the_gate() {
    let server = Running::start();
    let statuses = async |fields: &str| {
        let all = answers(&server, TARGET, 50, fields).await;
        all.iter().map(|(answer, _)| answer[9..12].parse::<u16>().unwrap()).collect::<Vec<_>>()
    };
    for _ in 0..3 {
        // Accounts come and go while it runs.
        assert_eq!(statuses("").await, [200; 50]);
        *server.fake.gate.lock().unwrap() = Some(Arc::new(Door));
        assert_eq!(statuses("").await, [401; 50], "what was made for everybody");
        assert_eq!(statuses("Authorization: Bearer good\r\n").await, [200; 50]);
        server.fake.served();
        assert_eq!(statuses("").await, [401; 50], "what was made for somebody");
        assert_eq!(server.fake.served(), []);
        *server.fake.gate.lock().unwrap() = None;
        let all = answers(&server, TARGET, 50, "").await;
        assert!(all.iter().all(|(answer, _)| answer.contains("public")), "what was made for somebody: {}", all[0].0);
    }
}

#[tokio::test]
async fn what_may_be_otherwise_is_made_anew() {
    let fresh = |age, remaining| Lifetime::Fresh { age, remaining };
    let stale = Reply { cache: CacheStatus::Stale, lifetime: Lifetime::Stale { age: Duration::ZERO }, ..reply("s") };
    let server = Running::start();
    server.fake.answer("a.b/stale", Ok(stale));
    server.fake.answer("a.b/over", Ok(Reply { lifetime: fresh(Duration::from_secs(9), Duration::ZERO), ..reply("o") }));
    server.fake.answer("a.b/miss", Ok(Reply { cache: CacheStatus::Miss, ..reply("m") }));
    server.fake.answer("a.b/large", Ok(reply(vec![b'l'; (32 << 10) + 1])));
    server.fake.fail("a.b/gone", ErrorKind::NotFound, "gone");
    server.fake.answer("a.b/down", Err(Error::new(ErrorKind::Unavailable, "down").told()));
    for module in ["stale", "over", "miss", "large", "gone", "down"] {
        let target = format!("/a.b/{module}/@v/list");
        answers(&server, &target, 20, "").await;
        assert_eq!(server.fake.served().len(), 20, "{module}");
    }
    let kept = Reply { lifetime: fresh(Duration::from_millis(9500), Duration::from_mins(1)), ..reply("k") };
    server.fake.answer("a.b/kept", Ok(kept.clone()));
    answers(&server, "/a.b/kept/@v/list", 50, "").await;
    assert!(server.fake.served().len() < 40);
    server
        .fake
        .answer("a.b/kept", Ok(Reply { lifetime: fresh(Duration::from_secs(10), Duration::from_mins(1)), ..kept }));
    tokio::time::sleep(Duration::from_millis(501)).await;
    assert_eq!(server.get("/a.b/kept/@v/list").await.field("age"), "10", "it was half a second from there");
}

/// `go` 1.24 and newer asks again for whatever is not there.
#[tokio::test]
async fn what_is_known_to_be_absent_is_as_what_is_there() {
    let server = Running::start_with(|options| options.access_log = AccessLogFormat::Json);
    server.fake.answer("a.b/gone", Err(Error::new(ErrorKind::NotFound, "no such module").told()));
    let all = answers(&server, "/a.b/gone/@v/list", 200, "").await;
    let made = server.fake.served().len();
    assert!((2..100).contains(&made), "made {made} times");
    assert!(all.iter().all(|(answer, _)| *answer == all[0].0), "they differ");
    assert!(all[0].0.starts_with("HTTP/1.1 404 ") && all[0].0.ends_with("no such module\n"), "{}", all[0].0);
    for (_, id) in &all {
        let line: serde_json::Value = serde_json::from_str(&server.log.line(id).await).unwrap();
        assert_eq!((&line["status"], &line["cache"], &line["mode"]), (&404.into(), &"hit".into(), &"proxy".into()));
    }
    let metrics = server.get("/metrics").await.body;
    for line in [
        "goproxy_router_request_total{mode=\"proxy\",status=\"404\"} 200",
        "goproxy_http_request_duration_seconds_count{what=\"list\",status=\"404\"} 200",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    assert!(!metrics.contains("what=\"list\",result=\"hit\""), "{metrics}");
}
