//! Packs of `git pack-objects` are received as `git index-pack` would, and `git` accepts the repository.

use crate::git::{Git, files, receive, run};
use goproxy_git::{MemoryObjects, ObjectFormat, Objects as _, Odb, Oid, init};
use std::fs;

const FORMATS: [ObjectFormat; 2] = [ObjectFormat::Sha1, ObjectFormat::Sha256];

/// Whatever git can read of `dir`, the `Odb` reads as well, and finds the same.
fn assert_same_objects(dir: &std::path::Path, format: ObjectFormat) {
    let odb = Odb::open(dir, format).unwrap();
    let all = Git::objects(dir);
    assert!(!all.is_empty());
    for (id, kind, size) in all {
        let id = Oid::from_hex(&id).unwrap();
        let (found, len) = odb.header(&id).unwrap().unwrap();
        assert_eq!((found.name(), len), (kind.as_str(), size), "{id}");
        let object = odb.read(&id, size).unwrap().unwrap();
        assert_eq!((object.kind, object.data.len() as u64), (found, size), "{id}");
        assert_eq!(odb.with_prefix(&id.to_string()[..12], 5).unwrap(), [id]);
        assert!(size == 0 || odb.read(&id, size - 1).is_err());
    }
}

fn assert_clean(dir: &std::path::Path) {
    for name in files(dir).iter().filter(|name| name.ends_with(".idx")) {
        let (ok, _, err) = run(dir, &["verify-pack", &format!("objects/pack/{name}")], b"");
        assert!(ok, "{err}");
    }
    let (ok, out, err) = run(dir, &["fsck", "--full", "--no-dangling"], b"");
    assert!(ok, "{}{err}", String::from_utf8_lossy(&out));
}

#[test]
fn packs_of_git() {
    for format in FORMATS {
        let Some(git) = Git::new(format) else { return };
        git.history(12, 40);
        git.run(&["tag", "-a", "v1", "-m", "tag"]);
        for options in [&[][..], &["--delta-base-offset"], &["--depth=0"], &["--depth=4000", "--window=30"]] {
            let pack = git.pack(options, "HEAD\nv1\n");
            for piece in [1, 7, 4096, usize::MAX] {
                let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
                init(ours.path(), format).unwrap();
                init(theirs.path(), format).unwrap();
                let stats = receive(ours.path(), format, &pack, piece, &MemoryObjects::new(format)).unwrap();
                let (ok, _, err) = run(theirs.path(), &["index-pack", "--stdin"], &pack);
                assert!(ok, "{err}");
                assert_eq!((stats.bases, stats.bytes), (0, pack.len() as u64));
                let expected = files(theirs.path()).into_iter().filter(|name| !name.ends_with(".rev"));
                let names = files(ours.path());
                assert_eq!(names, expected.collect::<Vec<_>>());
                for name in names {
                    let read = |dir: &tempfile::TempDir| fs::read(dir.path().join("objects/pack").join(&name)).unwrap();
                    assert!(read(&ours) == read(&theirs), "{name} differs");
                }
                if piece == 4096 {
                    assert_clean(ours.path());
                    assert_same_objects(ours.path(), format);
                }
            }
        }
    }
}

/// The second pack of an update is thin: its deltas are on objects of the first.
#[test]
fn thin_packs() {
    for format in FORMATS {
        let Some(git) = Git::new(format) else { return };
        git.history(4, 30);
        let old = git.run(&["rev-parse", "HEAD~2"]);
        let dir = tempfile::tempdir().unwrap();
        init(dir.path(), format).unwrap();
        receive(dir.path(), format, &git.pack(&[], &old), 1000, &MemoryObjects::new(format)).unwrap();
        let thin = git.pack(&["--thin", "--delta-base-offset"], &format!("HEAD\n^{old}\n"));
        let empty = receive(dir.path(), format, &thin, 1000, &MemoryObjects::new(format)).unwrap_err();
        assert!(matches!(empty, goproxy_git::Error::Missing(_)), "{empty}");
        assert_eq!(files(dir.path()).len(), 2, "nothing is left of what failed");

        let odb = Odb::open(dir.path(), format).unwrap();
        let stats = receive(dir.path(), format, &thin, 1000, &odb).unwrap();
        assert!(stats.bases > 0);
        let head = Oid::from_hex(git.run(&["rev-parse", "HEAD"]).trim()).unwrap();
        assert_eq!((odb.packs(), odb.contains(&head).unwrap()), (1, false));
        odb.refresh().unwrap();
        assert_eq!((odb.packs(), odb.commit(&head).unwrap().map(|commit| commit.committed)), (2, Some(1_700_000_000)));
        assert_clean(dir.path());
        assert_same_objects(dir.path(), format);
        for name in files(dir.path()).iter().filter(|name| name.ends_with(".pack")) {
            // Each stands alone, and our index is the one that git makes.
            let pack = fs::read(dir.path().join("objects/pack").join(name)).unwrap();
            let alone = tempfile::tempdir().unwrap();
            init(alone.path(), format).unwrap();
            assert!(run(alone.path(), &["index-pack", "--stdin"], &pack).0);
            let index = name.replace(".pack", ".idx");
            let read = |dir: &tempfile::TempDir| fs::read(dir.path().join("objects/pack").join(&index)).unwrap();
            assert!(read(&dir) == read(&alone), "{index} differs");
        }
    }
}

#[test]
fn empty_packs() {
    for format in FORMATS {
        let Some(git) = Git::new(format) else { return };
        let pack = git.pack(&[], "");
        let dir = tempfile::tempdir().unwrap();
        init(dir.path(), format).unwrap();
        let stats = receive(dir.path(), format, &pack, 5, &MemoryObjects::new(format)).unwrap();
        assert_eq!((stats.objects, files(dir.path())), (0, vec![]));
    }
}

/// A repository of ours is one for `git`, twice as well, and what git writes into it we read: loose objects, gc.
#[test]
fn repositories() {
    for format in FORMATS {
        let Some(git) = Git::new(format) else { return };
        git.history(3, 8);
        git.run(&["repack", "-adq"]);
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            init(dir.path(), format).unwrap();
        }
        let (ok, out, err) = run(dir.path(), &["rev-parse", "--is-bare-repository", "--show-object-format"], b"");
        assert!(ok, "{err}");
        assert_eq!(String::from_utf8(out).unwrap(), format!("true\n{}\n", format.name()));
        let from = git.path().to_str().unwrap();
        // Few objects stay loose; those of the next fetch are a pack.
        for (limit, revision) in [("1000", "HEAD~1"), ("1", "HEAD")] {
            let id = git.run(&["rev-parse", revision]);
            git.run(&["branch", "-f", "b", id.trim()]);
            let limit = format!("fetch.unpackLimit={limit}");
            let (ok, _, err) = run(dir.path(), &["-c", &limit, "fetch", "-q", from, "b:refs/heads/b"], b"");
            assert!(ok, "{err}");
            assert_same_objects(dir.path(), format);
        }
        let odb = Odb::open(dir.path(), format).unwrap();
        let all = Git::objects(dir.path());
        assert!(run(dir.path(), &["repack", "-adq"], b"").0);
        for (id, _, size) in &all {
            // Loose ones are gone; what was in a pack is still read from the file that was removed.
            let id = Oid::from_hex(id).unwrap();
            odb.read(&id, *size).unwrap();
        }
        odb.refresh().unwrap();
        assert_eq!(odb.packs(), 1);
        assert_same_objects(dir.path(), format);
    }
}
