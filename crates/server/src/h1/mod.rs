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
    io,
    mem::MaybeUninit,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::Instant,
};

use http::{Method, Request, Response};

use self::{
    head::{Head, Plain},
    wire::Wire,
};
use crate::{
    activity::Activity,
    dispatch::Dispatch,
    io::Watched,
    peer::Peer,
    prepared::{Asked, Ready},
    record::RecordedBody,
};

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
    /// All that was said to a request whose answer was at hand.
    AtOnce(Vec<u8>),
    Request(Box<Request<()>>, Option<Key>),
    Odd,
    Nothing,
}

/// All of a request that counts; without one, everything does.
type Key = Box<str>;

impl Conversation<'_> {
    /// Answers until the connection is over; what is not plain comes back, with the connection.
    pub(crate) async fn hold(self, io: Watched) -> Option<Watched> {
        let mut wire = Wire::new(io, self.max_header);
        loop {
            let sent = match self.next(&mut wire).await {
                Next::AtOnce(all) => answer::send_at_once(&mut wire, &all).await,
                // On the heap: what an answer takes would stay a part of every connection.
                Next::Request(request, key) => Box::pin(self.exchange(&mut wire, request, key)).await,
                Next::Odd => return Some(wire.rewound()),
                Next::Nothing => Ok(false),
            };
            match sent {
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
            if !wire.input().is_empty()
                && let Some(next) = self.understood(wire)
            {
                return next;
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

    /// What the input is; `None` if that takes more of it.
    fn understood(&self, wire: &mut Wire) -> Option<Next> {
        let at = Instant::now();
        let mut space = [const { MaybeUninit::uninit() }; head::FIELDS];
        let (next, len) = match head::parse(wire.input(), &mut space) {
            Head::Plain(plain) if plain.len() <= self.max_header => {
                let key = plain.key();
                let ready = key.as_ref().filter(|_| !self.finishes()).and_then(|key| self.dispatch.at_once(key));
                let request = || plain.request().map(|request| Next::Request(Box::new(request), key.map(Key::from)));
                let next = match ready {
                    Some(ready) => Next::AtOnce(self.tell(&ready, &plain, at)),
                    None => request().unwrap_or(Next::Odd),
                };
                (next, plain.len())
            }
            Head::Incomplete if !wire.is_full() => return None,
            Head::Incomplete | Head::Plain(_) | Head::Odd => (Next::Odd, 0),
        };
        if !matches!(next, Next::Odd) {
            wire.consume(len);
        }
        Some(next)
    }

    fn tell(&self, ready: &Ready, plain: &Plain<'_>, at: Instant) -> Vec<u8> {
        self.activity.answered();
        let user_agent = plain.field("user-agent");
        ready.tell(&self.dispatch.sinks, &Asked { at, target: plain.target, user_agent, peer: self.peer })
    }

    /// Keeps the answer for others, if they may be given the same and it is asked for often.
    fn keep(&self, key: Key, response: &Response<RecordedBody>) {
        let prepared = &self.dispatch.prepared;
        if !prepared.is_wanted(&key) {
            return;
        }
        let (status, headers, body) = (response.status(), response.headers(), response.body());
        let end = answer::end_of(&Method::GET, status, headers, body);
        if let Some(ready) = Ready::of(body, || answer::head_but_id(status, headers, end, false)) {
            prepared.keep(key, ready);
        }
    }

    /// Answers one request; whether another may follow.
    async fn exchange(&self, wire: &mut Wire, request: Box<Request<()>>, key: Option<Key>) -> io::Result<bool> {
        let response = {
            let mut answer = pin!(self.dispatch.answer(&request, self.activity, self.peer));
            poll_fn(|cx| match answer.as_mut().poll(cx) {
                Poll::Ready(response) => Poll::Ready(Ok(response)),
                // Nobody works for who has left.
                Poll::Pending => wire.poll_gone(cx).map(|()| Err(answer::left())),
            })
            .await?
        };
        if let Some(key) = key {
            self.keep(key, &response);
        }
        let last = head::closes(request.headers()) || self.finishes();
        answer::send(wire, request.method(), response, last).await
    }

    fn finishes(&self) -> bool {
        self.finish.load(Ordering::Relaxed)
    }
}
