//! A remote over http, a request for each question. The first time, a server is asked what it can before; after that
//! its answer is remembered.

use std::{path::Path, sync::Arc};

use goproxy_engine::{Error, ErrorKind, Result, blocking};
use goproxy_git::{
    FetchRequest, Filter, ObjectFormat, Objects as _, Odb, Oid, Refs,
    wire::{ListLimits, ListParser, fetch_request, list_request},
};
use http::{
    HeaderValue, StatusCode,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE},
};
use reqwest::{Client, RequestBuilder, Response, Url};

use super::{
    Fetched, Shared,
    config::Way,
    discover::below,
    memory::{Memory, Place, ladder},
    receive::{self, Received, receive},
    wrong::{Hint, Wrong},
};
use crate::{Access, body::Body, reach, retry::retrying, wire};

/// A server that counts objects for a big pack says no more than a byte or two now and then, and for minutes. So many
/// idle windows are allowed where one is enough elsewhere; the operation as a whole has its limit.
const SLOW: u32 = 5;

/// A remote that is spoken to by ourselves.
#[derive(Debug)]
pub(super) struct HttpRemote {
    pub(super) shared: Arc<Shared>,
    pub(super) way: Way,
    /// The URL of `way`, without user and password.
    pub(super) asked: Url,
    /// The same with the user, which is a hint for whoever knows the password.
    pub(super) identity: Url,
    pub(super) access: Access,
    pub(super) memory: Arc<Memory>,
}

impl HttpRemote {
    /// # Errors
    /// A URL that `access` does not allow.
    pub(super) fn new(shared: &Arc<Shared>, way: Way, access: Access, key: &str) -> Result<Self> {
        let asked =
            Url::parse(&way.url).map_err(|e| Error::new(ErrorKind::Refused, format!("not a URL: {}: {e}", way.url)))?;
        shared.options.http.for_access(&asked, access)?;
        let mut identity = asked.clone();
        let _ = identity.set_username(way.user.as_deref().unwrap_or_default());
        let memory = shared.memories.of(key);
        Ok(Self { shared: Arc::clone(shared), way, asked, identity, access, memory })
    }

    pub(super) async fn refs(&self) -> Result<(ObjectFormat, Refs), Wrong> {
        self.trying(|| self.refs_once()).await
    }

    async fn refs_once(&self) -> Result<(ObjectFormat, Refs), Wrong> {
        if let Some(place) = self.memory.place().filter(|place| !place.capabilities.is_older()) {
            match self.refs_from(place).await {
                Err(wrong) if wrong.hint == Hint::Rejected => self.memory.forget(),
                done => return done,
            }
        }
        match self.introduce().await? {
            (place, Some(refs)) => Ok((place.capabilities.format, refs)),
            (place, None) => self.refs_from(place).await,
        }
    }

    async fn refs_from(&self, place: Place) -> Result<(ObjectFormat, Refs), Wrong> {
        let body = self.post(&place, list_request(&place.capabilities), ListLimits::default().bytes + 1, 1).await?;
        self.listed(&place, body).await
    }

    /// Refs, from the answer to [`list_request`].
    pub(super) async fn listed(&self, place: &Place, mut body: Body) -> Result<(ObjectFormat, Refs), Wrong> {
        let format = place.capabilities.format;
        let (mut parser, host) = (ListParser::new(format, ListLimits::default()), self.told_host(&place.base));
        let bad = |error| Wrong::from_wire(error, &host);
        while let Some(chunk) = body.chunk().await.map_err(|failure| reach::broken_off(failure, &place.base))? {
            parser.push(&chunk).map_err(bad)?;
        }
        Ok((format, parser.finish().map_err(bad)?))
    }

