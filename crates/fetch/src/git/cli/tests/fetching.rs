//! What is in the copy after which requests.

use super::*;

/// Runs what ssh is asked to run: with the version of the protocol that is asked for, or with the oldest.
const SSH: &str = "eval \"$last\"";
const OLD_SSH: &str = "unset GIT_PROTOCOL; eval \"$last\"";

#[tokio::test]
async fn refs_with_head_and_peeled_tags() {
    let Some(world) = World::new() else { return };
    let remote = world.remote().await;
    assert_eq!(remote.refs().await.unwrap(), (ObjectFormat::Sha1, Refs::default()), "no commit yet");
    world.repo.commit(&[("a", "1")]);
    world.repo.tag("v1.0.0");
    world.repo.annotated_tag("v1.1.0");
    world.repo.branch("dev");
    world.repo.git(&["update-ref", "refs/pull/1/head", "HEAD"]);
    let (_, refs) = remote.refs().await.unwrap();
    let head = world.id("HEAD");
    let names: Vec<_> = refs.refs.iter().map(|r| (r.name.as_str(), r.peeled())).collect();
    let names_only: Vec<_> = names.iter().map(|(name, _)| *name).collect();
    assert_eq!(names_only, ["refs/heads/dev", "refs/heads/main", "refs/tags/v1.0.0", "refs/tags/v1.1.0"]);
    assert!(names.iter().all(|(_, id)| *id == head) && refs.head == Some(head));
    assert_ne!(refs.refs[3].target, head);
}

#[tokio::test]
async fn shallow_then_whole_then_shallow_again() {
    for ssh in [None, Some(SSH), Some(OLD_SSH)] {
        let Some(world) = ssh.map_or_else(World::new, World::with_ssh) else { return };
        world.repo.commit(&[("a", "1")]);
        world.repo.tag("one");
        world.repo.commit(&[("a", "2"), ("d/e", "2")]);
        world.repo.annotated_tag("two");
        let remote = world.remote().await;
        remote.refs().await.unwrap();
        world.shallow(&remote, &["two^{commit}"]).await.unwrap();
        assert!(world.has_all(&["two^{commit}", "two:d/e"]) && !world.has("one"), "{ssh:?}");

        world.whole(&remote, &["main"]).await.unwrap();
        assert!(world.has_all(&["one", "one:a"]), "{ssh:?}");

        world.repo.commit(&[("a", "3")]);
        world.repo.tag("three");
        world.repo.commit(&[("a", "4")]);
        world.repo.tag("four");
        world.shallow(&remote, &["four"]).await.unwrap();
        assert!(world.has_all(&["four", "four:a"]) && !world.has("three"), "{ssh:?}");
        world.shallow(&remote, &["one"]).await.unwrap();

        world.whole(&remote, &["main"]).await.unwrap();
        assert!(world.has_all(&["three", "three:a", "one"]), "{ssh:?}");
        world.fsck();
        assert!(!world.copy.path().join("shallow").exists(), "nothing is cut off any more");
    }
}

#[tokio::test]
async fn what_is_here_with_all_it_contains_is_not_fetched_again() {
    let Some(world) = World::with_ssh(SSH) else { return };
    world.repo.commit(&[("a", "1")]);
    let remote = world.remote().await;
    world.shallow(&remote, &["main"]).await.unwrap();
    let before = world.log("ssh.log");
    world.shallow(&remote, &["main"]).await.unwrap();
    assert_eq!((world.log("ssh.log"), before.lines().count()), (before, 1));
}

#[tokio::test]
async fn commits_that_no_ref_names() {
    for ssh in [SSH, OLD_SSH] {
        let Some(world) = World::with_ssh(ssh) else { return };
        world.repo.git(&["config", "transfer.hideRefs", "refs/keep"]);
        world.repo.commit(&[("a", "1")]);
        world.repo.git(&["update-ref", "refs/keep/one", "HEAD"]);
        world.repo.commit(&[("a", "2")]);
        let remote = world.remote().await;
        // An ancestor of a branch.
        world.shallow(&remote, &["refs/keep/one"]).await.unwrap();
        assert!(world.has("refs/keep/one:a"));
        // On no branch at all: as a request for review is.
        world.repo.git(&["checkout", "-q", "--detach"]);
        world.repo.commit(&[("a", "3")]);
        world.repo.git(&["update-ref", "refs/keep/three", "HEAD"]);
        world.repo.checkout("main");
        let shallow = world.shallow(&remote, &["refs/keep/three"]).await;
        let whole = world.whole(&remote, &["refs/keep/three"]).await;
        if ssh == SSH {
            shallow.unwrap();
            whole.unwrap();
            assert!(world.has_all(&["refs/keep/three:a", "main", "refs/keep/one"]));
        } else {
            assert_eq!(shallow.unwrap_err().kind(), ErrorKind::NotFound);
            assert_eq!(whole.unwrap_err().kind(), ErrorKind::NotFound);
        }
    }
}

