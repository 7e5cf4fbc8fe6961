//! The head of a request: what is plain, and what is left to hyper.

use std::{borrow::Cow, mem::MaybeUninit};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};

/// Requests with more fields are odd. `go` sends four, browsers fifteen.
pub(super) const FIELDS: usize = 32;

/// Fields that make a request odd: something follows, or something else than an answer is asked for.
const ODD: [&str; 4] = ["content-length", "transfer-encoding", "expect", "upgrade"];

/// Fields that may change the answer, where nobody has to say who they are.
const TOLD: [&str; 6] =
    ["connection", "disable-module-fetch", "if-match", "if-modified-since", "if-unmodified-since", "if-range"];

/// Such fields that caches and downloaders send by the thousand, with the same value.
const KEYED: [&str; 2] = ["if-none-match", "range"];
/// How long their values may be.
const VALUE: usize = 64;

/// What the beginning of the input is.
#[derive(Debug)]
pub(super) enum Head<'a> {
    /// Not yet a head.
    Incomplete,
    /// GET or HEAD in HTTP/1.1 without a body.
    Plain(Plain<'a>),
    /// Anything else, and whatever is wrong.
    Odd,
}

/// See [`Head::Plain`].
#[derive(Debug)]
pub(super) struct Plain<'a> {
    method: Method,
    pub(super) target: &'a str,
    fields: &'a [httparse::Header<'a>],
    input: &'a [u8],
}

/// Looks at the input.
pub(super) fn parse<'a>(input: &'a [u8], space: &'a mut [MaybeUninit<httparse::Header<'a>>; FIELDS]) -> Head<'a> {
    let mut head = httparse::Request::new(&mut []);
    match head.parse_with_uninit_headers(input, space) {
        Ok(httparse::Status::Complete(len)) => {
            let (method, target, version) = (head.method, head.path, head.version);
            Plain::new(method, target, version, head.headers, &input[..len]).map_or(Head::Odd, Head::Plain)
        }
        Ok(httparse::Status::Partial) if is_beginning(input) => Head::Incomplete,
        _ => Head::Odd,
    }
}

/// Whether it may become plain: what will not is hyper's from its first byte on, so that its refusals are early.
fn is_beginning(input: &[u8]) -> bool {
    [&b"GET /"[..], b"HEAD /"].iter().any(|begin| begin.iter().zip(input).all(|(a, b)| a == b))
}

impl<'a> Plain<'a> {
    fn new(
        method: Option<&str>,
        target: Option<&'a str>,
        version: Option<u8>,
        fields: &'a [httparse::Header<'a>],
        input: &'a [u8],
    ) -> Option<Self> {
        let method = match method? {
            "GET" => Method::GET,
            "HEAD" => Method::HEAD,
            _ => return None,
        };
        let target = target.filter(|target| target.starts_with('/'))?;
        // The parser passes over empty lines.
        let begins = input.starts_with(method.as_str().as_bytes());
        let plain = Self { method, target, fields, input };
        (begins && version == Some(1) && plain.fields.iter().all(|field| !is_odd(field))).then_some(plain)
    }

    /// How long it is.
    pub(super) const fn len(&self) -> usize {
        self.input.len()
    }

    /// All of it that counts, where that is little: of a GET its target, and lines with what is keyed.
    pub(super) fn key(&self) -> Option<Cow<'a, str>> {
        let (mut key, mut hosts) = (Cow::Borrowed(self.target), 0);
        for field in self.fields {
            let is = |name: &&str| field.name.eq_ignore_ascii_case(name);
            hosts += usize::from(is(&"host"));
            if TOLD.iter().any(is) {
                return None;
            }
            if let Some(name) = KEYED.into_iter().find(|name| is(name)) {
                let value = std::str::from_utf8(field.value).ok().filter(|value| value.len() <= VALUE)?;
                key.to_mut().extend(["\n", name, value]);
            }
        }
        (self.method == Method::GET && hosts == 1).then_some(key)
    }

    /// The value of a field.
    pub(super) fn field(&self, name: &str) -> Option<&'a [u8]> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
    }

    /// All of it; `None` if something in it is odd after all.
    pub(super) fn request(&self) -> Option<Request<()>> {
        let bytes = Bytes::copy_from_slice(self.input);
        // What is a part of the input is the same part of the copy.
        let shared = |part: &[u8]| {
            let at = part.as_ptr().addr() - self.input.as_ptr().addr();
            bytes.slice(at..at + part.len())
        };
        let mut request = Request::new(());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = Uri::from_maybe_shared(shared(self.target.as_bytes())).ok()?;
        let headers = request.headers_mut();
        headers.reserve(self.fields.len());
        for field in self.fields {
            let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
            headers.append(name, HeaderValue::from_maybe_shared(shared(field.value)).ok()?);
        }
        Some(request)
    }
}

