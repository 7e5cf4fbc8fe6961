//! The one place where HTTP clients are made: TLS verified against the platform's roots, time limits, proxies from the
//! environment, redirects left to us, nothing decoded, nothing of a client's request passed on.

use std::{
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, Once, OnceLock},
    time::Duration,
};

use gomod::ModulePath;
use goproxy_engine::{Error, ErrorKind, Observer, Result, Unobserved};
use reqwest::{Client, ClientBuilder, Url, redirect};

use crate::{
    Access, Credentials, Groups, Inside, Lookup, guard, netrc, netrc::Netrc, proxies::ProxySettings, reach,
    resolve::Resolver, retry::Pauses, roots,
};

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
    /// The credentials of the configuration.
    pub credentials: Credentials,
    /// Told how upstreams answer.
    pub observer: Arc<dyn Observer>,
    /// What strangers may name although it is not public.
    pub inside: Inside,
    /// Where names are looked up; scripted in tests.
    pub lookup: Lookup,
}

impl Default for ClientOptions {
    /// The limits, with the proxies and `.netrc` that the environment names.
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            response_timeout: Duration::from_secs(180),
            idle_timeout: Duration::from_secs(60),
            in_flight: 128,
            proxies: ProxySettings::from_env(),
            netrc: netrc::path(|name| std::env::var_os(name)),
            credentials: Credentials::default(),
            observer: Arc::new(Unobserved),
            inside: Inside::default(),
            lookup: Lookup::default(),
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
    /// For what is done on behalf of strangers, and for TLS that cannot be verified: made when first needed.
    special: [OnceLock<Client>; 8],
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
        let open = Way { guarded: false, insecure: false, proxied: false };
        let direct = build(&options, open)?;
        let proxied =
            if options.proxies.is_empty() { direct.clone() } else { build(&options, Way { proxied: true, ..open })? };
        let (netrc, special, pauses) = (read_netrc(&options), Default::default(), Pauses::default());
        Ok(Self(Arc::new(Inner { direct, proxied, special, options, netrc, pauses })))
    }

    /// The client for a URL that the operator configured: this machine is never reached through a proxy, as in Go.
    pub(crate) fn for_url(&self, url: &Url) -> &Client {
        if guard::is_loopback(url) { &self.0.direct } else { &self.0.proxied }
    }

    /// The client for a URL that a module, a page or a redirect named.
    ///
    /// # Errors
    /// A URL that such a one may not name ([`Access::internal`]).
    pub(crate) fn for_access(&self, url: &Url, access: Access) -> Result<&Client> {
        let guarded = !access.internal;
        // A stranger has no business with our proxies either, where they would be reached past the guard.
        let ours = |host: &String| url.host_str().is_some_and(|named| host.eq_ignore_ascii_case(named));
        if self.inside().forbids(url) {
            return Err(reach::no_address(url, true));
        }
        if guarded && (!self.inside().permits_url(url) || self.0.options.proxies.hosts().iter().any(ours)) {
            return Err(reach::no_address(url, true));
        }
        if !guarded && !access.insecure {
            return Ok(self.for_url(url));
        }
        let proxied = !self.0.options.proxies.is_empty() && !guard::is_loopback(url);
        self.special(Way { guarded, insecure: access.insecure, proxied })
    }

    /// Makes the client that public modules will need, so that none of them waits for it.
    pub fn prepare(&self) {
        // What fails here fails again when it is needed, and is told then.
        let proxied = !self.0.options.proxies.is_empty();
        let _ = self.special(Way { guarded: true, insecure: false, proxied });
    }

    fn special(&self, way: Way) -> Result<&Client> {
        let slot = &self.0.special[way.index()];
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let client = build(&self.0.options, way)?;
        Ok(slot.get_or_init(|| client))
    }

    /// Where a program may connect to that is sent to this host: none where a proxy looks names up.
    ///
    /// # Errors
    /// A host that `access` does not allow.
    pub(crate) async fn vetted(&self, host: &str, access: Access) -> Result<Vec<IpAddr>> {
        let url = Url::parse(&format!("https://{host}/"))
            .map_err(|e| Error::new(ErrorKind::Refused, format!("not a host: {host}: {e}")))?;
        self.for_access(&url, access)?;
        if access.internal || !self.0.options.proxies.is_empty() {
            return Ok(Vec::new());
        }
        let name = url.host_str().unwrap_or_default();
        if let Ok(ip) = name.trim_matches(['[', ']']).parse() {
            return Ok(vec![ip]);
        }
        let found = self.0.options.lookup.addresses(name, true, self.inside()).await;
        let found = found.map_err(|e| reach::no_address(&url, true).with_detail(e.to_string()))?;
        Ok(found.into_iter().map(|address| address.ip()).collect())
    }

    /// The credentials of the configuration, which may be replaced.
    pub fn credentials(&self) -> &Credentials {
        &self.0.options.credentials
    }

    /// Which configured credentials are for a module.
    pub fn groups(&self, path: &ModulePath) -> Groups {
        self.0.options.credentials.groups(path)
    }

    pub(crate) fn inside(&self) -> &Inside {
        &self.0.options.inside
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

/// What makes one client differ from another.
#[derive(Clone, Copy, Debug)]
struct Way {
    guarded: bool,
    insecure: bool,
    proxied: bool,
}

impl Way {
    fn index(self) -> usize {
        usize::from(self.guarded) << 2 | usize::from(self.insecure) << 1 | usize::from(self.proxied)
    }

    fn apply(self, builder: ClientBuilder, options: &ClientOptions) -> Result<ClientBuilder> {
        let exempt = if self.proxied { options.proxies.hosts() } else { Vec::new() };
        let (lookup, inside) = (options.lookup.clone(), options.inside.clone());
        let builder = builder
            .dns_resolver(Arc::new(Resolver { lookup, guarded: self.guarded, inside, exempt }))
            .tls_danger_accept_invalid_certs(self.insecure);
        if self.proxied { options.proxies.apply(builder) } else { Ok(builder) }
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

/// That the roots are our own is said once: there is a client for each kind of access, and new ones with each SIGHUP.
static SAID: Once = Once::new();

/// Builds with the roots that Go would trust. Where one of the certificates beside the environment's is too odd for
/// the TLS library, all of those are left out; where a machine has no certificates at all (an empty container), those
/// that the program brings along are trusted.
fn build(options: &ClientOptions, way: Way) -> Result<Client> {
    let attempt = |builder: ClientBuilder| Ok::<_, Error>(way.apply(builder, options)?.build());
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
    SAID.call_once(|| {
        tracing::info!(
            %error,
            "this machine has no certificates of authorities: Mozilla's of when this program was built are trusted; for \
             others, install ca-certificates or set SSL_CERT_FILE"
        );
    });
    attempt(base(options).tls_certs_only(roots::built_in()))?
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
