//! What a connection may cost: deadlines, limits, pipelining, Unix sockets.

use std::{sync::Arc, time::Duration};

use goproxy_engine::{Blob, Reply};
use goproxy_server::Listen;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::Instant,
};

use crate::support::{BODY, PATIENCE, Running, read_all, read_until, reply};

const SHORT: Duration = Duration::from_millis(200);
const GET: &str = "GET /a.b/c/@v/list HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let server = Running::start_with(|options| options.limits.first_byte = SHORT);
    let began = Instant::now();
    let mut stream = server.connect().await;
    assert_eq!(read_all(&mut stream).await, "");
    assert!(began.elapsed() >= SHORT);
}

/// Slow loris: each byte comes in time, the header never.
#[tokio::test]
async fn a_dripping_header_is_closed() {
    let server = Running::start_with(|options| options.limits.header_read = SHORT);
    let (mut reader, mut writer) = server.connect().await.into_split();
    let drip = tokio::spawn(async move {
        for byte in GET.bytes().cycle().filter(|byte| *byte != b'\n') {
            if writer.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert_eq!(read_all(&mut reader).await, "");
    assert_eq!(server.fake.served(), []);
    drip.abort();
}

/// The header's deadline is not the time between requests, and holds for the second request too.
#[tokio::test]
async fn an_idle_connection_outlives_the_header_deadline() {
    let server = Running::start_with(|options| {
        options.limits.first_byte = SHORT;
        options.limits.header_read = SHORT;
    });
    let mut stream = server.connect().await;
    for _ in 0..2 {
        stream.write_all(GET.as_bytes()).await.unwrap();
        read_until(&mut stream, BODY).await;
        tokio::time::sleep(SHORT * 3).await;
    }
    stream.write_all(b"GET /").await.unwrap();
    assert_eq!(read_all(&mut stream).await, "");
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_the_end() {
    let server = Running::start_with(|options| options.limits.idle = SHORT);
    let mut stream = server.connect().await;
    stream.write_all(GET.as_bytes()).await.unwrap();
    assert!(read_all(&mut stream).await.ends_with(BODY));
}

/// A request that takes long is no idle connection.
#[tokio::test]
async fn a_slow_answer_has_no_deadline() {
    let server = Running::start_with(|options| {
        options.limits.first_byte = SHORT;
        options.limits.header_read = SHORT;
        options.limits.idle = SHORT;
        options.limits.write_progress = SHORT;
    });
    let mut stream = server.connect().await;
    stream.write_all(b"GET /a.b/slow/@v/list HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    server.fake.waits.notified().await;
    tokio::time::sleep(SHORT * 4).await;
    server.fake.go_on.notify_one();
    read_until(&mut stream, BODY).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let server = Running::start_with(|options| options.limits.write_progress = SHORT);
    let file = tempfile::tempfile().unwrap();
    let size = 64 << 20;
    file.set_len(size).unwrap();
    server.fake.answer("a.b/large", Ok(Reply { blob: Blob::File(Arc::new(file)), size, ..reply("") }));
    let mut stream = server.connect().await;
    stream.write_all(b"GET /a.b/large/@v/v1.0.0.zip HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let line = server.log.line("aborted after").await;
    let sent: u64 = line.split("aborted after ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(sent < size / 2, "{line}");
    let read = read_all(&mut stream).await;
    assert!((read.len() as u64) < size);
}

/// What the kernel keeps for a client on that port that has not taken it, in bytes.
#[cfg(target_os = "linux")]
fn unsent(port: u16) -> u64 {
    let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let of = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let to = fields.get(2)?.ends_with(&format!(":{port:04X}"));
        to.then(|| u64::from_str_radix(fields.get(4)?.split(':').next()?, 16).ok()).flatten()
    };
    sockets.lines().find_map(of).unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_client_that_does_not_read_held_megabytes_of_the_kernel() {
    let server = Running::start();
    let file = tempfile::tempfile().unwrap();
    let size = 64 << 20;
    file.set_len(size).unwrap();
    server.fake.answer("a.b/large", Ok(Reply { blob: Blob::File(Arc::new(file)), size, ..reply("") }));
    let mut stream = server.connect().await;
    let port = stream.local_addr().unwrap().port();
    stream.write_all(b"GET /a.b/large/@v/v1.0.0.zip HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let (began, mut most) = (std::time::Instant::now(), 0);
    while began.elapsed() < Duration::from_millis(500) {
        most = most.max(unsent(port));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!((1..1 << 20).contains(&most), "{most} bytes");
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_everything() {
    let server = Running::start_with(|options| options.limits.write_progress = Duration::from_secs(2));
    let file = tempfile::tempfile().unwrap();
    let size = 16 << 20;
    file.set_len(size).unwrap();
    server.fake.answer("a.b/large", Ok(Reply { blob: Blob::File(Arc::new(file)), size, ..reply("") }));
    let mut stream = server.connect().await;
    stream.write_all(b"GET /a.b/large/@v/v1.0.0.zip HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    let (mut got, mut bytes) = (0, vec![0; 256 << 10]);
    loop {
        let n = tokio::time::timeout(PATIENCE, stream.read(&mut bytes)).await.unwrap().unwrap();
        if n == 0 {
            break;
        }
        got += n as u64;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    assert!(got > size, "{got}");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = Running::start();
    server.fake.answer("a.b/one", Ok(reply("1")));
    server.fake.answer("a.b/two", Ok(reply("22")));
    let request = |module| format!("GET /a.b/{module}/@v/list HTTP/1.1\r\nHost: a\r\n\r\n");
    let last = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answers = server.send([request("one"), request("two"), request("none"), last.to_owned()].concat()).await;
    let bodies: Vec<&str> =
        answers.split("HTTP/1.1 200 OK").skip(1).map(|answer| answer.split_once("\r\n\r\n").unwrap().1).collect();
    assert_eq!(bodies, ["1", "22", BODY, "ok\n"]);
}

#[tokio::test]
async fn keep_alive_serves_many_requests() {
    let server = Running::start();
    let mut stream = server.connect().await;
    for number in 0..100 {
        stream.write_all(GET.replace("/list", &format!("/list?{number}")).as_bytes()).await.unwrap();
        read_until(&mut stream, BODY).await;
    }
    assert_eq!(server.fake.served().len(), 100);
}

/// Closing at once would reset the connection under a client that is still sending, and the reset may overtake the
/// answer.
#[tokio::test]
async fn a_client_that_sends_too_much_is_not_reset() {
    let server = Running::start();
    let mut stream = server.connect().await;
    let field = format!("X: {}", "x".repeat(20 << 10));
    stream.write_all(format!("GET /a.b/c/@v/list HTTP/1.1\r\nHost: a\r\n{field}").as_bytes()).await.unwrap();
    assert!(read_until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 431 "));
    for _ in 0..3 {
        stream.write_all(&[b'x'; 8 << 10]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn http_1_0_closes() {
    let server = Running::start();
    let answer = server.send("GET /a.b/c/@v/list HTTP/1.0\r\n\r\n").await;
    assert!(answer.ends_with(BODY), "{answer}");
}

/// Beyond the limit a connection waits, and is served when another ends.
#[tokio::test]
async fn connections_are_limited() {
    let server = Running::start_with(|options| options.max_connections = 1);
    let mut first = server.connect().await;
    first.write_all(GET.as_bytes()).await.unwrap();
    read_until(&mut first, BODY).await;
    let mut second = server.connect().await;
    second.write_all(GET.as_bytes()).await.unwrap();
    let mut byte = [0];
    tokio::time::timeout(SHORT, second.read(&mut byte)).await.unwrap_err();
    drop(first);
    read_until(&mut second, BODY).await;
}

/// Silence in any number keeps nobody out for longer than a moment.
#[tokio::test]
async fn half_requests_held_all_connections_until_their_deadline() {
    let server = Running::start_with(|options| options.max_connections = 50);
    let mut held = Vec::new();
    for number in 0..200 {
        let mut stream = server.connect().await;
        if number % 2 == 0 {
            stream.write_all(b"GET /a.b/c/@v/li").await.unwrap();
        }
        held.push(stream);
    }
    let began = std::time::Instant::now();
    assert_eq!(server.get("/healthz").await.status, 200);
    assert!(began.elapsed() < Duration::from_secs(8), "the deadline is 10 s: {:?}", began.elapsed());
}

/// Many slow clients do not stop the probes.
#[tokio::test]
async fn many_half_requests_do_not_stop_the_probes() {
    let server = Running::start();
    let mut held = Vec::new();
    for _ in 0..400 {
        let mut stream = server.connect().await;
        stream.write_all(b"GET /a.b/c/@v/li").await.unwrap();
        held.push(stream);
    }
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_client_that_leaves_frees_the_handler() {
    let server = Running::start();
    let mut stream = server.connect().await;
    stream.write_all(b"GET /a.b/slow/@v/list HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    server.fake.waits.notified().await;
    drop(stream);
    tokio::time::timeout(PATIENCE, server.fake.left.notified()).await.unwrap();
    let line = server.log.line(" 499 ").await;
    assert!(line.contains("/a.b/slow/@v/list [proxy]") && line.ends_with("aborted after 0 bytes"), "{line}");
}

#[tokio::test]
async fn a_panic_costs_one_request() {
    let server = Running::start();
    let mut stream = server.connect().await;
    stream.write_all(b"GET /a.b/panic/@v/list HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    read_until(&mut stream, "internal error of the proxy, see its log\n").await;
    stream.write_all(GET.as_bytes()).await.unwrap();
    read_until(&mut stream, BODY).await;
}

#[tokio::test]
async fn a_unix_socket() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("goproxy.sock");
    let mut server = Running::start_with(|options| options.listen = Listen::Unix(path.clone()));
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(GET.as_bytes()).await.unwrap();
    read_until(&mut stream, BODY).await;
    drop(stream);
    server.stop();
    server.stopped().await;
    assert!(!path.exists());
}