    /// Fetches with the filter, or with less of one where the server does not take it. That it does not is remembered
    /// once less has worked: else it may have been about something else.
    pub(super) async fn fetch(&self, request: &FetchRequest, git_dir: &Path) -> Result<Fetched, Wrong> {
        let rungs = ladder(request.filter.as_ref());
        let open = |filter: &&Option<Filter>| filter.as_ref().is_none_or(|filter| !self.memory.refuses(filter));
        let mut refused = Vec::new();
        for filter in rungs.iter().filter(open) {
            let done = self.trying(|| self.fetch_once(request, filter.as_ref(), git_dir));
            match (done.await, filter) {
                (Ok(fetched), _) => {
                    refused.iter().for_each(|filter| self.memory.learn_refusal(filter));
                    return Ok(fetched);
                }
                (Err(wrong), Some(filter)) if wrong.hint == Hint::Rejected && may_be_the_filter(&wrong) => {
                    tracing::debug!(url = %wire::shown(&self.asked), ?filter, error = %wrong.failure.error, "refused");
                    refused.push(filter.clone());
                }
                (Err(wrong), _) => return Err(wrong),
            }
        }
        // The last rung has no filter, so it returned.
        Err(Error::internal("no way to ask for objects").into())
    }

    async fn fetch_once(
        &self,
        request: &FetchRequest,
        filter: Option<&Filter>,
        git_dir: &Path,
    ) -> Result<Fetched, Wrong> {
        if let Some(place) = self.memory.place().filter(|place| place.capabilities.takes_any_id()) {
            match self.fetch_from(&place, request, filter, git_dir).await {
                Err(wrong) if wrong.hint == Hint::Rejected => self.memory.forget(),
                done => return done,
            }
        }
        match self.discover().await? {
            (place, Some(refs)) if !place.capabilities.takes_any_id() => {
                let all = advertised_only(request, &refs);
                let filter = filter.filter(|_| all.filter.is_some());
                match self.fetch_from(&place, &all, filter, git_dir).await? {
                    Fetched::Done => self.check(request, git_dir, place.capabilities.format).await,
                    damaged => Ok(damaged),
                }
            }
            (place, _) => self.fetch_from(&place, request, filter, git_dir).await,
        }
    }

    /// Whether what was wanted is here, where something else was asked for.
    async fn check(&self, request: &FetchRequest, git_dir: &Path, format: ObjectFormat) -> Result<Fetched, Wrong> {
        let (git_dir, wants) = (git_dir.to_owned(), request.wants.clone());
        let first_missing = move || {
            let odb = Odb::open(&git_dir, format)?;
            let missing = wants.into_iter().map(|id| odb.contains(&id).map(|here| (!here).then_some(id)));
            missing.collect::<Result<Vec<_>, goproxy_git::Error>>().map(|all| all.into_iter().flatten().next())
        };
        let read = blocking(move || first_missing().map_err(|e| Error::internal(format!("the local copy: {e}"))));
        match read.await? {
            None => Ok(Fetched::Done),
            Some(id) => {
                let message = format!("{} does not have the object any more: {id}", self.told_host(&self.asked));
                Err(Wrong::new(ErrorKind::NotFound, message, String::new(), Hint::None))
            }
        }
    }

    async fn fetch_from(
        &self,
        place: &Place,
        request: &FetchRequest,
        filter: Option<&Filter>,
        git_dir: &Path,
    ) -> Result<Fetched, Wrong> {
        let message = fetch_request(&place.capabilities, request, filter);
        let body = self.post(place, message, receive::LIMITS.bytes.saturating_mul(2), SLOW).await?;
        let host = self.told_host(&place.base);
        match receive(body, git_dir, place.capabilities).await? {
            Received::Done => Ok(Fetched::Done),
            Received::Damaged(what) => Ok(Fetched::Damaged(what)),
            Received::Broken(failure) => Err(reach::broken_off(failure, &place.base).into()),
            Received::Bad { error, begun } => {
                let mut wrong = Wrong::from_wire(error, &host);
                if begun && wrong.hint == Hint::Rejected {
                    wrong.hint = Hint::None;
                }
                Err(wrong)
            }
        }
    }

