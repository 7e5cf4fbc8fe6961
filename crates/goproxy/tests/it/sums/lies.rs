//! Sources and proxies of the database that lie: nothing false is stored or served, and a lie that ends stops hurting.

use std::time::Duration;

use goproxy_testkit::{Answer, GitHost, GitRepo, ModuleFixture, SumDb, Upstream, wait_until};

use super::{NAME, lookup_of, stored, verifying, world};
use crate::support::{goproxy, home_with_git};

#[tokio::test]
async fn what_the_database_contradicts_was_stored() {
    let (upstream, sums, module) = world(300).await;
    let proxy = verifying(&upstream, &sums).start().await;
    let other = ModuleFixture::new(module.path(), module.version()).file("evil.go", "package summed\n");
    let evil_mod = Answer::text(200, format!("module {}\n\ngo 1.99\n", module.path()));
    for (ext, lie) in [("zip", Answer::zip(other.zip())), ("mod", evil_mod)] {
        upstream.on(&module.url_path(ext), lie);
        let answer = proxy.get(&module.url_path(ext)).await;
        assert_eq!(answer.status, 502, "{ext}: {}", answer.text());
        assert!(answer.text().contains("checksum mismatch") && answer.text().contains("SECURITY"), "{}", answer.text());
        assert!(!stored(&proxy, &format!("v1.0.0.{ext}")), "{ext}");
        upstream.heal();
        assert_eq!(proxy.get(&module.url_path(ext)).await.status, 200, "{ext}: the lie has ended");
    }
    assert_eq!(proxy.get(&module.url_path("zip")).await.body, module.zip());
    let page = proxy.get("/metrics").await.text();
    assert!(page.contains("goproxy_checksums_total{outcome=\"mismatch\"} 2"), "{page}");
}

#[tokio::test]
async fn the_next_source_is_tried_after_a_lie() {
    let (liar, sums, module) = world(3).await;
    let honest = Upstream::start().await;
    honest.add(&module);
    let other = ModuleFixture::new(module.path(), module.version()).file("evil.go", "package summed\n");
    liar.on(&module.url_path("zip"), Answer::zip(other.zip()));
    let list = format!("{},{}", liar.url(), honest.url());
    let proxy = goproxy().args(["-proxy", &list, "-sumdb", NAME]).env("GOSUMDB", sums.verifier_key()).start().await;
    let answer = proxy.get(&module.url_path("zip")).await;
    assert_eq!((answer.status, answer.body), (200, module.zip()), "{}", proxy.log());
}

/// T1, T2, T3, T5: what a proxy of the database can say to make a false version look true.
#[tokio::test]
async fn a_proxy_of_the_database_vouched_for_another_zip() {
    let (upstream, sums, module) = world(300).await;
    let other = ModuleFixture::new(module.path(), module.version()).file("evil.go", "package summed\n");
    upstream.on(&module.url_path("zip"), Answer::zip(other.zip()));
    let truth = sums.lookup("example.com/!summed@v1.0.0").unwrap();
    let (id, rest) = truth.split_once('\n').unwrap();
    let (_, note) = rest.split_once("\n\n").unwrap();
    let forged = SumDb::new("other.example.org");
    forged.pad(300).add(&other);
    let stranger = forged.lookup("example.com/!summed@v1.0.0").unwrap();
    let evil = other.sum_lines();
    for (name, body) in [
        ("empty", String::new()),
        ("of another module", sums.lookup("padding.example/m7@v1.0.0").unwrap()),
        ("evil record under a true head", format!("{id}\n{evil}\n{note}")),
        ("evil lines in the note", format!("{id}\n{}\n{evil}{note}", module.sum_lines())),
        ("evil lines behind the note", format!("{truth}\n{evil}")),
        ("evil lines before the record", format!("{evil}\n{truth}")),
        ("another number", format!("7\n{evil}\n{note}")),
        ("signed by a stranger", stranger),
        ("not signed", truth.split_once("\n\n").unwrap().0.to_owned() + "\n\n" + "go.sum database tree\n1\nAAAA\n"),
    ] {
        let proxy = verifying(&upstream, &sums).start().await;
        upstream.on(&format!("/sumdb{}", lookup_of(&module).strip_prefix("/sumdb").unwrap()), Answer::text(200, body));
        let answer = proxy.get(&module.url_path("zip")).await;
        assert!((500..505).contains(&answer.status), "{name}: {} {}", answer.status, answer.text());
        assert!(!stored(&proxy, "v1.0.0.zip") && !stored(&proxy, "/lookup/"), "{name}");
        let served = proxy.get(&lookup_of(&module)).await;
        assert!((500..505).contains(&served.status), "{name}: {} {}", served.status, served.text());
        upstream.on(&lookup_of(&module), Answer::text(200, truth.clone()));
        let mended = proxy.get(&lookup_of(&module)).await;
        assert_eq!((mended.status, mended.text()), (200, truth.clone()), "{name}: the lie has ended");
    }
}

