//! Answers where a gate is: what it refuses, and what others may keep of what it lets through.

use gomod::Route;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use crate::{
    Gate,
    body::ReplyBody,
    error::Failure,
    gate::{Verdict, Wanted},
    reply,
};

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The header that the gate judges. Several are none that anybody can read.
pub(crate) fn authorization(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (Some(_), Some(_)) => Some(b""),
        (value, _) => value.map(HeaderValue::as_bytes),
    }
}

/// The answer to what the gate does not allow; `None` where it does.
pub(crate) fn refused(
    gate: &dyn Gate,
    verdict: Verdict,
    wanted: Wanted<'_>,
    method: &Method,
) -> Option<Response<ReplyBody>> {
    let failure = match verdict {
        Verdict::Allowed => return None,
        Verdict::Missing => Failure::new(StatusCode::UNAUTHORIZED, "credentials are required; see go help goauth"),
        Verdict::Bad(_) => Failure::new(StatusCode::UNAUTHORIZED, "the credentials are not valid"),
        Verdict::Forbidden => Failure::new(StatusCode::FORBIDDEN, "these credentials do not allow this"),
        Verdict::Hidden => Failure::new(StatusCode::NOT_FOUND, &hidden(wanted)),
        Verdict::Later(_, after) => Failure {
            retry_after: Some(after),
            ..Failure::new(StatusCode::SERVICE_UNAVAILABLE, "the credentials cannot be verified now, try again")
        },
    };
    let mut response = reply::failure(&failure, method);
    if failure.status == StatusCode::UNAUTHORIZED {
        for challenge in gate.challenges() {
            response.headers_mut().append(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
    }
    Some(response)
}

/// Depends on the path alone, so that it tells nothing about what is there.
fn hidden(wanted: Wanted<'_>) -> String {
    match wanted {
        Wanted::Module(path) => format!("{path}: it does not exist, or these credentials may not read it"),
        Wanted::Checksums | Wanted::Metrics => String::new(),
    }
}

/// What depends on who asks is kept by nobody else: caches that many share skip it, and failures are kept nowhere.
pub(crate) fn keep_private(headers: &mut HeaderMap, status: StatusCode, route: Option<&Route>) {
    let private = headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok()?.strip_prefix("public"));
    let private = private.and_then(|rest| HeaderValue::try_from(format!("private{rest}")).ok());
    let failed = status.is_client_error() || status.is_server_error();
    headers.insert(header::CACHE_CONTROL, private.filter(|_| !failed).unwrap_or(NO_STORE));
    let vary = match route {
        Some(Route::Module(_)) => "Authorization, Disable-Module-Fetch",
        _ => "Authorization",
    };
    headers.insert(header::VARY, HeaderValue::from_static(vary));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_caches_keep_nothing_and_nobody_keeps_failures() {
        for (control, status, kept) in [
            (Some("public, max-age=31536000, immutable"), 200, "private, max-age=31536000, immutable"),
            (Some("public, max-age=300"), 304, "private, max-age=300"),
            (Some("public, max-age=60"), 404, "no-store"),
            (Some("no-store"), 200, "no-store"),
            (None, 200, "no-store"),
        ] {
            let mut headers = HeaderMap::new();
            control.map(|control| headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(control)));
            keep_private(&mut headers, StatusCode::from_u16(status).unwrap(), None);
            assert_eq!(headers[header::CACHE_CONTROL], kept, "{control:?} {status}");
            assert_eq!(headers[header::VARY], "Authorization");
        }
    }

    #[test]
    fn two_authorization_headers_are_one_that_is_bad() {
        let mut headers = HeaderMap::new();
        assert_eq!(authorization(&headers), None);
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("Basic dTpw"));
        assert_eq!(authorization(&headers), Some(&b"Basic dTpw"[..]));
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("Basic dTpw"));
        assert_eq!(authorization(&headers), Some(&b""[..]));
    }
}
