//! The socket of a conversation, with what was read of it and not yet understood.

use std::{
    future::poll_fn,
    io::{self, IoSlice},
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::io::Watched;

/// How much is read at a time, on the stack: a connection that waits holds no buffer.
const READ: usize = 8 << 10;

/// See the module's text.
pub(super) struct Wire {
    io: Watched,
    input: Vec<u8>,
    /// No more is read of requests to come.
    enough: usize,
}

impl Wire {
    pub(super) fn new(io: Watched, enough: usize) -> Self {
        Self { io, input: Vec::new(), enough }
    }

    pub(super) fn input(&self) -> &[u8] {
        &self.input
    }

    /// So much was understood.
    pub(super) fn consume(&mut self, len: usize) {
        if len == self.input.len() {
            self.input = Vec::new();
        } else {
            self.input.drain(..len);
        }
    }

    /// Whether the input is as long as a head may be.
    pub(super) fn is_full(&self) -> bool {
        self.input.len() >= self.enough
    }

    /// Reads more; how much it was, 0 at the end.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = [const { MaybeUninit::uninit() }; READ];
        let mut buffer = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer))?;
        self.input.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// Whether the client has left while it is being answered.
    pub(super) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.is_full() {
            match ready!(self.poll_fill(cx)) {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Poll::Ready(()),
            }
        }
        Poll::Pending
    }

    /// Writes both, as one piece where that can be.
    pub(super) async fn write(&mut self, head: &[u8], body: &[u8]) -> io::Result<()> {
        let mut at = 0;
        while at < head.len() + body.len() {
            let written = poll_fn(|cx| {
                let (head, body) = (&head[at.min(head.len())..], &body[at.saturating_sub(head.len())..]);
                let io = Pin::new(&mut self.io);
                match (head, body) {
                    (rest, []) | ([], rest) => io.poll_write(cx, rest),
                    _ => io.poll_write_vectored(cx, &[IoSlice::new(head), IoSlice::new(body)]),
                }
            });
            match written.await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                n => at += n,
            }
        }
        Ok(())
    }

    /// What a layer below keeps of what was written goes out.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        self.io.flush().await
    }

    /// Ends the connection as it should end.
    pub(super) async fn close(mut self) {
        let _ = self.io.shutdown().await;
    }

    /// The socket as if nothing had been read.
    pub(super) fn rewound(mut self) -> Watched {
        self.io.unread(self.input);
        self.io
    }
}
