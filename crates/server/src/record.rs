//! The record of one request, from its header to the end of its response: whatever happens to it in between, dropping
//! the record counts it, logs it and ends its flight.

use std::{
    borrow::Cow,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use gomod::{Route, SumWhat, What};
use goproxy_engine::{CacheStatus, Via, trace};
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body::{Body, Frame, SizeHint};

use crate::{
    access_log::{AccessLog, Line},
    activity::InFlight,
    body::ReplyBody,
    hex,
    metrics::{Ended, Metrics},
    peer::Peer,
    reply::cache_word,
    shares::Share,
    traced::{Ending, Traced},
};

/// The status under which a request is counted whose client left before the answer; the word is nginx's.
const CLIENT_CLOSED: u16 = 499;

/// Where records go.
#[derive(Debug)]
pub(crate) struct Sinks {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) log: AccessLog,
}

/// One request and what became of it.
#[derive(Debug)]
pub(crate) struct Record {
    sinks: Arc<Sinks>,
    flight: InFlight,
    started: Instant,
    /// 16 hexadecimal digits.
    id: [u8; 16],
    /// Only if it is to be logged.
    line: Option<Box<Asked>>,
    traced: Option<Box<Traced>>,
    /// Only if it is to be named.
    route: Option<Route>,
    what: &'static str,
    user: Option<Arc<str>>,
    status: u16,
    via: Option<Via>,
    cache: Option<CacheStatus>,
    /// Until when the answer stays as it is, if others may be given the same.
    until: Option<Option<Instant>>,
    bytes: u64,
    complete: bool,
}

/// What a log line repeats of the request.
#[derive(Debug)]
struct Asked {
    method: Method,
    target: Uri,
    user_agent: Option<HeaderValue>,
    peer: Arc<Peer>,
}

impl Record {
    /// Begins one. `quiet` requests (probes, `/metrics`, and all of them where nobody wants to know) are not logged.
    pub(crate) fn begin<B>(
        sinks: Arc<Sinks>,
        flight: InFlight,
        request: &Request<B>,
        peer: &Arc<Peer>,
        quiet: bool,
    ) -> Self {
        let line = (!quiet).then(|| Box::new(Asked::new(request, peer)));
        Self {
            sinks,
            flight,
            started: Instant::now(),
            id: new_id(),
            line,
            traced: None,
            route: None,
            what: "other",
            user: None,
            status: CLIENT_CLOSED,
            via: None,
            cache: None,
            until: None,
            bytes: 0,
            complete: false,
        }
    }

    /// What the answer's header and the log call this request: 16 hexadecimal digits.
    pub(crate) fn id(&self) -> &str {
        std::str::from_utf8(&self.id).unwrap_or_default()
    }

    /// The request is part of a trace; gives what happens within it.
    pub(crate) fn trace(&mut self, traced: Box<Traced>) -> trace::Context {
        let context = traced.context();
        self.traced = Some(traced);
        context
    }

    /// What is asked for, by name.
    pub(crate) fn names(&mut self, route: &Route) {
        if self.traced.is_some() || (self.line.is_some() && self.sinks.log.names_modules()) {
            self.route = Some(route.clone());
        }
    }

    /// What is asked for, as a fixed word, and who would be asked.
    pub(crate) fn asked(&mut self, what: &'static str, via: Option<Via>) {
        (self.what, self.via) = (what, via);
    }

    /// Who asks, as far as they said.
    pub(crate) fn asked_by(&mut self, user: Option<Arc<str>>) {
        self.user = user;
    }

    /// Who answered.
    pub(crate) fn answered(&mut self, via: Via, cache: CacheStatus) {
        (self.via, self.cache) = (Some(via), Some(cache));
    }

    /// Others may be given the same, as long as it lasts: see [`prepared::lasts`](crate::prepared::lasts).
    pub(crate) fn lasts(&mut self, until: Option<Option<Instant>>) {
        self.until = until;
    }

    /// Nobody answered, or all that was asked for does not exist: who was asked, if it is not who would be.
    pub(crate) fn failed(&mut self, via: Option<Via>, cache: CacheStatus) {
        (self.via, self.cache) = (via.or(self.via), Some(cache));
    }

    /// The response is ready: from here on the body carries the record.
    pub(crate) fn respond(mut self, status: StatusCode, body: ReplyBody, share: Option<Share>) -> RecordedBody {
        self.status = status.as_u16();
        self.complete = body.is_end_stream();
        self.flight.progress();
        if let Some(traced) = &mut self.traced {
            traced.sends();
        }
        RecordedBody { body, record: self, _share: share }
    }
}

/// Who reads what became of a request whose answer others may be given.
impl Record {
    pub(crate) fn sinks(&self) -> &Sinks {
        &self.sinks
    }

