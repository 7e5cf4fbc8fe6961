//! From a response to bytes: its head, and how its end is told (RFC 9112 6.3).

use std::{
    future::poll_fn,
    io::{self, Write as _},
    pin::Pin,
    task::Poll,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, response};
use http_body::Body;

use super::{date, head::closes, wire::Wire};
use crate::{dispatch::X_REQUEST_ID, record::RecordedBody};

/// A body up to this size is copied to its head: one buffer costs the kernel less than two.
const JOINED: usize = 16 << 10;

/// How the client knows where the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// There is none.
    NoBody,
    /// After so many bytes.
    Length(u64),
    /// Told when it is there.
    Chunks,
}

/// Sends a response; whether another may follow. An error leaves the connection unusable, which is how a client sees that
/// a body is not whole.
pub(super) async fn send(
    wire: &mut Wire,
    method: &Method,
    response: Response<RecordedBody>,
    last: bool,
) -> io::Result<bool> {
    let (parts, body) = response.into_parts();
    let end = end_of(method, parts.status, &parts.headers, &body);
    let last = last || closes(&parts.headers);
    let head = head(&parts, end, last);
    drop(parts);
    match end {
        End::NoBody => {
            drop(body);
            wire.write(&head, &[]).await?;
        }
        End::Length(length) => of_length(wire, head, body, length).await?,
        End::Chunks => in_chunks(wire, head, body).await?,
    }
    wire.flush().await?;
    Ok(!last)
}

/// The same, of one that is ready.
pub(super) async fn send_at_once(wire: &mut Wire, all: &[u8]) -> io::Result<bool> {
    wire.write(all, &[]).await?;
    wire.flush().await?;
    Ok(true)
}

pub(super) fn end_of(method: &Method, status: StatusCode, headers: &HeaderMap, body: &RecordedBody) -> End {
    if *method == Method::HEAD || matches!(status, StatusCode::NOT_MODIFIED | StatusCode::NO_CONTENT) {
        return End::NoBody;
    }
    let said = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    said.or_else(|| body.size_hint().exact()).map_or(End::Chunks, End::Length)
}

/// The head up to the value of the request's id, which comes last.
pub(super) fn head_but_id(status: StatusCode, headers: &HeaderMap, end: End, last: bool) -> Vec<u8> {
    let mut head = Vec::with_capacity(768);
    head.extend_from_slice(b"HTTP/1.1 ");
    head.extend_from_slice(status.as_str().as_bytes());
    head.push(b' ');
    head.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    head.extend_from_slice(b"\r\n");
    let mut field = |name: &str, value: &[u8]| {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            head.extend_from_slice(part);
        }
    };
    for (name, value) in headers.iter().filter(|(name, _)| *name != X_REQUEST_ID) {
        field(name.as_str(), value.as_bytes());
    }
    if last && !closes(headers) {
        field("connection", b"close");
    }
    match end {
        End::Length(length) if !headers.contains_key(header::CONTENT_LENGTH) => {
            field("content-length", length.to_string().as_bytes());
        }
        End::Chunks => field("transfer-encoding", b"chunked"),
        End::Length(_) | End::NoBody => {}
    }
    date::now(|date| field("date", date));
    head.extend_from_slice(X_REQUEST_ID.as_str().as_bytes());
    head.extend_from_slice(b": ");
    head
}

fn head(parts: &response::Parts, end: End, last: bool) -> Vec<u8> {
    let mut head = head_but_id(parts.status, &parts.headers, end, last);
    head.extend_from_slice(parts.headers.get(X_REQUEST_ID).map_or(b"", HeaderValue::as_bytes));
    head.extend_from_slice(b"\r\n\r\n");
    head
}

async fn of_length(wire: &mut Wire, mut head: Vec<u8>, mut body: RecordedBody, length: u64) -> io::Result<()> {
    let mut left = length;
    while left > 0 {
        let Some(data) = next(wire, &mut head, &mut body).await? else { break };
        left = left.checked_sub(data.len() as u64).ok_or_else(|| not_whole("is longer than its length"))?;
        if left == 0 {
            // Its record ends here: whoever has the answer finds the request counted.
            drop(body);
            return write(wire, head, &data).await;
        }
        write(wire, std::mem::take(&mut head), &data).await?;
    }
    if left > 0 {
        return Err(not_whole("is shorter than its length"));
    }
    drop(body);
    wire.write(&head, &[]).await
}

async fn in_chunks(wire: &mut Wire, mut head: Vec<u8>, mut body: RecordedBody) -> io::Result<()> {
    while let Some(data) = next(wire, &mut head, &mut body).await? {
        if !data.is_empty() {
            write!(head, "{:x}\r\n", data.len())?;
            write(wire, std::mem::take(&mut head), &data).await?;
            head.extend_from_slice(b"\r\n");
        }
    }
    drop(body);
    head.extend_from_slice(b"0\r\n\r\n");
    wire.write(&head, &[]).await
}

/// The next piece of the body. While there is none, the client gets what there is, and may leave.
async fn next(wire: &mut Wire, head: &mut Vec<u8>, body: &mut RecordedBody) -> io::Result<Option<Bytes>> {
    loop {
        let polled = poll_fn(|cx| match Pin::new(&mut *body).poll_frame(cx) {
            Poll::Ready(frame) => Poll::Ready(Ok(frame)),
            Poll::Pending if head.is_empty() => wire.poll_gone(cx).map(|()| Err(Some(left()))),
            Poll::Pending => Poll::Ready(Err(None)),
        });
        match polled.await {
            Ok(None) => return Ok(None),
            Ok(Some(frame)) => {
                if let Ok(data) = frame?.into_data() {
                    return Ok(Some(data));
                }
            }
            Err(Some(error)) => return Err(error),
            Err(None) => {
                wire.write(head, &[]).await?;
                wire.flush().await?;
                head.clear();
            }
        }
    }
}

async fn write(wire: &mut Wire, mut head: Vec<u8>, data: &Bytes) -> io::Result<()> {
    if data.len() > JOINED {
        return wire.write(&head, data).await;
    }
    head.extend_from_slice(data);
    wire.write(&head, &[]).await
}

pub(super) fn left() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

fn not_whole(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a response body {why}"))
}
