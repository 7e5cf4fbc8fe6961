//! Strangers who name addresses of our own network: threats S1 to S3 and S6. A trap listens on the loopback; whatever
//! is named, nothing may connect to it.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use goproxy_engine::{Error, ErrorKind};

use super::{Reply, Server, options};
use crate::{Access, ClientOptions, Found, Groups, HttpClient, Inside, Lookup, ProxySettings, Secret, Upstream};

pub(super) const STRANGER: Access = Access { internal: false, insecure: true, credentials: Groups::NONE };

/// What a public host has for an address here, and where it really is.
pub(super) fn public(port: u16) -> Found {
    Found { judged: IpAddr::from([203, 0, 113, 7]), connected: SocketAddr::from(([127, 0, 0, 1], port)) }
}

fn internal(address: &str, port: u16) -> Found {
    Found { judged: address.parse().unwrap(), connected: SocketAddr::from(([127, 0, 0, 1], port)) }
}

pub(super) fn client_with(lookup: impl Fn(&str) -> Vec<Found> + Send + Sync + 'static) -> HttpClient {
    HttpClient::new(ClientOptions { lookup: Lookup::scripted(lookup), ..options() }).unwrap()
}

async fn refused(client: &HttpClient, url: &str) -> Error {
    client.page(url, STRANGER, 99).await.unwrap_err()
}

#[tokio::test]
async fn s1_addresses_in_every_spelling_reach_nothing() {
    let trap = Server::start(|_, _| Reply::ok("secret")).await;
    let client = client_with(|_| Vec::new());
    for host in [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "0",
        "127.1",
        "2130706433",
        "0x7f.1",
        "017700000001",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "a.localhost",
        "１２７.０.０.１",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "xn--1-0",
        "user@127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "metadata",
    ] {
        let error = refused(&client, &format!("http://{host}:{}/x", trap.port())).await;
        assert!(matches!(error.kind(), ErrorKind::NoHost | ErrorKind::Invalid), "{host}: {error}");
    }
    assert_eq!(trap.count(), 0);
}

#[tokio::test]
async fn s1_names_of_internal_addresses_reach_nothing() {
    let trap = Server::start(|_, _| Reply::ok("secret")).await;
    let port = trap.port();
    for address in ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "fd00::1"] {
        let client = client_with(move |_| vec![internal(address, port)]);
        assert_eq!(refused(&client, "http://evil.example/x").await.kind(), ErrorKind::NoHost, "{address}");
    }
    assert_eq!(trap.count(), 0);
    let open = client_with(move |_| vec![internal("10.1.2.3", port)]);
    let private = Access { internal: true, insecure: true, ..Access::default() };
    assert_eq!(open.page("http://git.corp.example/x", private, 99).await.unwrap().body, "secret");
}

#[tokio::test]
async fn s1_of_many_addresses_only_the_public_ones_are_tried() {
    let (good, trap) = (Server::start(|_, _| Reply::ok("good")).await, Server::start(|_, _| Reply::ok("bad")).await);
    let (good_port, trap_port) = (good.port(), trap.port());
    let client = client_with(move |_| vec![internal("10.0.0.1", trap_port), public(good_port)]);
    assert_eq!(client.page("http://two.example/", STRANGER, 99).await.unwrap().body, "good");
    assert_eq!(trap.count(), 0);
}

