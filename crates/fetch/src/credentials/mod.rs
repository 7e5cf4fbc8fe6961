//! Credentials for others: from the userinfo of a URL, from the configuration, or from `.netrc`. They belong to one place
//! and are attached to requests for that place only, whatever it redirects to.

mod bound;
pub(crate) mod child;
pub(crate) mod echo;
mod entry;
mod row;
mod secret_from;
mod table;

use base64::Engine as _;
use goproxy_engine::{Error, ErrorKind, Result};
use http::HeaderValue;
use reqwest::Url;

pub use self::{
    row::CredentialRow,
    secret_from::SecretFrom,
    table::{Credentials, Groups},
};

use self::bound::Bound;
pub(crate) use self::entry::Entry;
use crate::{
    HttpClient, Secret,
    netrc::{Login, Netrc},
    wire,
};

/// What to send to whom. The header value is marked sensitive, so `Debug` and HTTP/2's header tables leave it out.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    bound: Bound,
    header: HeaderValue,
}

impl Credential {
    /// Takes the userinfo out of `url`.
    ///
    /// # Errors
    /// As `go` does, a URL with userinfo must be https: over plain http the password would be readable on the way. The
    /// exception is the machine itself.
    pub(crate) fn take(url: &mut Url) -> Result<Option<Self>> {
        let login = userinfo(url)?;
        wire::strip_userinfo(url);
        match login {
            Some(_) if !Bound::host_of(url).is_safe(false) => {
                let message = format!("refusing to send credentials to the insecure URL {}", wire::shown(url));
                Err(Error::new(ErrorKind::Refused, message))
            }
            Some(login) => Ok(Some(Self { bound: Bound::host_of(url), header: basic(&login)? })),
            None => Ok(None),
        }
    }

    /// What `.netrc` has for the host of `url`.
    fn of_netrc(url: &Url, netrc: &Netrc) -> Result<Option<Self>> {
        let bound = Bound::host_of(url);
        let login = netrc.login(&machine(url)).filter(|_| bound.is_safe(false));
        login.map(|login| Ok(Self { header: basic(&login)?, bound })).transpose()
    }

    /// A bearer token for the host of `url`.
    ///
    /// # Errors
    /// A token that is no header value.
    pub(crate) fn bearer(url: &Url, token: &Secret) -> Result<Self> {
        Ok(Self { bound: Bound::host_of(url), header: bearer(token)? })
    }

    /// The `Authorization` for a request to `url`, if it lies where the credentials belong.
    pub(crate) fn for_url(&self, url: &Url) -> Option<&HeaderValue> {
        self.bound.fits(url).map(|_| &self.header)
    }

    /// What a server said, without the credentials that it was sent.
    pub(crate) fn cut(&self, said: &str) -> String {
        echo::without(said, [&self.header])
    }
}

impl HttpClient {
    /// What to send to a URL and to nobody whom it redirects to: `own`, which its userinfo said; else what is configured;
    /// else what `.netrc` has.
    ///
    /// # Errors
    /// A configured secret that cannot be had.
    pub(crate) async fn credential(
        &self,
        url: &Url,
        own: Option<&Credential>,
        groups: Groups,
        insecure: bool,
    ) -> Result<Option<Credential>> {
        if let Some(own) = own {
            return Ok(Some(own.clone()));
        }
        match self.options().credentials.find(url, groups, insecure) {
            Some(entry) => Box::pin(entry.credential()).await.map(Some),
            None => Credential::of_netrc(url, self.netrc()),
        }
    }
}

fn userinfo(url: &Url) -> Result<Option<Login>> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let decode = |text| {
        String::from_utf8(wire::percent_decode(text))
            .map_err(|_| Error::new(ErrorKind::Refused, "the user or password in the URL is not UTF-8"))
    };
    let password = Secret::new(decode(url.password().unwrap_or_default())?);
    Ok(Some(Login { user: decode(url.username())?, password }))
}

/// The name `.netrc` knows it by: with the port where that is not the scheme's own.
fn machine(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// RFC 7617.
pub(crate) fn basic(login: &Login) -> Result<HeaderValue> {
    let token = format!("{}:{}", login.user, login.password.expose());
    let text = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(token));
    let mut value = HeaderValue::try_from(text)
        .map_err(|_| Error::new(ErrorKind::Internal, "the credentials do not fit into a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// RFC 6750.
pub(crate) fn bearer(token: &Secret) -> Result<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose()))
        .map_err(|_| Error::new(ErrorKind::Refused, "the token does not fit into a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(url: &str, netrc: &str) -> (Url, Result<Option<Credential>>) {
        let mut url = Url::parse(url).unwrap();
        let credential = Credential::take(&mut url).and_then(|own| match own {
            Some(own) => Ok(Some(own)),
            None => Credential::of_netrc(&url, &Netrc::parse(netrc)),
        });
        (url, credential)
    }

    fn sent(credential: &Credential, url: &str) -> Option<String> {
        let header = credential.for_url(&Url::parse(url).unwrap())?.to_str().unwrap();
        let token = base64::engine::general_purpose::STANDARD.decode(header.strip_prefix("Basic ").unwrap());
        Some(String::from_utf8(token.unwrap()).unwrap())
    }

    #[test]
    fn userinfo_is_decoded_and_removed() {
        let (url, credential) = take("https://me%40corp:p%3Aw%2F@proxy.example/base", "");
        assert_eq!(url.as_str(), "https://proxy.example/base");
        let credential = credential.unwrap().unwrap();
        assert_eq!(sent(&credential, "https://proxy.example/base/x").as_deref(), Some("me@corp:p:w/"));
        assert!(!format!("{credential:?}").contains("Basic"));
    }

    #[test]
    fn credentials_stay_with_scheme_host_and_port() {
        let credential = take("https://u:p@proxy.example", "").1.unwrap().unwrap();
        assert!(sent(&credential, "https://proxy.example:443/").is_some());
        for other in ["http://proxy.example/", "https://proxy.example:8443/", "https://a.proxy.example/"] {
            assert_eq!(sent(&credential, other), None, "{other}");
        }
    }

    #[test]
    fn netrc_serves_https_hosts_by_exact_name() {
        let netrc = "machine a.example login u password p\nmachine b.example:8443 login v password q\n";
        let found = |url| take(url, netrc).1.unwrap().and_then(|c| sent(&c, url));
        assert_eq!(found("https://a.example/x").as_deref(), Some("u:p"));
        assert_eq!(found("https://b.example:8443/x").as_deref(), Some("v:q"));
        for none in ["http://a.example/", "https://a.example:8443/", "https://b.example/", "https://x.a.example/"] {
            assert_eq!(found(none), None, "{none}");
        }
    }

    #[test]
    fn userinfo_goes_before_netrc() {
        let credential = take("https://u:p@a.example", "machine a.example login v password q\n").1.unwrap().unwrap();
        assert_eq!(sent(&credential, "https://a.example/").as_deref(), Some("u:p"));
    }

    #[test]
    fn userinfo_over_plain_http_is_refused_but_not_to_this_machine() {
        let error = take("http://u:canary@proxy.example/", "").1.unwrap_err();
        assert!(!error.message().contains("canary"), "{error}");
        assert!(take("http://u:p@127.0.0.1:8080/", "").1.unwrap().is_some());
    }
}
