//! Servers that are old, odd or hostile.

use std::time::{Duration, Instant};

use goproxy_engine::{Error, ErrorKind};
use goproxy_git::{ObjectFormat, Oid};
use goproxy_testkit::{Answer, Delivery, GitHost};

use super::{PRIVATE, client, options, remote, shallow};
use crate::ClientOptions;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn packets(lines: &[&[u8]]) -> Vec<u8> {
    let packet = |line: &&[u8]| match *line {
        b"" => b"0000".to_vec(),
        line => [format!("{:04x}", line.len() + 4).as_bytes(), line].concat(),
    };
    lines.iter().flat_map(packet).collect()
}

fn advertised(lines: &[&[u8]]) -> Answer {
    Answer::new(200, "application/x-git-upload-pack-advertisement", packets(lines))
}

fn result(body: Vec<u8>) -> Answer {
    Answer::new(200, "application/x-git-upload-pack-result", body)
}

/// A host that offers everything, and answers so.
async fn host(answer: Answer) -> GitHost {
    let host = GitHost::start().await;
    host.on("*/info/refs", advertised(&[b"version 2\n", b"ls-refs\n", b"fetch=shallow filter\n", b""]));
    host.on("*/git-upload-pack", answer);
    host
}

async fn refs_of(host: &GitHost) -> Result<(ObjectFormat, goproxy_git::Refs), Error> {
    remote(&format!("{}/x", host.url())).await.refs().await
}

async fn fetched_from(host: &GitHost) -> Error {
    let copy = tempfile::tempdir().unwrap();
    goproxy_git::init(copy.path(), ObjectFormat::Sha1).unwrap();
    let wanted = shallow(Oid::from_hex(A).unwrap(), None);
    let error = remote(&format!("{}/x", host.url())).await.fetch(&wanted, copy.path()).await.unwrap_err();
    let left = std::fs::read_dir(copy.path().join("objects/pack")).unwrap().count();
    assert_eq!(left, 0, "nothing stays of a bad pack");
    error
}

#[tokio::test]
async fn servers_that_are_not_smart_need_git() {
    for answer in [Answer::text(200, format!("{A}\trefs/heads/main\n")), Answer::html("<html>welcome</html>")] {
        let host = GitHost::start().await;
        host.on("*", answer);
        let error = refs_of(&host).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.message().contains("the proxy needs the git command"), "{error}");
    }
}

#[tokio::test]
async fn statuses_mean_what_they_mean_to_git() {
    for (status, kind, requests) in [
        // Two at first, of which one lists in vain, and is not sent any more where the other was answered before.
        (404, ErrorKind::NotFound, 1..=2),
        (410, ErrorKind::NotFound, 1..=2),
        (401, ErrorKind::Refused, 1..=2),
        (403, ErrorKind::Refused, 1..=2),
        (418, ErrorKind::Unavailable, 1..=2),
        (500, ErrorKind::Unavailable, 1..=2),
        (502, ErrorKind::Unavailable, 3..=4),
        (503, ErrorKind::Busy, 3..=4),
        (429, ErrorKind::Busy, 3..=4),
    ] {
        let host = GitHost::start().await;
        host.on("*", Answer::text(status, "S3CRET text of a stranger"));
        let error = refs_of(&host).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}: {error}");
        assert!(requests.contains(&host.total()), "{status}: {} requests", host.total());
        assert!(error.message().contains(&host.address().to_string()) && !error.message().contains("S3CRET"));
    }
}

#[tokio::test]
async fn a_host_that_asks_for_a_pause_gets_one() {
    let host = GitHost::start().await;
    host.on("*", Answer::text(429, "slow down").retry_after(60));
    let client = client(options());
    for path in ["x", "y", "z"] {
        let remote = client.remote(&format!("{}/{path}", host.url()), PRIVATE).await.unwrap();
        let error = remote.refs().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert!(error.retry_after().is_some());
    }
    assert_eq!(host.total(), 2, "both of the first are on their way when the answer comes");
}

