//! From a request to a response: what is refused, the fixed paths, and the protocol.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use gomod::{Route, SumWhat, What};
use goproxy_engine::{
    CacheStatus, Error, ErrorKind, Reply, Result, Served, Via,
    trace::{self, Tracer},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version, header};

use crate::{
    Gate, Handler, Wanted,
    activity::{Activity, InFlight},
    body::ReplyBody,
    conditional,
    error::Failure,
    growing::GrowingBody,
    guarded, home,
    metrics::Exposition,
    peer::Peer,
    prepared::{self, Prepared, Ready},
    record::{Record, RecordedBody, Sinks},
    reply,
    shares::Shares,
    traced::Traced,
};

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The Go mirror's name for "answer from the cache only".
const DISABLE_FETCH: HeaderName = HeaderName::from_static("disable-module-fetch");

/// Answers the requests of all connections.
pub(crate) struct Dispatch {
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) sinks: Arc<Sinks>,
    pub(crate) path_prefix: String,
    pub(crate) tracer: Option<Arc<Tracer>>,
    pub(crate) max_target: usize,
    pub(crate) shares: Arc<Shares>,
    pub(crate) prepared: Prepared,
}

impl Dispatch {
    /// The answer to a GET of which nothing counts but that key, if it was made in this second.
    pub(crate) fn at_once(&self, key: &str) -> Option<Arc<Ready>> {
        // Who asks counts where there are accounts, and each request is another where they are traced.
        let ready = self.prepared.get(key)?;
        (self.tracer.is_none() && self.handler.gate().is_none()).then_some(ready)
    }

