//! Packs that nobody's git would send: a clear error, nothing left behind, no memory for what is only declared.

use crate::{
    git::{LIMITS, files, receive, receive_within},
    pack::{Pack, blob_id, copy, deflate, delta, header, insert},
};
use goproxy_git::{Error, Kind, MemoryObjects, ObjectFormat, Objects as _, Odb, PackLimits, init};
use std::{io::Write as _, path::Path};

const SHA1: ObjectFormat = ObjectFormat::Sha1;

/// A repository of our own.
fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), SHA1).unwrap();
    dir
}

fn within(limits: PackLimits, dir: &Path, pack: &[u8]) -> Result<(), Error> {
    receive_within(limits, dir, SHA1, pack, 1000, &MemoryObjects::new(SHA1)).map(drop)
}

/// The error of a pack that has to be refused, in small pieces as in one.
fn refused(pack: &[u8]) -> Error {
    let dir = repository();
    let error = receive(dir.path(), SHA1, pack, 3, &MemoryObjects::new(SHA1)).unwrap_err();
    let again = receive(dir.path(), SHA1, pack, usize::MAX, &MemoryObjects::new(SHA1)).unwrap_err();
    assert_eq!((error.to_string(), files(dir.path())), (again.to_string(), Vec::new()));
    error
}

fn assert_corrupt(pack: &[u8], why: &str) {
    match refused(pack) {
        Error::Corrupt(what) => assert!(what.contains(why), "{what}"),
        other => panic!("{other}"),
    }
}

/// A pack with a blob, a delta on it, and a delta on that.
fn good() -> Pack {
    let mut pack = Pack::default();
    let base = pack.blob(b"hello world");
    let next = pack.offset_delta(base, &delta(11, 16, &[&copy(0, 6), &insert(b"everybody!")]));
    pack.offset_delta(next, &delta(16, 5, &[&copy(0, 5)]));
    pack
}

#[test]
fn framing() {
    let whole = good().finish(SHA1);
    let dir = repository();
    for end in 0..whole.len() {
        assert!(matches!(within(LIMITS, dir.path(), &whole[..end]), Err(Error::Corrupt(_))), "{end}");
        assert_eq!(files(dir.path()), Vec::<String>::new());
    }
    assert_corrupt(&[&whole[..], b"x"].concat(), "followed by something else");
    assert_corrupt(&[&whole[..whole.len() - 1], &[whole[whole.len() - 1] ^ 1]].concat(), "checksum");
    assert_corrupt(&good().finish_counting(SHA1, 2), "");
    assert_corrupt(&good().finish_counting(SHA1, 4), "");
    assert_corrupt(&[b"PACK\0\0\0\x04", &whole[8..]].concat(), "version");
    assert_corrupt(b"HTTP/1.1 200 OK\r\n\r\n", "version");
    for code in [0, 5] {
        let mut pack = Pack::default();
        pack.entry(code, 1, &[], &deflate(b"x"));
        assert_corrupt(&pack.finish(SHA1), "unknown type");
    }
    within(LIMITS, dir.path(), &whole).unwrap();
    assert_eq!(files(dir.path()).len(), 2);
}

#[test]
fn limits() {
    let whole = good().finish(SHA1);
    let bytes = whole.len() as u64;
    for (limits, fits) in [
        (PackLimits { bytes, objects: 3, object: 16 }, true),
        (PackLimits { bytes: bytes - 1, objects: 3, object: 16 }, false),
        (PackLimits { bytes, objects: 2, object: 16 }, false),
        (PackLimits { bytes, objects: 3, object: 15 }, false),
        (PackLimits { bytes, objects: 3, object: 10 }, false),
    ] {
        let dir = repository();
        match within(limits, dir.path(), &whole) {
            Ok(()) => assert!(fits),
            Err(Error::TooLarge(_)) => assert!(!fits && files(dir.path()).is_empty()),
            Err(other) => panic!("{other}"),
        }
    }
    // Eight million objects and nothing behind.
    assert!(matches!(refused(b"PACK\0\0\0\x02\xff\xff\xff\xff"), Error::TooLarge(_)));
    let mut pack = Pack::default();
    pack.entry(3, 1 << 63, &[], &deflate(b"x"));
    assert!(matches!(refused(&pack.finish(SHA1)), Error::TooLarge(_)));
    let unlimited = PackLimits { bytes: u64::MAX, objects: u32::MAX, object: u64::MAX };
    for size in [1 << 63, u64::MAX] {
        let (mut made, mut declared) = (Pack::default(), Pack::default());
        let base = made.blob(b"x");
        made.offset_delta(base, &delta(1, size, &[&copy(0, 1)]));
        declared.entry(3, size, &[], &deflate(b"x"));
        for pack in [made, declared] {
            let refused = within(unlimited, repository().path(), &pack.finish(SHA1));
            assert!(matches!(refused, Err(Error::TooLarge(_))), "{refused:?}");
        }
    }
    let beyond = [&[0xb0 | 0x80][..], &[0xff; 12]].concat();
    assert_corrupt(&[b"PACK\0\0\0\x02\0\0\0\x01", &beyond[..], &[0; 40]].concat(), "64 bits");
}

