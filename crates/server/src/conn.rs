//! One connection: plain HTTP/1.1 (`h1`), or hyper's HTTP/2 and what is left of HTTP/1.1, under our own deadlines.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::{self, Connection},
};
use tokio::{
    sync::watch,
    time::{Instant, Sleep, sleep_until},
};
use tokio_rustls::rustls::ServerConfig;

use crate::{
    Limits,
    activity::{Activity, Verdict},
    crowd::Ear,
    dispatch::Dispatch,
    h1,
    io::{Stream, Watched},
    peer::{Channel, Peer},
    tls::{self, Secured},
};

/// A connection as it was accepted.
pub(crate) struct Socket {
    pub(crate) stream: Box<dyn Stream>,
    pub(crate) remote: Arc<str>,
    /// What to shake hands with first.
    pub(crate) tls: Option<Arc<ServerConfig>>,
}

/// How connections speak HTTP.
pub(crate) fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // The header deadline is ours (see `activity`). The buffer's bound is the header's, and makes hyper take no second
    // chunk of a body before the first is sent.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(limits.max_header.max(8192));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_streams)
        // Streams that are reset before we saw them ("rapid reset"): h2's own bound, here so that it stays. Endless
        // headers ("continuation flood") end at the bound of their size.
        .max_pending_accept_reset_streams(20)
        .max_header_list_size(u32::try_from(limits.max_header).unwrap_or(u32::MAX))
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

/// Serves a connection until it ends, fails, exceeds a deadline, has to make room or, once `draining` changes, has
/// answered what it began. Drops `_open` then.
pub(crate) async fn serve(
    socket: Socket,
    limits: Limits,
    builder: Arc<auto::Builder<TokioExecutor>>,
    dispatch: Arc<Dispatch>,
    draining: watch::Receiver<bool>,
    crowd: Ear,
    _open: impl Send,
) {
    let (activity, remote) = (Activity::new(limits), Arc::clone(&socket.remote));
    tokio::select! {
        () = talk(socket, limits, builder, dispatch, draining, &activity) => {}
        () = crowd.unwanted(&activity) => tracing::debug!(remote = &*remote, "connection closed: others wait for it"),
    }
}

async fn talk(
    socket: Socket,
    limits: Limits,
    builder: Arc<auto::Builder<TokioExecutor>>,
    dispatch: Arc<Dispatch>,
    mut draining: watch::Receiver<bool>,
    activity: &Arc<Activity>,
) {
    // On the heap: what a handshake holds would stay a part of every connection.
    let opened = Box::pin(open(socket, &limits, activity, &dispatch, &mut draining)).await;
    let Some((stream, peer)) = opened else { return };
    let (multiplexed, peer) = (stream.agreed() == Some(b"h2"), Arc::new(peer));
    let mut io = Watched::new(stream, Arc::clone(activity));
    let mut until = Until { activity, draining, remote: &peer.remote };
    if !multiplexed {
        let (finish, max_header) = (AtomicBool::new(false), limits.max_header.max(8192));
        let plain = h1::Conversation { dispatch: &dispatch, activity, peer: &peer, max_header, finish: &finish };
        let held = pin!(plain.hold(io));
        let Some(Some(odd)) = until.over(held, |_| finish.store(true, Ordering::Relaxed)).await else { return };
        io = odd;
    }
    Box::pin(hyper_has_it(io, multiplexed, &builder, &dispatch, &peer, &mut until)).await;
}

