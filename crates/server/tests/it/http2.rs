//! HTTP/2 without TLS, by prior knowledge.

use std::{sync::Arc, time::Duration};

use goproxy_engine::{Blob, Reply};
use http::{Request, Version};
use http_body_util::{BodyExt, Empty, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{io::AsyncWriteExt, task::JoinHandle};

use crate::support::{BODY, ETAG, Running, read_all, reply};

type Body = http_body_util::combinators::BoxBody<bytes::Bytes, std::convert::Infallible>;

async fn connect(server: &Running) -> (SendRequest<Body>, JoinHandle<()>) {
    let io = TokioIo::new(server.connect().await);
    let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    let task = tokio::spawn(async move {
        let _ = connection.await;
    });
    (sender, task)
}

fn get(target: &str) -> Request<Body> {
    Request::get(format!("http://a{target}")).body(Empty::new().boxed()).unwrap()
}

#[tokio::test]
async fn requests_share_a_connection() {
    let server = Running::start();
    let (sender, _) = connect(&server).await;
    let mut tasks = Vec::new();
    for _ in 0..50 {
        let mut sender = sender.clone();
        tasks.push(tokio::spawn(async move {
            let answer = sender.send_request(get("/a.b/c/@v/v1.0.0.zip")).await.unwrap();
            assert_eq!((answer.status().as_u16(), answer.version()), (200, Version::HTTP_2));
            assert_eq!(answer.headers()["etag"], ETAG);
            assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), BODY);
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(server.fake.served().len(), 50);
}

#[tokio::test]
async fn head_range_and_refusals() {
    let server = Running::start();
    let (mut sender, _) = connect(&server).await;
    let request = Request::head("http://a/a.b/c/@v/list").body(Empty::new().boxed()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["content-length"].to_str().unwrap()), (200, "10"));
    let request = Request::get("http://a/a.b/c/@v/v1.0.0.zip").header("range", "bytes=-3");
    let answer = sender.send_request(request.body(Empty::new().boxed()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 206);
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "789");
    let request = Request::post("http://a/a.b/c/@v/list").body(Full::from("x").boxed()).unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status(), 405);
    let request = Request::get("http://a/a.b/c/@v/list").body(Full::from("x").boxed()).unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status(), 400);
    let request = Request::get("http://a/a.b/c/@v/list").header("x", "x".repeat(17 << 10));
    let answer = sender.send_request(request.body(Empty::new().boxed()).unwrap()).await;
    assert!(answer.map_or(true, |answer| answer.status() == 431));
}

#[tokio::test]
async fn a_cut_file_resets_the_stream() {
    let server = Running::start();
    let (mut sender, _) = connect(&server).await;
    let file = tempfile::tempfile().unwrap();
    file.set_len(100_000).unwrap();
    server.fake.answer("a.b/cut", Ok(Reply { blob: Blob::File(Arc::new(file)), size: 200_000, ..reply("") }));
    // The reset may overtake the header.
    if let Ok(answer) = sender.send_request(get("/a.b/cut/@v/v1.0.0.zip")).await {
        answer.into_body().collect().await.unwrap_err();
    }
    // The connection goes on.
    assert_eq!(sender.send_request(get("/healthz")).await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let server = Running::start_with(|options| options.limits.idle = Duration::from_millis(200));
    let (mut sender, closed) = connect(&server).await;
    assert_eq!(sender.send_request(get("/healthz")).await.unwrap().status(), 200);
    tokio::time::timeout(crate::support::PATIENCE, closed).await.unwrap().unwrap();
}

/// A client that opens no window: the socket takes everything, the stream nothing.
#[tokio::test]
async fn a_stalled_stream_is_cut_off() {
    let server = Running::start_with(|options| options.limits.write_progress = Duration::from_millis(300));
    let file = tempfile::tempfile().unwrap();
    let size = 8 << 20;
    file.set_len(size).unwrap();
    server.fake.answer("a.b/large", Ok(Reply { blob: Blob::File(Arc::new(file)), size, ..reply("") }));
    let (mut sender, closed) = connect(&server).await;
    let answer = sender.send_request(get("/a.b/large/@v/v1.0.0.zip")).await.unwrap();
    // Not read: the window of the stream stays used up.
    tokio::time::timeout(crate::support::PATIENCE, closed).await.unwrap().unwrap();
    drop(answer);
    assert!(server.log.line("aborted after").await.contains("/a.b/large/"));
}

#[tokio::test]
async fn stopping_finishes_the_streams() {
    let mut server = Running::start();
    let (mut sender, closed) = connect(&server).await;
    let running = tokio::spawn(async move { sender.send_request(get("/a.b/slow/@v/list")).await });
    server.fake.waits.notified().await;
    server.stop();
    tokio::time::sleep(Duration::from_millis(50)).await;
    server.fake.go_on.notify_one();
    let answer = running.await.unwrap().unwrap();
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), BODY);
    tokio::time::timeout(crate::support::PATIENCE, closed).await.unwrap().unwrap();
    server.stopped().await;
}

/// A client that says HTTP/2 and then drips.
#[tokio::test]
async fn half_a_preface_is_closed() {
    let server = Running::start_with(|options| options.limits.header_read = Duration::from_millis(200));
    let mut stream = server.connect().await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nS").await.unwrap();
    assert_eq!(read_all(&mut stream).await, "");
}

/// Each of some connections asks for as much as it may, and reads nothing.
#[tokio::test]
async fn shut_windows_multiplied_what_connections_may_hold() {
    let server = Running::start_with(|options| options.max_connections = 20);
    let file = tempfile::tempfile().unwrap();
    let size = 8 << 20;
    file.set_len(size).unwrap();
    server.fake.answer("a.b/large", Ok(Reply { blob: Blob::File(Arc::new(file)), size, ..reply("") }));
    let (mut held, mut served, mut refused) = (Vec::new(), 0, 0);
    for _ in 0..12 {
        let io = TokioIo::new(server.connect().await);
        let mut builder = http2::Builder::new(TokioExecutor::new());
        let (mut sender, connection) = builder.initial_stream_window_size(1).handshake(io).await.unwrap();
        tokio::spawn(connection);
        for _ in 0..120 {
            let answer: http::Response<hyper::body::Incoming> =
                sender.send_request(get("/a.b/large/@v/v1.0.0.zip")).await.unwrap();
            match answer.status().as_u16() {
                200 => served += 1,
                503 if answer.headers()["retry-after"] == "1" => refused += 1,
                other => panic!("{other}"),
            }
            held.push(answer);
        }
        held.push(sender.send_request(get("/a.b/large/@v/v1.0.0.zip")).await.unwrap());
    }
    assert!((1024..1024 + 12 * 8).contains(&served) && refused > 0, "{served} served, {refused} refused");
    let (mut other, _) = connect(&server).await;
    assert_eq!(other.send_request(get("/a.b/c/@v/list")).await.unwrap().status(), 200);
}