    /// What may work a moment later is tried again; what is rejected, in another way first.
    async fn trying<T, F>(&self, once: impl Fn() -> F) -> Result<T, Wrong>
    where
        F: Future<Output = Result<T, Wrong>>,
    {
        let tries = retrying(|| async {
            match once().await {
                Err(wrong) if wrong.hint == Hint::None => Err(wrong.failure),
                done => Ok(done),
            }
        });
        tries.await.unwrap_or_else(|failure| Err(failure.into()))
    }

    /// One message to `git-upload-pack`, and the body of its answer.
    async fn post(&self, place: &Place, message: Vec<u8>, limit: u64, windows: u32) -> Result<Body, Wrong> {
        let url = below(&place.base, "/git-upload-pack");
        let (client, message) = (self.shared.options.http.for_access(&url, self.access)?, bytes::Bytes::from(message));
        let response = self.send(&url, || upload_pack(client, &url, place, message.clone())).await?;
        self.answered(url, response, limit, windows)
    }

    /// The body of an answer of `git-upload-pack`.
    pub(super) fn answered(&self, url: Url, response: Response, limit: u64, windows: u32) -> Result<Body, Wrong> {
        if response.status() != StatusCode::OK {
            return Err(self.refused(&url, &response));
        }
        let content_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        if content_type != Some(b"application/x-git-upload-pack-result") {
            let detail = format!("{}: {content_type:?}", wire::shown(&url));
            let message = format!("{} does not answer as git's protocol says", self.told_host(&url));
            return Err(Wrong::new(ErrorKind::Invalid, message, detail, Hint::Rejected));
        }
        let idle = self.shared.options.http.options().idle_timeout;
        Ok(Body::new(response, wire::shown(&url), limit, idle * windows))
    }

    /// Whether filters are honoured, as far as is known.
    pub(super) fn filters(&self) -> bool {
        let can = |place: Place| place.capabilities.filter && place.capabilities.takes_any_id();
        self.memory.place().is_some_and(can) && !self.memory.refuses(&Filter::NoBlobs)
    }
}

/// A message to `git-upload-pack`.
pub(super) fn upload_pack(client: &Client, url: &Url, place: &Place, message: bytes::Bytes) -> RequestBuilder {
    let request = client
        .post(url.clone())
        .header(CONTENT_TYPE, "application/x-git-upload-pack-request")
        .header(ACCEPT, "application/x-git-upload-pack-result")
        .header(ACCEPT_ENCODING, "identity")
        .body(message);
    let older = place.capabilities.is_older();
    if older { request } else { request.header("git-protocol", "version=2") }
}

/// The same request of a server that gives nothing but what its refs point at: a tag in place of its commit, and where
/// that does not help, everything there is.
fn advertised_only(request: &FetchRequest, refs: &Refs) -> FetchRequest {
    let tip = |want: &Oid| {
        let mut tips = refs.refs.iter().filter(|r| r.target == *want || r.peeled() == *want);
        refs.head.filter(|head| head == want).or_else(|| tips.next().map(|r| r.target))
    };
    if let Some(wants) = request.wants.iter().map(tip).collect() {
        return FetchRequest { wants, ..request.clone() };
    }
    let mut wants: Vec<_> = refs.head.into_iter().chain(refs.refs.iter().map(|r| r.target)).collect();
    wants.sort_unstable();
    wants.dedup();
    FetchRequest { wants, ..FetchRequest::default() }
}

/// A refused filter shows as the server's word, as an answer without a pack, or as a failure of whatever is behind its
/// HTTP; a repository that is gone or closed has nothing to do with it.
fn may_be_the_filter(wrong: &Wrong) -> bool {
    wrong.status().is_none_or(|status| matches!(status.as_u16(), 400 | 422 | 500))
}
