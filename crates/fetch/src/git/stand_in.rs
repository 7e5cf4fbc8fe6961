//! The host's git configuration, credentials and the `git` command, until the real ones are there.

use std::{path::Path, sync::Arc};

use goproxy_engine::{Error, Result};
use goproxy_git::{FetchRequest, ObjectFormat, Refs};
use http::{HeaderName, HeaderValue};
use reqwest::Url;

use super::GitOptions;
use crate::{Access, netrc::Login};

#[derive(Debug)]
pub(super) struct HostConfig;

impl HostConfig {
    pub(super) async fn for_url(&self, url: &str) -> Result<Way> {
        Ok(Way { url: url.to_owned(), rewritten: false, headers: Vec::new(), needs_git: None })
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) url: String,
    pub(crate) rewritten: bool,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) needs_git: Option<&'static str>,
}

#[derive(Debug)]
pub(super) struct Credentials(Arc<GitOptions>);

impl Credentials {
    pub(super) fn new(options: Arc<GitOptions>) -> Self {
        Self(options)
    }

    pub(super) async fn fill(&self, url: &Url) -> Option<Login> {
        self.0.http.netrc().login(url.host_str()?).cloned()
    }

    pub(super) async fn approve(&self, _: &Url, _: &Login) {}

    pub(super) async fn reject(&self, _: &Url, _: &Login) {}
}

#[derive(Debug)]
pub(super) struct CliRemote;

impl CliRemote {
    pub(super) fn new(options: &GitOptions, way: &Way, _: Access) -> Result<Self> {
        Err(Error::internal(format!("{options:?} {}", way.url)))
    }

    pub(super) async fn refs(&self) -> Result<(ObjectFormat, Refs)> {
        Err(Error::internal("not there yet"))
    }

    pub(super) async fn fetch(&self, _: &FetchRequest, _: &Path) -> Result<()> {
        Err(Error::internal("not there yet"))
    }
}
