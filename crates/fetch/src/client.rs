//! The one place where HTTP clients are made: TLS verified against the platform's roots, time limits, proxies from the
//! environment, redirects left to us, nothing decoded, nothing of a client's request passed on.

use std::{path::PathBuf, sync::Arc, time::Duration};

use goproxy_engine::{Error, ErrorKind, Result};
use reqwest::{Client, ClientBuilder, Url, redirect};

use crate::{guard, netrc, netrc::Netrc, proxies::ProxySettings, retry::Pauses, roots};

/// Limits and sources of configuration of a [`HttpClient`].
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// For a connection, with its TLS handshake.
    pub connect_timeout: Duration,
    /// From the request to the head of the answer. Long by default: an upstream may have to clone a repository first.
    pub response_timeout: Duration,
    /// How long a body may stand still. The same window must also bring a minimum of bytes, so that a drip of single
    /// bytes ends too.
    pub idle_timeout: Duration,
    /// Requests that are under way to one upstream at a time; more wait.
    pub in_flight: usize,
    /// Proxies to go through.
    pub proxies: ProxySettings,
    /// The `.netrc` file; one that cannot be read is no error.
    pub netrc: Option<PathBuf>,
}

impl Default for ClientOptions {
    /// The limits, with the proxies and `.netrc` that the environment names.
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            response_timeout: Duration::from_secs(180),
            idle_timeout: Duration::from_secs(60),
            in_flight: 64,
            proxies: ProxySettings::from_env(),
            netrc: netrc::path(|name| std::env::var_os(name)),
        }
    }
}

/// A pool of connections, shared by everything that speaks HTTP. Clones share the pool and what it knows.
#[derive(Clone, Debug)]
pub struct HttpClient(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    direct: Client,
    proxied: Client,
    options: ClientOptions,
    netrc: Netrc,
    pauses: Pauses,
}

impl HttpClient {
    /// Makes the clients.
    ///
    /// # Errors
    /// An unusable proxy or an unreadable `SSL_CERT_FILE`: the message names the setting.
    pub fn new(options: ClientOptions) -> Result<Self> {
        let direct = build(&options, Ok)?;
        let proxied = if options.proxies.is_empty() {
            direct.clone()
        } else {
            build(&options, |builder| options.proxies.apply(builder))?
        };
        let netrc = read_netrc(&options);
        Ok(Self(Arc::new(Inner { direct, proxied, options, netrc, pauses: Pauses::default() })))
    }

    /// The client for a URL: this machine is never reached through a proxy, as in Go.
    pub(crate) fn for_url(&self, url: &Url) -> &Client {
        if guard::is_loopback(url) { &self.0.direct } else { &self.0.proxied }
    }

    pub(crate) fn options(&self) -> &ClientOptions {
        &self.0.options
    }

    pub(crate) fn netrc(&self) -> &Netrc {
        &self.0.netrc
    }

    pub(crate) fn pauses(&self) -> &Pauses {
        &self.0.pauses
    }
}

/// As in `go`, a file that cannot be read gives no credentials; a container's user often cannot enter `$HOME`.
fn read_netrc(options: &ClientOptions) -> Netrc {
    let Some(path) = &options.netrc else { return Netrc::default() };
    match std::fs::read(path) {
        Ok(bytes) => return Netrc::parse(&String::from_utf8_lossy(&bytes)),
        Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {}
        Err(e) => tracing::warn!(path = %path.display(), error = %e, "credentials of the netrc file left out"),
    }
    Netrc::default()
}

/// Builds with the roots that Go would trust. Where one of the certificates beside the environment's is too odd for
/// the TLS library, all of those are left out; where a machine has no certificates at all (an empty container), https
/// fails later, with a reason, instead of keeping a proxy from starting that needs none.
fn build(options: &ClientOptions, finish: impl Fn(ClientBuilder) -> Result<ClientBuilder>) -> Result<Client> {
    let attempt = |builder: ClientBuilder| Ok::<_, Error>(finish(builder)?.build());
    let extra = roots::beside_env()?;
    if !extra.is_empty() {
        match attempt(base(options).tls_certs_merge(extra))? {
            Ok(client) => return Ok(client),
            Err(e) => {
                tracing::warn!(error = %chain(&e), "default certificates left out beside SSL_CERT_FILE or SSL_CERT_DIR");
            }
        }
    }
    let error = match attempt(base(options))? {
        Ok(client) => return Ok(client),
        Err(e) => chain(&e),
    };
    if roots::from_env() {
        let message = format!("no usable certificates where SSL_CERT_FILE and SSL_CERT_DIR point: {error}");
        return Err(Error::new(ErrorKind::Internal, message));
    }
    tracing::warn!(%error, "no certificates: https connections will fail; install ca-certificates or set SSL_CERT_FILE");
    attempt(base(options).tls_certs_only([]))?
        .map_err(|e| Error::new(ErrorKind::Internal, format!("the HTTP client cannot be made: {}", chain(&e))))
}

#[expect(clippy::disallowed_methods, reason = "the one home of HTTP clients")]
fn base(options: &ClientOptions) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("goproxy/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(options.connect_timeout)
        .pool_idle_timeout(Duration::from_secs(90))
        .tcp_keepalive(Duration::from_secs(30))
        // A peer that vanished behind a NAT would hold every request of its HTTP/2 connection until their time is up.
        .http2_keep_alive_interval(Duration::from_secs(20))
        .http2_keep_alive_timeout(Duration::from_secs(10))
}

/// An error with its causes, since `reqwest`'s own text leaves out the one that matters. Never holds a URL.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
