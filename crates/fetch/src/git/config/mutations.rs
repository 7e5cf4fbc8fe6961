//! URLs and configurations changed at random, the same in every run: what `crates/fuzz-targets` does for what is pure.

use goproxy_fuzz_targets::Mutator;
use reqwest::Url;

use super::{Way, entries::Entries, place::Place};

const URLS: &[&str] = &[
    "https://H.example/a/b.git",
    "https://u:p%40@h.example:8443/a%20b",
    "https://me@[::1]:80/a",
    "ssh://git@h.example:22/~me/a",
    "git+ssh://h.example/a",
    "git@h.example:a/b",
    "git://h.example/a",
    "file:///srv/a b",
    "/srv/a",
    "ext::sh -c true",
    "https://h.example/a/%2e%2E/b?x#y",
    "ssh://-oProxyCommand=true/a",
];

const CONFIGURATION: &[u8] =
    b"global\0file:/h/.gitconfig\0url.https://u:canary@h.example/.insteadof\nhttps://h.example/\0\
    system\0file:/etc/gitconfig\0http.https://*.example/a.extraheader\nAuthorization: Basic canary\0\
    command\0command line:\0protocol.ext.allow\nalways\0global\0file:/h/x\0core.x\0";

#[test]
fn places_are_read_in_one_way() {
    let seeds: Vec<Vec<u8>> = URLS.iter().map(|url| url.as_bytes().to_vec()).collect();
    let mut mutator = Mutator::new(1);
    for _ in 0..20_000 {
        let text = String::from_utf8_lossy(&mutator.next(&seeds)).into_owned();
        let Ok(place) = Place::parse(&text) else { continue };
        let url = place.url();
        let again = Place::parse(&url).unwrap_or_else(|error| panic!("{text:?} {url:?}: {error}"));
        assert_eq!(
            (again.scheme, &again.host, again.port, &again.path),
            (place.scheme, &place.host, place.port, &place.path)
        );
        assert_eq!((again.password.is_none(), again.url()), (true, url.clone()), "{text:?}");
        assert!(
            !url.starts_with('-') && !place.host.starts_with('-') && !url.chars().any(char::is_control),
            "{text:?}"
        );
        if place.scheme.is_http()
            && let Ok(other) = Url::parse(&url)
        {
            let host = other.host_str().unwrap();
            // Numbers are written anew: 127.1.
            assert!(
                host == place.host || host.parse::<std::net::IpAddr>().is_ok() || host.starts_with('['),
                "{text:?}"
            );
            assert!(other.username().is_empty() && other.password().is_none(), "{text:?}");
            assert!(other.path_segments().unwrap().all(|part| part != ".."), "{text:?}");
        }
    }
}

#[test]
fn no_configuration_shows_its_credentials() {
    let urls: Vec<Vec<u8>> = URLS.iter().map(|url| url.as_bytes().to_vec()).collect();
    let (mut mutator, seeds) = (Mutator::new(2), vec![CONFIGURATION.to_vec()]);
    for _ in 0..5_000 {
        let (entries, _) = Entries::parse(&mutator.next(&seeds));
        for url in [String::from_utf8_lossy(&mutator.next(&urls)).into_owned(), "https://h.example/a/b".to_owned()] {
            match Way::new(&url, &entries, &[]) {
                // A change may have made a path or a host of it; a header it stays in is marked.
                Ok(way) => assert!(!format!("{:?}", way.headers).contains("canary"), "{way:?}"),
                Err(error) => assert!(!error.to_string().contains("canary"), "{error}"),
            }
        }
    }
}
