//! Real git that speaks version 0, as gopkg.in does and the servers of old.

use goproxy_engine::ErrorKind;
use goproxy_git::{FetchRequest, Filter, Oid};

use super::{ROOT_ONLY, World, remote, shallow, wants};

async fn world() -> Option<World> {
    let world = World::new().await?;
    world.host.speak_version_0();
    world.repo.commit(&[("go.mod", "module a.b/c\n"), ("sub/b.go", "2")]);
    world.repo.tag("v1");
    world.repo.commit(&[("a.go", "between")]);
    world.repo.commit(&[("a.go", "changed")]);
    world.repo.annotated_tag("v2");
    Some(world)
}

#[tokio::test]
async fn refs_and_commits_of_tags() {
    let Some(world) = world().await else { return };
    let remote = remote(&world.url()).await;
    let (_, refs) = remote.refs().await.unwrap();
    assert_eq!(world.asked(), ["GET", "POST"], "version 2 is not spoken, which is seen once");
    let names: Vec<_> = refs.refs.iter().map(|r| (&*r.name, r.peeled())).collect();
    let (v1, v2) = (world.id("v1"), world.id("v2^{}"));
    assert_eq!(names, [("refs/heads/main", v2), ("refs/tags/v1", v1), ("refs/tags/v2", v2)]);
    assert_eq!((refs.head, refs.get("refs/tags/v2").unwrap().target), (Some(v2), world.id("v2")));
    remote.fetch(&shallow(v2, Some(ROOT_ONLY)), &world.git_dir()).await.unwrap();
    assert!(world.has("v2:a.go") && !world.has("v2:sub/b.go") && !world.has("v1"));
    remote.fetch(&FetchRequest { haves: vec![v2], ..shallow(v1, None) }, &world.git_dir()).await.unwrap();
    assert!(world.has("v1:go.mod"));
}

#[tokio::test]
async fn what_no_ref_points_at_costs_everything() {
    let Some(world) = world().await else { return };
    let remote = remote(&world.url()).await;
    remote.refs().await.unwrap();
    assert!(!remote.filters());
    remote.fetch(&shallow(world.id("v2~1"), Some(Filter::NoBlobs)), &world.git_dir()).await.unwrap();
    assert!(world.has("v2~1:a.go") && world.has("v1"));
    let gone = Oid::from_hex(&"1".repeat(40)).unwrap();
    let error = remote.fetch(&wants(&[gone]), &world.git_dir()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}

#[tokio::test]
async fn a_server_that_takes_any_id() {
    let Some(world) = world().await else { return };
    world.repo.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let remote = remote(&world.url()).await;
    remote.refs().await.unwrap();
    assert!(remote.filters());
    world.asked();
    remote.fetch(&shallow(world.id("v2~1"), Some(Filter::NoBlobs)), &world.git_dir()).await.unwrap();
    assert!(world.has("v2~1^{tree}") && !world.has("v1") && !world.has("v2~1:a.go"));
    let blob = FetchRequest { filter: Some(Filter::NoBlobs), ..wants(&[world.id("v2~1:a.go")]) };
    remote.fetch(&blob, &world.git_dir()).await.unwrap();
    assert!(world.has("v2~1:a.go"));
    assert_eq!(world.asked(), ["POST", "POST"]);
    let gone = Oid::from_hex(&"1".repeat(40)).unwrap();
    let error = remote.fetch(&wants(&[gone]), &world.git_dir()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}

#[tokio::test]
async fn a_server_that_learns_version_2_or_forgets_it() {
    let Some(world) = World::new().await else { return };
    world.repo.commit(&[("go.mod", "module a.b/c\n")]);
    let remote = remote(&world.url()).await;
    remote.refs().await.unwrap();
    world.host.speak_version_0();
    assert_eq!(remote.refs().await.unwrap().1.head, Some(world.id("HEAD")));
    remote.fetch(&shallow(world.id("HEAD"), None), &world.git_dir()).await.unwrap();
    assert!(world.has("HEAD:go.mod"));
}

#[tokio::test]
async fn an_empty_repository_has_no_refs() {
    let Some(world) = World::new().await else { return };
    world.host.speak_version_0();
    let (_, refs) = remote(&world.url()).await.refs().await.unwrap();
    assert_eq!((refs.head, refs.refs.len()), (None, 0));
}