#[tokio::test]
async fn lists_that_are_none() {
    let line = format!("{A} refs/heads/main\n");
    for answer in [
        result(Vec::new()),
        result(b"<html>".to_vec()),
        result(packets(&[line.as_bytes()])),
        result(packets(&[b"zzzz refs/heads/main\n", b""])),
        result(b"fff".to_vec()),
        Answer::html("<html>"),
        result(packets(&[line.as_bytes(), b""])).delivery(Delivery::Truncated(20)),
        result(packets(&[line.as_bytes(), b""])).delivery(Delivery::Reset(20)),
    ] {
        let host = host(answer.clone()).await;
        let error = refs_of(&host).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Unavailable), "{answer:?}: {error}");
        assert!(host.total() <= 6, "{answer:?}: {}", host.total());
    }
    let host = host(result(packets(&[b"ERR \x1b[31maccess denied or whatever\n"]))).await;
    let error = refs_of(&host).await.unwrap_err();
    assert!(error.message().ends_with("says: ?[31maccess denied or whatever"), "{error}");
}

#[tokio::test]
async fn packs_that_are_none() {
    let begun = |last: &[u8]| {
        packets(&[b"shallow-info\n", b"shallow x"])
            .into_iter()
            .chain(*b"0001")
            .chain(packets(&[b"packfile\n", last]))
            .collect::<Vec<u8>>()
    };
    for answer in [
        result(Vec::new()),
        result(b"0000".to_vec()),
        result(begun(b"\x01PACK")),
        result([begun(b"\x01PACKjunk and junk and junk"), b"0000".to_vec()].concat()),
        result([begun(b"\x01PACK\0\0\0\x02\xff\xff\xff\xff"), b"0000".to_vec()].concat()),
        result(begun(b"\x03out of memory")),
        result(begun(b"\x01PACK")).delivery(Delivery::Truncated(40)),
    ] {
        let host = host(answer.clone()).await;
        let error = fetched_from(&host).await;
        assert!(matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Unavailable), "{answer:?}: {error}");
    }
}

#[tokio::test]
async fn a_server_that_stands_still_is_given_up() {
    let line = format!("{A} refs/heads/main\n");
    for answer in [Answer::hang(), result(packets(&[line.as_bytes(), b""])).delivery(Delivery::Hang(10))] {
        let host = host(answer).await;
        let second = Duration::from_secs(1);
        let client = client(ClientOptions { response_timeout: second, idle_timeout: second, ..options() });
        let remote = client.remote(&format!("{}/x", host.url()), PRIVATE).await.unwrap();
        let (error, since) = (remote.refs(), Instant::now());
        assert_eq!(error.await.unwrap_err().kind(), ErrorKind::Timeout);
        assert!(since.elapsed() < Duration::from_secs(10));
    }
}

#[tokio::test]
async fn an_operation_has_its_time() {
    let host = host(Answer::hang()).await;
    let http = crate::HttpClient::new(options()).unwrap();
    let time_limit = Duration::from_secs(1);
    let git = super::GitOptions {
        http,
        git: None,
        host_env: Vec::new(),
        time_limit,
        per_host: crate::HostLimits { at_once: 1, per_second: 1000 },
    };
    let remote = super::GitClient::new(git).remote(&format!("{}/x", host.url()), PRIVATE).await.unwrap();
    let error = remote.refs().await.unwrap_err();
    assert_eq!(error.message(), format!("{} took longer than 1 s", host.address()));
}

#[tokio::test]
async fn a_host_gets_so_many_operations_at_a_time() {
    let line = format!("{A} refs/heads/main\n");
    let host = host(result(packets(&[line.as_bytes(), b""])).delay(Duration::from_millis(50))).await;
    let client = client(options());
    let all = (0..20).map(|n| {
        let (client, url) = (client.clone(), format!("{}/x{n}", host.url()));
        tokio::spawn(async move { client.remote(&url, PRIVATE).await.unwrap().refs().await.unwrap() })
    });
    for one in all.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    assert!(host.peak() <= 4, "{}", host.peak());
}
