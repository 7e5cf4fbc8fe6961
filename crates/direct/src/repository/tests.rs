//! Copies of a real repository, in the hands of several processes and of bad luck.

use std::{fs, sync::Arc, time::Duration};

use gomod::{ModulePath, Query};
use goproxy_fetch::{Access, ClientOptions, GitClient, GitOptions, HostLimits, HttpClient, ProxySettings};
use goproxy_git::{Objects as _, Oid};
use goproxy_testkit::{Answer, GitHost, GitRepo};

use super::*;
use crate::coderepo::{CodeRepo, Coordinates, Repo as _};
use crate::freshness::Freshness;

pub(crate) struct World {
    pub(crate) host: GitHost,
    pub(crate) repo: GitRepo,
    pub(crate) root: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new() -> Option<Self> {
        let repo = GitRepo::new()?;
        repo.git(&["config", "uploadpack.allowFilter", "true"]);
        let host = GitHost::start().await;
        host.add("a/b", &repo);
        Some(Self { host, repo, root: tempfile::tempdir().unwrap() })
    }

    pub(crate) fn client(&self) -> GitClient {
        let options = ClientOptions { proxies: ProxySettings::default(), netrc: None, ..ClientOptions::default() };
        let (http, time_limit) = (HttpClient::new(options).unwrap(), Duration::from_secs(30));
        GitClient::new(GitOptions {
            http,
            git: None,
            host_env: Vec::new(),
            time_limit,
            per_host: HostLimits { at_once: 4, per_second: 1000 },
        })
    }

    pub(crate) fn copies(&self, freshness: Duration, bytes: u64) -> Copies {
        Copies::new(CopiesOptions {
            git: self.client(),
            root: self.root.path().to_owned(),
            freshness: Freshness::new(freshness),
            bytes,
        })
    }

    pub(crate) async fn open(&self, copies: &Copies, path: &str) -> Arc<Copy> {
        let access = Access { internal: true, insecure: true, ..Access::default() };
        copies.open(&format!("{}/{path}", self.host.url()), access).await.unwrap()
    }

    /// The copy of `a/b`, as another process has it each time.
    pub(crate) async fn copy(&self) -> Arc<Copy> {
        self.open(&self.copies(Duration::from_secs(3600), u64::MAX), "a/b").await
    }

    fn packs(&self, copy: &Copy) -> Vec<std::path::PathBuf> {
        let files = fs::read_dir(copy.git_dir().join("objects/pack")).unwrap();
        files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "pack")).collect()
    }
}

async fn fetch(copy: &Copy, id: Oid) {
    copy.fetch(vec![id], Part::Whole).await.unwrap();
}

fn oid(hex: &str) -> Oid {
    Oid::from_hex(hex).unwrap()
}

#[tokio::test]
async fn a_torn_pack_failed_every_request_for_ever() {
    let Some(world) = World::new().await else { return };
    let id = oid(&world.repo.commit(&[("go.mod", "module m\n")]));
    fetch(&*world.copy().await, id).await;
    let copy = world.copy().await;
    for pack in world.packs(&copy) {
        fs::set_permissions(&pack, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        fs::File::options().write(true).open(&pack).unwrap().set_len(20).unwrap();
    }
    assert!(!copy.odb().await.unwrap().contains(&id).unwrap());
    fetch(&copy, id).await;
    assert!(copy.odb().await.unwrap().contains(&id).unwrap());
}

/// And took a thread for ever each time.
#[tokio::test]
async fn pipes_and_links_in_place_of_packs_were_opened() {
    let Some(world) = World::new().await else { return };
    let id = oid(&world.repo.commit(&[("go.mod", "module m\n")]));
    let elsewhere = world.root.path().join("elsewhere");
    for place in ["pack", "idx", "whole", "link"] {
        fetch(&*world.copy().await, id).await;
        let copy = world.copy().await;
        let pack = world.packs(&copy).remove(0);
        let path = match place {
            "whole" => copy.git_dir().join("whole"),
            "link" => pack,
            extension => pack.with_extension(extension),
        };
        fs::rename(&path, &elsewhere).unwrap();
        match place {
            "link" => std::os::unix::fs::symlink(&elsewhere, &path).unwrap(),
            _ => make_pipe(&path),
        }
        let again = async {
            fetch(&copy, id).await;
            copy.odb().await.unwrap().contains(&id).unwrap()
        };
        let found = tokio::time::timeout(Duration::from_secs(20), again).await;
        assert!(found.unwrap_or_else(|_| panic!("{place}: a pipe is waited for")), "{place}");
        if let Ok(meta) = fs::symlink_metadata(&path) {
            assert!(meta.is_file() || place == "whole", "{place}");
        }
    }
}

fn make_pipe(path: &std::path::Path) {
    let rights = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, path, rights).unwrap();
}

