//! A raw HTTP/1.1 client: the request target goes out byte for byte, and a body that was cut short is told apart.

use std::{net::SocketAddr, path::Path, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    time::timeout,
};

use crate::wire::find;

/// No answer of a test takes longer.
const LIMIT: Duration = Duration::from_secs(120);

/// A response, read until the server closed.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code; 0 if nothing like HTTP came back.
    pub status: u16,
    /// The header fields in order, names as sent.
    pub headers: Vec<(String, String)>,
    /// The body, de-chunked.
    pub body: Vec<u8>,
    /// Whether the body had the length promised, or its last chunk.
    pub complete: bool,
}

impl Response {
    /// The first value of a header field; the name is compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends one request with `Connection: close`; the target is not touched.
pub async fn request(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> std::io::Result<Response> {
    let bytes = exchange(TcpStream::connect(address).await?, &render(method, target, headers)).await?;
    Ok(parse(&bytes, method == "HEAD"))
}

/// The same over a Unix socket.
pub async fn request_unix(
    path: &Path,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> std::io::Result<Response> {
    let bytes = exchange(UnixStream::connect(path).await?, &render(method, target, headers)).await?;
    Ok(parse(&bytes, method == "HEAD"))
}

/// Sends bytes as they are and reads until the server closes.
pub(crate) async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(mut io: S, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    // The server may refuse and close before it has read everything: what it said counts.
    let _ = io.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = async {
        loop {
            match io.read_buf(&mut answer).await {
                Ok(1..) => {}
                Err(error) if answer.is_empty() => return Err(error),
                Ok(0) | Err(_) => return Ok(()),
            }
        }
    };
    timeout(LIMIT, read).await.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
    Ok(answer)
}

pub(crate) fn render(method: &str, target: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut head = format!("{method} {target} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head.push_str("Host: proxy.test\r\n");
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("Connection: close\r\n\r\n");
    head.into_bytes()
}

/// The last response in `bytes`, interim ones skipped.
pub(crate) fn parse(bytes: &[u8], head_only: bool) -> Response {
    let end = find(bytes, b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let rest = bytes.get(end + 4..).unwrap_or_default();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    if (100..200).contains(&status) {
        return parse(rest, head_only);
    }
    let headers = head
        .split("\r\n")
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let mut response = Response { status, headers, body: rest.to_vec(), complete: status != 0 };
    if head_only || matches!(status, 204 | 304) {
        response.complete &= rest.is_empty();
    } else if response.header("transfer-encoding").is_some() {
        (response.body, response.complete) = dechunk(rest);
    } else if let Some(length) = response.header("content-length") {
        response.complete = length.parse() == Ok(rest.len());
    }
    response
}

fn dechunk(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(at) = find(bytes, b"\r\n") else { return (body, false) };
        let size = std::str::from_utf8(&bytes[..at]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let Some(size) = size else { return (body, false) };
        bytes = &bytes[at + 2..];
        if size == 0 {
            return (body, true);
        }
        let Some(part) = bytes.get(..size) else {
            body.extend(bytes);
            return (body, false);
        };
        body.extend(part);
        bytes = bytes.get(size + 2..).unwrap_or_default();
    }
}
