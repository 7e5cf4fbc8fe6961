//! Floods of HTTP/2 frames, byte by byte: no client library sends them.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::{PATIENCE, Running};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Types and flags of RFC 9113 6.
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

// Reasons of RFC 9113 7.
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;

/// A GET of `target`: method and scheme out of the static table, path and authority as they are (RFC 7541).
fn block(target: &str) -> Vec<u8> {
    let literal = |index: u8, value: &str| [&[index, u8::try_from(value.len()).unwrap()], value.as_bytes()].concat();
    [vec![0x82, 0x86], literal(4, target), literal(1, "a")].concat()
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The beginning of a connection, with settings that say nothing.
fn hello() -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()
}

/// The nth stream of a client.
fn stream(n: u32) -> u32 {
    2 * n + 1
}

/// Type, stream and payload of the next frame.
async fn next(socket: &mut TcpStream) -> io::Result<(u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    socket.read_exact(&mut head).await?;
    let number = |bytes: &[u8]| bytes.iter().fold(0_u32, |n, byte| n << 8 | u32::from(*byte));
    let mut payload = vec![0; number(&head[..3]) as usize];
    socket.read_exact(&mut payload).await?;
    Ok((head[3], number(&head[5..]), payload))
}

fn last_number(payload: &[u8]) -> u32 {
    u32::from_be_bytes(payload[payload.len() - 4..].try_into().unwrap())
}

/// CVE-2023-44487: streams that are reset before anybody has looked at them cost their sender nothing.
#[tokio::test]
async fn rapid_resets_end_the_connection() {
    let server = Running::start();
    let mut socket = server.connect().await;
    let mut all = hello();
    for n in 0..1000 {
        all.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream(n), &block("/a.b/slow/@v/list")));
        all.extend(frame(RST_STREAM, 0, stream(n), &CANCEL.to_be_bytes()));
    }
    socket.write_all(&all).await.unwrap();
    let reason = timeout(PATIENCE, async {
        loop {
            match next(&mut socket).await {
                Ok((GOAWAY, 0, payload)) => break u32::from_be_bytes(payload[4..8].try_into().unwrap()),
                Ok(_) => {}
                Err(error) => panic!("closed without a reason: {error}"),
            }
        }
    });
    assert_eq!(reason.await.expect("it goes on"), ENHANCE_YOUR_CALM);
    assert!(server.fake.served().len() < 200);
}

/// A head that never ends, in frames that are each as large as they may be.
#[tokio::test]
async fn endless_continuations_end_the_connection() {
    let server = Running::start();
    let mut socket = server.connect().await;
    let mut first = hello();
    first.extend(frame(HEADERS, END_STREAM, stream(0), &block("/a.b/c/@v/list")));
    socket.write_all(&first).await.unwrap();
    // A field that is not indexed: its name, and 120 bytes.
    let field = [&[0, 1, b'x', 120], &[b'y'; 120][..]].concat();
    let flood = frame(CONTINUATION, 0, stream(0), &field.repeat(130));
    let (mut reading, mut writing) = socket.into_split();
    let mut sent = 0_usize;
    let ended = timeout(PATIENCE, async {
        let closed = async {
            let mut bytes = [0; 4096];
            while !matches!(reading.read(&mut bytes).await, Ok(0) | Err(_)) {}
        };
        let flooded = async {
            while sent < 64 << 20 && writing.write_all(&flood).await.is_ok() {
                sent += flood.len();
            }
        };
        tokio::select! {
            () = closed => {}
            () = flooded => {}
        }
    });
    ended.await.expect("it is closed");
    assert!(sent < 16 << 20, "it has taken {sent} bytes of one head");
    assert_eq!(server.fake.served(), []);
}

#[tokio::test]
async fn more_streams_than_were_offered_are_refused() {
    let server = Running::start_with(|options| options.limits.max_streams = 5);
    let mut socket = server.connect().await;
    socket.write_all(&hello()).await.unwrap();
    let (kind, _, settings) = next(&mut socket).await.unwrap();
    // 6.5.2: number 3 says how many.
    assert!(kind == SETTINGS && settings.chunks(6).any(|setting| setting == [0, 3, 0, 0, 0, 5]), "{settings:?}");
    socket.write_all(&frame(SETTINGS, 1, 0, &[])).await.unwrap();
    for n in 0..8 {
        let open = frame(HEADERS, END_HEADERS | END_STREAM, stream(n), &block("/a.b/slow/@v/list"));
        socket.write_all(&open).await.unwrap();
    }
    let mut refused = Vec::new();
    while refused.len() < 3 {
        if let (RST_STREAM, id, payload) = timeout(PATIENCE, next(&mut socket)).await.expect("an answer").unwrap() {
            refused.push((id, last_number(&payload)));
        }
    }
    assert_eq!(refused, [5, 6, 7].map(|n| (stream(n), REFUSED_STREAM)));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(server.fake.served().len(), 5);
}
