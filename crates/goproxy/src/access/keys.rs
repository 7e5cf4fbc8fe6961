//! Documents of token issuers, over the client that everything else uses.

use async_trait::async_trait;
use goproxy_access::FetchKeys;
use goproxy_fetch::{Access, HttpClient};

/// A discovery document or a key set has a few thousand bytes.
const LIMIT: u64 = 256 << 10;

/// Gets them.
#[derive(Debug)]
pub(crate) struct HttpKeys(pub(crate) HttpClient);

#[async_trait]
impl FetchKeys for HttpKeys {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        // The operator configured the issuer: it may be inside. Plain http was refused already, but to this machine.
        let access = Access { internal: true, insecure: url.starts_with("http://"), ..Access::default() };
        let page = self.0.page(url, access, LIMIT).await.map_err(|error| format!("{url}: {}", error.message()))?;
        match page.status {
            200 => Ok(page.body.to_vec()),
            status => Err(format!("{url}: status {status}")),
        }
    }
}
