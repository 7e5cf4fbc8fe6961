//! HTTP/1.1 for what is plain: GET and HEAD without a body, which is all that clients of a module proxy send. Whatever else
//! begins, or is wrong, is hyper's, from its first byte on.
//!
//! hyper does the same for a tenth more of a hit's time, and 17 KiB more for each connection that waits: two buffers, and
//! the state of bodies, trailers and upgrades that nobody sends.

mod answer;
mod date;
mod head;
mod wire;

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
};

use http::{Request, Response};

use self::{head::Head, wire::Wire};
use crate::{activity::Activity, dispatch::Dispatch, io::Watched, peer::Peer, record::RecordedBody};

/// What one side of a connection knows.
pub(crate) struct Conversation<'a> {
    pub(crate) dispatch: &'a Dispatch,
    pub(crate) activity: &'a Arc<Activity>,
    pub(crate) peer: &'a Arc<Peer>,
    /// How long a head may be; hyper refuses longer ones.
    pub(crate) max_header: usize,
    /// Set from outside: the next answer is the last, and there need be none.
    pub(crate) finish: &'a AtomicBool,
}

/// What comes next.
enum Next {
    Request(Box<Request<()>>),
    Odd,
    Nothing,
}

impl Conversation<'_> {
    /// Answers until the connection is over; what is not plain comes back, with the connection.
    pub(crate) async fn hold(self, io: Watched) -> Option<Watched> {
        let mut wire = Wire::new(io, self.max_header);
        loop {
            let request = match self.next(&mut wire).await {
                Next::Request(request) => request,
                Next::Odd => return Some(wire.rewound()),
                Next::Nothing => break,
            };
            let response = self.response(&mut wire, &request).await?;
            let last = head::closes(request.headers()) || self.finishes();
            match answer::send(&mut wire, request.method(), response, last).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::debug!(remote = &*self.peer.remote, "connection: {error}");
                    return None;
                }
            }
        }
        wire.close().await;
        None
    }

    async fn next(&self, wire: &mut Wire) -> Next {
        loop {
            if !wire.input().is_empty() {
                match head::parse(wire.input()) {
                    Head::Plain(request, len) if len <= self.max_header => {
                        wire.consume(len);
                        return Next::Request(request);
                    }
                    Head::Incomplete if !wire.is_full() => {}
                    Head::Incomplete | Head::Plain(..) | Head::Odd => return Next::Odd,
                }
            }
            let read = poll_fn(|cx| {
                if wire.input().is_empty() && self.finishes() {
                    return Poll::Ready(Ok(0));
                }
                wire.poll_fill(cx)
            });
            if !matches!(read.await, Ok(1..)) {
                return Next::Nothing;
            }
        }
    }

    /// `None` if the client has left: nobody works for it any longer.
    async fn response(&self, wire: &mut Wire, request: &Request<()>) -> Option<Response<RecordedBody>> {
        // On the heap: what an answer takes would stay a part of every connection.
        let mut answer = Box::pin(self.dispatch.answer(request, self.activity, self.peer));
        poll_fn(|cx| match answer.as_mut().poll(cx) {
            Poll::Ready(response) => Poll::Ready(Some(response)),
            Poll::Pending => wire.poll_gone(cx).map(|()| None),
        })
        .await
    }

    fn finishes(&self) -> bool {
        self.finish.load(Ordering::Relaxed)
    }
}
