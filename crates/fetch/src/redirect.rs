//! Where a redirect leads, if it may.

use goproxy_engine::ErrorKind;
use http::{HeaderMap, StatusCode, header::LOCATION};
use reqwest::Url;

use crate::{Access, Inside, failure::Failure, guard, wire};

/// Whether an answer of that status is a redirect.
pub(crate) fn leads_on(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The next hop. With [`Access::internal`] it may be anywhere but the metadata of a cloud, without it what is public or
/// in `inside`; with [`Access::insecure`] from https to http too.
pub(crate) fn next_hop(from: &Url, headers: &HeaderMap, access: Access, inside: &Inside) -> Result<Url, Failure> {
    let shown = wire::shown(from);
    let Some(location) = headers.get(LOCATION).and_then(|value| std::str::from_utf8(value.as_bytes()).ok()) else {
        let detail = format!("{shown}: a redirect without a Location");
        return Err(Failure::lasting(ErrorKind::Unavailable, "the upstream redirects to nowhere", detail));
    };
    let refused = |why: &str| {
        let message = "the upstream redirects to a place that is not allowed";
        Err(Failure::lasting(ErrorKind::Invalid, message, format!("{shown}: {why}")))
    };
    let Ok(mut to) = from.join(location) else { return refused("the Location is not a URL") };
    wire::strip_userinfo(&mut to);
    match (from.scheme(), to.scheme()) {
        (_, "https") | ("http", "http") => {}
        ("https", "http") if access.insecure => {}
        ("https", "http") => return refused("redirect from https to http"),
        (_, other) => return refused(&format!("redirect to the scheme {other}")),
    }
    let metadata = || guard::is_metadata(&to) && from.host() != to.host();
    if !inside.permits_url(&to) && (!access.internal || metadata()) {
        return refused(&format!("redirect to the internal address {}, not in -allowInside", wire::shown(&to)));
    }
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(from: &str, location: &str, inside: bool) -> Option<String> {
        let headers = HeaderMap::from_iter([(LOCATION, http::HeaderValue::from_str(location).unwrap())]);
        let access = Access { internal: inside, ..Access::default() };
        next_hop(&Url::parse(from).unwrap(), &headers, access, &Inside::default()).ok().map(Into::into)
    }

    #[test]
    fn redirects_lead_to_public_places_over_no_worse_a_connection() {
        let from = "https://proxy.example/a/b";
        assert_eq!(hop(from, "c", false).as_deref(), Some("https://proxy.example/a/c"));
        assert_eq!(hop(from, "//cdn.example/c?sig=1", false).as_deref(), Some("https://cdn.example/c?sig=1"));
        assert_eq!(hop("http://p.example/", "https://p.example/", false).as_deref(), Some("https://p.example/"));
        for refused in
            ["http://proxy.example/", "file:///etc/passwd", "ftp://proxy.example/", "javascript:1", "https://"]
        {
            assert_eq!(hop(from, refused, false), None, "{refused}");
            assert_eq!(hop(from, refused, true), None, "{refused}");
        }
    }

    #[test]
    fn redirects_of_internal_upstreams_led_to_the_credentials_of_the_machine() {
        for metadata in [
            "http://169.254.169.254/latest/meta-data/",
            "//0xa9fea9fe/",
            "http://[::ffff:169.254.169.254]/",
            "http://[fd00:ec2::254]/",
            "http://[fe80::1]/",
            "http://100.100.100.200/",
            "http://metadata.google.internal./computeMetadata/v1/",
        ] {
            assert_eq!(hop("http://10.1.2.3/x", metadata, true), None, "{metadata}");
            assert_eq!(hop("http://proxy.example/x", metadata, false), None, "{metadata}");
        }
        assert!(hop("http://10.1.2.3/x", "http://minio:9000/bucket/y", true).is_some());
        assert!(hop("http://169.254.1.1/x", "/y", true).is_some(), "the operator's own choice");
    }

    #[test]
    fn redirects_of_public_upstreams_do_not_lead_inside() {
        for internal in [
            "https://127.0.0.1/",
            "//127.0.0.1",
            "https://192.168.1.1/",
            "https://10.0.0.1/",
            "https://localhost:8443/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://2130706433/",
        ] {
            assert_eq!(hop("https://proxy.example/", internal, false), None, "{internal}");
            assert!(hop("https://10.1.1.1/", internal, true).is_some(), "{internal}");
        }
    }

    #[test]
    fn https_may_become_http_where_the_operator_does_not_mind() {
        let headers = HeaderMap::from_iter([(LOCATION, http::HeaderValue::from_static("http://p.example/"))]);
        let from = Url::parse("https://p.example/").unwrap();
        for insecure in [false, true] {
            let access = Access { insecure, ..Access::default() };
            assert_eq!(next_hop(&from, &headers, access, &Inside::default()).is_ok(), insecure);
        }
    }
}