#[tokio::test]
async fn s2_a_name_is_looked_up_once_for_a_connection() {
    let (good, trap) = (Server::start(|_, _| Reply::ok("good")).await, Server::start(|_, _| Reply::ok("bad")).await);
    let (good_port, trap_port, asked) = (good.port(), trap.port(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    let client = client_with(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => vec![public(good_port)],
        _ => vec![internal("127.0.0.1", trap_port)],
    });
    assert_eq!(client.page("http://rebinding.example/", STRANGER, 99).await.unwrap().body, "good");
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    // The server closes its connections, so the next request is judged anew.
    assert_eq!(refused(&client, "http://rebinding.example/").await.kind(), ErrorKind::NoHost);
    assert_eq!((good.count(), trap.count()), (1, 0));
}

#[tokio::test]
async fn s3_every_hop_is_judged() {
    let trap = Server::start(|_, _| Reply::ok("secret")).await;
    let trap_port = trap.port();
    for to in [
        format!("http://127.0.0.1:{trap_port}/"),
        format!("//127.0.0.1:{trap_port}/"),
        format!("http://localhost:{trap_port}/"),
        "http://inside.example/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1/".to_owned(),
    ] {
        for status in [301, 302, 307] {
            let to = to.clone();
            let first = Server::start(move |_, _| Reply::new(status, &[("Location", &to)], "")).await;
            let first_port = first.port();
            let client = client_with(move |name| match name {
                "first.example" => vec![public(first_port)],
                _ => vec![internal("10.0.0.1", trap_port)],
            });
            refused(&client, "http://first.example/").await;
            assert_eq!(first.count(), 1);
        }
    }
    assert_eq!(trap.count(), 0);
}

#[tokio::test]
async fn s6_what_is_blocked_is_told_like_what_is_not_there() {
    let open = Server::start(|_, _| Reply::ok("secret")).await;
    let port = open.port();
    let mut said = Vec::new();
    for found in [vec![], vec![internal("10.0.0.1", port)], vec![internal("127.0.0.1", 1)]] {
        let client = client_with(move |_| found.clone());
        let error = refused(&client, "http://wiki.corp.example/").await;
        said.push((error.kind(), error.message().to_owned()));
    }
    said.dedup();
    assert_eq!(said, [(ErrorKind::NoHost, "host without a public address: wiki.corp.example".to_owned())]);
}

#[tokio::test]
async fn a_configured_proxy_may_be_inside_but_is_no_strangers_business() {
    let proxy = Server::start(|_, _| Reply::ok("through the proxy")).await;
    let port = proxy.port();
    let http = Some(Secret::new(format!("http://proxy.corp.example:{port}")));
    let proxies = ProxySettings { http, https: None, no: Some("direct.example".to_owned()) };
    let lookup = Lookup::scripted(move |name| match name {
        "proxy.corp.example" => vec![internal("10.0.0.9", port)],
        _ => vec![internal("10.0.0.1", port)],
    });
    let client = HttpClient::new(ClientOptions { lookup, proxies, ..options() }).unwrap();
    assert_eq!(client.page("http://any.example/", STRANGER, 99).await.unwrap().body, "through the proxy");
    for url in
        ["http://proxy.corp.example/", "http://PROXY.corp.example/", "http://direct.example/", "http://10.0.0.1/"]
    {
        refused(&client, url).await;
    }
    assert_eq!(proxy.targets(), ["http://any.example/"]);
}

#[tokio::test]
async fn a_module_proxy_that_a_page_names_is_guarded_too() {
    let trap = Server::start(|_, _| Reply::ok("secret")).await;
    let port = trap.port();
    let client = client_with(move |name| match name {
        "public.example" => vec![public(port)],
        _ => vec![internal("10.0.0.1", port)],
    });
    let named = |url: &str, access| Upstream::named_by_page(client.clone(), url, access);
    for url in [trap.url(), "http://inside.example".to_owned()] {
        let error = named(&url, STRANGER).unwrap().bytes("x", 99).await.unwrap_err().error;
        assert_eq!(error.kind(), ErrorKind::NoHost, "{url}");
    }
    assert_eq!(trap.count(), 0);
    assert_eq!(named("http://public.example/mod", STRANGER).unwrap().bytes("x", 99).await.unwrap(), "secret");
    for url in ["http://public.example", "file:///etc", "ftp://x", "public.example"] {
        assert!(named(url, Access::default()).is_err(), "{url}");
    }
}

/// S3 for upstreams: their redirects are judged by what the name resolves to when the connection is made.
#[tokio::test]
async fn a_redirect_of_an_upstream_led_inside_by_a_public_name() {
    let trap = Server::start(|_, _| Reply::ok("secret")).await;
    let port = trap.port();
    let upstream = Server::start(move |_, asked| Reply::redirect(&format!("http:/{}", asked.target))).await;
    let upstream_port = upstream.port();
    let client = client_with(move |name| match name {
        "public.example" => vec![public(upstream_port)],
        "corp.example" => vec![internal("10.0.0.2", upstream_port)],
        "cdn.example" => vec![public(port)],
        _ => vec![internal("10.0.0.1", port)],
    });
    let ask = async |from: &str, to: &str| {
        let upstream = Upstream::new(client.clone(), &format!("http://{from}")).unwrap();
        upstream.bytes(to, 99).await.map_err(|failure| failure.error.message().to_owned())
    };
    let refused = ask("public.example", "rebound.example/x").await.unwrap_err();
    assert_eq!((refused.as_str(), trap.count()), ("host without a public address: rebound.example", 0));
    assert_eq!(ask("public.example", "cdn.example/x").await.unwrap(), "secret");
    assert_eq!(ask("corp.example", "minio.corp.example/x").await.unwrap(), "secret", "inside already");
}

/// The upstream's name was looked up again to know whether it is inside: whoever answers for the name said so by then.
#[tokio::test]
async fn an_upstream_was_taken_for_internal_by_what_its_name_led_to_later() {
    let trap = Server::start(|_, _| Reply::ok("secret")).await;
    let trap_port = trap.port();
    for to in ["http://10.0.0.1/x", "http://db.internal/x", "http://rebinding.example/again"] {
        let upstream = Server::start(move |_, _| Reply::redirect(to)).await;
        let (port, asked) = (upstream.port(), AtomicUsize::new(0));
        let client = client_with(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
            0 => vec![public(port)],
            _ => vec![internal("10.0.0.1", trap_port)],
        });
        let rebinding = Upstream::new(client, "http://rebinding.example").unwrap();
        assert!(rebinding.bytes("x", 99).await.is_err(), "{to}");
        assert_eq!((upstream.count(), trap.count()), (1, 0), "{to}");
    }
}

