//! The lookup in the checksum database goes beside the fetch of the file, and decides nothing before the file is there.

use std::time::Duration;

use goproxy_testkit::{Answer, ModuleFixture, ProxyBuilder, SumDb, Upstream, wait_until};

use super::SOON;
use crate::support::{files, goproxy};

const NAME: &str = "sums.example.org";

async fn world() -> (Upstream, SumDb, ModuleFixture) {
    let (upstream, sums) = (Upstream::start().await, SumDb::new(NAME));
    let module = ModuleFixture::new("example.com/vouched", "v1.0.0");
    sums.pad(300).add(&module).pad(3);
    upstream.add(&module).attach(&sums);
    (upstream, sums, module)
}

fn verifying(upstream: &Upstream, sums: &SumDb) -> ProxyBuilder {
    goproxy().args(["-proxy", &upstream.url(), "-sumdb", NAME]).env("GOSUMDB", sums.verifier_key())
}

fn lookup() -> String {
    format!("/sumdb/{NAME}/lookup/example.com/vouched@v1.0.0")
}

#[tokio::test]
async fn a_lookup_waited_for_the_file() {
    let (upstream, sums, module) = world().await;
    upstream.on(&module.url_path("mod"), Answer::text(200, module.mod_file()).delay(Duration::from_secs(2)));
    let proxy = verifying(&upstream, &sums).start().await;
    let path = module.url_path("mod");
    let fetch = proxy.get(&path);
    let early = async {
        let tile = format!("/sumdb/{NAME}/tile/*");
        let came = wait_until(SOON, || upstream.count(&lookup()) == 1 && upstream.count(&tile) > 0).await;
        assert!(came && files(&proxy.download_dir()).iter().all(|file| !file.ends_with("v1.0.0.mod")));
    };
    let (answer, ()) = tokio::join!(fetch, early);
    assert_eq!(answer.body, module.mod_file());
    assert_eq!(upstream.count(&lookup()), 1, "once for the file and its proof");
    assert_eq!(proxy.get(&module.url_path("zip")).await.body, module.zip());
    assert_eq!(upstream.count(&lookup()), 1, "once for both files");
}

#[tokio::test]
async fn a_lookup_that_fails_early_fails_nothing() {
    let (upstream, sums, module) = world().await;
    upstream.on(&module.url_path("mod"), Answer::text(200, module.mod_file()).delay(Duration::from_secs(2)));
    // Not one that is tried again by itself.
    upstream.first(1, &lookup(), Answer::text(501, "not now\n"));
    let proxy = verifying(&upstream, &sums).start().await;
    let answer = proxy.get(&module.url_path("mod")).await;
    assert_eq!((answer.status, upstream.count(&lookup())), (200, 2), "{}", answer.text());
}

#[tokio::test]
async fn what_does_not_exist_stays_404_whatever_the_database_says() {
    let (upstream, sums, module) = world().await;
    upstream.on(&lookup(), Answer::hang());
    upstream.on(&module.url_path("mod"), Answer::text(404, "not found\n"));
    let proxy = verifying(&upstream, &sums).start().await;
    let answer = tokio::time::timeout(SOON, proxy.get(&module.url_path("mod"))).await.expect("does not wait for it");
    assert_eq!(answer.status, 404);
}
