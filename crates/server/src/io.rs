//! The socket as hyper sees it: reports to [`Activity`], and closes without losing the answer.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
    time::Sleep,
};
use tokio_rustls::server::TlsStream;

use crate::activity::Activity;

/// How long, and how many bytes, are read from a client after our side is closed.
const LINGER: (Duration, usize) = (Duration::from_secs(1), 1 << 20);

/// Any stream socket.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {
    /// What the handshake has agreed on (ALPN), if there was one.
    fn agreed(&self) -> Option<&[u8]> {
        None
    }
}

impl Stream for TcpStream {}

impl Stream for UnixStream {}

#[cfg(test)]
impl Stream for tokio::io::DuplexStream {}

impl<S: Stream> Stream for TlsStream<S> {
    fn agreed(&self) -> Option<&[u8]> {
        self.get_ref().1.alpn_protocol()
    }
}

/// A socket whose reads and writes are noted.
pub(crate) struct Watched {
    inner: Box<dyn Stream>,
    activity: Arc<Activity>,
    /// What was read already, and is read again.
    unread: Bytes,
    linger: Option<Linger>,
}

struct Linger {
    left: usize,
    timer: Pin<Box<Sleep>>,
}

impl Watched {
    pub(crate) fn new(inner: Box<dyn Stream>, activity: Arc<Activity>) -> Self {
        Self { inner, activity, unread: Bytes::new(), linger: None }
    }

    /// The next reader gets that first.
    pub(crate) fn unread(&mut self, bytes: Vec<u8>) {
        self.unread = bytes.into();
    }

    /// Reads what the client still sends, and drops it. Closing a socket with unread input resets the connection, and
    /// the reset may overtake the answer: a client that sent too much would never see its 431 (RFC 9112 9.6).
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let linger =
            self.linger.get_or_insert_with(|| Linger { left: LINGER.1, timer: Box::pin(tokio::time::sleep(LINGER.0)) });
        let mut bytes = [0; 4096];
        while linger.left > 0 && linger.timer.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut bytes);
            match ready!(Pin::new(&mut self.inner).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {
                    linger.left = linger.left.saturating_sub(buffer.filled().len());
                }
                _ => break,
            }
        }
        Poll::Ready(())
    }

    fn note(&self, result: &Poll<io::Result<usize>>) {
        self.activity.wrote(result.is_ready());
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.unread.is_empty() {
            let n = buffer.remaining().min(self.unread.len());
            buffer.put_slice(&self.unread.split_to(n));
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        self.activity.read(&mut buffer.filled_mut()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.note(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.note(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.linger.is_none() {
            ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
        }
        ready!(self.poll_linger(cx));
        Poll::Ready(Ok(()))
    }
}
