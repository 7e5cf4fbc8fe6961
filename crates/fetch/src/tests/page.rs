//! Pages of strangers.

use std::time::Duration;

use goproxy_engine::ErrorKind;

use super::{
    Reply, Server,
    environment::Identity,
    guard::{STRANGER, client_with, public},
    options,
};
use crate::{Access, ClientOptions, CredentialRow, Credentials, HttpClient, Lookup, Secret, SecretFrom, page::Page};

async fn get(server: &Server, path: &str, limit: u64) -> Result<Page, goproxy_engine::Error> {
    let port = server.port();
    client_with(move |_| vec![public(port)]).page(&format!("http://a.example{path}"), STRANGER, limit).await
}

#[tokio::test]
async fn the_answer_whatever_its_status() {
    for status in [200, 404, 410, 500] {
        let html = [("Content-Type", "text/html; charset=utf-8")];
        let server = Server::start(move |_, _| Reply::new(status, &html, "<html>")).await;
        let page = get(&server, "/x?go-get=1", 99).await.unwrap();
        assert_eq!((page.status, &*page.content_type, &*page.body), (status, html[0].1, &b"<html>"[..]));
        assert_eq!(server.targets(), ["/x?go-get=1"]);
    }
}

#[tokio::test]
async fn nothing_is_sent_that_is_not_needed() {
    let server = Server::start(|_, _| Reply::new(302, &[("Location", "/y"), ("Set-Cookie", "a=b")], "")).await;
    let _ = get(&server, "/x", 9).await;
    let agent = format!("goproxy/{}", env!("CARGO_PKG_VERSION"));
    for asked in server.asked() {
        let mut headers = asked.headers;
        headers.sort();
        let expected =
            [("accept", "*/*"), ("accept-encoding", "identity"), ("host", "a.example"), ("user-agent", &*agent)];
        assert_eq!(headers, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }
    assert_eq!(server.count(), 6);
}

#[tokio::test]
async fn five_redirects_are_followed_and_six_are_not() {
    for (hops, good) in [(5, true), (6, false)] {
        let reply = move |n, _: &_| if n < hops { Reply::redirect(&format!("/{n}")) } else { Reply::ok("end") };
        let server = Server::start(reply).await;
        let page = get(&server, "/", 9).await;
        assert_eq!(page.is_ok(), good);
        assert!(page.is_ok() || page.unwrap_err().message() == "a.example redirects without end");
    }
    let server = Server::start(|_, _| Reply::status(302)).await;
    assert_eq!(get(&server, "/", 9).await.unwrap().status, 302);
}

#[tokio::test]
async fn the_body_is_cut_at_the_limit() {
    let server = Server::start(|_, _| {
        Reply::raw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            .then("x".repeat(1 << 20))
            .wait(Duration::from_secs(60))
    })
    .await;
    assert_eq!(get(&server, "/", 1000).await.unwrap().body.len(), 1000);
}

#[tokio::test]
async fn a_page_that_drips_or_breaks_is_no_page() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<html>";
    for (reply, kind) in [
        (Reply::raw(head).wait(Duration::from_secs(60)), ErrorKind::Timeout),
        (Reply::raw(head), ErrorKind::Unavailable),
        (Reply::raw("SSH-2.0-OpenSSH\r\n"), ErrorKind::Unavailable),
        (Reply::new(200, &[("Content-Encoding", "gzip")], "x"), ErrorKind::Invalid),
    ] {
        let server = Server::start(move |_, _| reply.clone()).await;
        let error = get(&server, "/", 99).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.message().contains("a.example"), "{error}");
    }
}

