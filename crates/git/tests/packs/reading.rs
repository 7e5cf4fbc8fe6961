//! Files on disk that are torn, gone or large, and many readers.

use crate::{
    git::{Git, LIMITS, files, receive, receive_within},
    pack::{Pack, blob_id, copy, delta, insert},
};
use goproxy_git::{Error, Kind, MemoryObjects, ObjectFormat, Objects as _, Odb, Oid, init};
use std::{fs, path::PathBuf};

const SHA1: ObjectFormat = ObjectFormat::Sha1;

fn repository(pack: &Pack) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), SHA1).unwrap();
    receive_within(LIMITS, dir.path(), SHA1, &pack.finish(SHA1), 1 << 16, &MemoryObjects::new(SHA1)).unwrap();
    dir
}

fn file(dir: &tempfile::TempDir, extension: &str) -> PathBuf {
    let name = files(dir.path()).into_iter().find(|name| name.ends_with(extension)).unwrap();
    dir.path().join("objects/pack").join(name)
}

fn replace(path: &std::path::Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Every byte of pack and index is wrong once: what is read is right, or an error.
#[test]
fn damage_is_found() {
    let mut pack = Pack::default();
    let contents = [b"hello world".to_vec(), b"hello everybody".to_vec(), vec![b'x'; 300]];
    let base = pack.blob(&contents[0]);
    pack.offset_delta(base, &delta(11, 15, &[&copy(0, 6), &insert(b"everybody")]));
    pack.blob(&contents[2]);
    let dir = repository(&pack);
    for extension in ["pack", "idx"] {
        let path = file(&dir, extension);
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x15;
            replace(&path, &damaged);
            assert_right_or_corrupt(&dir, &contents);
        }
        for end in (0..whole.len()).step_by(7) {
            let zeros = vec![0; whole.len() - end];
            for torn in [whole[..end].to_vec(), [&whole[..end], &zeros].concat()] {
                replace(&path, &torn);
                assert_right_or_corrupt(&dir, &contents);
            }
        }
        replace(&path, &whole);
    }
    fs::remove_file(file(&dir, "idx")).unwrap();
    let odb = Odb::open(dir.path(), SHA1).unwrap();
    assert_eq!((odb.packs(), odb.read(&blob_id(&contents[0]), 99).unwrap()), (0, None));
}

fn assert_right_or_corrupt(dir: &tempfile::TempDir, contents: &[Vec<u8>]) {
    let odb = match Odb::open(dir.path(), SHA1) {
        Ok(odb) => odb,
        Err(Error::Corrupt(_)) => return,
        Err(other) => panic!("{other}"),
    };
    for content in contents {
        match odb.read(&blob_id(content), 1 << 20) {
            Ok(Some(object)) => assert_eq!((object.kind, &object.data), (Kind::Blob, content)),
            Err(Error::Corrupt(_) | Error::TooLarge(_)) => {}
            other => panic!("{other:?}"),
        }
        match odb.header(&blob_id(content)) {
            Ok(Some(_)) | Err(Error::Corrupt(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// An index that is too large for memory.
#[test]
fn large_indexes() {
    let mut pack = Pack::default();
    let contents: Vec<_> = (0..40_000u32).map(|at| format!("content {at}").into_bytes()).collect();
    for content in &contents {
        pack.blob(content);
    }
    let dir = repository(&pack);
    assert!(fs::metadata(file(&dir, "idx")).unwrap().len() > 1 << 20);
    let odb = Odb::open(dir.path(), SHA1).unwrap();
    let mut ids: Vec<Oid> = contents.iter().map(|content| blob_id(content)).collect();
    for (id, content) in ids.iter().zip(&contents).step_by(17) {
        assert_eq!(&odb.read(id, 20).unwrap().unwrap().data, content);
        assert_eq!(odb.with_prefix(&id.to_string()[..11], 2).unwrap(), [*id]);
    }
    for at in 0..2000u32 {
        assert!(!odb.contains(&blob_id(&at.to_le_bytes())).unwrap());
    }
    ids.sort();
    let prefix = |hex: &str| ids.iter().filter(|id| id.to_string().starts_with(hex)).copied().collect::<Vec<_>>();
    for hex in ["0", "7f", "abc", "fff"] {
        assert_eq!(odb.with_prefix(hex, usize::MAX).unwrap(), prefix(hex), "{hex}");
        assert_eq!(odb.with_prefix(hex, 3).unwrap(), prefix(hex)[..3]);
    }
    assert_eq!(odb.with_prefix("", usize::MAX).unwrap(), ids);
    for odd in ["g", "AB", "é", &"0".repeat(41)] {
        assert_eq!(odb.with_prefix(odd, 9).unwrap(), []);
    }
    assert_eq!(odb.with_prefix(&ids[7].to_string(), 9).unwrap(), [ids[7]]);
    assert_eq!(odb.read(&Oid::from_hex(&"0".repeat(64)).unwrap(), 9).unwrap(), None);
}

#[test]
fn many_readers() {
    let Some(git) = Git::new(SHA1) else { return };
    git.history(15, 40);
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), SHA1).unwrap();
    let odb = Odb::open(dir.path(), SHA1).unwrap();
    receive(dir.path(), SHA1, &git.pack(&["--delta-base-offset"], "HEAD"), 1 << 16, &odb).unwrap();
    let all = Git::objects(dir.path());
    std::thread::scope(|scope| {
        for reader in 0..6 {
            let (odb, all) = (&odb, &all);
            scope.spawn(move || {
                odb.refresh().unwrap();
                for (id, _, size) in all.iter().skip(reader).chain(all.iter().take(reader)) {
                    let object = odb.read(&Oid::from_hex(id).unwrap(), *size).unwrap().unwrap();
                    assert_eq!(object.data.len() as u64, *size);
                }
            });
        }
    });
}

/// Git has it without storing it, so a plain file server need not.
#[test]
fn the_empty_directory_is_everywhere() {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        let (dir, hex) = (
            tempfile::tempdir().unwrap(),
            [
                "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
                "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
            ],
        );
        init(dir.path(), format).unwrap();
        let odb = Odb::open(dir.path(), format).unwrap();
        let id = Oid::from_hex(hex[usize::from(format == ObjectFormat::Sha256)]).unwrap();
        assert_eq!((odb.tree(&id).unwrap(), odb.header(&id).unwrap()), (Some(Vec::new()), Some((Kind::Tree, 0))));
        assert!(odb.contains(&id).unwrap());
    }
}