/// And the other way: what was inside when it answered is, whatever the name says by now.
#[tokio::test]
async fn an_upstream_inside_stays_inside_for_its_answer() {
    let storage = Server::start(|_, _| Reply::ok("zip")).await;
    let storage_port = storage.port();
    let upstream = Server::start(|_, _| Reply::redirect("http://minio.internal/x")).await;
    let (port, asked) = (upstream.port(), AtomicUsize::new(0));
    let client = client_with(move |name| match (name, asked.fetch_add(1, Ordering::Relaxed)) {
        ("corp.example", 0) => vec![internal("10.0.0.2", port)],
        ("corp.example", _) => vec![public(port)],
        _ => vec![internal("10.0.0.1", storage_port)],
    });
    let upstream = Upstream::new(client, "http://corp.example").unwrap();
    assert_eq!(upstream.bytes("x", 99).await.unwrap(), "zip");
}

/// Behind an HTTP proxy the other end is the proxy, which is inside as a rule: that says nothing of the upstream.
#[tokio::test]
async fn an_upstream_behind_an_internal_proxy_is_not_internal_for_it() {
    let proxy = Server::start(|_, asked| match asked.target.as_str() {
        "http://public.example/x" => Reply::redirect("http://db.internal/secret"),
        _ => Reply::ok("secret"),
    })
    .await;
    let port = proxy.port();
    let http = Some(Secret::new(format!("http://proxy.corp.example:{port}")));
    let proxies = ProxySettings { http, ..ProxySettings::default() };
    let lookup = Lookup::scripted(move |_| vec![internal("10.0.0.9", port)]);
    let client = HttpClient::new(ClientOptions { lookup, proxies, ..options() }).unwrap();
    assert!(Upstream::new(client, "http://public.example").unwrap().bytes("x", 99).await.is_err());
    assert_eq!(proxy.targets(), ["http://public.example/x"]);
}

