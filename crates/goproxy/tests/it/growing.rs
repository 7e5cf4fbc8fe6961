//! Zips are given away while they arrive, but for their ends: nobody ever gets all of one that does not hold.

use std::time::Duration;

use goproxy_testkit::{Answer, Delivery, ModuleFixture, Proxy, SumDb, Upstream, wait_until};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{PATIENCE, files, goproxy, noise, router};

/// What is held back at least.
const HELD_BACK: usize = 64 << 10;

fn large(version: &str, seed: u64) -> ModuleFixture {
    ModuleFixture::new("example.com/large", version).file("data.bin", noise(1 << 20, seed))
}

async fn world() -> (Upstream, ModuleFixture) {
    let (upstream, module) = (Upstream::start().await, large("v1.0.0", 7));
    upstream.add(&module);
    (upstream, module)
}

/// A client that has asked for the zip.
async fn asking(proxy: &Proxy, module: &ModuleFixture) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let request = format!("GET {} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", module.url_path("zip"));
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Everything that comes until the connection ends, however it does.
async fn everything(mut stream: TcpStream) -> Vec<u8> {
    let (mut all, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        all.extend_from_slice(&buffer[..n]);
    }
    all
}

/// Header and body.
fn split(answer: &[u8]) -> (String, &[u8]) {
    let at = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    (String::from_utf8_lossy(&answer[..at]).into_owned(), &answer[at..])
}

fn stored(proxy: &Proxy) -> bool {
    files(&proxy.download_dir()).iter().any(|file| file.extension().is_some_and(|extension| extension == "zip"))
}

#[tokio::test]
async fn nothing_came_before_the_upstream_had_sent_everything() {
    let (upstream, module) = world().await;
    upstream.on(&module.url_path("zip"), Answer::zip(module.zip()).delivery(Delivery::Hang(600_000)));
    let proxy = router(&upstream).await;
    let mut streams = [asking(&proxy, &module).await, asking(&proxy, &module).await];
    for stream in &mut streams {
        let mut beginning = vec![0; 200_000];
        tokio::time::timeout(PATIENCE, stream.read_exact(&mut beginning)).await.expect("a beginning").unwrap();
        let (head, body) = split(&beginning);
        assert!(head.starts_with("HTTP/1.1 200") && head.contains(&format!("content-length: {}", module.zip().len())));
        assert!(module.zip().starts_with(body), "other bytes");
        assert!(head.contains("x-cache: miss") && !head.contains("etag"), "{head}");
    }
    assert_eq!(upstream.count_of(&module, "zip"), 1, "one fetch for both");
    drop(streams);
    let temporary = proxy.cache_dir().join("pkg/mod/cache/goproxy/tmp");
    // The lock of the process stays, and is empty.
    let left = || files(&temporary).iter().filter_map(|file| file.metadata().ok()).any(|file| file.len() > 0);
    assert!(wait_until(PATIENCE, || !left()).await, "the fetch ends with its last client");
}

#[tokio::test]
async fn what_is_given_away_while_it_arrives_is_the_zip() {
    let (upstream, module) = world().await;
    for (delivery, length) in [
        (Delivery::Pause(300_000, Duration::from_millis(300)), true),
        (Delivery::Chunked, false),
        (Delivery::Whole, true),
    ] {
        upstream.heal();
        upstream.on(&module.url_path("zip"), Answer::zip(module.zip()).delivery(delivery));
        let proxy = router(&upstream).await;
        let mut streams = Vec::new();
        for _ in 0..20 {
            streams.push(asking(&proxy, &module).await);
        }
        let clients: Vec<_> = streams.into_iter().map(|stream| tokio::spawn(everything(stream))).collect();
        for client in clients {
            let answer = client.await.unwrap();
            let (head, body) = split(&answer);
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            if head.contains("transfer-encoding: chunked") {
                assert!(!length && body.ends_with(b"0\r\n\r\n"), "{head}");
            } else {
                assert!(body == module.zip(), "{} of {} bytes", body.len(), module.zip().len());
            }
        }
        assert_eq!(proxy.get(&module.url_path("zip")).await.body, module.zip());
        assert!(proxy.get(&module.url_path("zip")).await.header("etag").is_some(), "a hit is whole");
    }
}

