//! Real git at the other end.

use goproxy_engine::ErrorKind;
use goproxy_git::{FetchRequest, Filter, ObjectFormat};
use goproxy_testkit::{Answer, GitHost, GitRepo};

use super::{PRIVATE, ROOT_ONLY, World, client, options, remote, shallow, wants};

#[tokio::test]
async fn refs_cost_two_requests_and_later_ones_one() {
    let Some(world) = World::new().await else { return };
    world.repo.commit(&[("go.mod", "module a.b/c\n")]);
    world.repo.tag("v1.0.0");
    world.repo.annotated_tag("v1.1.0");
    world.repo.git(&["update-ref", "refs/pull/1/head", "HEAD"]);
    let remote = remote(&world.url()).await;
    assert!(!remote.filters(), "not known yet");
    let (format, refs) = remote.refs().await.unwrap();
    assert_eq!(world.asked(), ["GET", "POST"]);
    assert_eq!((format, refs.head), (ObjectFormat::Sha1, Some(world.id("HEAD"))));
    let names: Vec<_> = refs.refs.iter().map(|r| (r.name.as_str(), r.target, r.peeled())).collect();
    let (commit, tag) = (world.id("HEAD"), world.id("v1.1.0"));
    assert_eq!(
        names,
        [("refs/heads/main", commit, commit), ("refs/tags/v1.0.0", commit, commit), ("refs/tags/v1.1.0", tag, commit)]
    );
    assert!(remote.filters());
    remote.refs().await.unwrap();
    remote.fetch(&shallow(commit, Some(ROOT_ONLY)), &world.git_dir()).await.unwrap();
    assert_eq!(world.asked(), ["POST", "POST"]);
    assert!(world.has("HEAD:go.mod"));
}

#[tokio::test]
async fn an_empty_repository_has_no_refs() {
    let Some(world) = World::new().await else { return };
    let (_, refs) = remote(&world.url()).await.refs().await.unwrap();
    assert_eq!((refs.head, refs.refs.len()), (None, 0));
}

#[tokio::test]
async fn a_repository_of_sha_256() {
    let Some(repo) = GitRepo::new() else { return };
    std::fs::remove_dir_all(repo.git_dir()).unwrap();
    repo.git(&["init", "-q", "-b", "main", "--object-format=sha256"]);
    repo.commit(&[("go.mod", "module a.b/c\n")]);
    let host = GitHost::start().await;
    host.add("a/b", &repo);
    let remote = remote(&format!("{}/a/b", host.url())).await;
    let (format, refs) = remote.refs().await.unwrap();
    assert_eq!(format, ObjectFormat::Sha256);
    let copy = tempfile::tempdir().unwrap();
    goproxy_git::init(copy.path(), format).unwrap();
    remote.fetch(&shallow(refs.head.unwrap(), None), copy.path()).await.unwrap();
    let odb = goproxy_git::Odb::open(copy.path(), format).unwrap();
    assert!(goproxy_git::Objects::contains(&odb, &refs.head.unwrap()).unwrap());
}

/// Two commits with files at three levels.
fn history(world: &World) {
    world.repo.commit(&[("go.mod", "module a.b/c\n"), ("a.go", "1"), ("sub/b.go", "2"), ("sub/deep/c.go", "3")]);
    world.repo.tag("v1");
    world.repo.commit(&[("a.go", "changed"), ("BIG", &"x".repeat(2 << 20))]);
    world.repo.tag("v2");
}

#[tokio::test]
async fn filters_leave_out_what_they_say() {
    for (filter, present, absent) in [
        (Some(ROOT_ONLY), &["v2:go.mod", "v2:a.go", "v2:sub"][..], &["v2:BIG", "v2:sub/deep", "v2:sub/b.go", "v1"][..]),
        (Some(Filter::NoBlobs), &["v2^{tree}", "v2:sub", "v2:sub/deep"], &["v2:go.mod", "v2:sub/b.go", "v1"]),
        (Some(Filter::NoTrees), &["v2"], &["v2^{tree}", "v1"]),
        (None, &["v2:BIG", "v2:sub/deep/c.go"], &["v1"]),
    ] {
        let Some(world) = World::new().await else { return };
        history(&world);
        remote(&world.url()).await.fetch(&shallow(world.id("v2"), filter.clone()), &world.git_dir()).await.unwrap();
        for name in present {
            assert!(world.has(name), "{filter:?} {name}");
        }
        for name in absent {
            assert!(!world.has(name), "{filter:?} {name}");
        }
    }
}

