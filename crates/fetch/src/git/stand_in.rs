//! The host's git configuration, credentials and the `git` command, until the real ones are there.

use std::{path::Path, sync::Arc};

use goproxy_engine::{Error, Result};
use goproxy_git::{FetchRequest, ObjectFormat, Refs};
use reqwest::Url;

use super::{GitOptions, config::Way};
use crate::{Access, netrc::Login};

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
