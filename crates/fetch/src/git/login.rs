//! Who we are to a git server: what the URL or `http.extraHeader` says, what is configured, what was accepted before, what
//! the host's configuration gives when the server asks. Sent to the remote's own origin, and over plain http only where
//! the operator wants it so.

use goproxy_engine::{Error, Result};
use http::{HeaderValue, StatusCode, header::AUTHORIZATION};
use reqwest::{RequestBuilder, Response, Url};

use super::{http::HttpRemote, wrong::Wrong};
use crate::{credentials, guard, reach, retry, wire};

impl HttpRemote {
    /// Sends a request, with credentials if the server asks for some. As `git` does, without at first, unless some are
    /// configured for this place: a public repository is no one's business to log in to.
    pub(super) async fn send(&self, url: &Url, build: impl Fn() -> RequestBuilder) -> Result<Response, Wrong> {
        let known = Box::pin(self.login(url)).await?;
        let response = self.send_as(url, build(), known.as_ref()).await?;
        if response.status() != StatusCode::UNAUTHORIZED || !self.may_tell(url) {
            return Ok(response);
        }
        self.memory.set_login(None);
        let Some(login) = self.shared.credentials.fill(&self.identity).await else { return Ok(response) };
        let header = credentials::basic(&login)?;
        if Some(&header) == known.as_ref() {
            self.shared.credentials.reject(&self.identity, &login).await;
            return Ok(response);
        }
        drop(response);
        let response = self.send_as(url, build(), Some(&header)).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            self.shared.credentials.reject(&self.identity, &login).await;
        } else if response.status().is_success() {
            self.memory.set_login(Some(header));
            self.shared.credentials.approve(&self.identity, &login).await;
        }
        Ok(response)
    }

    /// What is configured for the repository, as far as the URL lies where that belongs; else what was accepted last.
    pub(super) async fn login(&self, url: &Url) -> Result<Option<HeaderValue>> {
        match self.way.configured(&self.shared.options.http, self.access) {
            Some(entry) => Ok(entry.credential().await?.for_url(url).cloned()),
            None => Ok(self.memory.login()),
        }
    }

    /// What is said of a failure, without what the server may have repeated of our credentials.
    pub(super) async fn without_secrets(&self, error: Error) -> Error {
        let login = self.login(&self.asked).await.ok().flatten();
        let sent: Vec<_> = self.way.headers.iter().map(|(_, value)| value).chain(&login).collect();
        let cut = |text: &str| credentials::echo::without(text, sent.iter().copied());
        let clean = Error::new(error.kind(), cut(error.message())).with_retry_after(error.retry_after());
        match error.detail() {
            Some(detail) => clean.with_detail(cut(detail)),
            None => clean,
        }
    }

    pub(super) async fn send_as(
        &self,
        url: &Url,
        mut request: RequestBuilder,
        login: Option<&HeaderValue>,
    ) -> Result<Response, Wrong> {
        let http = &self.shared.options.http;
        if let Some(left) = http.pauses().left(url) {
            return Err(retry::paused(left).into());
        }
        let login = login.filter(|_| self.may_tell(url));
        if url.origin() == self.asked.origin() {
            // What the server did not take gives way to what it did.
            let sent = self.way.headers.iter().filter(|(name, _)| login.is_none() || name != AUTHORIZATION);
            request = sent.fold(request, |request, (name, value)| request.header(name, value));
        }
        if let Some(login) = login {
            request = request.header(AUTHORIZATION, login);
        }
        match tokio::time::timeout(http.options().response_timeout, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(reach::no_answer(&error.without_url(), url, !self.access.internal).into()),
            Err(_) => Err(reach::too_late(url).into()),
        }
    }

    /// A repository that moved on its host from http to https is still ours to log in to.
    fn may_tell(&self, url: &Url) -> bool {
        let same_host = url.host() == self.asked.host();
        let clear = url.scheme() != "https" && !guard::is_loopback(url);
        same_host && (!clear || self.way.rewritten || self.access.insecure)
    }

    /// The host as a client may know it: where the operator's own configuration leads is for the log.
    pub(super) fn told_host(&self, url: &Url) -> String {
        let asked = Url::parse(&self.way.asked).ok().filter(|_| self.way.rewritten);
        asked.as_ref().map_or_else(|| reach::host(url), reach::host)
    }

    /// What an answer other than 200 means.
    pub(super) fn refused(&self, url: &Url, response: &Response) -> Wrong {
        let status = response.status();
        let retry_after = self.shared.options.http.asked_to_wait(url, status, response.headers());
        Wrong::answered(status, retry_after, &self.told_host(url), format!("{}: {status}", wire::shown(url)))
    }
}