#[tokio::test]
async fn a_client_got_all_of_a_zip_that_did_not_hold() {
    let (upstream, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
    let (module, lie) = (large("v1.0.0", 7), large("v1.0.0", 8));
    sums.pad(3).add(&module);
    upstream.add(&module).attach(&sums);
    let mut cut = module.zip();
    cut.truncate(cut.len() - 20);
    let other = large("v1.0.1", 7);
    for false_zip in [lie.zip(), cut, other.zip()] {
        upstream.on(&module.url_path("zip"), Answer::zip(false_zip.clone()));
        let args = ["-proxy", &upstream.url(), "-sumdb", "sums.example.org"].map(str::to_owned);
        let proxy = goproxy().args(args).env("GOSUMDB", sums.verifier_key()).start().await;
        let answer = everything(asking(&proxy, &module).await).await;
        let (head, body) = split(&answer);
        if head.starts_with("HTTP/1.1 200") {
            assert!(body.len() <= false_zip.len() - HELD_BACK, "{} of {}", body.len(), false_zip.len());
            assert!(!body.windows(4).any(|four| four == b"PK\x01\x02"), "its directory");
        }
        assert!(!stored(&proxy), "it was stored");
        upstream.heal();
        let next = proxy.get(&module.url_path("zip")).await;
        assert!(next.status == 200 && next.body == module.zip(), "{} {}", next.status, proxy.log());
    }
}

#[tokio::test]
async fn a_second_try_went_on_with_other_bytes() {
    let (upstream, module) = world().await;
    let zip = module.url_path("zip");
    for (first, same) in [(module.zip(), true), (large("v1.0.0", 8).zip(), false)] {
        upstream.heal();
        upstream.first(1, &zip, Answer::zip(first).delivery(Delivery::Truncated(700_000)));
        let proxy = router(&upstream).await;
        let answer = everything(asking(&proxy, &module).await).await;
        let (head, body) = split(&answer);
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert_eq!(body == module.zip(), same, "{} bytes\n{}", body.len(), proxy.log());
        assert!(same || body.len() < module.zip().len(), "the client must see that it has not all");
        assert_eq!(proxy.get(&zip).await.body, module.zip(), "what is stored is the second try");
    }
}

/// Two processes share a cache, and their upstreams do not agree: who was given the beginning of the one must not get the
/// end of the other.
#[tokio::test]
async fn a_zip_ended_as_another_one_that_was_stored_meanwhile() {
    let (upstream, module) = world().await;
    let (slow, other) = (Upstream::start().await, large("v1.0.0", 8));
    assert_eq!(module.zip().len(), other.zip().len());
    let pause = Delivery::Pause(600_000, Duration::from_secs(2));
    slow.add(&other).on(&other.url_path("zip"), Answer::zip(other.zip()).delivery(pause));
    let one = router(&slow).await;
    let two = goproxy().args(["-proxy", &upstream.url()]).cache_dir(one.cache_dir()).start().await;
    let mut client = asking(&one, &module).await;
    let mut answer = vec![0; 200_000];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(two.get(&module.url_path("zip")).await.body, module.zip());
    answer.extend(everything(client).await);
    let (head, body) = split(&answer);
    assert!(head.starts_with("HTTP/1.1 200") && body.len() < other.zip().len(), "{} bytes\n{}", body.len(), one.log());
    assert!(other.zip().starts_with(body));
    assert_eq!(one.get(&module.url_path("zip")).await.body, module.zip(), "the first that was stored");
}

#[tokio::test]
async fn heads_parts_and_conditions_wait_for_the_whole() {
    let (upstream, module) = world().await;
    let pause = Delivery::Pause(300_000, Duration::from_millis(300));
    upstream.on(&module.url_path("zip"), Answer::zip(module.zip()).delivery(pause));
    for (method, headers, status) in [
        ("HEAD", None, 200),
        ("GET", Some(("Range", "bytes=5-9")), 206),
        ("GET", Some(("If-None-Match", "*")), 304),
        ("GET", Some(("If-Match", "\"x\"")), 412),
    ] {
        let proxy = router(&upstream).await;
        let headers: Vec<_> = headers.into_iter().collect();
        let answer = proxy.request(method, &module.url_path("zip"), &headers).await;
        assert_eq!(answer.status, status, "{method} {headers:?}");
        if status == 206 {
            assert_eq!(answer.body, module.zip()[5..10]);
        }
    }
}

#[tokio::test]
async fn http_1_0_could_not_tell_half_a_zip_from_one() {
    let (upstream, module) = world().await;
    upstream.on(&module.url_path("zip"), Answer::zip(large("v1.0.1", 7).zip()).delivery(Delivery::Chunked));
    let proxy = router(&upstream).await;
    let request = format!("GET {} HTTP/1.0\r\nHost: a\r\n\r\n", module.url_path("zip"));
    let answer = proxy.raw(request.as_bytes()).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.0 5"), "{}", String::from_utf8_lossy(&answer[..answer.len().min(300)]));
}

#[tokio::test]
async fn a_page_in_place_of_a_zip_is_an_error_and_no_beginning() {
    let (upstream, module) = world().await;
    upstream.on(&module.url_path("zip"), Answer::html("<html>".repeat(50_000)));
    let proxy = router(&upstream).await;
    let answer = proxy.get(&module.url_path("zip")).await;
    assert!(answer.status >= 500, "{}", answer.status);
    assert!(!stored(&proxy), "it was stored");
}