#[tokio::test]
async fn history_and_single_objects() {
    let Some(world) = World::new().await else { return };
    history(&world);
    let remote = remote(&world.url()).await;
    let all = FetchRequest { filter: Some(Filter::NoTrees), ..wants(&[world.id("v2")]) };
    remote.fetch(&all, &world.git_dir()).await.unwrap();
    assert!(world.has("v1") && !world.has("v1^{tree}"));
    let some =
        FetchRequest { filter: Some(Filter::NoBlobs), ..wants(&[world.id("v1:sub/deep/c.go"), world.id("v2:a.go")]) };
    remote.fetch(&some, &world.git_dir()).await.unwrap();
    assert!(world.has("v2:a.go") && world.has("v1:sub/deep/c.go") && !world.has("v1:sub/b.go"));
    let tree = FetchRequest { filter: Some(Filter::NoBlobs), ..wants(&[world.id("v1^{tree}")]) };
    remote.fetch(&tree, &world.git_dir()).await.unwrap();
    assert!(world.has("v1:sub/deep"));
    assert_eq!(world.asked(), ["GET", "POST", "POST", "POST"]);
}

#[tokio::test]
async fn what_a_shallow_commit_has_is_not_sent_again() {
    let Some(world) = World::new().await else { return };
    history(&world);
    let remote = remote(&world.url()).await;
    remote.fetch(&shallow(world.id("v1"), None), &world.git_dir()).await.unwrap();
    let next = FetchRequest { haves: vec![world.id("v1")], ..shallow(world.id("v2"), None) };
    remote.fetch(&next, &world.git_dir()).await.unwrap();
    assert!(world.has("v2:a.go") && world.has("v2:BIG") && world.has("v2:sub/deep/c.go"));
    let odb = goproxy_git::Odb::open(&world.git_dir(), ObjectFormat::Sha1).unwrap();
    let count = odb.with_prefix("", 100).unwrap().len();
    // Ten of both commits together: v1 has the commit, three directories and four files, v2 another commit, its root
    // and two files.
    assert_eq!(count, 12);
}

