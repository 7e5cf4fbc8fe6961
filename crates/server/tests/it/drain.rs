//! Stopping: what runs is finished, what is new is refused, what takes too long is cut.

use std::time::Duration;

use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{Instant, timeout},
};

use crate::support::{BODY, PATIENCE, Running, read_all, read_until};

const SLOW: &[u8] = b"GET /a.b/slow/@v/list HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn a_running_request_is_finished_and_a_new_connection_refused() {
    let mut server = Running::start();
    let mut idle = server.connect().await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    read_until(&mut idle, "ok\n").await;
    let mut running = server.connect().await;
    running.write_all(SLOW).await.unwrap();
    server.fake.waits.notified().await;

    server.stop();
    // Idle connections are closed at once, which also shows that the server has begun to stop.
    assert_eq!(read_all(&mut idle).await, "");
    let refused = TcpStream::connect(server.address.unwrap()).await;
    assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);

    server.fake.go_on.notify_one();
    let answer = read_all(&mut running).await;
    assert!(answer.ends_with(BODY) && answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
    let log = server.log.clone();
    server.stopped().await;
    // What was logged is written before the server returns.
    assert!(log.text().contains(" 200 /a.b/slow/@v/list [cached]"), "{}", log.text());
}

#[tokio::test]
async fn what_takes_longer_than_the_limit_is_cut() {
    let limit = Duration::from_millis(200);
    let mut server = Running::start_with(|options| options.drain = limit);
    let mut running = server.connect().await;
    running.write_all(SLOW).await.unwrap();
    server.fake.waits.notified().await;
    let began = Instant::now();
    server.stop();
    assert_eq!(read_all(&mut running).await, "");
    assert!(began.elapsed() >= limit);
    let log = server.log.clone();
    server.stopped().await;
    assert!(log.text().contains(" 499 /a.b/slow/@v/list"), "{}", log.text());
}

#[tokio::test]
async fn silent_and_half_open_connections_do_not_delay_the_stop() {
    let mut server = Running::start_with(|options| {
        options.drain = PATIENCE * 10;
        options.limits.first_byte = PATIENCE * 10;
        options.limits.header_read = PATIENCE * 10;
    });
    let silent = server.connect().await;
    let mut half = server.connect().await;
    half.write_all(b"GET /a.b/c/@v/li").await.unwrap();
    // Both are accepted before the third is.
    assert_eq!(server.get("/healthz").await.status, 200);
    server.stop();
    timeout(PATIENCE, server.stopped()).await.unwrap();
    drop((silent, half));
}
