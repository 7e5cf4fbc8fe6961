//! Small pages of strangers: `?go-get=1`.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use goproxy_engine::{Error, ErrorKind, Result};
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, LOCATION};
use reqwest::{Response, Url};

use crate::{
    Access, HttpClient, Secret, body::Body, credentials::Credential, failure::Failure, get, guard, reach, redirect,
    retry, wire,
};

/// For all hops and the body together.
const PATIENCE: Duration = Duration::from_secs(10);

/// Redirects that are followed for one page.
const MAX_REDIRECTS: usize = 5;

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Page {
    /// The status of the last hop.
    pub status: u16,
    /// Its `Content-Type`, empty if there was none.
    pub content_type: String,
    /// Its body, cut at the limit.
    pub body: Bytes,
}

impl HttpClient {
    /// Gets a page, following redirects within `access`; at most `limit` bytes of it, in ten seconds. The
    /// host gets what is configured for it, else over https its login of `.netrc`, as from `go`.
    ///
    /// # Errors
    /// Only where there is no answer: no connection, forbidden address, timeout.
    pub async fn page(&self, url: &str, access: Access, limit: u64) -> Result<Page> {
        let invalid = |why: String| Error::new(ErrorKind::Invalid, why);
        let mut url = Url::parse(url).map_err(|e| invalid(format!("invalid URL: {e}")))?;
        match url.scheme() {
            "https" => {}
            "http" if access.insecure => {}
            _ => return Err(invalid(format!("insecure URL: {}", wire::shown(&url)))),
        }
        let own = Credential::take(&mut url)?.filter(|_| url.scheme() == "https");
        let work = async {
            let credential = self.credential(&url, own.as_ref(), access.credentials, access.insecure).await?;
            self.follow_page(url.clone(), credential, access, limit).await
        };
        let answer = tokio::time::timeout(PATIENCE, work).await;
        Ok(answer.unwrap_or_else(|_| Err(reach::too_late(&url)))?)
    }

    /// Gets a page of a host that wants a bearer token, which goes nowhere else. https, or this machine.
    ///
    /// # Errors
    /// As [`page`](Self::page).
    pub async fn page_with_bearer(&self, url: &str, token: &Secret, limit: u64) -> Result<Page> {
        let url = Url::parse(url).map_err(|e| Error::new(ErrorKind::Invalid, format!("invalid URL: {e}")))?;
        let local = guard::is_loopback(&url);
        if url.scheme() != "https" && !local {
            return Err(Error::new(ErrorKind::Invalid, format!("insecure URL: {}", wire::shown(&url))));
        }
        let access = Access { internal: true, insecure: local && url.scheme() == "http", ..Access::default() };
        let credential = Some(Credential::bearer(&url, token)?);
        let answer = tokio::time::timeout(PATIENCE, self.follow_page(url.clone(), credential, access, limit)).await;
        Ok(answer.unwrap_or_else(|_| Err(reach::too_late(&url)))?)
    }

    async fn follow_page(
        &self,
        mut url: Url,
        credential: Option<Credential>,
        access: Access,
        limit: u64,
    ) -> Result<Page, Failure> {
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send_page(&url, credential.as_ref(), access).await?;
            // As in Go, a redirect to nowhere is an answer like any other.
            if !redirect::leads_on(response.status()) || !response.headers().contains_key(LOCATION) {
                let page = self.read_page(&url, response, limit).await?;
                return Ok(page.without(credential.as_ref()));
            }
            url = redirect::next_hop(&url, response.headers(), access, self.inside())
                .map_err(|failure| renamed(&failure, &url))?;
        }
        let message = format!("{} redirects without end", reach::host(&url));
        Err(Failure::lasting(ErrorKind::Invalid, message, wire::shown(&url)))
    }

    async fn send_page(&self, url: &Url, credential: Option<&Credential>, access: Access) -> Result<Response, Failure> {
        if let Some(left) = self.pauses().left(url) {
            return Err(retry::paused(left));
        }
        let mut request = self.for_access(url, access)?.get(url.clone()).header(ACCEPT_ENCODING, "identity");
        if let Some(header) = credential.and_then(|c| c.for_url(url)) {
            request = request.header(AUTHORIZATION, header.clone());
        }
        request.send().await.map_err(|error| reach::no_answer(&error.without_url(), url, !access.internal))
    }

    async fn read_page(&self, url: &Url, response: Response, limit: u64) -> Result<Page, Failure> {
        let (status, headers) = (response.status(), response.headers());
        self.asked_to_wait(url, status, headers);
        if let Some(encoding) = get::foreign_encoding(headers) {
            let message = format!("{} sent compressed content that was not asked for", reach::host(url));
            return Err(Failure::lasting(ErrorKind::Invalid, message, encoding));
        }
        let content_type =
            headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let mut body = Body::new(response, wire::shown(url), u64::MAX, self.options().idle_timeout);
        let (mut read, limit) = (BytesMut::new(), usize::try_from(limit).unwrap_or(usize::MAX));
        while read.len() < limit {
            match body.chunk().await.map_err(|failure| reach::broken_off(failure, url))? {
                Some(chunk) => read.extend_from_slice(&chunk),
                None => break,
            }
        }
        read.truncate(limit);
        Ok(Page { status: status.as_u16(), content_type: content_type.unwrap_or_default(), body: read.freeze() })
    }
}

impl Page {
    /// What is left of it where it repeats what it was sent.
    fn without(self, credential: Option<&Credential>) -> Self {
        let Some(credential) = credential else { return self };
        let text = String::from_utf8_lossy(&self.body);
        let cut = credential.cut(&text);
        let body = if cut == text { self.body.clone() } else { Bytes::from(cut) };
        Self { body, ..self }
    }
}

/// A refused redirect, in words that name the host and nothing of where it leads.
fn renamed(failure: &Failure, url: &Url) -> Failure {
    let message = format!("{} redirects to a place that is not allowed", reach::host(url));
    Failure::lasting(failure.error.kind(), message, failure.error.detail().unwrap_or_default())
}
