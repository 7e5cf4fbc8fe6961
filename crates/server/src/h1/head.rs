//! The head of a request: what is plain, and what is left to hyper.

use std::mem::MaybeUninit;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};

/// Requests with more fields are odd. `go` sends four, browsers fifteen.
const FIELDS: usize = 32;

/// What the beginning of the input is.
#[derive(Debug)]
pub(super) enum Head {
    /// Not yet a head.
    Incomplete,
    /// GET or HEAD in HTTP/1.1, of so many bytes, without a body.
    Plain(Box<Request<()>>, usize),
    /// Anything else, and whatever is wrong.
    Odd,
}

/// Looks at the input.
pub(super) fn parse(input: &[u8]) -> Head {
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
    let mut head = httparse::Request::new(&mut []);
    match head.parse_with_uninit_headers(input, &mut fields) {
        Ok(httparse::Status::Complete(len)) => plain(&head, input, len).unwrap_or(Head::Odd),
        Ok(httparse::Status::Partial) if is_beginning(input) => Head::Incomplete,
        _ => Head::Odd,
    }
}

/// Whether it may become plain: what will not is hyper's from its first byte on, so that its refusals are early.
fn is_beginning(input: &[u8]) -> bool {
    [&b"GET /"[..], b"HEAD /"].iter().any(|begin| begin.iter().zip(input).all(|(a, b)| a == b))
}

fn plain(head: &httparse::Request<'_, '_>, input: &[u8], len: usize) -> Option<Head> {
    let method = match head.method? {
        "GET" => Method::GET,
        "HEAD" => Method::HEAD,
        _ => return None,
    };
    let target = head.path.filter(|target| target.starts_with('/'))?;
    if head.version != Some(1) || !input.starts_with(method.as_str().as_bytes()) {
        return None;
    }
    let bytes = Bytes::copy_from_slice(&input[..len]);
    // The slice is a part of the input, and the copy has the same parts.
    let shared = |part: &[u8]| {
        let at = part.as_ptr().addr() - input.as_ptr().addr();
        bytes.slice(at..at + part.len())
    };
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from_maybe_shared(shared(target.as_bytes())).ok()?;
    let headers = request.headers_mut();
    headers.reserve(head.headers.len());
    for field in &*head.headers {
        let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_maybe_shared(shared(field.value)).ok()?);
    }
    is_plain(headers).then(|| Head::Plain(Box::new(request), len))
}

/// Whether nothing follows, and nothing else than an answer is asked for.
fn is_plain(headers: &HeaderMap) -> bool {
    let odd = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::EXPECT, header::UPGRADE];
    let known = |value: &HeaderValue| {
        let value = value.as_bytes();
        value.eq_ignore_ascii_case(b"close") || value.eq_ignore_ascii_case(b"keep-alive")
    };
    !odd.iter().any(|name| headers.contains_key(name)) && headers.get_all(header::CONNECTION).iter().all(known)
}

/// Whether the connection ends with this message.
pub(super) fn closes(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONNECTION).iter().any(|value| value.as_bytes().eq_ignore_ascii_case(b"close"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_odd(input: &str) -> bool {
        matches!(parse(input.as_bytes()), Head::Odd)
    }

    #[test]
    fn every_beginning_of_a_plain_request_is_incomplete() {
        let input = "HEAD /a.b/c/@v/list?x HTTP/1.1\r\nHost: a\r\nX: \r\nX: y\r\nConnection: Close\r\n\r\nGET";
        for end in 0..input.len() - 3 {
            assert!(matches!(parse(&input.as_bytes()[..end]), Head::Incomplete), "{end}");
        }
        let Head::Plain(request, len) = parse(input.as_bytes()) else { panic!("odd") };
        assert_eq!((&input[len..], request.method()), ("GET", &Method::HEAD));
        assert_eq!(request.uri().path_and_query().unwrap(), "/a.b/c/@v/list?x");
        assert_eq!(request.headers().get_all("x").iter().collect::<Vec<_>>(), ["", "y"]);
        assert!(closes(request.headers()));
    }

    #[test]
    fn what_is_odd() {
        for input in [
            "P",
            "PRI * HTTP/2.0\r\n\r\n",
            "POST / HTTP/1.1\r\n",
            "GET http://a/ HTTP/1.1\r\n",
            "GET * HTTP/1.1\r\n",
            "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
            "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nA b: c\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
            "GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
            "GET / HTTP/1.1\r\nTransfer-Encoding: x\r\n\r\n",
            "GET / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n",
            "GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n",
            "GET / HTTP/1.1\r\nConnection: keep-alive, x\r\n\r\n",
            "GET /\u{1} HTTP/1.1\r\n\r\n",
        ] {
            assert!(is_odd(input), "{input:?}");
        }
        assert!(is_odd(&format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(FIELDS + 1))));
    }
}