#[tokio::test]
async fn damage_that_a_zip_met_stayed() {
    let Some(world) = World::new().await else { return };
    let id = oid(&world.repo.commit(&[("go.mod", "module m\n")]));
    let copy = world.copy().await;
    fetch(&copy, id).await;
    spoil(&world, &copy);
    let objects = copy.watched().await.unwrap();
    let read = objects.read(&id, 1 << 20).map_err(|e| Error::internal(e.to_string()));
    assert_eq!(copy.after(&objects, read).await.unwrap_err().kind(), ErrorKind::Internal);
    fetch(&copy, id).await;
    assert!(copy.watched().await.unwrap().read(&id, 1 << 20).unwrap().is_some());
}

#[tokio::test]
async fn what_another_process_emptied_could_not_be_fetched_again() {
    let Some(world) = World::new().await else { return };
    let id = oid(&world.repo.commit(&[("go.mod", "module m\n")]));
    let (first, second) = (world.copy().await, world.copy().await);
    fetch(&first, id).await;
    fetch(&second, id).await;
    let before = first.odb().await.unwrap();
    fs::remove_dir_all(second.git_dir()).unwrap();
    fetch(&first, id).await;
    assert!(first.odb().await.unwrap().contains(&id).unwrap());
    assert!(before.read(&id, 1 << 20).unwrap().is_some(), "whoever reads goes on");
    fetch(&second, id).await;
    assert!(second.odb().await.unwrap().contains(&id).unwrap());
}

#[tokio::test]
async fn an_emptied_copy_told_the_remote_of_commits_that_it_had_lost() {
    let Some(world) = World::new().await else { return };
    let first = oid(&world.repo.commit(&[("go.mod", "module m\n")]));
    let second = oid(&world.repo.commit(&[("m.go", "package m\n")]));
    let copy = world.copy().await;
    let prefix = &first.to_string()[..12];
    assert_eq!(copy.commits_with_prefix(prefix, vec![second]).await.unwrap(), [first]);
    fs::remove_dir_all(copy.git_dir()).unwrap();
    copy.close();
    assert_eq!(copy.commits_with_prefix(prefix, vec![second]).await.unwrap(), [first]);
    copy.fetch(vec![second], Part::History).await.unwrap();
    assert_eq!(copy.ancestors_among(&[first], &second).await.unwrap(), [true]);
}

