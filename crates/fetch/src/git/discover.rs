//! The first request to a remote: where it is and what it offers.

use std::time::Duration;

use goproxy_engine::ErrorKind;
use goproxy_git::{
    Refs,
    wire::{Advertised, AdvertisementParser, ListLimits},
};
use http::{
    StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_TYPE},
};
use reqwest::{Response, Url};

use super::{
    http::HttpRemote,
    memory::Place,
    wrong::{Hint, Wrong},
};
use crate::{body::Body, reach, redirect, wire};

/// Redirects that are followed, of this request only: those after it go to the place that it led to.
const MAX_REDIRECTS: usize = 5;

/// How long the end of an answer is waited for that is complete already.
const END: Duration = Duration::from_millis(100);

/// The service of fetches.
const ASK: &str = "/info/refs";

impl HttpRemote {
    /// Asks a remote what it can. One of an older version says what refs it has in the same breath.
    pub(super) async fn discover(&self) -> Result<(Place, Option<Refs>), Wrong> {
        let (url, response) = self.follow().await?;
        if response.status() != StatusCode::OK {
            return Err(self.refused(&url, &response));
        }
        let content_type = response.headers().get(CONTENT_TYPE).map(|value| value.as_bytes().to_vec());
        if content_type.as_deref() != Some(b"application/x-git-upload-pack-advertisement") {
            return Err(dumb(&url));
        }
        let (capabilities, refs) = match self.advertised(&url, response).await? {
            Advertised::Version2(capabilities) => (capabilities, None),
            Advertised::Older(capabilities, refs) => (capabilities, Some(refs)),
        };
        let place = Place { base: base(&url)?, capabilities };
        self.memory.learn(&place);
        Ok((place, refs))
    }

    async fn follow(&self) -> Result<(Url, Response), Wrong> {
        let mut url = below(&self.asked, ASK);
        url.set_query(Some("service=git-upload-pack"));
        for _ in 0..=MAX_REDIRECTS {
            let client = self.shared.options.http.for_access(&url, self.access)?;
            let build =
                || client.get(url.clone()).header("git-protocol", "version=2").header(ACCEPT_ENCODING, "identity");
            let response = self.send(&url, build).await?;
            if !redirect::leads_on(response.status()) {
                return Ok((url, response));
            }
            url = self.next(&url, &response)?;
        }
        let message = format!("{} redirects without end", self.told_host(&url));
        Err(Wrong::new(ErrorKind::Invalid, message, wire::shown(&url), Hint::None))
    }

    /// A repository that was renamed is still on its host. To others nobody is sent by a redirect: neither names that
    /// our configuration says something about nor our credentials are theirs.
    fn next(&self, from: &Url, response: &Response) -> Result<Url, Wrong> {
        let host = self.told_host(from);
        let to = redirect::next_hop(from, response.headers(), self.access, self.shared.options.http.inside()).map_err(
            |failure| {
                let message = format!("{host} redirects to a place that is not allowed");
                Wrong::new(ErrorKind::Invalid, message, failure.error.detail().unwrap_or_default(), Hint::None)
            },
        )?;
        let upgraded = from.scheme() == "http" && to.scheme() == "https";
        if from.host() == to.host() && (upgraded || from.port_or_known_default() == to.port_or_known_default()) {
            return Ok(to);
        }
        let message = format!(
            "{host} redirects to another host, {}, which is not followed: the repository is to be named by its new URL, \
             or the new URL by insteadOf in the proxy's git configuration",
            reach::host(&to)
        );
        Err(Wrong::new(ErrorKind::Invalid, message, wire::shown(&to), Hint::None))
    }

    async fn advertised(&self, url: &Url, response: Response) -> Result<Advertised, Wrong> {
        let mut body = Body::new(response, wire::shown(url), u64::MAX, self.shared.options.http.options().idle_timeout);
        let mut parser = AdvertisementParser::new(ListLimits::default());
        let host = self.told_host(url);
        while let Some(chunk) = body.chunk().await.map_err(|failure| reach::broken_off(failure, url))? {
            if let Some(advertised) = parser.push(&chunk).map_err(|e| Wrong::from_wire(e, &host))? {
                // There is no more; to have read the end keeps the connection.
                let _ = tokio::time::timeout(END, body.chunk()).await;
                return Ok(advertised);
            }
        }
        let message = format!("{host} does not answer as git's protocol says");
        Err(Wrong::new(ErrorKind::Invalid, message, "the capabilities were cut off", Hint::None))
    }
}

/// What is no answer of git may be the files of a repository, which the `git` command can read one by one.
fn dumb(url: &Url) -> Wrong {
    let message = format!(
        "{} does not speak git's smart protocol there; for what else it may speak the proxy needs the git command",
        reach::host(url)
    );
    Wrong::new(ErrorKind::Unavailable, message, wire::shown(url), Hint::Dumb)
}

/// `url` with something behind its path, whether that ends in a slash or not.
pub(super) fn below(url: &Url, path: &str) -> Url {
    let mut below = url.clone();
    let base = url.path();
    below.set_path(&format!("{}{path}", base.strip_suffix('/').unwrap_or(base)));
    below
}

/// Where the remote is, from where its answer came.
fn base(url: &Url) -> Result<Url, Wrong> {
    let mut base = url.clone();
    base.set_query(None);
    base.set_fragment(None);
    let Some(path) = url.path().strip_suffix(ASK) else {
        let message = format!("{} redirects to what is no repository", reach::host(url));
        return Err(Wrong::new(ErrorKind::Invalid, message, wire::shown(url), Hint::None));
    };
    base.set_path(path);
    Ok(base)
}
