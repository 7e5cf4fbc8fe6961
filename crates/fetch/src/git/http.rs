//! A remote over http: version 2 of the protocol, a request for each question. Asked the first time, a server is asked
//! what it can before; after that its answer is remembered.

use std::{path::Path, sync::Arc};

use goproxy_engine::Result;
use goproxy_git::{
    FetchRequest, Filter, ObjectFormat, Refs,
    wire::{ListLimits, ListParser, fetch_request, list_request},
};
use http::{
    HeaderValue, StatusCode,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE},
};
use reqwest::Url;

use super::{
    Shared,
    discover::below,
    memory::{Memory, Place, ladder},
    receive::{self, Received, receive},
    stand_in::Way,
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
    /// What the URL says who we are.
    pub(super) userinfo: Option<HeaderValue>,
    pub(super) access: Access,
    pub(super) memory: Arc<Memory>,
}

impl HttpRemote {
    pub(super) async fn refs(&self) -> Result<(ObjectFormat, Refs), Wrong> {
        self.trying(|place| self.refs_from(place)).await
    }

    async fn refs_from(&self, place: Place) -> Result<(ObjectFormat, Refs), Wrong> {
        let request = list_request(&place.capabilities);
        let (format, limits) = (place.capabilities.format, ListLimits::default());
        let mut body = self.post(&place, request, limits.bytes + 1, 1).await?;
        let (mut parser, host) = (ListParser::new(format, limits), reach::host(&place.base));
        let bad = |error| Wrong::from_wire(error, &host);
        while let Some(chunk) = body.chunk().await.map_err(|failure| reach::broken_off(failure, &place.base))? {
            parser.push(&chunk).map_err(bad)?;
        }
        Ok((format, parser.finish().map_err(bad)?))
    }

    pub(super) async fn fetch(&self, request: &FetchRequest, git_dir: &Path) -> Result<(), Wrong> {
        match self.climb_down(request, git_dir).await {
            // What is here turned out to be less than the server was told.
            Err(wrong) if wrong.hint == Hint::Incomplete && !request.haves.is_empty() => {
                tracing::debug!(url = %wire::shown(&self.asked), error = %wrong.failure.error, "fetching all of it");
                self.climb_down(&FetchRequest { haves: Vec::new(), ..request.clone() }, git_dir).await
            }
            done => done,
        }
    }

    /// Fetches with the filter, or with less of one where the server does not take it. That it does not is remembered
    /// once less has worked: else it may have been about something else.
    async fn climb_down(&self, request: &FetchRequest, git_dir: &Path) -> Result<(), Wrong> {
        let rungs = ladder(request.filter.as_ref());
        let open = |filter: &&Option<Filter>| filter.as_ref().is_none_or(|filter| !self.memory.refuses(filter));
        let mut refused = Vec::new();
        for filter in rungs.iter().filter(open) {
            let done = self.trying(|place| self.fetch_from(place, request, filter.as_ref(), git_dir));
            match (done.await, filter) {
                (Ok(()), _) => {
                    refused.iter().for_each(|filter| self.memory.learn_refusal(filter));
                    return Ok(());
                }
                (Err(wrong), Some(filter)) if wrong.hint == Hint::Rejected && may_be_the_filter(&wrong) => {
                    tracing::debug!(url = %wire::shown(&self.asked), ?filter, error = %wrong.failure.error, "refused");
                    refused.push(filter.clone());
                }
                (Err(wrong), _) => return Err(wrong),
            }
        }
        // The last rung has no filter, so it returned.
        Err(goproxy_engine::Error::internal("no way to ask for objects").into())
    }

    async fn fetch_from(
        &self,
        place: Place,
        request: &FetchRequest,
        filter: Option<&Filter>,
        git_dir: &Path,
    ) -> Result<(), Wrong> {
        let message = fetch_request(&place.capabilities, request, filter);
        let body = self.post(&place, message, receive::LIMITS.bytes.saturating_mul(2), SLOW).await?;
        let host = reach::host(&place.base);
        match receive(body, git_dir, place.capabilities.format).await? {
            Received::Done => Ok(()),
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

    /// Does something at the remote, which may have changed since it was last asked what it can. What may work a moment
    /// later is tried again.
    async fn trying<T, F>(&self, work: impl Fn(Place) -> F) -> Result<T, Wrong>
    where
        F: Future<Output = Result<T, Wrong>>,
    {
        let tries = retrying(|| async {
            match self.once(&work).await {
                Err(wrong) if wrong.hint == Hint::None => Err(wrong.failure),
                done => Ok(done),
            }
        });
        tries.await.unwrap_or_else(|failure| Err(failure.into()))
    }

    async fn once<T, F>(&self, work: &impl Fn(Place) -> F) -> Result<T, Wrong>
    where
        F: Future<Output = Result<T, Wrong>>,
    {
        if let Some(place) = self.memory.place() {
            match work(place).await {
                Err(wrong) if wrong.hint == Hint::Rejected => self.memory.forget(),
                done => return done,
            }
        }
        work(self.discover().await?).await
    }

    /// One message to `git-upload-pack`, and the body of its answer.
    async fn post(&self, place: &Place, message: Vec<u8>, limit: u64, windows: u32) -> Result<Body, Wrong> {
        let http = &self.shared.options.http;
        let url = below(&place.base, "/git-upload-pack");
        let (client, message) = (http.for_access(&url, self.access)?, bytes::Bytes::from(message));
        let build = || {
            client
                .post(url.clone())
                .header(CONTENT_TYPE, "application/x-git-upload-pack-request")
                .header(ACCEPT, "application/x-git-upload-pack-result")
                .header(ACCEPT_ENCODING, "identity")
                .header("git-protocol", "version=2")
                .body(message.clone())
        };
        let response = self.send(&url, build).await?;
        if response.status() != StatusCode::OK {
            return Err(self.refused(&url, &response));
        }
        let content_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        if content_type != Some(b"application/x-git-upload-pack-result") {
            let detail = format!("{}: {content_type:?}", wire::shown(&url));
            let message = format!("{} does not answer as git's protocol says", reach::host(&url));
            return Err(Wrong::new(goproxy_engine::ErrorKind::Invalid, message, detail, Hint::Rejected));
        }
        Ok(Body::new(response, wire::shown(&url), limit, http.options().idle_timeout * windows))
    }

    /// Whether filters are honoured, as far as is known.
    pub(super) fn filters(&self) -> bool {
        self.memory.place().is_some_and(|place| place.capabilities.filter) && !self.memory.refuses(&Filter::NoBlobs)
    }
}

/// A refused filter shows as the server's word, as an answer without a pack, or as a failure of whatever is behind its
/// HTTP; a repository that is gone or closed has nothing to do with it.
fn may_be_the_filter(wrong: &Wrong) -> bool {
    wrong.status().is_none_or(|status| matches!(status.as_u16(), 400 | 422 | 500))
}
