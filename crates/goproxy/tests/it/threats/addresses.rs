//! S1, S5 and S6: a public module leads to no address inside our network, however it is written.

use std::time::{Duration, Instant};

use goproxy_testkit::{Answer, Site, SiteOptions};

use super::lab::{Lab, PAGES, Trap, assert_refused};

/// Every spelling of this machine, and what leads to it.
const HOSTS: &[&str] = &[
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "0177.0.0.1",
    "0",
    "0.0.0.0",
    "127.0.0.1.",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "%31%32%37.0.0.1",
    "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
    "\u{2460}\u{2461}\u{2466}.0.0.1",
    "127\u{3002}0\u{3002}0\u{3002}1",
    "\u{24db}ocalhost",
    "xn--127-zz3a.0.0.1",
    "user@127.0.0.1",
    "upstream.test@127.0.0.1",
];

fn import(prefix: &str, vcs: &str, repository: &str) -> Answer {
    Answer::html(format!("<html><head><meta name=\"go-import\" content=\"{prefix} {vcs} {repository}\"></head></html>"))
}

#[tokio::test]
async fn repositories_and_proxies_on_our_own_addresses() {
    let (lab, trap) = (Lab::new().await, Trap::new());
    let proxy = lab.builder().start().await;
    for (number, host) in HOSTS.iter().enumerate() {
        for (vcs, scheme) in [("git", "https"), ("mod", "https"), ("git", "http"), ("mod", "http")] {
            let module = format!("{PAGES}/s{number}{vcs}{scheme}");
            let repository = format!("{scheme}://{host}:{}/x", trap.port);
            lab.pages.on(&format!("/s{number}{vcs}{scheme}"), import(&module, vcs, &repository));
            let answer = proxy.get(&format!("/{module}/@v/v1.0.0.info")).await;
            assert_refused(&answer, &repository);
            assert_eq!(trap.connections(), 0, "{repository}: {}", proxy.log());
        }
    }
    let mut calls = lab.spy.calls_of("git");
    calls.retain(|call| call.args.first().is_none_or(|command| command != "config"));
    assert!(calls.is_empty(), "no child escapes the check: {calls:?}");
}

/// Nor does a page lead there by a redirect, whichever hop it is.
#[tokio::test]
async fn redirects_of_pages_to_our_own_addresses() {
    let (lab, trap) = (Lab::new().await, Trap::new());
    let proxy = lab.builder().start().await;
    for (number, host) in HOSTS.iter().enumerate() {
        for scheme in ["http", "https"] {
            let target = format!("{scheme}://{host}:{}/x?go-get=1", trap.port);
            lab.pages.on(
                &format!("/r{number}{scheme}"),
                Answer::redirect(302, &format!("https://{PAGES}/again{number}{scheme}")),
            );
            lab.pages.on(&format!("/again{number}{scheme}"), Answer::redirect(307, &target));
            let answer = proxy.get(&format!("/{PAGES}/r{number}{scheme}/@v/list")).await;
            assert_refused(&answer, &target);
            assert_eq!(trap.connections(), 0, "{target}: {}", proxy.log());
        }
    }
}

/// A module path is an address by itself, on the ports that it cannot choose.
#[tokio::test]
async fn module_paths_that_are_addresses() {
    let lab = Lab::new().await;
    let listeners: Vec<_> =
        [80, 443].iter().filter_map(|port| std::net::TcpListener::bind(("127.99.7.3", *port)).ok()).collect();
    if listeners.len() < 2 {
        return goproxy_testkit::skipped("module_paths_that_are_addresses: ports 80 and 443 cannot be had here");
    }
    listeners.iter().for_each(|listener| listener.set_nonblocking(true).unwrap());
    let proxy = lab.builder().start().await;
    // `go` reads an address without dots or with hexadecimal digits as a name; either way it is not asked.
    for path in ["127.99.7.3", "127.99.1795", "0x7f.99.7.3", "0177.0143.07.03", "2137196291.0", "127.99.7.3.nip"] {
        for (below, ending) in [("x", "list"), ("x/y.git", "list"), ("x", "v1.0.0.info")] {
            let answer = proxy.get(&format!("/{path}/{below}/@v/{ending}")).await;
            assert_refused(&answer, &format!("{path}/{below}/@v/{ending}"));
        }
        let asked = listeners.iter().any(|listener| listener.accept().is_ok());
        assert!(!asked, "{path}: {}", proxy.log());
    }
}

/// S5: what the operator calls private, and what he rewrites, may be inside.
#[tokio::test]
async fn private_patterns_open_the_door_for_their_modules_only() {
    let lab = Lab::new().await;
    let _repo = lab.repository("inside", &[]);
    // The page names the address itself, in the clear.
    for (module, path) in [("corp/inside", "/corp/inside"), ("corporate/inside", "/corporate/inside")] {
        let repository = format!("{}/acme/inside", lab.git.url());
        lab.pages.on(path, import(&format!("{PAGES}/{module}"), "git", &repository));
    }
    let corp = format!("{PAGES}/corp");
    let proxy = lab.builder().args(["-exclude", &corp]).env("GOINSECURE", &corp).start().await;
    let inside = proxy.get(&format!("/{PAGES}/corp/inside/@v/list")).await;
    assert_eq!((inside.status, inside.text().as_str()), (200, "v1.0.0\n"), "{}", proxy.log());
    let asked = lab.git.total();
    let other = proxy.get(&format!("/{PAGES}/corporate/inside/@v/list")).await;
    assert_refused(&other, "corporate");
    assert_eq!(lab.git.total(), asked, "a prefix of letters is no prefix of elements");
}

/// GOINSECURE is about encryption: it opens nothing inside.
#[tokio::test]
async fn insecure_is_not_internal() {
    let (lab, trap) = (Lab::new().await, Trap::new());
    let module = format!("{PAGES}/plain");
    lab.pages.on("/plain", import(&module, "git", &format!("http://127.0.0.1:{}/x", trap.port)));
    let proxy = lab.builder().env("GOINSECURE", PAGES).start().await;
    assert_refused(&proxy.get(&format!("/{module}/@v/list")).await, "insecure");
    assert_eq!(trap.connections(), 0, "{}", proxy.log());
}

/// S6: the text of a refusal does not tell an open port from a closed one, nor does its time.
#[tokio::test]
async fn refusals_do_not_scan_ports() {
    let lab = Lab::new().await;
    let (open, closed) = (Trap::new(), goproxy_testkit::free_port());
    let talking = Site::start(SiteOptions::default(), |_| async { Answer::text(200, "hello") }).await;
    let proxy = lab.builder().start().await;
    let mut texts = Vec::new();
    for (name, port) in [("o", open.port), ("c", closed), ("t", talking.address().port())] {
        let module = format!("{PAGES}/{name}");
        lab.pages.on(&format!("/{name}"), import(&module, "git", &format!("https://127.0.0.1:{port}/x")));
        let started = Instant::now();
        let answer = proxy.get(&format!("/{module}/@v/list")).await;
        assert!(started.elapsed() < Duration::from_secs(2), "{name}: {:?}", started.elapsed());
        assert_refused(&answer, name);
        texts.push((answer.status, answer.text().replace(&module, "M").replace(&port.to_string(), "P")));
    }
    assert!(texts.windows(2).all(|pair| pair[0] == pair[1]), "{texts:?}");
    assert_eq!((open.connections(), talking.connections()), (0, 0));
}