#[test]
fn deflated_data() {
    let mut bomb = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    (0..96).for_each(|_| bomb.write_all(&[0; 1 << 20]).unwrap());
    let bomb = bomb.finish().unwrap();
    for (code, base) in [(3, &[][..]), (6, &[14])] {
        for size in [0, 10, 1 << 20] {
            let mut pack = Pack::default();
            pack.blob(b"ok");
            pack.entry(code, size, if code == 6 { &[10] } else { base }, &bomb);
            assert_corrupt(&pack.finish(SHA1), if code == 6 { "" } else { "more than it declares" });
        }
    }
    for (size, data, why) in
        [(3, deflate(b"ab"), "less than"), (1, deflate(b"ab"), "more than"), (2, vec![9; 60], "not deflated")]
    {
        let mut pack = Pack::default();
        pack.entry(3, size, &[], &data);
        assert_corrupt(&pack.finish(SHA1), why);
    }
    let mut wrong = deflate(b"some content");
    *wrong.last_mut().unwrap() ^= 1;
    let mut pack = Pack::default();
    pack.entry(3, 12, &[], &wrong);
    assert_corrupt(&pack.finish(SHA1), "not deflated");
}

#[test]
fn deltas() {
    let cases: &[(Vec<u8>, &str)] = &[
        (delta(11, 5, &[&copy(7, 5)]), "beyond its base"),
        (delta(11, 5, &[&copy(u32::MAX, 5)]), "beyond its base"),
        (delta(11, 4, &[&copy(0, 5)]), "more than it declares"),
        (delta(11, 6, &[&copy(0, 5)]), "less than it declares"),
        (delta(11, 600, &[&[0x80]]), "more than it declares"),
        (delta(11, 70_000, &[&[0x80]]), "beyond"),
        (delta(12, 5, &[&copy(0, 5)]), "whose base has 11"),
        (delta(11, 500, &[&[0]]), "does not exist"),
        (delta(11, 5, &[&[5, b'a']]), "ends within"),
        (delta(11, 500, &[&[0x81]]), "ends within"),
        (vec![], "too short"),
        (vec![0x80; 20], "64 bits"),
        (vec![11], "too short"),
        (vec![0x80; 5], "without sizes"),
    ];
    for (delta, why) in cases {
        let mut pack = Pack::default();
        let base = pack.blob(b"hello world");
        pack.offset_delta(base, delta);
        assert_corrupt(&pack.finish(SHA1), why);
    }
    for distance in [&[0][..], &[1], &[10], &[13], &[14], &[0x7f], &[0xff; 9]] {
        let mut pack = Pack::default();
        pack.blob(b"");
        pack.entry(6, 4, distance, &deflate(&delta(0, 1, &[&insert(b"x")])));
        if distance != [9] {
            assert_corrupt(
                &[&pack.finish(SHA1)[..], &[0; 40]].concat(),
                if distance.len() > 1 { "64 bits" } else { "no entry" },
            );
        }
    }
}

/// Each names the other as its base: the ids are right, and still nothing can be made.
#[test]
fn circles() {
    let (a, b) = (blob_id(b"aaa"), blob_id(b"bbb"));
    let mut pack = Pack::default();
    pack.ref_delta(&b, &delta(3, 3, &[&insert(b"aaa")]));
    pack.ref_delta(&a, &delta(3, 3, &[&insert(b"bbb")]));
    assert!(matches!(refused(&pack.finish(SHA1)), Error::Missing(_)));
    let mut pack = Pack::default();
    pack.ref_delta(&a, &delta(3, 3, &[&insert(b"aaa")]));
    assert!(matches!(refused(&pack.finish(SHA1)), Error::Missing(id) if id == a));
}