#[tokio::test]
async fn a_tag_that_was_moved_did_not_exist() {
    let Some(world) = World::new().await else { return };
    world.repo.commit(&[("go.mod", "module m\n")]);
    let copy = world.copy().await;
    let view = View::new(Arc::clone(&copy), "", Purpose::Files);
    let old = view.refs().await.unwrap().head.unwrap();
    world.repo.git(&["commit", "-q", "--amend", "-m", "another"]);
    world.repo.git(&["reflog", "expire", "--expire=now", "--all"]);
    world.repo.git(&["gc", "-q", "--prune=now"]);
    // Refs of this moment are believed for a moment.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(view.commit(&old).await.unwrap_err().kind(), ErrorKind::Unavailable);
    let head = copy.refs().await.unwrap().refs.head.unwrap();
    assert!(head != old && view.commit(&head).await.unwrap().is_some());
    let nowhere = oid(&"1".repeat(40));
    assert_eq!(view.commit(&nowhere).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_found_a_new_copy_removed_what_the_others_were_making() {
    let Some(world) = World::new().await else { return };
    let id = oid(&world.repo.commit(&[("go.mod", "module m\n")]));
    for round in 0..20 {
        let path = format!("new/{round}");
        world.host.add(&path, &world.repo);
        let copies = world.copies(Duration::from_secs(3600), u64::MAX);
        let copy = world.open(&copies, &path).await;
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..8 {
            let copy = Arc::clone(&copy);
            tasks.spawn(async move {
                if task % 2 == 0 {
                    fetch(&copy, id).await;
                }
                copy.odb().await.map(|_| ())
            });
        }
        assert!(tasks.join_all().await.into_iter().all(|opened| opened.is_ok()));
    }
}

#[tokio::test]
async fn a_version_cost_what_the_one_before_it_had_brought() {
    let Some(world) = World::new().await else { return };
    let first = oid(&world.repo.commit(&[("go.mod", "module m\n"), ("old/old.go", "package old\n")]));
    let second = oid(&world.repo.commit(&[("new/new.go", "package new\n")]));
    let old = oid(&world.repo.git(&["rev-parse", &format!("{first}:old/old.go")]));
    fetch(&*world.copy().await, first).await;
    let copy = world.copy().await;
    fetch(&copy, second).await;
    let requests = world.host.requests();
    assert!(String::from_utf8_lossy(&requests.last().unwrap().body).contains(&format!("have {first}")));
    let lists = |pack: &std::path::PathBuf| world.repo.git(&["verify-pack", "-v", &pack.to_string_lossy()]);
    let with_old = world.packs(&copy).iter().filter(|pack| lists(pack).contains(&old.to_string())).count();
    assert_eq!(with_old, 1);
    // Whole means nothing any more once something is missing.
    fs::remove_dir_all(copy.git_dir().join("objects/pack")).unwrap();
    fs::create_dir(copy.git_dir().join("objects/pack")).unwrap();
    let copy = world.copy().await;
    fetch(&copy, second).await;
    assert!(copy.odb().await.unwrap().contains(&old).unwrap());
}

#[tokio::test]
async fn each_commit_of_the_history_asked_for_the_refs_again() {
    let Some(world) = World::new().await else { return };
    let first = world.repo.commit(&[("go.mod", "module m\n")]);
    world.repo.commit(&[("m.go", "package m\n")]);
    let copy = world.copy().await;
    let query = |rev: &str| {
        let coordinates = Coordinates::new(&ModulePath::parse("a.b/m").unwrap(), "a.b/m", "").unwrap();
        let (view, rev) = (View::new(Arc::clone(&copy), "", Purpose::Files), Query::parse(rev).unwrap());
        async move { CodeRepo::new(coordinates, &view).query(&rev).await }
    };
    query(&first[..12]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    world.host.reset_log();
    query(&first[..10]).await.unwrap();
    assert_eq!(world.host.total(), 0, "its history is here");
    let newer = world.repo.commit(&[("m.go", "package m // newer\n")]);
    query(&newer[..12]).await.unwrap();
    assert!(world.host.total() > 0);
}

#[tokio::test]
async fn a_tag_on_the_tree_of_a_commit_kept_the_history_from_coming() {
    let Some(world) = World::new().await else { return };
    let first = oid(&world.repo.commit(&[("go.mod", "module m\n")]));
    world.repo.git(&["tag", "odd", "HEAD^{tree}"]);
    let second = oid(&world.repo.commit(&[("m.go", "package m\n")]));
    world.repo.git(&["tag", "odder", "HEAD^{tree}"]);
    let copy = world.copy().await;
    let tips: Vec<_> = copy.refs().await.unwrap().refs.tips().collect();
    let prefix = &first.to_string()[..12];
    assert_eq!(copy.commits_with_prefix(prefix, tips.clone()).await.unwrap(), [first]);
    let asked = world.host.total();
    assert!(copy.has_history(&tips).await.unwrap());
    assert_eq!(copy.commits_with_prefix(&second.to_string(), tips).await.unwrap(), [second]);
    assert_eq!(world.host.total(), asked);
}

#[tokio::test]
async fn a_shallow_remote_was_asked_for_its_history_each_time() {
    let Some(world) = World::new().await else { return };
    let first = world.repo.commit(&[("go.mod", "module m\n")]);
    world.repo.commit(&[("n.go", "package m\n")]);
    let second = oid(&world.repo.commit(&[("m.go", "package m\n")]));
    fs::write(
        std::path::Path::new(&world.repo.git(&["rev-parse", "--absolute-git-dir"])).join("shallow"),
        format!("{second}\n"),
    )
    .unwrap();
    let fetches =
        || world.host.requests().iter().filter(|r| String::from_utf8_lossy(&r.body).contains("command=fetch")).count();
    let copy = world.copy().await;
    for _ in 0..3 {
        assert_eq!(copy.commits_with_prefix(&first[..12], vec![second]).await.unwrap(), []);
    }
    assert_eq!(fetches(), 1);
    let copy = world.copy().await;
    fetch(&copy, second).await;
    let before = fetches();
    for _ in 0..3 {
        assert_eq!(copy.ancestors_among(&[oid(&first)], &second).await.unwrap(), [false]);
    }
    assert_eq!(fetches() - before, 1);
}

/// Two answers that rest on one listing are both as old as the listing.
#[tokio::test]
async fn an_answer_from_old_refs_counted_as_new() {
    let Some(world) = World::new().await else { return };
    world.repo.commit(&[("go.mod", "module m\n")]);
    let copy = world.copy().await;
    let first = copy.refs().await.unwrap().asked;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let view = View::new(Arc::clone(&copy), "", Purpose::Files);
    view.refs().await.unwrap();
    assert_eq!(view.asked(), first);
}

#[tokio::test]
async fn a_directory_removed_by_hand_failed_every_fetch() {
    let Some(world) = World::new().await else { return };
    let first = oid(&world.repo.commit(&[("go.mod", "module m\n")]));
    let second = oid(&world.repo.commit(&[("m.go", "package m\n")]));
    let copies = world.copies(Duration::from_secs(3600), u64::MAX);
    let held = world.open(&copies, "a/b").await;
    fetch(&held, first).await;
    fs::remove_dir_all(held.git_dir().parent().unwrap()).unwrap();
    fetch(&held, second).await;
    let copy = world.open(&copies, "a/b").await;
    assert!(!Arc::ptr_eq(&held, &copy));
    fetch(&copy, second).await;
    assert!(copy.odb().await.unwrap().contains(&second).unwrap());
}

/// Overwrites the content of all packs, whose indexes stay.
fn spoil(world: &World, copy: &Copy) {
    for pack in world.packs(copy) {
        fs::set_permissions(&pack, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        let file = fs::File::options().write(true).open(&pack).unwrap();
        let zeros = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap() - 32];
        std::os::unix::fs::FileExt::write_all_at(&file, &zeros, 12).unwrap();
    }
}

#[tokio::test]
async fn a_damaged_copy_was_the_servers_fault() {
    let Some(world) = World::new().await else { return };
    let text = |last: &str| (0..900).map(|n| format!("line {n}\n")).collect::<String>() + last;
    let commit = |last: &str| oid(&world.repo.commit(&[("go.mod", "module m\n"), ("m.go", &text(last))]));
    let (first, second, third) = (commit("1"), commit("2"), commit("3"));
    let copy = world.copy().await;
    fetch(&copy, first).await;
    spoil(&world, &copy);
    fetch(&copy, second).await;
    assert!(copy.read(move |odb| odb.commit(&second)).await.unwrap().is_some());
    for pack in world.packs(&copy) {
        let index = pack.with_extension("idx");
        fs::set_permissions(&index, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        fs::File::options().write(true).open(index).unwrap().set_len(20).unwrap();
    }
    fetch(&copy, third).await;
}

#[tokio::test]
async fn commits_that_are_not_whole_hid_files() {
    let Some(world) = World::new().await else { return };
    let long: String = (0..2000).map(|n| format!("line {n}\n")).collect();
    let first = oid(&world.repo.commit(&[("go.mod", "module m\n"), ("a/a.go", "package a\n"), ("long", &long)]));
    let file = oid(&world.repo.git(&["rev-parse", "HEAD:a/a.go"]));
    let second = oid(&world.repo.commit(&[("long", &format!("{long}and one more\n"))]));
    let copy = world.copy().await;
    copy.fetch(vec![first], Part::Below(Some(goproxy_git::Filter::NoTrees))).await.unwrap();
    fs::write(copy.git_dir().join("whole"), format!("{first}\n")).unwrap();
    copy.fetch(vec![file], Part::Below(None)).await.unwrap();
    assert!(copy.odb().await.unwrap().contains(&file).unwrap());
    fetch(&copy, second).await;
    assert!(copy.odb().await.unwrap().contains(&second).unwrap(), "though it was sent as what is new in it");
    // The id of a file is none of a commit.
    fs::write(copy.git_dir().join("whole"), format!("{file}\n")).unwrap();
    fetch(&copy, second).await;
    assert!(copy.odb().await.unwrap().contains(&second).unwrap());
}

#[tokio::test]
async fn a_server_that_wants_to_hear_of_no_commits_was_told_of_some_each_time() {
    let Some(world) = World::new().await else { return };
    let first = oid(&world.repo.commit(&[("go.mod", "module m\n")]));
    let second = oid(&world.repo.commit(&[("m.go", "package m\n")]));
    let copy = world.copy().await;
    fetch(&copy, first).await;
    let refusal = b"0011ERR no haves!".to_vec();
    world.host.first(1, "/a/b/git-upload-pack", Answer::new(200, "application/x-git-upload-pack-result", refusal));
    fetch(&copy, second).await;
    assert!(copy.odb().await.unwrap().contains(&second).unwrap());
}
