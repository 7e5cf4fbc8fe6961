//! The body of a zip that is still arriving: pieces of a file that grows, the last of them once all of it was checked.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use goproxy_engine::{Error, Growing, Piece, Result};
use http_body::{Body, Frame, SizeHint};

use crate::body::ReplyBody;

type Next = Pin<Box<dyn Future<Output = Result<(Piece, Option<Growing>)>> + Send>>;

/// See the module's text. An error resets the connection or the stream, so that nobody takes a beginning for a zip.
pub(crate) struct GrowingBody {
    /// What is waited for; `None`: nothing follows the piece.
    next: Option<Next>,
    /// What is being given away.
    piece: Box<ReplyBody>,
    announced: Option<u64>,
    given: u64,
}

impl std::fmt::Debug for GrowingBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GrowingBody").field("given", &self.given).finish_non_exhaustive()
    }
}

impl GrowingBody {
    /// Waits for the first piece: what fails before is no broken answer, but a failure that says why.
    pub(crate) async fn begin(growing: Growing) -> Result<Self> {
        let announced = growing.announced();
        let (piece, rest) = growing.next().await?;
        let piece = Box::new(ReplyBody::part(&piece.blob, piece.range));
        Ok(Self { next: rest.map(|growing| Box::pin(growing.next()) as Next), piece, announced, given: 0 })
    }

    pub(crate) const fn announced(&self) -> Option<u64> {
        self.announced
    }

    pub(crate) fn is_over(&self) -> bool {
        self.next.is_none() && self.piece.is_end_stream()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.announced.map_or_else(SizeHint::default, |all| SizeHint::with_exact(all.saturating_sub(self.given)))
    }

    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            if let Some(chunk) = ready!(Pin::new(&mut *self.piece).poll_frame(cx)) {
                let chunk = chunk.map(|frame| Frame::into_data(frame).unwrap_or_default());
                self.given += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
                return Poll::Ready(Some(chunk));
            }
            let Some(next) = &mut self.next else { return Poll::Ready(None) };
            let next = ready!(next.as_mut().poll(cx));
            self.next = None;
            match next {
                Ok((piece, growing)) => {
                    *self.piece = ReplyBody::part(&piece.blob, piece.range);
                    self.next = growing.map(|growing| Box::pin(growing.next()) as Next);
                }
                Err(error) => return Poll::Ready(Some(Err(broken(&error)))),
            }
        }
    }
}

/// Only the log can say it.
fn broken(error: &Error) -> io::Error {
    let detail = error.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
    io::Error::other(format!("what was given away in part does not hold: {}{detail}", error.message()))
}
