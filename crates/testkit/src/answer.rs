//! Scripted answers, the broken ones included: cut bodies, resets, chunked bodies without an end, drips, hangs.

use std::{io::Write, time::Duration};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::wire::Request;

/// How an answer's bytes are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// Whole, with its length.
    #[default]
    Whole,
    /// Whole, chunked.
    Chunked,
    /// The full `Content-Length`, but only so many bytes, then a clean close.
    Truncated(usize),
    /// So many bytes, then a TCP reset.
    Reset(usize),
    /// So many bytes, then silence with the connection open; 0 withholds the head too.
    Hang(usize),
    /// Whole, with a pause after so many bytes.
    Pause(usize, Duration),
    /// Chunked, whole, but closed before the last chunk.
    Unterminated,
    /// One byte per interval.
    Drip(Duration),
    /// Chunked, the body over and over until the peer leaves.
    Endless,
    /// The body is all that is sent: no head is made.
    Raw,
}

/// What a scripted server says to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
    delay: Duration,
    delivery: Delivery,
}

impl Answer {
    /// An answer with this status, content type and body.
    pub fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into(), delay: Duration::ZERO, delivery: Delivery::Whole }
    }

    /// Plain text.
    pub fn text(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    /// 200 with JSON.
    pub fn json(body: impl Into<Bytes>) -> Self {
        Self::new(200, "application/json", body)
    }

    /// 200 with a zip.
    pub fn zip(body: impl Into<Bytes>) -> Self {
        Self::new(200, "application/zip", body)
    }

    /// 200 with a page such as a captive portal sends.
    pub fn html(body: impl Into<Bytes>) -> Self {
        Self::new(200, "text/html; charset=utf-8", body)
    }

    /// A redirect, with the small HTML body that Go's servers send along.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::new(status, "text/html; charset=utf-8", format!("<a href=\"{location}\">Found</a>.\n"))
            .header("Location", location)
    }

    /// Bytes sent as they are, in place of a whole response.
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self::new(200, "", bytes).delivery(Delivery::Raw)
    }

    /// Sets a header field, in place of one of the same name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets `Retry-After`, in seconds.
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header("Retry-After", &seconds.to_string())
    }

    /// Compresses the body and says so, asked or not.
    pub fn gzip(mut self) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&self.body).expect("writing to memory");
        self.body = encoder.finish().expect("writing to memory").into();
        self.header("Content-Encoding", "gzip")
    }

    /// Waits before the first byte.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sets how the bytes are sent.
    pub fn delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// Never answers.
    pub fn hang() -> Self {
        Self::text(200, "").delivery(Delivery::Hang(0))
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

/// What becomes of the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Keep,
    Close,
    Reset,
}

/// Sends `answer`; an error of the peer's making is a close.
pub(crate) async fn send<S: AsyncWrite + Unpin>(io: &mut S, request: &Request, answer: Answer) -> After {
    tokio::time::sleep(answer.delay).await;
    let sent = match answer.delivery {
        _ if request.method == "HEAD" && answer.delivery != Delivery::Hang(0) => {
            io.write_all(&head(&answer)).await.map(|()| After::Keep)
        }
        Delivery::Raw => io.write_all(&answer.body).await.map(|()| After::Close),
        Delivery::Hang(0) => std::future::pending().await,
        Delivery::Whole => write_part(io, &answer, answer.body.len()).await.map(|()| After::Keep),
        Delivery::Truncated(n) => write_part(io, &answer, n).await.map(|()| After::Close),
        Delivery::Reset(n) => write_part(io, &answer, n).await.map(|()| After::Reset),
        Delivery::Hang(n) => {
            if write_part(io, &answer, n).await.is_ok() {
                std::future::pending::<()>().await;
            }
            Ok(After::Close)
        }
        Delivery::Pause(n, pause) => paused(io, &answer, n, pause).await.map(|()| After::Keep),
        Delivery::Chunked => chunks(io, &answer, true).await.map(|()| After::Keep),
        Delivery::Unterminated => chunks(io, &answer, false).await.map(|()| After::Close),
        Delivery::Drip(interval) => drip(io, &answer, interval).await.map(|()| After::Keep),
        Delivery::Endless => endless(io, &answer).await.map(|()| After::Close),
    };
    match sent {
        Ok(after) if io.flush().await.is_ok() => after,
        _ => After::Close,
    }
}

fn head(answer: &Answer) -> Vec<u8> {
    // `go` repeats the words of a 404, which others replace by the usual ones.
    let words = if answer.status == 404 { "Not Found" } else { "Scripted" };
    let mut head = format!("HTTP/1.1 {} {words}\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let chunked = matches!(answer.delivery, Delivery::Chunked | Delivery::Unterminated | Delivery::Endless);
    let own = answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    if chunked {
        head.push_str("Transfer-Encoding: chunked\r\n");
    } else if !own && !matches!(answer.status, 204 | 304) {
        head.push_str(&format!("Content-Length: {}\r\n", answer.body.len()));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

async fn write_part<S: AsyncWrite + Unpin>(io: &mut S, answer: &Answer, count: usize) -> std::io::Result<()> {
    io.write_all(&head(answer)).await?;
    io.write_all(&answer.body[..count.min(answer.body.len())]).await?;
    io.flush().await
}

async fn paused<S>(io: &mut S, answer: &Answer, count: usize, pause: Duration) -> std::io::Result<()>
where
    S: AsyncWrite + Unpin,
{
    write_part(io, answer, count).await?;
    tokio::time::sleep(pause).await;
    io.write_all(&answer.body[count.min(answer.body.len())..]).await
}

async fn chunks<S: AsyncWrite + Unpin>(io: &mut S, answer: &Answer, end: bool) -> std::io::Result<()> {
    io.write_all(&head(answer)).await?;
    for part in answer.body.chunks(16 * 1024) {
        chunk(io, part).await?;
    }
    if end { io.write_all(b"0\r\n\r\n").await } else { Ok(()) }
}

async fn chunk<S: AsyncWrite + Unpin>(io: &mut S, part: &[u8]) -> std::io::Result<()> {
    io.write_all(format!("{:x}\r\n", part.len()).as_bytes()).await?;
    io.write_all(part).await?;
    io.write_all(b"\r\n").await
}

async fn drip<S: AsyncWrite + Unpin>(io: &mut S, answer: &Answer, interval: Duration) -> std::io::Result<()> {
    io.write_all(&head(answer)).await?;
    for byte in answer.body.iter() {
        io.write_all(&[*byte]).await?;
        io.flush().await?;
        tokio::time::sleep(interval).await;
    }
    Ok(())
}

async fn endless<S: AsyncWrite + Unpin>(io: &mut S, answer: &Answer) -> std::io::Result<()> {
    io.write_all(&head(answer)).await?;
    loop {
        chunk(io, &answer.body).await?;
    }
}
