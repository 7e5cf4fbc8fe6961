//! Who gets through the handshake, with what, and what becomes of the others.

use std::{sync::Arc, time::Duration};

use goproxy_engine::{Blob, Reply};
use http::{Request, Version};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::rustls::{ProtocolVersion, version::TLS12};

use super::{Files, GET, connect};
use crate::support::{Answer, BODY, PATIENCE, read_all, reply};

#[tokio::test]
async fn http1_without_a_choice_of_protocols() {
    let files = Files::new();
    let server = files.serve();
    let mut stream = files.connect(&server).await;
    stream.write_all(GET.as_bytes()).await.unwrap();
    assert_eq!(Answer::parse(&read_all(&mut stream).await).body, BODY);
    assert_eq!(stream.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    assert_eq!(files.failures(&server).await, 0);
}

#[tokio::test]
async fn http2_where_the_client_offers_it() {
    let files = Files::new();
    let server = files.serve();
    let mut config = files.authority.client().with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = connect(server.address.unwrap(), config).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("https://a/a.b/c/@v/list").body(Empty::<bytes::Bytes>::new()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, Version::HTTP_2));
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), BODY);
}

#[tokio::test]
async fn tls_1_2_and_nothing_older() {
    let files = Files::new();
    let server = files.serve();
    let config = files.authority.client_of(&[&TLS12]).with_no_client_auth();
    let stream = connect(server.address.unwrap(), config).await.unwrap();
    assert_eq!(stream.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_2));
    // The same hello for TLS 1.2 gets the server's, for 1.1 the alert 70, protocol_version.
    for (minor, kind, end) in [(3, 22, &[][..]), (2, 21, &[2, 70])] {
        let mut stream = server.connect().await;
        stream.write_all(&hello(minor)).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        assert!(answer[0] == kind && answer.ends_with(end), "3.{minor}: {answer:?}");
    }
    assert_eq!(files.failures(&server).await, 2);
}

/// A client's hello with one suite, one curve and one signature.
fn hello(minor: u8) -> Vec<u8> {
    let mut hello = vec![22, 3, 1, 0, 63, 1, 0, 0, 59, 3, minor];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x2b, 1, 0, 0, 16]);
    hello.extend([0, 10, 0, 4, 0, 2, 0, 23, 0, 13, 0, 4, 0, 2, 4, 3]);
    hello
}

/// More than the buffers of TLS and of the socket hold, to a client that reads late.
#[tokio::test]
async fn a_large_file_arrives_whole() {
    let files = Files::new();
    let server = files.serve();
    let file = tempfile::tempfile().unwrap();
    let size = 16 << 20;
    file.set_len(size).unwrap();
    server.fake.answer("a.b/large", Ok(Reply { blob: Blob::File(Arc::new(file)), size, ..reply("") }));
    let mut stream = files.connect(&server).await;
    let request = GET.replace("/a.b/c/@v/list", "/a.b/large/@v/v1.0.0.zip");
    stream.write_all(request.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let answer = Answer::parse(&read_all(&mut stream).await);
    assert_eq!((answer.status, answer.body.len() as u64), (200, size));
}

#[tokio::test]
async fn a_running_download_is_finished_when_the_server_stops() {
    let files = Files::new();
    let mut server = files.serve();
    let file = tempfile::tempfile().unwrap();
    let size = 8 << 20;
    file.set_len(size).unwrap();
    server.fake.answer("a.b/large", Ok(Reply { blob: Blob::File(Arc::new(file)), size, ..reply("") }));
    let mut stream = files.connect(&server).await;
    let request = GET.replace("/a.b/c/@v/list", "/a.b/large/@v/v1.0.0.zip");
    stream.write_all(request.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.stop();
    let (mut got, mut bytes) = (Vec::new(), vec![0; 512 << 10]);
    loop {
        let n = tokio::time::timeout(PATIENCE, stream.read(&mut bytes)).await.unwrap().unwrap();
        if n == 0 {
            break;
        }
        got.extend_from_slice(&bytes[..n]);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(got.len() as u64 > size, "{}", got.len());
    server.stopped().await;
}

#[tokio::test]
async fn http_without_tls_is_told_so() {
    let files = Files::new();
    let server = files.serve();
    for request in [GET, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "G"] {
        let answer = Answer::parse(&server.send(request).await);
        assert_eq!(answer.status, 400, "{request:?}");
        assert!(answer.body.contains("HTTPS server"), "{}", answer.body);
    }
    assert_eq!(server.fake.served(), [], "nothing of it is answered");
    assert_eq!(files.failures(&server).await, 3);
}

/// With more behind it than the server reads: the answer must not be lost in a reset.
#[tokio::test]
async fn http_without_tls_is_told_so_after_a_long_request() {
    let files = Files::new();
    let server = files.serve();
    let request = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    assert!(server.send(request).await.contains("HTTPS server"));
}

#[tokio::test]
async fn silence_and_trickles_end_at_the_deadline() {
    let files = Files::new();
    let server = files.serve_with(|_| {}, |limits| limits.first_byte = Duration::from_millis(300));
    let mut silent = server.connect().await;
    assert_eq!(read_all(&mut silent).await, "");
    let (mut reader, mut writer) = server.connect().await.into_split();
    let drip = tokio::spawn(async move {
        // The head of a record that announces 512 bytes, then byte after byte.
        for byte in [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3].into_iter().chain(std::iter::repeat(7)) {
            if writer.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert_eq!(read_all(&mut reader).await, "");
    drip.abort();
    // Hands shaken, and then nothing.
    let mut mute = files.connect(&server).await;
    assert_eq!(read_all(&mut mute).await, "");
    assert_eq!(files.failures(&server).await, 2);
}

#[tokio::test]
async fn two_hundred_half_open_handshakes_hinder_nobody() {
    let files = Files::new();
    let server = files.serve();
    let mut half_open = Vec::new();
    for at in 0..200 {
        let mut stream = server.connect().await;
        if at % 2 == 0 {
            stream.write_all(&[22, 3, 1, 2, 0, 1]).await.unwrap();
        }
        half_open.push(stream);
    }
    let mut stream = tokio::time::timeout(Duration::from_secs(5), files.connect(&server)).await.unwrap();
    stream.write_all(GET.as_bytes()).await.unwrap();
    assert_eq!(Answer::parse(&read_all(&mut stream).await).status, 200);
}

/// Nor does it hold up the end: the drain limit is ten seconds, the first byte's deadline too.
#[tokio::test]
async fn a_half_open_handshake_does_not_hold_up_the_end() {
    let files = Files::new();
    let mut server = files.serve();
    let mut stream = server.connect().await;
    stream.write_all(&[22, 3, 1]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    server.stop();
    tokio::time::timeout(Duration::from_secs(6), server.stopped()).await.unwrap();
}

/// Probes of load balancers connect and leave.
#[tokio::test]
async fn leaving_without_a_byte_is_no_failure() {
    let files = Files::new();
    let server = files.serve();
    drop(server.connect().await);
    assert_eq!(files.failures(&server).await, 0);
    let mut left = server.connect().await;
    left.write_all(&[22, 3]).await.unwrap();
    drop(left);
    assert_eq!(files.failures(&server).await, 1);
}