fn allowing(list: &str, lookup: impl Fn(&str) -> Vec<Found> + Send + Sync + 'static) -> HttpClient {
    let (inside, lookup) = (Inside::parse(list).unwrap(), Lookup::scripted(lookup));
    HttpClient::new(ClientOptions { inside, lookup, ..options() }).unwrap()
}

#[tokio::test]
async fn public_modules_could_not_be_in_a_repository_of_our_own_network() {
    let git = Server::start(|_, _| Reply::ok("git")).await;
    let port = git.port();
    let lookup = move |name: &str| match name {
        "metadata.example" | "cloud.corp.example" => vec![internal("169.254.169.254", port)],
        _ => vec![internal("10.1.2.3", port)],
    };
    for list in ["git.corp.example", "*.corp.example", "10.1.0.0/16", "10.1.2.3"] {
        let client = allowing(list, lookup);
        assert_eq!(client.page("http://git.corp.example/", STRANGER, 99).await.unwrap().body, "git", "{list}");
        refused(&client, "http://cloud.corp.example/").await;
    }
    assert_eq!(git.count(), 4);
    for list in ["", "other.corp.example", "10.2.0.0/16"] {
        refused(&allowing(list, lookup), "http://git.corp.example/").await;
    }
    assert_eq!(git.count(), 4);
    let literal = allowing("169.254.169.254", lookup);
    assert_eq!(literal.page("http://metadata.example/", STRANGER, 99).await.unwrap().body, "git");
}

#[tokio::test]
async fn a_public_upstream_could_not_redirect_to_the_storage_that_the_operator_named() {
    let storage = Server::start(|_, _| Reply::ok("zip")).await;
    let port = storage.port();
    let upstream = Server::start(move |_, asked| Reply::redirect(&format!("http:/{}", asked.target))).await;
    let upstream_port = upstream.port();
    let client = allowing("minio.internal,127.0.0.0/8", move |name| match name {
        "public.example" => vec![public(upstream_port)],
        _ => vec![internal("10.0.0.1", port)],
    });
    let upstream = Upstream::new(client, "http://public.example").unwrap();
    assert_eq!(upstream.bytes("minio.internal/x", 99).await.unwrap(), "zip");
    assert_eq!(upstream.bytes(&format!("127.0.0.1:{port}/x"), 99).await.unwrap(), "zip");
    for other in ["db.internal/x", "wiki.example/x", "10.0.0.1/x"] {
        assert!(upstream.bytes(other, 99).await.is_err(), "{other}");
    }
    assert_eq!(storage.count(), 2);
}

/// Only the text of URLs was judged where internal addresses are allowed.
#[tokio::test]
async fn a_name_led_private_modules_and_internal_upstreams_to_the_credentials_of_the_machine() {
    let metadata = Server::start(|_, _| Reply::ok("role credentials")).await;
    let port = metadata.port();
    let upstream = Server::start(move |_, asked| Reply::redirect(&format!("http:/{}", asked.target))).await;
    let upstream_port = upstream.port();
    let client = client_with(move |name| match name {
        "corp.example" => vec![internal("10.0.0.2", upstream_port)],
        _ => vec![internal("169.254.169.254", port)],
    });
    let private = Access { internal: true, insecure: true, ..Access::default() };
    assert!(client.page("http://rebound.example/", private, 99).await.is_err());
    for literal in ["http://169.254.169.254/", "http://[fe80::1]/", "http://metadata.google.internal/"] {
        assert!(client.for_access(&literal.parse().unwrap(), private).is_err(), "{literal}");
    }
    let upstream = Upstream::new(client, "http://corp.example").unwrap();
    assert!(upstream.bytes("rebound.example/x", 99).await.is_err());
    assert_eq!(metadata.count(), 0);
}
