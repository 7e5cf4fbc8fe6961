//! GOPROXY lists as the `go` command reads them, and what error texts must not show.

use super::*;

fn url(url: &str, on_any_error: bool) -> ProxyEntry {
    ProxyEntry { target: ProxyTarget::Url(url.to_owned()), on_any_error }
}

const DIRECT: ProxyEntry = ProxyEntry { target: ProxyTarget::Direct, on_any_error: false };
const OFF: ProxyEntry = ProxyEntry { target: ProxyTarget::Off, on_any_error: false };

#[test]
fn lists() {
    let table = [
        ("", vec![]),
        ("  ", vec![]),
        ("https://goproxy.io", vec![url("https://goproxy.io", false)]),
        ("https://goproxy.io,direct", vec![url("https://goproxy.io", false), DIRECT]),
        ("https://a.b|http://c:8080/x/,off", vec![url("https://a.b", true), url("http://c:8080/x", false), OFF]),
        (" https://a.b , ,, direct ", vec![url("https://a.b", false), DIRECT]),
        ("direct,https://a.b", vec![DIRECT]),
        ("off|https://a.b", vec![ProxyEntry { on_any_error: true, ..OFF }]),
        ("goproxy.io", vec![url("https://goproxy.io", false)]),
        ("localhost:8081/x", vec![url("https://localhost:8081/x", false)]),
        ("http://localhost", vec![url("http://localhost", false)]),
        ("file:///srv/mod", vec![url("file:///srv/mod", false)]),
        ("http://[::1]:8081", vec![url("http://[::1]:8081", false)]),
        ("https://u:p@a.b/x", vec![url("https://u:p@a.b/x", false)]),
    ];
    for (list, want) in table {
        assert_eq!(ProxyList::parse(list).unwrap().entries(), want, "{list}");
    }
}

#[test]
fn refused() {
    let table = [
        (",|,", "the list has separators but no entries"),
        ("foo", "entry 1 (foo): neither a URL nor direct nor off"),
        ("https://a.b,Direct", "entry 2 (Direct): neither a URL nor direct nor off"),
        ("/srv/mod", "entry 1 (/srv/mod): missing scheme; write file:// before a path"),
        ("ftp://a.b", "entry 1 (ftp://a.b): the scheme must be https, http or file"),
        ("http:/a.b", "entry 1 (http:/a.b): not a URL; write scheme://host/path"),
        ("https://", "entry 1 (https://): the host is missing or malformed"),
        ("https:///x", "entry 1 (https:///x): the host is missing or malformed"),
        ("https://a.b:x", "entry 1 (https://a.b:x): the port is no number up to 65535"),
        ("https://a.b:65536", "entry 1 (https://a.b:65536): the port is no number up to 65535"),
        ("https://a.b:", "entry 1 (https://a.b:): the port is no number up to 65535"),
        ("https://a.b/?x=y", "entry 1 (https://a.b/?x=y): a proxy URL has neither query nor fragment"),
        ("https://a.b/#x", "entry 1 (https://a.b/#x): a proxy URL has neither query nor fragment"),
        ("https://a b", "entry 1 (https://a b): white space or a control character in the URL"),
        ("file://host/x", "entry 1 (file://host/x): a file URL has a path and nothing else; write file:///path"),
        ("file:///", "entry 1 (file:///): a file URL has a path and nothing else; write file:///path"),
    ];
    for (list, want) in table {
        assert_eq!(ProxyList::parse(list).unwrap_err().to_string(), want);
    }
}

#[test]
fn passwords_stay_out_of_texts() {
    let list = ProxyList::parse("https://user:canary@a.b/x|http://canary@c:80,https://d/e@f,direct").unwrap();
    assert_eq!(list.to_string(), "https://xxxxx@a.b/x|http://xxxxx@c:80,https://d/e@f,direct");
    assert!(!format!("{list:?}").contains("canary"));
    let refused = [
        "ftp://user:canary@a.b",
        "https://user:canary@",
        "https://user:can/ary@a.b",
        "https://user:canary,x@a.b",
        "https://a.b,user:can ary@a.b",
        "canary@",
        "https://user:canary@a.b:x",
        "canary://canary@x",
    ];
    for text in refused {
        let error = ProxyList::parse(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("can"), "{error}");
    }
}
