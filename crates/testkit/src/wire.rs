//! Requests as they came over the wire. The scripted servers read HTTP/1.1 themselves: a library would tidy what
//! the tests want to see (the raw target) and refuse to send what they need sent (see `answer`).

use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A request, as received.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `HEAD`, ...
    pub method: String,
    /// The request target, byte for byte: still percent-encoded, with query, in absolute form if it came so.
    pub target: String,
    /// The percent-decoded path below the site's base path, without query; empty for a path outside it.
    pub path: String,
    /// The header fields in order, names as sent.
    pub headers: Vec<(String, String)>,
    /// The body, de-chunked.
    pub body: Vec<u8>,
    /// When its head had arrived.
    pub at: Instant,
}

impl Request {
    /// The first value of a header field; the name is compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// What follows the `?`, or an empty string.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The host asked for, without port: of the absolute target (a request to a forward proxy), else of `Host`.
    pub fn host(&self) -> &str {
        let authority = match absolute(&self.target) {
            Some(rest) => rest.split(['/', '?']).next().unwrap_or(""),
            None => self.header("host").unwrap_or(""),
        };
        authority.rsplit_once(':').map_or(authority, |(host, _)| host)
    }
}

/// Reads one request; `None` when the peer has closed or sent something that is not HTTP. `buffer` carries what was
/// read beyond it to the next call.
pub(crate) async fn read_request<S>(io: &mut S, buffer: &mut Vec<u8>) -> Option<Request>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let end = loop {
        if let Some(at) = find(buffer, b"\r\n\r\n") {
            break at;
        }
        fill(io, buffer).await?;
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    buffer.drain(..end + 4);

    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.splitn(3, ' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let path = decoded_path(&target);
    let mut request = Request { method, target, path, headers, body: Vec::new(), at: Instant::now() };
    if request.header("expect").is_some() {
        io.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.ok()?;
    }
    request.body = read_body(io, buffer, &request).await?;
    Some(request)
}

async fn read_body<S: AsyncRead + Unpin>(io: &mut S, buffer: &mut Vec<u8>, request: &Request) -> Option<Vec<u8>> {
    if request.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        return read_chunked(io, buffer).await;
    }
    let length = request.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    take(io, buffer, length).await
}

async fn read_chunked<S: AsyncRead + Unpin>(io: &mut S, buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = loop {
            if let Some(at) = find(buffer, b"\r\n") {
                break take(io, buffer, at + 2).await?;
            }
            fill(io, buffer).await?;
        };
        let size = std::str::from_utf8(&line).ok()?.split([';', '\r']).next()?.trim().to_owned();
        let size = usize::from_str_radix(&size, 16).ok()?;
        body.extend(take(io, buffer, size).await?);
        take(io, buffer, 2).await?;
        if size == 0 {
            return Some(body);
        }
    }
}

async fn take<S: AsyncRead + Unpin>(io: &mut S, buffer: &mut Vec<u8>, length: usize) -> Option<Vec<u8>> {
    while buffer.len() < length {
        fill(io, buffer).await?;
    }
    Some(buffer.drain(..length).collect())
}

async fn fill<S: AsyncRead + Unpin>(io: &mut S, buffer: &mut Vec<u8>) -> Option<()> {
    match io.read_buf(buffer).await {
        Ok(1..) => Some(()),
        Ok(0) | Err(_) => None,
    }
}

pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// What follows the scheme of a target in absolute form.
fn absolute(target: &str) -> Option<&str> {
    if target.starts_with('/') { None } else { target.split_once("://").map(|(_, rest)| rest) }
}

fn decoded_path(target: &str) -> String {
    let path = match absolute(target) {
        Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    let raw = path.split('?').next().unwrap_or("").as_bytes();
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    while at < raw.len() {
        let escape = raw.get(at + 1..at + 3).filter(|_| raw[at] == b'%');
        let byte = escape.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        out.push(byte.unwrap_or(raw[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}