fn is_odd(field: &httparse::Header<'_>) -> bool {
    let keeps = |value: &[u8]| value.eq_ignore_ascii_case(b"close") || value.eq_ignore_ascii_case(b"keep-alive");
    ODD.iter().any(|name| field.name.eq_ignore_ascii_case(name))
        || (field.name.eq_ignore_ascii_case("connection") && !keeps(field.value))
}

/// Whether the connection ends with this message.
pub(super) fn closes(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONNECTION).iter().any(|value| value.as_bytes().eq_ignore_ascii_case(b"close"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked_at<T>(input: &str, look: impl FnOnce(&Head<'_>) -> T) -> T {
        look(&parse(input.as_bytes(), &mut [const { MaybeUninit::uninit() }; FIELDS]))
    }

    fn is_odd(input: &str) -> bool {
        looked_at(input, |head| match head {
            Head::Odd => true,
            Head::Plain(plain) => plain.request().is_none(),
            Head::Incomplete => false,
        })
    }

    fn key(fields: &str) -> Option<String> {
        looked_at(&format!("GET /a HTTP/1.1\r\n{fields}\r\n"), |head| match head {
            Head::Plain(plain) => plain.key().map(Cow::into_owned),
            _ => None,
        })
    }

    #[test]
    fn every_beginning_of_a_plain_request_is_incomplete() {
        let input = "HEAD /a.b/c/@v/list?x HTTP/1.1\r\nHost: a\r\nX: \r\nX: y\r\nConnection: Close\r\n\r\nGET";
        for end in 0..input.len() - 3 {
            assert!(looked_at(&input[..end], |head| matches!(head, Head::Incomplete)), "{end}");
        }
        looked_at(input, |head| {
            let Head::Plain(plain) = head else { panic!("odd") };
            assert_eq!(&input[plain.len()..], "GET");
            let request = plain.request().unwrap();
            assert_eq!((request.method(), request.uri()), (&Method::HEAD, &Uri::from_static("/a.b/c/@v/list?x")));
            assert_eq!(request.headers().get_all("x").iter().collect::<Vec<_>>(), ["", "y"]);
            assert!(closes(request.headers()));
        });
    }

    #[test]
    fn what_is_odd() {
        for input in [
            "P",
            "PRI * HTTP/2.0\r\n\r\n",
            "POST / HTTP/1.1\r\n",
            "GET http://a/ HTTP/1.1\r\n",
            "GET * HTTP/1.1\r\n",
            "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
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

    #[test]
    fn what_counts() {
        assert_eq!(key("Host: a\r\n").as_deref(), Some("/a"));
        assert_eq!(
            key("Host: a\r\nUser-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n").as_deref(),
            Some("/a")
        );
        for told in TOLD {
            assert_eq!(key(&format!("Host: a\r\n{}: close\r\n", told.to_ascii_uppercase())), None, "{told}");
        }
        let keyed = |range: &str| key(&format!("Host: a\r\nRANGE: {range}\r\nIf-None-Match: *\r\n"));
        assert_eq!(keyed("bytes=0-").as_deref(), Some("/a\nrangebytes=0-\nif-none-match*"));
        assert_eq!(keyed(&"x".repeat(VALUE + 1)), None);
        assert_eq!((key(""), key("Host: a\r\nHost: a\r\n")), (None, None));
    }
}
