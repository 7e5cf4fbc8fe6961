//! The `http.*` settings of git 2.29 to 2.52, as far as our own HTTP client honours them: what it cannot honour makes the
//! `git` command the only way to a place.

use std::{collections::HashMap, ffi::OsStr, path::Path};

use http::{HeaderName, HeaderValue, header::USER_AGENT};

use super::entries::is_true;
use crate::{
    exec::hostenv::{self, Var},
    roots,
};

/// What a setting asks for that only git can do.
enum Needs {
    /// Something, unless it is empty.
    Set,
    /// Something, if it is false.
    False,
    /// Something, unless it is one of these.
    Unless(&'static [&'static str]),
}

/// Harmless, since they are about how and not about whom or whether: sslCertPasswordProtected, sslCertType, sslKeyType,
/// proxySSLCertPasswordProtected (without a certificate they say nothing), sslTry, noEPSV (ftp), schannelCheckRevoke,
/// schannelUseSSLCAInfo, sslAutoClientCert (Windows), saveCookies (without cookieFile), version, maxRequests,
/// minSessions, postBuffer, lowSpeedLimit, lowSpeedTime, keepAlive*, maxRetries, retryAfter, maxRetryTime,
/// proactiveAuth and followRedirects (ours are followed on the same host only). Honoured: extraHeader, userAgent.
const NEED_GIT: &[(&str, Needs, &str)] = &[
    ("proxy", Needs::Set, "http.proxy"),
    ("proxyauthmethod", Needs::Unless(&["", "anyauth", "basic"]), "http.proxyAuthMethod"),
    ("proxysslcert", Needs::Set, "http.proxySSLCert"),
    ("proxysslkey", Needs::Set, "http.proxySSLKey"),
    ("proxysslcainfo", Needs::Set, "http.proxySSLCAInfo"),
    ("sslverify", Needs::False, "http.sslVerify"),
    ("sslcert", Needs::Set, "http.sslCert"),
    ("sslkey", Needs::Set, "http.sslKey"),
    ("sslcainfo", Needs::Set, "http.sslCAInfo"),
    ("sslcapath", Needs::Set, "http.sslCAPath"),
    ("sslbackend", Needs::Set, "http.sslBackend"),
    ("sslversion", Needs::Unless(&["", "default", "tlsv1", "tlsv1.2", "tlsv1.3"]), "http.sslVersion"),
    ("sslcipherlist", Needs::Set, "http.sslCipherList"),
    ("pinnedpubkey", Needs::Set, "http.pinnedPubkey"),
    ("cookiefile", Needs::Set, "http.cookieFile"),
    ("curloptresolve", Needs::Set, "http.curloptResolve"),
    // `auto` is what git does anyway.
    ("emptyauth", Needs::Unless(&["", "auto", "false", "no", "off", "0"]), "http.emptyAuth"),
    ("delegation", Needs::Unless(&["", "none"]), "http.delegation"),
];

/// Variables that say the same.
const VARIABLES: &[(&str, &str)] = &[
    ("GIT_SSL_NO_VERIFY", "GIT_SSL_NO_VERIFY"),
    ("GIT_SSL_CERT", "GIT_SSL_CERT"),
    ("GIT_SSL_KEY", "GIT_SSL_KEY"),
    ("GIT_SSL_CAINFO", "GIT_SSL_CAINFO"),
    ("GIT_SSL_CAPATH", "GIT_SSL_CAPATH"),
    ("GIT_SSL_CIPHER_LIST", "GIT_SSL_CIPHER_LIST"),
    ("GIT_PROXY_SSL_CERT", "GIT_PROXY_SSL_CERT"),
    ("GIT_PROXY_SSL_KEY", "GIT_PROXY_SSL_KEY"),
    ("GIT_PROXY_SSL_CAINFO", "GIT_PROXY_SSL_CAINFO"),
];

type Settings<'a> = HashMap<&'a str, Vec<&'a str>>;

