//! From the engine's reply, or a failure, to a response: headers, validators, ranges.

use std::{ops::Range, time::Duration};

use gomod::{Route, SumWhat, What};
use goproxy_engine::{Blob, CacheStatus, Lifetime, Reply};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, header::HeaderName};

use crate::{
    body::ReplyBody,
    conditional::{Outcome, Validators},
    error::Failure,
    growing::GrowingBody,
    range::{self, Selected},
};

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The response to a request that was answered.
pub(crate) fn success(route: &Route, method: &Method, asked: &HeaderMap, reply: &Reply) -> Response<ReplyBody> {
    let validators = Validators::new(&reply.sha256, reply.modified);
    let size = match &reply.blob {
        Blob::Bytes(bytes) => bytes.len() as u64,
        Blob::File(_) => reply.size,
    };
    match validators.evaluate(asked) {
        Outcome::Proceed => {}
        Outcome::NotModified => {
            let mut response = empty(StatusCode::NOT_MODIFIED);
            describe(response.headers_mut(), route, reply, &validators);
            return response;
        }
        Outcome::Failed => {
            return failure(&Failure::new(StatusCode::PRECONDITION_FAILED, "precondition failed"), method);
        }
    }
    // Range is defined for GET only (RFC 9110 14.2).
    let selected = match *method == Method::GET && validators.range_applies(asked) {
        true => range::select(asked, size),
        false => Selected::Whole,
    };
    let (status, part) = match selected {
        Selected::Whole => (StatusCode::OK, 0..size),
        Selected::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Selected::Unsatisfiable => return unsatisfiable(size, method),
    };
    let mut response = empty(status);
    let headers = response.headers_mut();
    describe(headers, route, reply, &validators);
    headers.insert(header::CONTENT_TYPE, content_type(route));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if status == StatusCode::PARTIAL_CONTENT {
        headers.insert(header::CONTENT_RANGE, content_range(&part, size));
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(part.end - part.start));
    if *method != Method::HEAD {
        *response.body_mut() = ReplyBody::part(&reply.blob, part);
    }
    response
}

/// The response whose body is still arriving: there is nothing yet to compare with, nor parts.
pub(crate) fn growing(route: &Route, growing: GrowingBody) -> Response<ReplyBody> {
    let mut response = empty(StatusCode::OK);
    let headers = response.headers_mut();
    vary(headers);
    headers.insert(header::CACHE_CONTROL, FOREVER);
    headers.insert(header::CONTENT_TYPE, content_type(route));
    if let Some(length) = growing.announced() {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    *response.body_mut() = ReplyBody::Growing(growing);
    response
}

/// The response to a request that failed.
pub(crate) fn failure(failure: &Failure, method: &Method) -> Response<ReplyBody> {
    let mut response = text(failure.status, failure.text.clone(), method);
    let headers = response.headers_mut();
    if let Some(max_age) = failure.max_age {
        headers.insert(header::CACHE_CONTROL, max_age_of(max_age));
    }
    if let Some(after) = failure.retry_after {
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response
}

/// A short text of our own that nobody may keep.
pub(crate) fn text(status: StatusCode, text: String, method: &Method) -> Response<ReplyBody> {
    let mut response = empty(status);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, TEXT);
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
    if *method != Method::HEAD {
        *response.body_mut() = ReplyBody::Bytes(text.into());
    }
    response
}

fn unsatisfiable(size: u64, method: &Method) -> Response<ReplyBody> {
    let mut response = failure(&Failure::new(StatusCode::RANGE_NOT_SATISFIABLE, "range not satisfiable"), method);
    if let Ok(value) = HeaderValue::try_from(format!("bytes */{size}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}

/// What 200, 206 and 304 all carry (RFC 9110 15.4.5).
fn describe(headers: &mut HeaderMap, route: &Route, reply: &Reply, validators: &Validators) {
    headers.insert(header::ETAG, validators.etag.clone());
    if let Some(modified) = validators.last_modified() {
        headers.insert(header::LAST_MODIFIED, modified);
    }
    if matches!(route, Route::Module(_)) {
        vary(headers);
    }
    match reply.lifetime {
        Lifetime::Immutable => {
            headers.insert(header::CACHE_CONTROL, FOREVER);
        }
        // A cache subtracts Age from max-age (RFC 9111 4.2), so max-age is the whole lifetime.
        Lifetime::Fresh { age, remaining } => {
            headers.insert(header::CACHE_CONTROL, max_age_of(remaining.saturating_add(age)));
            headers.insert(header::AGE, HeaderValue::from(seconds(age)));
        }
        Lifetime::Stale { age } => {
            headers.insert(header::CACHE_CONTROL, max_age_of(Duration::ZERO));
            headers.insert(header::AGE, HeaderValue::from(seconds(age)));
            headers.insert(header::WARNING, HeaderValue::from_static("110 - \"response is stale\""));
        }
    }
}

/// Module answers depend on that header: with it, only the cache is asked.
pub(crate) fn vary(headers: &mut HeaderMap) {
    headers.insert(header::VARY, HeaderValue::from_static("Disable-Module-Fetch"));
}

/// Says whether the cache had the answer, an absence included.
pub(crate) fn tell_cache(headers: &mut HeaderMap, cache: CacheStatus) {
    headers.insert(X_CACHE, HeaderValue::from_static(cache_word(cache)));
}

/// The word of `X-Cache`, the access log and the metrics.
pub(crate) const fn cache_word(cache: CacheStatus) -> &'static str {
    match cache {
        CacheStatus::Hit => "hit",
        CacheStatus::Miss => "miss",
        CacheStatus::Stale => "stale",
    }
}

fn content_type(route: &Route) -> HeaderValue {
    let octets = HeaderValue::from_static("application/octet-stream");
    match route {
        Route::Module(request) => match request.what {
            What::List | What::Mod(_) => TEXT,
            What::Latest | What::Query(_) | What::Info(_) => HeaderValue::from_static("application/json"),
            What::Zip(_) => HeaderValue::from_static("application/zip"),
        },
        Route::SumDb(request) => match &request.what {
            SumWhat::Supported | SumWhat::Latest | SumWhat::Lookup(_) => TEXT,
            SumWhat::Tile(tile) => match tile.is_data() {
                true => TEXT,
                false => octets,
            },
        },
    }
}

fn content_range(part: &Range<u64>, size: u64) -> HeaderValue {
    HeaderValue::try_from(format!("bytes {}-{}/{size}", part.start, part.end - 1))
        .unwrap_or_else(|_| HeaderValue::from_static("bytes */*"))
}

fn max_age_of(age: Duration) -> HeaderValue {
    HeaderValue::try_from(format!("public, max-age={}", seconds(age))).unwrap_or(NO_STORE)
}

/// Whole seconds, at most 2^31 as caches count (RFC 9111 1.2.2).
fn seconds(age: Duration) -> u64 {
    age.as_secs().min(1 << 31)
}

fn empty(status: StatusCode) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::empty());
    *response.status_mut() = status;
    // Room for all that we and hyper add: growing it on the way costs more than all insertions.
    response.headers_mut().reserve(12);
    response
}