/// What hyper speaks: HTTP/2, and HTTP/1.1 that is not plain.
async fn hyper_has_it(
    io: Watched,
    multiplexed: bool,
    builder: &auto::Builder<TokioExecutor>,
    dispatch: &Arc<Dispatch>,
    peer: &Arc<Peer>,
    until: &mut Until<'_>,
) {
    let activity = until.activity;
    let service = service_fn(|request: Request<Incoming>| {
        let (dispatch, activity, peer) = (Arc::clone(dispatch), Arc::clone(activity), Arc::clone(peer));
        async move { Ok::<_, Infallible>(dispatch.answer(&request, &activity, &peer).await) }
    });
    // What began as one stays one: the deadlines of the other are not kept for it.
    let builder = match (multiplexed, activity.is_http1()) {
        (true, _) => builder.clone().http2_only(),
        (false, true) => builder.clone().http1_only(),
        (false, false) => builder.clone(),
    };
    let connection = pin!(builder.serve_connection(TokioIo::new(io), service));
    if let Some(Err(error)) = until.over(connection, Connection::graceful_shutdown).await {
        tracing::debug!(remote = &*peer.remote, "connection: {error}");
    }
}

/// What may end a conversation from outside.
struct Until<'a> {
    activity: &'a Arc<Activity>,
    draining: watch::Receiver<bool>,
    remote: &'a str,
}

impl Until<'_> {
    /// Runs it to its end, or to a deadline; `finish` tells it to take no further request.
    async fn over<C: Future>(
        &mut self,
        mut conversation: Pin<&mut C>,
        finish: impl Fn(Pin<&mut C>),
    ) -> Option<C::Output> {
        let mut watchdog = Watchdog::new(self.activity);
        let mut told = false;
        loop {
            // The conversation first: what it does decides the deadline that is looked at next.
            tokio::select! {
                biased;
                ended = conversation.as_mut() => return Some(ended),
                verdict = poll_fn(|cx| watchdog.poll(cx)) => {
                    if let Verdict::Dead(why) = verdict {
                        tracing::debug!(remote = self.remote, "connection closed: {why}");
                        return None;
                    }
                    finish(conversation.as_mut());
                    self.activity.closing();
                }
                changed = self.draining.wait_for(|draining| *draining), if !told => {
                    // The sender is gone only when the server is.
                    let _ = changed;
                    told = true;
                    finish(conversation.as_mut());
                    self.activity.draining();
                }
            }
        }
    }
}

/// What the connection is spoken on, once its handshake is done; `None` if there is nobody to speak to.
async fn open(
    socket: Socket,
    limits: &Limits,
    activity: &Arc<Activity>,
    dispatch: &Dispatch,
    draining: &mut watch::Receiver<bool>,
) -> Option<(Box<dyn Stream>, Peer)> {
    let Socket { stream, remote, tls } = socket;
    let Some(config) = tls else { return Some((stream, Peer { remote, channel: Channel::Plain })) };
    match tls::handshake(stream, config, activity, limits.first_byte, draining).await {
        Ok(secured) => {
            secured.map(|Secured { stream, client }| (stream, Peer { remote, channel: Channel::Tls { client } }))
        }
        Err(error) => {
            // Scanners and clients that do not trust us would fill the log.
            tracing::debug!(remote = &*remote, "TLS handshake: {error}");
            dispatch.sinks.metrics.tls_failures.inc();
            None
        }
    }
}

/// Sleeps until the deadline of what the connection is doing.
struct Watchdog<'a> {
    activity: &'a Activity,
    sleep: Pin<Box<Sleep>>,
}

impl<'a> Watchdog<'a> {
    fn new(activity: &'a Activity) -> Self {
        let (at, _) = activity.deadline(Instant::now());
        Self { activity, sleep: Box::pin(sleep_until(at)) }
    }

    /// The timer is moved only to an earlier time, since moving it costs more than a look when it fires: a busy
    /// connection moves its deadline away with every request.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Verdict> {
        loop {
            let now = Instant::now();
            let (at, verdict) = self.activity.deadline(now);
            if at <= now && verdict != Verdict::Recheck {
                return Poll::Ready(verdict);
            }
            if at < self.sleep.deadline() || self.sleep.is_elapsed() {
                self.sleep.as_mut().reset(at);
            }
            ready!(self.sleep.as_mut().poll(cx));
        }
    }
}