/// The same, and all of them are elsewhere: they were made, and never read again.
#[test]
fn circles_through_objects_elsewhere() {
    let mut elsewhere = MemoryObjects::new(SHA1);
    let [a, b, c] = [b"aaa", b"bbb", b"ccc"].map(|data| elsewhere.add(Kind::Blob, data.to_vec()));
    let delta = |data: &[u8]| delta(3, 3, &[&insert(data)]);
    for (deltas, circle) in [
        (&[(a, b"aaa")][..], true),
        (&[(b, b"aaa"), (a, b"bbb")], true),
        (&[(b, b"aaa"), (c, b"bbb"), (a, b"ccc"), (a, b"ddd")], true),
        (&[(c, b"bbb"), (b, b"aaa"), (a, b"ddd")], false),
        (&[(a, b"ddd"), (b, b"aaa"), (c, b"bbb")], false),
    ] {
        let (dir, mut pack) = (repository(), Pack::default());
        for (base, data) in deltas {
            pack.ref_delta(base, &delta(*data));
        }
        match receive(dir.path(), SHA1, &pack.finish(SHA1), 5, &elsewhere) {
            Err(Error::Corrupt(why)) => assert!(circle && why.contains("in circles"), "{why}"),
            received => assert!(!circle, "{received:?}"),
        }
        let odb = Odb::open(dir.path(), SHA1).unwrap();
        assert!(circle || deltas.iter().all(|(_, data)| odb.read(&blob_id(*data), 9).unwrap().is_some()));
    }
}

#[test]
fn the_same_object_twice() {
    let mut pack = good();
    pack.blob(b"hello world");
    assert_corrupt(&pack.finish(SHA1), "twice");
    let mut pack = good();
    pack.blob(b"hello");
    assert_corrupt(&pack.finish(SHA1), "twice");
    let mut pack = Pack::default();
    pack.blob(b"x");
    pack.blob(b"x");
    pack.ref_delta(&blob_id(b"x"), &delta(1, 1, &[&insert(b"y")]));
    assert_corrupt(&pack.finish(SHA1), "twice");
}

/// A base that is elsewhere as well as in the pack, where it is found only after it was needed: no duplicate is added.
#[test]
fn bases_elsewhere_and_here() {
    let (mut elsewhere, mut pack) = (MemoryObjects::new(SHA1), Pack::default());
    let bases = [b"first".as_slice(), b"second"].map(|data| elsewhere.add(Kind::Blob, data));
    for at in [0, 1] {
        let mut pack = Pack::default();
        pack.ref_delta(&bases[at], &delta([5, 6][at], [6, 5][at], &[&insert([b"second".as_slice(), b"first"][at])]));
        pack.ref_delta(&bases[1 - at], &delta([6, 5][at], 3, &[&insert(b"new")]));
        let dir = repository();
        let stats = receive(dir.path(), SHA1, &pack.finish(SHA1), 5, &elsewhere).unwrap();
        assert_eq!((stats.objects, stats.bases), (3, 1));
        let odb = Odb::open(dir.path(), SHA1).unwrap();
        for data in [b"first".as_slice(), b"second", b"new"] {
            assert_eq!(odb.read(&blob_id(data), 9).unwrap().unwrap().data, data);
        }
    }
    pack.ref_delta(&bases[0], &delta(5, 1000, &[&copy(0, 5)]));
    let limits = PackLimits { object: 4, ..LIMITS };
    let refused = receive_within(limits, repository().path(), SHA1, &pack.finish(SHA1), 5, &elsewhere);
    assert!(matches!(refused, Err(Error::TooLarge(_))));
}