    pub(crate) const fn what(&self) -> &'static str {
        self.what
    }

    pub(crate) const fn via(&self) -> Option<Via> {
        self.via
    }

    pub(crate) const fn cache(&self) -> Option<CacheStatus> {
        self.cache
    }

    pub(crate) const fn route(&self) -> Option<&Route> {
        self.route.as_ref()
    }

    pub(crate) const fn status(&self) -> u16 {
        self.status
    }

    /// What the cache had, as it is counted: of failures the log alone says it.
    pub(crate) fn counted(&self) -> Option<&'static str> {
        self.cache.map(cache_word).filter(|_| self.status < 400)
    }

    /// See [`lasts`](Self::lasts).
    pub(crate) const fn until(&self) -> Option<Option<Instant>> {
        self.until
    }
}

/// 16 hexadecimal digits that nobody had before.
pub(crate) fn new_id() -> [u8; 16] {
    let mut id = [0; 16];
    hex::write(&fastrand::u64(..).to_be_bytes(), &mut id);
    id
}

impl Asked {
    fn new<B>(request: &Request<B>, peer: &Arc<Peer>) -> Self {
        Self {
            method: request.method().clone(),
            target: request.uri().clone(),
            user_agent: request.headers().get(header::USER_AGENT).cloned(),
            peer: Arc::clone(peer),
        }
    }

    /// The request target as it came.
    fn target(&self) -> Cow<'_, str> {
        let target = self.target.path_and_query().map(|target| Cow::Borrowed(target.as_str()));
        target.unwrap_or_else(|| self.target.to_string().into())
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        let (mode, cache) = (self.via.map(Via::as_str), self.cache.map(cache_word));
        let (what, status, bytes) = (self.what, self.status, self.bytes);
        self.sinks.metrics.ended(Ended { what, status, mode, cache: self.counted(), bytes, took });
        let (module, version) = self.route.as_ref().map_or((None, None), names);
        let trace = self.traced.as_ref().map(|traced| traced.trace.clone());
        if let (Some(traced), Some(asked)) = (self.traced.take(), &self.line) {
            let shown = |text| self.sinks.log.shown(text);
            traced.end(&Ending {
                id: self.id(),
                method: asked.method.as_str(),
                path: &shown(asked.target.path()),
                what,
                module: module.map(shown).as_deref(),
                version,
                source: mode,
                cache,
                status,
                bytes,
                complete: self.complete,
            });
        }
        let Some(asked) = self.line.as_ref().filter(|_| self.sinks.log.is_on()) else { return };
        self.sinks.log.log(&Line {
            id: self.id(),
            method: asked.method.as_str(),
            target: &asked.target(),
            status,
            took,
            bytes,
            aborted: !self.complete,
            mode,
            cache,
            what,
            module,
            version,
            trace: trace.as_deref(),
            remote: &asked.peer.remote,
            client_certificate: asked.peer.certificate(),
            user: self.user.as_deref(),
            user_agent: &asked.user_agent.as_ref().map_or_else(Cow::default, |v| String::from_utf8_lossy(v.as_bytes())),
        });
    }
}

/// The module, and the version or query.
pub(crate) fn names(route: &Route) -> (Option<&str>, Option<&str>) {
    match route {
        Route::Module(request) => {
            let version = match &request.what {
                What::List | What::Latest => None,
                What::Query(query) => Some(query.as_str()),
                What::Info(version) | What::Mod(version) | What::Zip(version) => Some(version.version().as_str()),
            };
            (Some(request.path.as_str()), version)
        }
        Route::SumDb(request) => match &request.what {
            SumWhat::Lookup(version) => (Some(version.path().as_str()), Some(version.version().as_str())),
            SumWhat::Supported | SumWhat::Latest | SumWhat::Tile(_) => (None, None),
        },
    }
}

/// A response body that tells its record what was given away.
#[derive(Debug)]
pub(crate) struct RecordedBody {
    body: ReplyBody,
    record: Record,
    _share: Option<Share>,
}

impl RecordedBody {
    pub(crate) const fn record(&self) -> &Record {
        &self.record
    }

    /// All of it, if it is in memory and not longer than that.
    pub(crate) fn small(&self, most: usize) -> Option<Bytes> {
        match &self.body {
            ReplyBody::Bytes(bytes) if bytes.len() <= most => Some(bytes.clone()),
            _ => None,
        }
    }
}

impl Body for RecordedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Self { body, record, .. } = self.get_mut();
        let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(cx) else {
            record.flight.waits();
            return Poll::Pending;
        };
        match &frame {
            Some(Ok(frame)) => {
                record.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                record.complete = body.is_end_stream();
                if !record.complete {
                    record.flight.progress();
                }
            }
            // The client sees a reset connection; only the log can say why.
            Some(Err(error)) => tracing::error!(id = record.id(), "the answer is broken off: {error}"),
            None => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