#[tokio::test]
async fn haves_that_are_not_all_here_are_no_fault_of_the_connection() {
    let Some(world) = World::new().await else { return };
    let big: String = (0..2000).map(|n| format!("line {n}\n")).collect();
    world.repo.commit(&[("big.txt", &big)]);
    world.repo.tag("v1");
    world.repo.commit(&[("big.txt", &format!("{big}and one more\n"))]);
    let remote = remote(&world.url()).await;
    let next = FetchRequest { haves: vec![world.id("v1")], ..shallow(world.id("HEAD"), None) };
    assert_eq!(remote.fetch(&next, &world.git_dir()).await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(world.asked(), ["GET", "POST"]);
    remote.fetch(&FetchRequest { haves: Vec::new(), ..next }, &world.git_dir()).await.unwrap();
    assert!(world.has("HEAD:big.txt") && !world.has("v1"));
}

#[tokio::test]
async fn filters_that_a_server_refuses_are_climbed_down_once() {
    let Some(world) = World::new().await else { return };
    history(&world);
    world.repo.git(&["config", "uploadpackfilter.allow", "false"]);
    world.repo.git(&["config", "uploadpackfilter.blob:none.allow", "true"]);
    let remote = remote(&world.url()).await;
    remote.fetch(&shallow(world.id("v2"), Some(ROOT_ONLY)), &world.git_dir()).await.unwrap();
    assert!(world.has("v2:sub/deep") && !world.has("v2:go.mod") && remote.filters());
    assert_eq!(world.asked(), ["GET", "POST", "POST"]);
    remote.fetch(&shallow(world.id("v1"), Some(ROOT_ONLY)), &world.git_dir()).await.unwrap();
    assert_eq!(world.asked(), ["POST"], "remembered");
    world.repo.git(&["config", "uploadpackfilter.blob:none.allow", "false"]);
    remote.fetch(&shallow(world.id("v2"), Some(Filter::NoTrees)), &world.git_dir()).await.unwrap();
    assert!(world.has("v2:BIG") && !remote.filters());
}

#[tokio::test]
async fn a_server_without_filters_sends_everything() {
    let Some(world) = World::new().await else { return };
    history(&world);
    world.repo.git(&["config", "uploadpack.allowFilter", "false"]);
    let remote = remote(&world.url()).await;
    remote.fetch(&shallow(world.id("v2"), Some(ROOT_ONLY)), &world.git_dir()).await.unwrap();
    assert!(world.has("v2:BIG") && world.has("v2:sub/deep/c.go") && !world.has("v1") && !remote.filters());
    assert_eq!(world.asked(), ["GET", "POST"]);
}

#[tokio::test]
async fn filters_that_are_switched_off_after_they_were_seen() {
    let Some(world) = World::new().await else { return };
    history(&world);
    let remote = remote(&world.url()).await;
    remote.refs().await.unwrap();
    world.repo.git(&["config", "uploadpack.allowFilter", "false"]);
    remote.fetch(&shallow(world.id("v2"), Some(ROOT_ONLY)), &world.git_dir()).await.unwrap();
    assert!(world.has("v2:BIG") && !remote.filters());
}

#[tokio::test]
async fn an_object_that_is_not_there_is_not_found() {
    let Some(world) = World::new().await else { return };
    history(&world);
    let gone = goproxy_git::Oid::from_hex(&"1".repeat(40)).unwrap();
    for filter in [None, Some(Filter::NoBlobs)] {
        let error = remote(&world.url()).await.fetch(&shallow(gone, filter), &world.git_dir()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert_eq!(world.asked(), ["GET", "POST"]);
    }
}

#[tokio::test]
async fn a_repository_that_is_not_there_is_not_found() {
    let Some(world) = World::new().await else { return };
    let error = remote(&format!("{}/no/such", world.host.url())).await.refs().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.message(), format!("repository not found on {}", world.host.address()));
}

#[tokio::test]
async fn a_memory_that_is_out_of_date_heals() {
    let Some(world) = World::new().await else { return };
    history(&world);
    let remote = remote(&world.url()).await;
    remote.refs().await.unwrap();
    world.host.remove("a/b");
    world.host.add("new/name", &world.repo);
    for method in ["info/refs", "git-upload-pack"] {
        world.host.on(
            &format!("/a/b/{method}"),
            Answer::redirect(301, &format!("/new/name/{method}?service=git-upload-pack")),
        );
    }
    assert_eq!(remote.refs().await.unwrap().1.head, Some(world.id("HEAD")));
    world.asked();
    remote.refs().await.unwrap();
    assert_eq!(world.asked(), ["POST"]);
    world.host.remove("new/name");
    assert_eq!(remote.refs().await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_private_repository_wants_a_login_and_gets_it_of_netrc() {
    let Some(world) = World::new().await else { return };
    history(&world);
    world.host.add_private("c/d", &world.repo, "S3CRET");
    let (url, dir) = (format!("{}/c/d", world.host.url()), tempfile::tempdir().unwrap());
    let error = remote(&url).await.refs().await.unwrap_err();
    let denied =
        format!("{} asks for credentials that the proxy does not have, or refuses those it has", world.host.address());
    assert_eq!((error.kind(), error.message()), (ErrorKind::Refused, &*denied));
    for (password, good) in [("S3CRET", true), ("wrong", false)] {
        let netrc = dir.path().join(password);
        std::fs::write(&netrc, format!("machine 127.0.0.1 login me password {password}\n")).unwrap();
        let client = client(crate::ClientOptions { netrc: Some(netrc), ..options() });
        let remote = client.remote(&url, PRIVATE).await.unwrap();
        world.asked();
        let refs = remote.refs().await;
        if good {
            refs.unwrap();
            assert_eq!(world.asked(), ["GET", "GET", "POST", "POST"], "none asks a helper twice");
            remote.refs().await.unwrap();
            assert_eq!(world.asked(), ["POST"], "remembered");
        } else {
            let error = refs.unwrap_err();
            assert_eq!((error.kind(), error.message()), (ErrorKind::Refused, &*denied));
            assert!(!format!("{error:?}").contains("wrong"));
        }
    }
    let with_password = url.replace("://", "://me:S3CRET@");
    world.asked();
    let remote = remote(&with_password).await;
    remote.refs().await.unwrap();
    assert_eq!(world.asked(), ["GET", "POST"]);
    assert!(!remote.key().contains("S3CRET") && !format!("{remote:?}").contains("czNjcmV0"));
}
