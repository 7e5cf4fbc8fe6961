//! `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` as Go's net/http reads them: upper case first, nothing from `ALL_PROXY`,
//! and never for this machine itself (the caller uses a client without proxies for that).

use goproxy_engine::{Error, ErrorKind, Result};
use reqwest::{ClientBuilder, NoProxy, Proxy, Url};

use crate::Secret;

/// The values of the variables; `None` and the empty string mean "no proxy".
#[derive(Clone, Debug, Default)]
pub struct ProxySettings {
    /// `HTTP_PROXY` or `http_proxy`: for http URLs.
    pub http: Option<Secret>,
    /// `HTTPS_PROXY` or `https_proxy`: for https URLs, through CONNECT.
    pub https: Option<Secret>,
    /// `NO_PROXY` or `no_proxy`: hosts, domains, addresses and networks to reach directly.
    pub no: Option<String>,
}

impl ProxySettings {
    /// Reads the environment of this process.
    pub fn from_env() -> Self {
        let read = |upper: &str, lower: &str| {
            [upper, lower].iter().filter_map(|name| std::env::var(name).ok()).find(|value| !value.is_empty())
        };
        Self {
            http: read("HTTP_PROXY", "http_proxy").map(Secret::new),
            https: read("HTTPS_PROXY", "https_proxy").map(Secret::new),
            no: read("NO_PROXY", "no_proxy"),
        }
    }

    /// Whether the builder is to be left without proxies.
    pub(crate) fn is_empty(&self) -> bool {
        self.http.is_none() && self.https.is_none()
    }

    /// The hosts of the proxies themselves, which may be anywhere.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let urls = [("HTTP_PROXY", &self.http), ("HTTPS_PROXY", &self.https)];
        let urls = urls.into_iter().filter_map(|(name, value)| parse(name, value.as_ref()?).ok());
        urls.filter_map(|url| url.host_str().map(str::to_owned)).collect()
    }

    /// Sets them on a builder that has none.
    pub(crate) fn apply(&self, mut builder: ClientBuilder) -> Result<ClientBuilder> {
        let no = NoProxy::from_string(self.no.as_deref().unwrap_or_default());
        if let Some(value) = &self.http {
            let proxy = Proxy::http(parse("HTTP_PROXY", value)?).map_err(|e| unusable("HTTP_PROXY", &e.to_string()))?;
            builder = builder.proxy(proxy.no_proxy(no.clone()));
        }
        if let Some(value) = &self.https {
            let proxy =
                Proxy::https(parse("HTTPS_PROXY", value)?).map_err(|e| unusable("HTTPS_PROXY", &e.to_string()))?;
            builder = builder.proxy(proxy.no_proxy(no));
        }
        Ok(builder)
    }
}

/// A value without a scheme means http, as everywhere. `socks5` leaves looking up names to the proxy, as Go's does.
/// Another scheme is refused rather than passed over: requests that were to go through a proxy must not go out directly.
fn parse(name: &str, value: &Secret) -> Result<Url> {
    let text = value.expose();
    let text = match text.split_once("://") {
        Some(("socks5", rest)) => format!("socks5h://{rest}"),
        Some(_) => text.to_owned(),
        None => format!("http://{text}"),
    };
    let url = Url::parse(&text).map_err(|e| unusable(name, &e.to_string()))?;
    match url.scheme() {
        "http" | "https" | "socks5h" => Ok(url),
        other => Err(unusable(name, &format!("the scheme {other} is not supported, use http, https or socks5"))),
    }
}

fn unusable(name: &str, why: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("the environment variable {name} is not a usable proxy: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_we_cannot_speak_are_errors_not_direct_connections() {
        for (value, scheme) in [
            ("proxy.example:3128", "http"),
            ("http://u:p@proxy.example", "http"),
            ("https://p.example", "https"),
            ("socks5://p.example:1080", "socks5h"),
            ("socks5h://p.example:1080", "socks5h"),
        ] {
            assert_eq!(parse("HTTP_PROXY", &Secret::new(value)).unwrap().scheme(), scheme, "{value}");
        }
        for value in ["socks4://p.example:1080", "ftp://p.example", "://", "http://"] {
            let error = parse("HTTP_PROXY", &Secret::new(value)).unwrap_err();
            assert!(error.message().contains("HTTP_PROXY"), "{error}");
        }
    }
}
