//! What an answer means.

use goproxy_engine::ErrorKind::{Busy, Invalid, NotFound, Refused, Unavailable};

use super::{Reply, Server, ask, client, outcome};
use crate::Upstream;

#[tokio::test]
async fn only_a_plain_200_is_a_body() {
    for status in [201, 202, 203, 204, 206] {
        assert_eq!(outcome(Reply::new(status, &[], "body")).await, (Invalid, 1), "{status}");
    }
}

#[tokio::test]
async fn compressed_content_is_invalid() {
    for encoding in ["gzip", "br", "x-unknown"] {
        let reply = Reply::new(200, &[("Content-Encoding", encoding)], b"\x1f\x8b\x08junk");
        assert_eq!(outcome(reply).await, (Invalid, 1), "{encoding}");
    }
    let server = Server::start(|_, _| Reply::new(200, &[("Content-Encoding", "identity")], "as it is")).await;
    assert_eq!(ask(&server).await.unwrap(), "as it is");
}

#[tokio::test]
async fn more_than_the_limit_is_invalid_announced_or_not() {
    assert_eq!(outcome(Reply::ok("x".repeat(1025))).await, (Invalid, 1));
    let unannounced = Reply::raw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").then("x".repeat(1025));
    assert_eq!(outcome(unannounced).await, (Invalid, 1));
    let server = Server::start(|_, _| Reply::ok("x".repeat(1024))).await;
    assert_eq!(ask(&server).await.unwrap().len(), 1024);
}

#[tokio::test]
async fn statuses_become_kinds() {
    for (status, kind, requests) in [
        (400, Unavailable, 1),
        (401, Refused, 1),
        (403, Refused, 1),
        (404, NotFound, 1),
        (410, NotFound, 1),
        (418, Unavailable, 1),
        (429, Busy, 3),
        (451, Refused, 1),
        (500, Unavailable, 3),
        (501, Unavailable, 1),
        (502, Unavailable, 3),
        (503, Busy, 3),
        (304, Unavailable, 1),
        (300, Unavailable, 1),
    ] {
        assert_eq!(outcome(Reply::status(status)).await, (kind, requests), "{status}");
    }
}

#[tokio::test]
async fn texts_of_absence_and_refusal_are_passed_on() {
    let text = "not found: module a.b/c: no matching versions for query \"latest\"";
    for (status, kind) in [(404, NotFound), (410, NotFound), (401, Refused), (403, Refused), (451, Refused)] {
        let server = Server::start(move |_, _| Reply::text(status, text)).await;
        let error = ask(&server).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (kind, text));
    }
}

#[tokio::test]
async fn texts_that_are_no_text_are_replaced() {
    let html = Reply::new(404, &[("Content-Type", "text/html")], "<h1>Nothing</h1>");
    for reply in [html, Reply::text(404, "\u{1b}[31mred"), Reply::text(404, ""), Reply::status(404)] {
        let server = Server::start(move |_, _| reply.clone()).await;
        assert_eq!(ask(&server).await.unwrap_err().message(), "not found");
    }
}

#[tokio::test]
async fn a_failure_does_not_pass_its_text_on() {
    let server = Server::start(|_, _| Reply::text(500, "panic at /srv/secret/path")).await;
    let error = ask(&server).await.unwrap_err();
    assert!(!error.message().contains("secret"), "{error}");
    assert!(error.detail().unwrap().contains("500"));
}

#[tokio::test]
async fn nobody_listening_is_unavailable() {
    // Bound and not listening, so that nobody else gets the port either.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    assert_eq!(super::upstream(&url).bytes("x", 9).await.unwrap_err().error.kind(), Unavailable);
}

/// Error pages repeat requests; clients read what an upstream says.
#[tokio::test]
async fn an_upstream_that_repeats_what_it_was_sent_tells_no_password() {
    for status in [400, 401, 403, 404, 410, 418, 500] {
        let server = Server::start(move |_, asked| {
            Reply::text(status, &format!("you sent {}", asked.header("authorization").unwrap()))
        })
        .await;
        let url = format!("http://me:canary-password@127.0.0.1:{}", server.port());
        let error = Upstream::new(client(), &url).unwrap().bytes("x", 99).await.unwrap_err().error;
        let told = format!("{} {:?}", error.message(), error.detail());
        for secret in ["canary-password", "bWU6Y2FuYXJ5LXBhc3N3b3Jk"] {
            assert!(!told.contains(secret), "{status}: {told}");
        }
        assert!(![403, 404, 410].contains(&status) || told.contains("you sent Basic"), "{status}: {told}");
    }
}
