//! Time limits and the number of requests under way: the original had neither.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use goproxy_engine::ErrorKind::Timeout;

use super::{Reply, Server, outcome};
use crate::{ClientOptions, HttpClient, Upstream};

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_head_that_never_comes_is_a_timeout() {
    let started = Instant::now();
    assert_eq!(outcome(Reply::default().wait(LONG)).await, (Timeout, 1));
    assert!(started.elapsed() < LONG / 2);
}

#[tokio::test]
async fn a_body_that_stands_still_is_a_timeout() {
    let started = Instant::now();
    let reply = Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").wait(LONG);
    assert_eq!(outcome(reply).await, (Timeout, 1));
    assert!(started.elapsed() < LONG / 2);
}

#[tokio::test]
async fn a_body_that_drips_is_a_timeout() {
    let started = Instant::now();
    let head = Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    let drip = (0..1000).fold(head, |reply, _| reply.wait(Duration::from_millis(100)).then("x"));
    assert_eq!(outcome(drip).await, (Timeout, 1));
    assert!(started.elapsed() < LONG / 2);
}

#[tokio::test]
async fn an_error_text_that_stands_still_does_not_hold_the_answer() {
    let head = "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nhalf";
    let started = Instant::now();
    let (kind, _) = outcome(Reply::raw(head).wait(LONG)).await;
    assert_eq!(kind, goproxy_engine::ErrorKind::NotFound);
    assert!(started.elapsed() < LONG / 2);
}

#[tokio::test]
async fn a_slow_but_steady_body_is_received() {
    let head = Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n");
    // Two idle windows long, with enough bytes in each.
    let body = (0..20).fold(head, |reply, _| reply.wait(Duration::from_millis(100)).then([b'x'; 10_000]));
    let server = Server::start(move |_, _| body.clone()).await;
    let received = super::upstream(&server.url()).bytes("x", 1 << 20).await.unwrap();
    assert_eq!((received.len(), server.count()), (200_000, 1));
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_allowed() {
    let under_way = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (now, peak) = (Arc::clone(&under_way), Arc::clone(&most));
    let server = Server::start(move |_, _| {
        peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        Reply::default().wait(Duration::from_millis(100)).then("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
    })
    .await;
    let client = HttpClient::new(ClientOptions { in_flight: 2, ..super::options() }).unwrap();
    let upstream = Upstream::new(client, &server.url()).unwrap();
    let asks = (0..6).map(|_| async {
        upstream.bytes("x", 9).await.unwrap();
        under_way.fetch_sub(1, Ordering::SeqCst);
    });
    futures_util::future::join_all(asks).await;
    assert_eq!((server.count(), most.load(Ordering::SeqCst)), (6, 2));
}