/// T4 through the program: every tile that the proof needs, spoiled in turn.
#[tokio::test]
async fn a_tile_of_another_tree_was_believed_or_kept() {
    let (upstream, sums, module) = world(700).await;
    let honest = verifying(&upstream, &sums).start().await;
    assert_eq!(honest.get(&module.url_path("mod")).await.status, 200, "{}", honest.log());
    let asked: Vec<_> = upstream.requests().into_iter().map(|r| r.path).filter(|p| p.contains("/tile/")).collect();
    assert!(asked.len() >= 2, "{asked:?}");
    for path in asked {
        let proxy = verifying(&upstream, &sums).start().await;
        let mut bytes = sums.tile(path.strip_prefix(&format!("/sumdb/{NAME}/")).unwrap()).unwrap();
        bytes[40] ^= 1;
        upstream.on(&path, Answer::new(200, "application/octet-stream", bytes));
        let answer = proxy.get(&module.url_path("mod")).await;
        assert!((500..505).contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
        assert!(proxy.get(&path).await.status >= 500 && !stored(&proxy, "/tile/"), "{path}");
        upstream.heal();
        assert_eq!(proxy.get(&module.url_path("mod")).await.status, 200, "{path}: the lie has ended");
        assert_eq!(proxy.get(&path).await.status, 200, "{path}");
    }
}

/// T6: servers need not keep partial tiles.
#[tokio::test]
async fn full_tiles_stand_in_for_partial_ones() {
    let (upstream, sums, module) = world(10).await;
    let proxy = verifying(&upstream, &sums).start().await;
    let early = sums.lookup("example.com/!summed@v1.0.0").unwrap();
    upstream.on(&lookup_of(&module), Answer::text(200, early));
    sums.pad(300);
    upstream.on(&format!("/sumdb/{NAME}/tile/8/0/000.p/*"), Answer::text(404, "gone\n"));
    assert_eq!(proxy.get(&module.url_path("mod")).await.status, 200, "{}", proxy.log());
    assert!(upstream.count(&format!("/sumdb/{NAME}/tile/8/0/000")) > 0);
    upstream.on(&format!("/sumdb/{NAME}/tile/8/0/000"), Answer::new(200, "application/octet-stream", vec![7; 96]));
    let other = verifying(&upstream, &sums).start().await;
    assert!(other.get(&module.url_path("mod")).await.status >= 500, "of the wrong size");
}

/// Who was told that there is no record was told to do without the database.
#[tokio::test]
async fn a_tile_that_was_withheld_passed_for_a_record_that_does_not_exist() {
    let (upstream, sums, module) = world(300).await;
    let proxy = verifying(&upstream, &sums).start().await;
    for status in [404, 410] {
        upstream.on(&format!("/sumdb/{NAME}/tile/*"), Answer::text(status, "gone\n"));
        for path in [module.url_path("mod"), module.url_path("zip"), lookup_of(&module)] {
            let answer = proxy.get(&path).await;
            assert_eq!(answer.status, 502, "{path}: {}", answer.text());
            assert!(answer.text().contains("of its tree is missing"), "{path}: {}", answer.text());
        }
        upstream.heal();
    }
    for path in [module.url_path("mod"), module.url_path("zip"), lookup_of(&module)] {
        assert_eq!(proxy.get(&path).await.status, 200, "{path}: at once");
    }
}

/// T8: what is stored and was proved by another process may have rotted since, or was never true.
#[tokio::test]
async fn stored_lookups_and_tiles_were_served_whatever_they_say() {
    let (upstream, sums, module) = world(300).await;
    let mut proxy = verifying(&upstream, &sums).start().await;
    assert_eq!(proxy.get(&module.url_path("mod")).await.status, 200);
    assert_eq!(proxy.get(&lookup_of(&module)).await.status, 200);
    let folder = proxy.download_dir().join("sumdb");
    // Tiles are stored behind the answer's back.
    assert!(wait_until(Duration::from_secs(20), || crate::support::files(&folder).len() >= 3).await);
    let sumdb: Vec<_> = crate::support::files(&folder);
    proxy.kill9();
    std::fs::remove_dir_all(proxy.cache_dir().join("pkg/mod/cache/goproxy/records")).unwrap();
    for file in &sumdb {
        // Of the right shape, and false.
        let mut bytes = std::fs::read(file).unwrap();
        if file.to_string_lossy().contains("/tile/") {
            bytes[17] ^= 1;
        } else {
            bytes = String::from_utf8(bytes).unwrap().replace(&module.zip_h1(), &module.mod_h1()).into_bytes();
        }
        std::fs::write(file, bytes).unwrap();
    }
    proxy.restart().await;
    let served = proxy.get(&lookup_of(&module)).await;
    assert_eq!(served.text(), sums.lookup("example.com/!summed@v1.0.0").unwrap(), "{}", proxy.log());
    for file in &sumdb {
        let path = file.strip_prefix(proxy.download_dir()).unwrap().to_string_lossy().into_owned();
        let Some(tile) = path.strip_prefix(&format!("sumdb/{NAME}/")).filter(|tile| tile.starts_with("tile/")) else {
            continue;
        };
        assert_eq!(proxy.get(&format!("/{path}")).await.body, sums.tile(tile).unwrap(), "{path}");
    }
    assert_eq!(proxy.get(&module.url_path("zip")).await.status, 200, "{}", proxy.log());
}

#[tokio::test]
async fn what_is_not_in_the_database_is_a_refusal_with_a_remedy() {
    let (upstream, sums, _) = world(3).await;
    let unlisted = ModuleFixture::new("example.com/unlisted", "v1.0.0");
    upstream.add(&unlisted);
    let proxy = verifying(&upstream, &sums).start().await;
    assert_eq!(proxy.get(&unlisted.url_path("info")).await.status, 200, "nobody vouches for times");
    let answer = proxy.get(&unlisted.url_path("mod")).await;
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert!(answer.text().contains("-exclude") && answer.text().contains("GONOSUMDB"), "{}", answer.text());
    assert!(!stored(&proxy, "v1.0.0.mod"));
}

/// Also when the database is unreachable: what was verified is served, and nothing else gets in.
#[tokio::test]
async fn without_the_database_what_was_verified_is_served() {
    let (upstream, sums, module) = world(300).await;
    let newer = ModuleFixture::new(module.path(), "v1.1.0");
    upstream.add(&newer);
    sums.add(&newer);
    let mut proxy = verifying(&upstream, &sums).start().await;
    assert_eq!(proxy.get(&module.url_path("zip")).await.status, 200);
    upstream.on("/sumdb/*", Answer::text(503, "out of order\n"));
    proxy.restart().await;
    for path in [module.url_path("zip"), lookup_of(&module)] {
        assert_eq!(proxy.get(&path).await.status, 200, "{path}: {}", proxy.log());
    }
    let answer = proxy.get(&newer.url_path("zip")).await;
    assert!((500..505).contains(&answer.status) && answer.text().contains("cannot be verified"), "{}", answer.text());
    assert!(!stored(&proxy, "v1.1.0.zip"));
    upstream.heal();
    assert_eq!(proxy.get(&newer.url_path("zip")).await.status, 200, "{}", proxy.log());
}

/// Modules that we build ourselves are compared as well: somebody may have moved the tag since the world saw it.
#[tokio::test]
async fn a_moved_tag_was_served_to_whoever_came_late() {
    let Some(repo) = GitRepo::new() else { return };
    let host = GitHost::start().await;
    host.add("acme/summed", &repo);
    let sums = SumDb::new(NAME);
    let seen = ModuleFixture::new("github.com/acme/summed", "v1.0.0");
    let next = ModuleFixture::new("github.com/acme/summed", "v1.1.0");
    sums.pad(30).add(&seen).add(&next);
    for (module, extra) in [(&seen, "moved"), (&next, "")] {
        let prefix = format!("{}@{}/", module.path(), module.version());
        let entries = module.entries();
        let mut commit: Vec<_> = entries
            .iter()
            .map(|e| (e.name.strip_prefix(&prefix).unwrap(), std::str::from_utf8(&e.data).unwrap()))
            .collect();
        let readme = [("README", extra)];
        if extra.is_empty() {
            repo.remove("README");
        } else {
            commit.extend(readme);
        }
        repo.commit(&commit);
        repo.tag(module.version());
    }
    let site = sums.serve().await;
    let home = home_with_git("github.com", &host, None);
    let go_sumdb = format!("{} {}", sums.verifier_key(), site.url());
    let proxy = goproxy().home(&home).env("GOSUMDB", go_sumdb).start().await;
    let answer = proxy.get(&next.url_path("zip")).await;
    assert_eq!(answer.status, 200, "{} {}", answer.text(), proxy.log());
    let answer = proxy.get(&seen.url_path("zip")).await;
    assert_eq!(answer.status, 502, "{}", proxy.log());
    assert!(answer.text().contains("checksum mismatch"), "{}", answer.text());
    assert!(!stored(&proxy, "v1.0.0.zip"));
    assert_eq!(proxy.get(&seen.url_path("mod")).await.status, 200, "its go.mod is what it was");
}
