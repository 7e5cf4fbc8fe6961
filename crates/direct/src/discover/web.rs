//! What discovery needs of the network, so that tests can be a network of their own.

use async_trait::async_trait;
use gomod::ModulePath;
use goproxy_engine::Result;
use goproxy_fetch::{Access, GitClient, Groups, HttpClient, Page};

/// How much of a page is read: tags stand in its head.
const PAGE_LIMIT: u64 = 1 << 20;

#[async_trait]
pub(super) trait Web: Send + Sync + std::fmt::Debug {
    /// A page, whatever its status.
    async fn page(&self, url: &str, access: Access) -> Result<Page>;

    /// Whether there is a git repository: `git ls-remote`.
    async fn probe(&self, url: &str, access: Access) -> Result<()>;

    /// Which configured credentials are for a module.
    fn groups(&self, _: &ModulePath) -> Groups {
        Groups::default()
    }
}

#[derive(Debug)]
pub(super) struct Net {
    pub(super) http: HttpClient,
    pub(super) git: GitClient,
}

#[async_trait]
impl Web for Net {
    async fn page(&self, url: &str, access: Access) -> Result<Page> {
        self.http.page(url, access, PAGE_LIMIT).await
    }

    async fn probe(&self, url: &str, access: Access) -> Result<()> {
        self.git.remote(url, access).await?.refs().await.map(drop)
    }

    fn groups(&self, path: &ModulePath) -> Groups {
        self.http.groups(path)
    }
}