#[tokio::test]
async fn http_is_for_those_who_do_not_mind() {
    let server = Server::start(|_, _| Reply::ok("plain")).await;
    let port = server.port();
    let client = client_with(move |_| vec![public(port)]);
    let error = client.page("http://a.example/x", Access::default(), 9).await.unwrap_err();
    assert_eq!(error.message(), "insecure URL: http://a.example/x");
    for url in ["file:///etc/passwd", "ftp://a.example/", "a.example/x", "https://"] {
        assert_eq!(client.page(url, STRANGER, 9).await.unwrap_err().kind(), ErrorKind::Invalid, "{url}");
    }
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn tls_is_verified_for_all_who_do_mind() {
    let identity = Identity::new();
    let server = identity.server(|_, _| Reply::ok("over tls")).await;
    let port = server.port();
    let client = client_with(move |_| vec![public(port)]);
    let error = client.page("https://a.example/", Access::default(), 99).await.unwrap_err();
    assert_eq!(error.message(), "the certificate of a.example cannot be verified, or it does not speak TLS");
    assert_eq!(client.page("https://a.example/", STRANGER, 99).await.unwrap().body, "over tls");
}

#[tokio::test]
async fn a_login_of_netrc_goes_to_its_host_over_https_only() {
    let dir = tempfile::tempdir().unwrap();
    let netrc = dir.path().join("netrc");
    std::fs::write(&netrc, "machine a.example login me password pass\nmachine b.example login x password y\n").unwrap();
    let identity = Identity::new();
    let secure = identity
        .server(|_, asked| match asked.header("host") {
            Some("a.example") => Reply::redirect("https://b.example/"),
            _ => Reply::redirect("http://a.example/"),
        })
        .await;
    let plain = Server::start(|_, _| Reply::ok("end")).await;
    let (secure_port, plain_port, first) = (secure.port(), plain.port(), std::sync::atomic::AtomicUsize::new(0));
    let lookup = Lookup::scripted(move |_| match first.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
        0 | 1 => vec![public(secure_port)],
        _ => vec![public(plain_port)],
    });
    let client = HttpClient::new(ClientOptions { lookup, netrc: Some(netrc), ..options() }).unwrap();
    assert_eq!(client.page("https://a.example/", STRANGER, 99).await.unwrap().body, "end");
    let sent = |server: &Server| -> Vec<_> {
        server.asked().iter().map(|asked| asked.header("authorization").map(str::to_owned)).collect()
    };
    assert_eq!(sent(&secure), [Some("Basic bWU6cGFzcw==".to_owned()), None]);
    assert_eq!(sent(&plain), [None]);
}

#[tokio::test]
async fn a_host_that_asks_for_a_pause_gets_one() {
    let server = Server::start(|_, _| Reply::new(429, &[("Retry-After", "60")], "slow down")).await;
    let port = server.port();
    let client = client_with(move |_| vec![public(port)]);
    assert_eq!(client.page("http://a.example/", STRANGER, 99).await.unwrap().status, 429);
    let error = client.page("http://a.example/other", STRANGER, 99).await.unwrap_err();
    assert_eq!((error.kind(), server.count()), (ErrorKind::Busy, 1));
    assert!(error.retry_after().is_some());
}

/// A row for plain http is for modules of `-insecure` alone, and for nobody else's host, port or scheme.
#[tokio::test]
async fn a_token_for_plain_http_went_where_http_is_not_allowed() {
    let server = Server::start(|_, asked| match asked.target.as_str() {
        "/team/away" => Reply::redirect("http://b.example/team/x"),
        _ => Reply::ok("end"),
    })
    .await;
    let port = server.port();
    let row = CredentialRow::new("http://a.example/team/", SecretFrom::Literal(Secret::new("t0k3n"))).unwrap();
    let credentials = Credentials::new(&[]);
    credentials.replace(&[row.as_bearer()]).unwrap();
    let lookup = Lookup::scripted(move |_| vec![public(port)]);
    let client = HttpClient::new(ClientOptions { lookup, credentials, ..options() }).unwrap();
    let secure = Access { insecure: false, ..STRANGER };
    assert!(client.page("http://a.example/team/x", secure, 99).await.is_err(), "not over http at all");
    assert_eq!(server.count(), 0);
    for (url, sent) in [
        ("http://a.example/team/x", vec![true]),
        ("http://A.EXAMPLE./team/x", vec![false]),
        ("http://a.example/teams/x", vec![false]),
        ("http://a.example/team/../x", vec![false]),
        ("http://a.example/team/%2e%2e/x", vec![false]),
        ("http://a.example/team/..%2fx", vec![false]),
        ("http://a.example.evil.example/team/x", vec![false]),
        ("http://a.example@b.example/team/x", vec![false]),
        ("http://a.example:8080/team/x", vec![false]),
        ("http://a.example/team/away", vec![true, false]),
    ] {
        let before = server.count();
        let _ = client.page(url, STRANGER, 99).await;
        let got: Vec<_> =
            server.asked()[before..].iter().map(|asked| asked.header("authorization").is_some()).collect();
        assert!(got == sent || (got.is_empty() && sent == [false]), "{url}: {got:?}");
    }
}