    /// Answers one request. Its body is not read; that a client announces one closes the connection.
    pub(crate) async fn answer<B>(
        &self,
        request: &Request<B>,
        activity: &Arc<Activity>,
        peer: &Arc<Peer>,
    ) -> Response<RecordedBody> {
        let quiet = matches!(request.uri().path(), "/healthz" | "/readyz" | "/metrics");
        let flight = InFlight::begin(Arc::clone(activity));
        let share = self.shares.take(flight.together());
        let told = !quiet && (self.sinks.log.is_on() || self.tracer.is_some());
        let mut record = Record::begin(Arc::clone(&self.sinks), flight, request, peer, !told);
        let tracer = self.tracer.as_ref().filter(|_| !quiet);
        let context = tracer.map(|tracer| record.trace(Traced::begin(tracer, request.headers())));
        let refused = if share.is_none() { Some(crowded()) } else { refuse(request, self.max_target) };
        let mut response = match refused {
            Some(failure) => refusal(&failure, request.method()),
            None => trace::carried(context, self.admitted(request, &mut record, peer)).await,
        };
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Ok(id) = HeaderValue::from_str(record.id()) {
            headers.insert(X_REQUEST_ID, id);
        }
        if is_h1(request) && (announces_body(request.headers()) || malformed(request).is_some()) {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let (parts, body) = response.into_parts();
        let body = record.respond(parts.status, body, share);
        Response::from_parts(parts, body)
    }

    /// Everything that is well formed. The gate is asked here, before anything is: hits, misses, HEAD, 304 and parts
    /// are alike behind it. Probes are open, they tell nothing.
    async fn admitted<B>(&self, request: &Request<B>, record: &mut Record, peer: &Peer) -> Response<ReplyBody> {
        let (method, path) = (request.method(), request.uri().path());
        if let Some(response) = self.probe(path, method) {
            return response;
        }
        if home::is_home(path, &self.path_prefix) {
            record.asked("home", None);
            return self.home(request, peer);
        }
        let (mut route, mut receive) = (None, trace::stage("receive"));
        if path != "/metrics" {
            match gomod::route::parse(path, &self.path_prefix) {
                Ok(parsed) => route = Some(parsed),
                Err(error) => return reply::failure(&Failure::from(&error), method),
            }
        }
        receive.ended(None);
        let gate = self.handler.gate();
        if let Some(route) = &route {
            record.asked(word(route), None);
            record.names(route);
        }
        let wanted = route.as_ref().map_or(Wanted::Metrics, Wanted::from);
        let refused = match &gate {
            Some(gate) => self.refused_by(&**gate, request, wanted, record).await,
            None => None,
        };
        let mut response = match (refused, &mut route) {
            (Some(refused), _) => refused,
            (None, Some(route)) => self.protocol(route, request, record, gate.as_deref()).await,
            (None, None) => self.metrics(request),
        };
        if gate.is_some() {
            let status = response.status();
            guarded::keep_private(response.headers_mut(), status, route.as_ref());
        }
        response
    }

    async fn refused_by<B>(
        &self,
        gate: &dyn Gate,
        request: &Request<B>,
        wanted: Wanted<'_>,
        record: &mut Record,
    ) -> Option<Response<ReplyBody>> {
        let mut stage = trace::stage("gate");
        let admission = gate.admit(guarded::authorization(request.headers()), wanted).await;
        record.asked_by(admission.user);
        stage.ended(admission.verdict.reason());
        if let Some(reason) = admission.verdict.reason() {
            self.sinks.metrics.access_refused(reason);
        }
        guarded::refused(gate, admission.verdict, wanted, request.method())
    }

    /// What is there whatever the modules are, always at the root.
    fn probe(&self, path: &str, method: &Method) -> Option<Response<ReplyBody>> {
        match path {
            "/healthz" => Some(reply::text(StatusCode::OK, "ok\n".to_owned(), method)),
            "/readyz" => Some(match self.handler.ready() {
                Ok(()) => reply::text(StatusCode::OK, "ok\n".to_owned(), method),
                Err(why) => reply::failure(&Failure::new(StatusCode::SERVICE_UNAVAILABLE, &why), method),
            }),
            _ => None,
        }
    }

    /// Where there are accounts, the page tells strangers how to get in and nothing of what is here.
    fn home<B>(&self, request: &Request<B>, peer: &Peer) -> Response<ReplyBody> {
        let (mut about, accounts) = (self.handler.about(), self.handler.gate().is_some());
        if accounts {
            (about.version, about.unlisted) = Default::default();
        }
        let state = home::State { about: &about, accounts, ready: self.handler.ready().is_ok() };
        home::page(request, peer, &self.path_prefix, state)
    }

    fn metrics<B>(&self, request: &Request<B>) -> Response<ReplyBody> {
        let form = Exposition::accepted(request.headers());
        match self.sinks.metrics.expose(self.handler.gauges(), form) {
            Ok(page) => {
                let mut response = reply::text(StatusCode::OK, page, request.method());
                response.headers_mut().insert(header::CONTENT_TYPE, form.content_type());
                response
            }
            Err(error) => {
                tracing::error!("encoding the metrics: {error}");
                reply::failure(&Failure::new(StatusCode::INTERNAL_SERVER_ERROR, ""), request.method())
            }
        }
    }

    async fn serve<B>(&self, route: &Route, request: &Request<B>) -> Result<Found> {
        match self.handler.serve(route).await? {
            Served::Growing(growing) if takes_all(request) => {
                let via = growing.via();
                Ok(Found::Growing(GrowingBody::begin(growing).await?, via))
            }
            served => served.whole().await.map(Found::Whole),
        }
    }

    async fn protocol<B>(
        &self,
        route: &mut Route,
        request: &Request<B>,
        record: &mut Record,
        gate: Option<&dyn Gate>,
    ) -> Response<ReplyBody> {
        let method = request.method();
        if let Route::Module(asked) = route {
            asked.cached_only |= fetch_disabled(request.headers());
        }
        record.asked(word(route), Some(self.handler.mode(route)));
        // A panic is a bug, of which one request dies and not the connection with its other requests.
        let served = AssertUnwindSafe(self.serve(route, request)).catch_unwind().await;
        let error = match served {
            Ok(Ok(Found::Whole(answer))) => {
                record.answered(answer.via, answer.cache);
                if gate.is_none() {
                    record.lasts(prepared::lasts(answer.lifetime));
                }
                let mut response = reply::success(route, method, request.headers(), &answer);
                reply::tell_cache(response.headers_mut(), answer.cache);
                return response;
            }
            Ok(Ok(Found::Growing(growing, via))) => {
                record.answered(via, CacheStatus::Miss);
                let mut response = reply::growing(route, growing);
                reply::tell_cache(response.headers_mut(), CacheStatus::Miss);
                return response;
            }
            Ok(Err(error)) => error,
            Err(_) => Error::internal("panic while answering"),
        };
        let cache = if error.is_remembered() { CacheStatus::Hit } else { CacheStatus::Miss };
        record.failed((error.kind() == ErrorKind::NotCached).then_some(Via::Cached), cache);
        report(&error, request.uri().path(), record.id());
        let failure = match gate {
            Some(gate) => Failure::told(&error, gate, route),
            None => Failure::from(&error),
        };
        let mut response = reply::failure(&failure, method);
        // Where there is a gate, an absence must look like what is hidden, of which nothing was looked up.
        if gate.is_none() {
            reply::tell_cache(response.headers_mut(), cache);
            if error.is_remembered() && error.kind().is_answer() {
                record.lasts(prepared::A_SECOND);
            }
        }
        if matches!(route, Route::Module(_)) {
            reply::vary(response.headers_mut());
        }
        response
    }
}

/// What is there to answer with.
enum Found {
    Whole(Reply),
    Growing(GrowingBody, Via),
}

/// Whether a request can be answered from the beginning on: not for the head of what is not known yet, nor for a part,
/// nor under a condition on what it is. HTTP/1.0 ends an answer of unknown length by closing, whole or not.
fn takes_all<B>(request: &Request<B>) -> bool {
    let asked = request.headers();
    let told_of_the_end = request.version() > Version::HTTP_10;
    told_of_the_end
        && *request.method() == Method::GET
        && !asked.contains_key(header::RANGE)
        && !conditional::is_asked(asked)
}

/// Why a request is refused whatever it asks for.
fn refuse<B>(request: &Request<B>, max_target: usize) -> Option<Failure> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Some(Failure::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed, use GET"));
    }
    if let Some(why) = malformed(request) {
        return Some(Failure::new(StatusCode::BAD_REQUEST, why));
    }
    if announces_body(request.headers()) {
        return Some(Failure::new(StatusCode::BAD_REQUEST, "a request body is not accepted"));
    }
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    (target > max_target).then(|| Failure::new(StatusCode::URI_TOO_LONG, "the request target is too long"))
}