/// Small packs of deltas that make a lot: each within the limit, too much together.
#[test]
fn delta_bombs() {
    let mut pack = Pack::default();
    let mut base = pack.blob(&vec![7; 1 << 20]);
    let mut size = 1u64 << 20;
    for _ in 0..5 {
        let twice = copy(0, (size / 2) as u32);
        base = pack.offset_delta(base, &delta(size, 2 * size, &[&twice, &twice, &twice, &twice]));
        size *= 2;
    }
    let most = PackLimits { object: size - 1, ..LIMITS };
    assert!(matches!(within(most, repository().path(), &pack.finish(SHA1)), Err(Error::TooLarge(_))));
    for at in 0..60u8 {
        let piece = copy(0, 8 << 20);
        pack.offset_delta(base, &delta(size, (32 << 20) + 1, &[&piece, &piece, &piece, &piece, &insert(&[at])]));
    }
    let small = PackLimits { bytes: 1 << 20, ..LIMITS };
    let bomb = within(small, repository().path(), &pack.finish(SHA1)).unwrap_err();
    assert!(bomb.to_string().contains("too large together"), "{bomb}");
    let (mut pack, zeros) = (Pack::default(), deflate(&vec![0; 64 << 20]));
    for _ in 0..20 {
        pack.entry(3, 64 << 20, &[], &zeros);
    }
    let bomb = within(PackLimits { bytes: 16 << 20, ..LIMITS }, repository().path(), &pack.finish(SHA1)).unwrap_err();
    assert!(bomb.to_string().contains("too large together"), "{bomb}");
}

/// Chains as deep as a pack has objects, by offset and by id, also with the last link first: no recursion.
#[test]
fn deep_chains() {
    const DEPTH: u32 = 30_000;
    let content = |at: u32| at.to_be_bytes();
    let link = |at: u32| delta(4, 4, &[&insert(&content(at))]);
    let mut by_offset = Pack::default();
    let mut base = by_offset.blob(&content(0));
    for at in 1..DEPTH {
        by_offset.offset_delta(base, &delta(4, 5, &[&insert(&content(at)), &insert(b"x")]));
        base = by_offset.offset_delta(base, &link(at));
    }
    let mut by_id = Pack::default();
    let ids: Vec<_> = (0..DEPTH).map(|at| blob_id(&content(at))).collect();
    for at in (1..DEPTH).rev() {
        by_id.ref_delta(&ids[at as usize - 1], &link(at));
    }
    by_id.blob(&content(0));
    for pack in [by_offset, by_id] {
        let dir = repository();
        within(LIMITS, dir.path(), &pack.finish(SHA1)).unwrap();
        let odb = Odb::open(dir.path(), SHA1).unwrap();
        let last = odb.read(&ids[ids.len() - 1], 4).unwrap().unwrap();
        assert_eq!(last.data, content(DEPTH - 1));
        assert_eq!(odb.header(&ids[ids.len() - 2]).unwrap(), Some((Kind::Blob, 4)));
    }
}

/// More than may be held at once: what was forgotten is made again, or read from a file, and is the same.
#[test]
fn large_families() {
    for (by_id, size) in [(false, 7 << 20), (true, 7 << 20), (false, 9 << 20)] {
        let (mut pack, base) = (Pack::default(), vec![1; size]);
        let mut nodes = vec![(pack.blob(&base), base)];
        for at in 0..31u8 {
            for which in [b'a', b'b'] {
                let (base, data) = &nodes[usize::from(at)];
                let len = data.len() as u64;
                let delta = delta(len, len + 2, &[&copy(0, len as u32), &insert(&[which, at])]);
                let made = [data, &[which, at][..]].concat();
                let begin =
                    if by_id { pack.ref_delta(&blob_id(data), &delta) } else { pack.offset_delta(*base, &delta) };
                nodes.push((begin, made));
            }
        }
        let dir = repository();
        within(LIMITS, dir.path(), &pack.finish(SHA1)).unwrap();
        assert_eq!(files(dir.path()).len(), 2);
        let odb = Odb::open(dir.path(), SHA1).unwrap();
        assert!(nodes.iter().all(|(_, data)| odb.contains(&blob_id(data)).unwrap()));
    }
}

/// Unfinished or refused ones leave nothing.
#[test]
fn dropped() {
    let dir = repository();
    let mut receiver = goproxy_git::PackReceiver::new(dir.path(), SHA1, LIMITS).unwrap();
    receiver.write(&good().finish(SHA1)[..30]).unwrap();
    assert!(files(dir.path())[0].starts_with("tmp_pack_"));
    drop(receiver);
    assert_eq!(files(dir.path()), Vec::<String>::new());
    let mut receiver = goproxy_git::PackReceiver::new(dir.path(), SHA1, LIMITS).unwrap();
    assert!(receiver.write(&[&good().finish(SHA1)[..], b"x"].concat()).is_err());
    assert!(receiver.write(b"x").is_err());
    assert!(receiver.finish(&MemoryObjects::new(SHA1)).is_err());
    assert_eq!(header(3, 300), [0xbc, 18]);
}
