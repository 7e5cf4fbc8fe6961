//! Trying again, and leaving alone who asked for it.

use std::time::{Duration, Instant};

use goproxy_engine::{ErrorKind, Intake, Kind, Source as _};

use super::{Reply, Server, ask, outcome, store::Stages, upstream, wire::version};

#[tokio::test]
async fn a_failure_that_passes_is_not_seen() {
    for status in [429, 500, 502, 503, 504] {
        let reply = move |n, _: &_| if n < 2 { Reply::status(status) } else { Reply::ok("at last") };
        let server = Server::start(reply).await;
        assert_eq!(ask(&server).await.unwrap(), "at last");
        assert_eq!(server.count(), 3, "{status}");
    }
}

#[tokio::test]
async fn a_truncated_body_is_unavailable_after_three_tries() {
    let cut = Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    assert_eq!(outcome(cut).await, (ErrorKind::Unavailable, 3));
    let endless = Reply::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    assert_eq!(outcome(endless).await, (ErrorKind::Unavailable, 3));
}

#[tokio::test]
async fn a_connection_closed_without_an_answer_is_tried_again() {
    let server = Server::start(|n, _| if n == 0 { Reply::default() } else { Reply::ok("here") }).await;
    assert_eq!(ask(&server).await.unwrap(), "here");
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_body_that_breaks_starts_again_in_a_new_file() {
    let server = Server::start(|n, _| {
        // The first try has other bytes, enough for some of them to reach the disk, and then breaks off.
        let (byte, sent) = if n == 0 { (b'a', 700_000) } else { (b'b', 1_000_000) };
        Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n").then(vec![byte; sent])
    })
    .await;
    let store = Stages::new();
    let fetched =
        upstream(&server.url()).fetch(&version("a.b/c", "v1.0.0"), Kind::Zip, &Intake::new(&store)).await.unwrap();
    assert_eq!((fetched.len(), fetched[0].1.len(), server.count(), store.made()), (1, 1_000_000, 2, 2));
    let left = store.left();
    assert_eq!(left.len(), 1);
    assert!(left[0].len() >= 256 << 10 && left[0].iter().all(|byte| *byte == b'b'));
}

#[tokio::test]
async fn nothing_is_left_of_a_fetch_that_failed() {
    let server = Server::start(|_, _| {
        Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n").then(vec![b'a'; 700_000])
    })
    .await;
    let store = Stages::new();
    let error =
        upstream(&server.url()).fetch(&version("a.b/c", "v1.0.0"), Kind::Zip, &Intake::new(&store)).await.unwrap_err();
    assert_eq!((error.kind(), server.count(), store.left().len()), (ErrorKind::Unavailable, 3, 0));
}

#[tokio::test]
async fn a_short_retry_after_is_waited_for() {
    let busy = |n, _: &_| if n == 0 { Reply::new(429, &[("Retry-After", "1")], "") } else { Reply::ok("now") };
    let server = Server::start(busy).await;
    let started = Instant::now();
    assert_eq!(ask(&server).await.unwrap(), "now");
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_long_retry_after_means_no_request_before_that() {
    for status in [429, 503, 500] {
        let server = Server::start(move |_, _| Reply::new(status, &[("Retry-After", "30")], "")).await;
        let upstream = upstream(&server.url());
        for _ in 0..3 {
            let error = upstream.bytes("x", 9).await.unwrap_err().error;
            let after = error.retry_after().unwrap();
            assert_eq!(error.kind(), ErrorKind::Busy);
            assert!(after <= Duration::from_secs(30) && after > Duration::from_secs(20), "{after:?}");
        }
        assert_eq!(server.count(), 1, "{status}");
    }
}