/// Said to a connection with many requests while there are many altogether.
fn crowded() -> Failure {
    let text = "too many requests at the same time on this connection, try again";
    Failure { retry_after: Some(Duration::from_secs(1)), ..Failure::new(StatusCode::SERVICE_UNAVAILABLE, text) }
}

fn refusal(failure: &Failure, method: &Method) -> Response<ReplyBody> {
    let mut response = reply::failure(failure, method);
    if failure.status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

/// What two programs on the way could read in two ways (RFC 9112 3.2): no `Host` or several, and the absolute form,
/// which is for proxies of another kind than we are.
fn malformed<B>(request: &Request<B>) -> Option<&'static str> {
    if !is_h1(request) {
        return None;
    }
    let hosts = request.headers().get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return Some("one Host header is required");
    }
    request.uri().scheme().is_some().then_some("the request target must begin with a slash")
}

/// Whether a body follows. It is never read, so nothing after it on the connection can be understood. With
/// `Transfer-Encoding` and `Content-Length` together hyper drops the latter, as RFC 9112 6.3 says.
fn announces_body(headers: &HeaderMap) -> bool {
    let length = headers.get_all(header::CONTENT_LENGTH).iter().any(|length| length != "0");
    length || headers.contains_key(header::TRANSFER_ENCODING)
}

fn is_h1<B>(request: &Request<B>) -> bool {
    request.version() < Version::HTTP_2
}

/// Go's strconv.ParseBool; what it does not know is false.
fn fetch_disabled(headers: &HeaderMap) -> bool {
    let value = headers.get(DISABLE_FETCH).map_or(&b""[..], HeaderValue::as_bytes);
    matches!(value, b"1" | b"t" | b"T" | b"true" | b"TRUE" | b"True")
}

/// The fixed word of a route, for metrics.
const fn word(route: &Route) -> &'static str {
    match route {
        Route::Module(request) => match request.what {
            What::List => "list",
            What::Latest => "latest",
            What::Query(_) => "query",
            What::Info(_) => "info",
            What::Mod(_) => "mod",
            What::Zip(_) => "zip",
        },
        Route::SumDb(request) => match request.what {
            SumWhat::Supported | SumWhat::Latest | SumWhat::Lookup(_) | SumWhat::Tile(_) => "sumdb",
        },
    }
}

/// Logs what the client may not know. Our own failures always, others if there is more to say.
fn report(error: &Error, path: &str, id: &str) {
    let (kind, message, detail) = (error.kind().as_str(), error.message(), error.detail());
    if error.kind() == ErrorKind::Internal {
        tracing::error!(id, path, kind, detail, "{message}");
    } else if detail.is_some() {
        tracing::warn!(id, path, kind, detail, "{message}");
    }
}
