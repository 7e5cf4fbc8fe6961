//! G3 and G4: what branches and tags may claim to be.

use std::time::{Duration, Instant};

use goproxy_testkit::{GitRepo, Proxy};

use super::lab::{Lab, assert_refused, encoded, peak_memory};

async fn text(proxy: &Proxy, path: &str) -> String {
    let answer = proxy.get(&format!("/github.com/acme/{path}")).await;
    assert_eq!(answer.status, 200, "{path}: {} {}", answer.text(), proxy.log());
    answer.text()
}

#[tokio::test]
async fn a_branch_is_no_version() {
    let lab = Lab::new().await;
    let repo = lab.repository("branchy", &[]);
    repo.branch("v1.2.3");
    repo.commit(&[("branch.go", "package lib\n")]);
    let proxy = lab.builder().start().await;
    assert_eq!(text(&proxy, "branchy/@v/list").await, "v1.0.0\n");
    for ending in ["info", "mod", "zip"] {
        let answer = proxy.get(&format!("/github.com/acme/branchy/@v/v1.2.3.{ending}")).await;
        assert_eq!(answer.status, 404, "{ending}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_tag_wins_over_a_branch_of_its_name() {
    let lab = Lab::new().await;
    let repo = lab.repository("both", &[]);
    let tagged = repo.head();
    repo.tag("v1.2.3");
    repo.branch("v1.2.3");
    repo.commit(&[("branch.go", "package lib\n")]);
    let proxy = lab.builder().start().await;
    assert_eq!(text(&proxy, "both/@v/list").await, "v1.0.0\nv1.2.3\n");
    let info = text(&proxy, "both/@v/v1.2.3.info").await;
    assert!(info.contains(&tagged) && info.contains("refs/tags/v1.2.3"), "{info}");
}

#[tokio::test]
async fn tags_of_every_odd_form() {
    let lab = Lab::new().await;
    let repo = lab.repository("odd", &[("sub/dir/go.mod", "module github.com/acme/odd/sub/dir\n")]);
    let (commit, tree) = (repo.head(), repo.git(&["rev-parse", "HEAD^{tree}"]));
    let blob = repo.git(&["rev-parse", "HEAD:go.mod"]);
    repo.annotated_tag("v1.1.0");
    repo.git(&["tag", "-a", "-m", "nested", "v1.2.0", "v1.1.0"]);
    repo.git(&["tag", "v1.3.0", &tree]);
    repo.git(&["tag", "v1.4.0", &blob]);
    for tag in ["v1.0", "v1", "v01.0.0", "v1.0.0+meta", "V1.5.0", "1.6.0", "v1.7.0-", "sub/dir/v1.0.0", "v1.8.0-rc.1"] {
        repo.tag(tag);
    }
    let proxy = lab.builder().start().await;
    let list = text(&proxy, "odd/@v/list").await;
    // Tags on trees and blobs are listed, as `go` lists them, and cannot be fetched.
    assert_eq!(list, "v1.0.0\nv1.1.0\nv1.2.0\nv1.3.0\nv1.4.0\nv1.8.0-rc.1\n");
    assert_eq!(text(&proxy, "odd/sub/dir/@v/list").await, "v1.0.0\n");
    for version in ["v1.1.0", "v1.2.0"] {
        assert!(text(&proxy, &format!("odd/@v/{version}.info")).await.contains(&commit), "{version}");
    }
    for version in ["v1.3.0", "v1.4.0"] {
        for ending in ["info", "mod", "zip"] {
            let answer = proxy.get(&format!("/github.com/acme/odd/@v/{version}.{ending}")).await;
            assert_refused(&answer, &format!("{version}.{ending}"));
        }
    }
    for version in ["v1.0.0^{}", "v01.0.0", "v1.0.0%2Bmeta", "v1.7.0-"] {
        let answer = proxy.get(&format!("/github.com/acme/odd/@v/{}.zip", encoded(version))).await;
        assert_refused(&answer, version);
    }
}

/// A hundred thousand tags, of which one in four is a version.
#[tokio::test]
async fn a_hundred_thousand_tags_are_listed_in_two_seconds() {
    let lab = Lab::new().await;
    let repo = lab.repository("tags", &[]);
    let (head, mut packed) = (repo.head(), "# pack-refs with: peeled fully-peeled sorted \n".to_owned());
    let mut names: Vec<String> = (0..25_000)
        .flat_map(|n| [format!("v1.{n}.1"), format!("build-{n}"), format!("sub/v1.{n}.0"), format!("v1.{n}.x")])
        .collect();
    names.sort();
    names.iter().for_each(|name| packed.push_str(&format!("{head} refs/tags/{name}\n")));
    std::fs::write(repo.git_dir().join("packed-refs"), packed).unwrap();
    let proxy = lab.builder().start().await;
    let started = Instant::now();
    let list = text(&proxy, "tags/@v/list").await;
    let took = started.elapsed();
    assert_eq!(list.lines().count(), 25_001, "the loose v1.0.0 too");
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(text(&proxy, "tags/@v/v1.24999.1.info").await.contains(&head));
    assert!(peak_memory(proxy.pid()) < 128, "{} MiB", peak_memory(proxy.pid()));
}

/// Names of references that no git would make, from one that does not check.
#[tokio::test]
async fn names_of_references_that_lead_elsewhere() {
    let lab = Lab::new().await;
    let repo: GitRepo = lab.repository("names", &[]);
    let head = repo.head();
    let lines = ["refs/tags/../../../PWN", "refs/heads/../../PWN", "refs/tags/v1.1.0/../v1.2.0", "refs/heads/a//b"];
    let mut packed = "# pack-refs with: peeled fully-peeled sorted \n".to_owned();
    lines.iter().for_each(|name| packed.push_str(&format!("{head} {name}\n")));
    std::fs::write(repo.git_dir().join("packed-refs"), packed).unwrap();
    let (proxy, before) = (lab.builder().start().await, lab.snapshot());
    // The real server refuses to say some of them; whatever it says, nothing leads out of the cache.
    for path in ["@v/list", "@latest", "@v/main.info", "@v/v1.0.0.zip", "@v/..%2F..%2FPWN.info"] {
        proxy.get(&format!("/github.com/acme/names/{path}")).await;
    }
    lab.assert_untouched(&proxy, &before, "names of references");
}