/// Why only the `git` command can do what the settings ask for.
pub(super) fn obstacle(settings: &Settings<'_>, env: &[Var], tls: bool) -> Option<&'static str> {
    // Without TLS its settings say nothing, and a bundle of authorities that we trust anyway changes nothing.
    let matters = |reason: &str, value: &OsStr| {
        let about_tls = reason.starts_with("GIT_SSL_") || reason.starts_with("http.ssl");
        let authorities = reason == "GIT_SSL_CAINFO" || reason == "http.sslCAInfo";
        (tls || !about_tls) && !(authorities && roots::trusts(Path::new(value)))
    };
    let variable =
        VARIABLES.iter().find(|(name, reason)| hostenv::get(env, name).is_some_and(|value| matters(reason, value)));
    let variable = variable.map(|(_, reason)| *reason);
    let setting = NEED_GIT.iter().find_map(|(name, needs, reason)| {
        let value = settings.get(name)?.last().filter(|value| matters(reason, OsStr::new(value)))?;
        let asks = match needs {
            Needs::Set => !value.is_empty(),
            Needs::False => !is_true(value),
            Needs::Unless(usual) => !usual.contains(&value.to_ascii_lowercase().as_str()),
        };
        asks.then_some(*reason)
    });
    // An empty http.proxy turns off the one of the environment, which our client would use.
    let unproxied = settings.get("proxy").is_some_and(|values| values.last() == Some(&""))
        && env.iter().any(|(name, _)| name.to_ascii_lowercase().to_string_lossy().ends_with("_proxy"));
    variable.or(setting).or_else(|| unproxied.then_some("http.proxy"))
}

/// The headers of `http.extraHeader`, from the last empty one on, and `http.userAgent`. `None` where one of them is no
/// header of HTTP.
pub(super) fn headers(settings: &Settings<'_>, env: &[Var]) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let extra = settings.get("extraheader").map(Vec::as_slice).unwrap_or_default();
    let from = extra.iter().rposition(|line| line.is_empty()).map_or(0, |at| at + 1);
    let mut headers = Vec::new();
    for line in &extra[from..] {
        let (name, value) = line.split_once(':')?;
        if value.trim().is_empty() {
            // libcurl takes this for a header to be left out.
            continue;
        }
        headers.push((HeaderName::try_from(name.trim()).ok()?, sensitive(value.trim())?));
    }
    let variable = hostenv::get(env, "GIT_HTTP_USER_AGENT").and_then(|value| value.to_str());
    let agent = variable.or_else(|| settings.get("useragent").and_then(|values| values.last().copied()));
    if let Some(agent) = agent.filter(|agent| !agent.is_empty()) {
        headers.push((USER_AGENT, HeaderValue::try_from(agent).ok()?));
    }
    Some(headers)
}

pub(super) fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(settings: &[(&'static str, &'static str)]) -> Option<&'static str> {
        obstacle(&settings.iter().map(|(name, value)| (*name, vec![*value])).collect(), &[], true)
    }

    #[test]
    fn what_our_client_cannot_do_needs_git() {
        for (name, value, why) in [
            ("proxy", "http://p:1", "http.proxy"),
            ("sslverify", "false", "http.sslVerify"),
            ("sslverify", "0", "http.sslVerify"),
            ("sslcert", "/c", "http.sslCert"),
            ("sslcainfo", "/c", "http.sslCAInfo"),
            ("cookiefile", "/c", "http.cookieFile"),
            ("sslversion", "tlsv1.0", "http.sslVersion"),
            ("emptyauth", "true", "http.emptyAuth"),
            ("delegation", "always", "http.delegation"),
        ] {
            assert_eq!(reason(&[(name, value)]), Some(why), "{name}={value}");
        }
        for (name, value) in [
            ("proxy", ""),
            ("sslverify", "true"),
            ("sslcert", ""),
            ("sslversion", "tlsv1.2"),
            ("emptyauth", "auto"),
            ("postbuffer", "1"),
            ("version", "HTTP/1.1"),
            ("followredirects", "false"),
            ("neverheardof", "x"),
        ] {
            assert_eq!(reason(&[(name, value)]), None, "{name}={value}");
        }
        let env = |name: &str| [(name.into(), "1".into())];
        assert_eq!(obstacle(&HashMap::new(), &env("GIT_SSL_NO_VERIFY"), true), Some("GIT_SSL_NO_VERIFY"));
        assert_eq!(obstacle(&HashMap::from([("proxy", vec![""])]), &env("https_proxy"), true), Some("http.proxy"));
    }

    #[test]
    fn extra_headers_from_the_last_empty_one_on() {
        let lines = |lines: &[&'static str]| {
            let headers = headers(&HashMap::from([("extraheader", lines.to_vec())]), &[]);
            headers.map(|all| all.iter().map(|(n, v)| format!("{n}={}", v.to_str().unwrap())).collect::<Vec<_>>())
        };
        assert_eq!(lines(&["A: 1", "", "B: 2", "c:3", "Expect:"]).unwrap(), ["b=2", "c=3"]);
        assert_eq!(lines(&["A: 1", ""]).unwrap(), [""; 0]);
        assert_eq!(lines(&["no header"]), None);
        assert_eq!(lines(&["a b: c"]), None);
        let all = headers(&HashMap::from([("extraheader", vec!["Authorization: canary"])]), &[]).unwrap();
        assert!(!format!("{all:?}").contains("canary"));
    }
}