#[tokio::test]
async fn objects_that_are_nowhere_are_not_found() {
    let Some(world) = World::new() else { return };
    world.repo.commit(&[("a", "1")]);
    let remote = world.remote().await;
    for shallow in [true, false] {
        let wants = vec![Oid::from_hex(&"1".repeat(40)).unwrap()];
        let request = FetchRequest { wants, shallow, ..FetchRequest::default() };
        let error = remote.fetch(&request, world.copy.path()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    }
}

#[tokio::test]
async fn branches_that_move_back_and_go() {
    let Some(world) = World::new() else { return };
    world.repo.commit(&[("a", "1")]);
    world.repo.commit(&[("a", "2")]);
    world.repo.branch("x");
    let remote = world.remote().await;
    world.whole(&remote, &["x"]).await.unwrap();
    world.repo.checkout("main");
    world.repo.git(&["branch", "-D", "x"]);
    world.repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    world.repo.commit(&[("a", "3")]);
    world.repo.branch("x/y");
    // By the listing of before, which names what is gone, and by a new one.
    world.repo.git(&["reflog", "expire", "--expire=now", "--all"]);
    world.repo.git(&["gc", "-q", "--prune=now"]);
    world.whole(&remote, &["x/y"]).await.unwrap();
    assert!(world.has_all(&["x/y:a", "x/y~1:a"]));
}

#[tokio::test]
async fn leftovers_of_a_killed_git_do_no_harm() {
    let Some(world) = World::new() else { return };
    world.repo.commit(&[("a", "1")]);
    world.repo.commit(&[("a", "2")]);
    let remote = world.remote().await;
    let file = |name: &str, text: &str| {
        let path = world.copy.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    file("shallow.lock", "");
    file("objects/pack/tmp_pack_x", "x");
    world.shallow(&remote, &["main"]).await.unwrap();
    assert!(!world.copy.path().join("objects/pack/tmp_pack_x").exists());
    file("packed-refs.lock", "");
    world.whole(&remote, &["main"]).await.unwrap();
    assert!(world.has("main~1:a"));
    // Refs that name what is not here, as after a power failure.
    file("packed-refs", &format!("{} refs/remote/x\n", "1".repeat(40)));
    file("shallow", &format!("{}\n", "2".repeat(40)));
    world.repo.commit(&[("a", "3")]);
    world.whole(&remote, &["main"]).await.unwrap();
    assert!(world.has("main:a"));
}

#[tokio::test]
async fn a_history_that_ends_early_at_the_remote_ends_early_here() {
    let Some(mut world) = World::new() else { return };
    for text in ["1", "2", "3"] {
        world.repo.commit(&[("a", text)]);
    }
    let clone = tempfile::tempdir().unwrap();
    let (from, to) = (format!("file://{}", world.repo.git_dir().display()), clone.path().display().to_string());
    world.repo.git(&["clone", "-q", "--bare", "--depth=2", &from, &to]);
    world.home = Home::new();
    world.home.instead_of("https://github.com/a/b", &to);
    let remote = world.remote().await;
    world.whole(&remote, &["main"]).await.unwrap();
    assert!(world.has_all(&["main:a", "main~1:a"]) && !world.has("main~2"));
    world.shallow(&remote, &["main"]).await.unwrap();
    world.whole(&remote, &["main"]).await.unwrap();
}

#[tokio::test]
async fn sha256_repositories() {
    let Some(world) = World::sha256() else { return };
    world.home.instead_of("https://github.com/a/b", &world.repo.git_dir().display().to_string());
    world.repo.commit(&[("a", "1")]);
    world.repo.commit(&[("a", "2")]);
    let remote = world.remote().await;
    let (format, refs) = remote.refs().await.unwrap();
    assert_eq!((format, refs.head), (ObjectFormat::Sha256, Some(world.id("main"))));
    world.shallow(&remote, &["main"]).await.unwrap();
    assert!(world.has("main:a") && !world.has("main~1"));
    world.whole(&remote, &["main"]).await.unwrap();
    assert!(world.has("main~1:a"));
}
