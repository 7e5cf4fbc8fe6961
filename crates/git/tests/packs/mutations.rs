//! Random packs and random damage: never a panic, never a trace of what was refused, and the judgement of `git`.

use crate::{
    git::{Git, files, receive, receive_within, run},
    pack::{Pack, blob_id, checksum, copy, delta, insert},
};
use goproxy_git::{Kind, MemoryObjects, ObjectFormat, Objects as _, Odb, Oid, PackLimits, init};
use proptest::{collection::vec, prelude::*};
use std::collections::HashSet;

const SHA1: ObjectFormat = ObjectFormat::Sha1;
const SMALL: PackLimits = PackLimits { bytes: 1 << 20, objects: 1000, object: 1 << 16 };

/// An entry, or an attempt at one.
#[derive(Clone, Debug)]
enum Entry {
    Blob(Vec<u8>),
    /// On an earlier entry, or an object of one, by a number that is taken modulo.
    Delta {
        base: usize,
        by_id: bool,
        pieces: Vec<Piece>,
        lie: Option<(u8, i8)>,
    },
}

#[derive(Clone, Debug)]
enum Piece {
    Copy(u8, u8),
    Insert(Vec<u8>),
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let piece = prop_oneof![
        (0u8..40, 1u8..20).prop_map(|(at, len)| Piece::Copy(at, len)),
        vec(any::<u8>(), 1..30).prop_map(Piece::Insert),
    ];
    let lie = prop_oneof![12 => Just(None), 1 => (0u8..4, any::<i8>()).prop_map(Some)];
    let delta = (any::<usize>(), any::<bool>(), vec(piece, 0..6), lie)
        .prop_map(|(base, by_id, pieces, lie)| Entry::Delta { base, by_id, pieces, lie });
    vec(prop_oneof![1 => vec(any::<u8>(), 0..40).prop_map(Entry::Blob), 3 => delta], 1..25)
}

/// The pack, and what its objects are, if they are.
fn build(entries: &[Entry], backwards: bool) -> (Vec<u8>, Vec<Vec<u8>>) {
    let (mut contents, mut steps): (Vec<Vec<u8>>, Vec<_>) = (vec![b"the first".to_vec()], vec![None]);
    for entry in entries {
        match entry {
            Entry::Blob(data) => {
                contents.push(data.clone());
                steps.push(None);
            }
            Entry::Delta { base, by_id, pieces, lie } => {
                let (from, to, instructions) = (base % contents.len(), contents.len(), pieces);
                let (base, mut made, mut bytes) = (&contents[from], Vec::new(), Vec::new());
                for piece in instructions {
                    match piece {
                        Piece::Copy(at, len) if usize::from(at + len) <= base.len() => {
                            made.extend_from_slice(&base[usize::from(*at)..][..usize::from(*len)]);
                            bytes.push(copy(u32::from(*at), u32::from(*len)));
                        }
                        Piece::Copy(..) => {}
                        Piece::Insert(new) => {
                            made.extend_from_slice(new);
                            bytes.push(insert(new));
                        }
                    }
                }
                // A number of its own, so that most are different objects.
                made.push(to as u8);
                bytes.push(insert(&[to as u8]));
                let lied = |which: u8, size: usize| match lie {
                    Some((what, by)) if *what == which => size.saturating_add_signed(isize::from(*by)) as u64,
                    _ => size as u64,
                };
                let bytes: Vec<_> = bytes.iter().map(Vec::as_slice).collect();
                steps.push(Some((from, *by_id, delta(lied(0, base.len()), lied(1, made.len()), &bytes))));
                contents.push(made);
            }
        }
    }
    let (mut pack, mut begins) = (Pack::default(), vec![0; steps.len()]);
    let all_by_id = backwards;
    let order: Vec<usize> = if backwards { (0..steps.len()).rev().collect() } else { (0..steps.len()).collect() };
    for at in order {
        begins[at] = match &steps[at] {
            None => pack.blob(&contents[at]),
            Some((from, by_id, delta)) if *by_id || all_by_id => pack.ref_delta(&blob_id(&contents[*from]), delta),
            Some((from, _, delta)) => pack.offset_delta(begins[*from], delta),
        };
    }
    (pack.finish(SHA1), contents)
}

fn received(pack: &[u8], piece: usize, bases: &MemoryObjects) -> (tempfile::TempDir, bool) {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), SHA1).unwrap();
    let done = receive_within(SMALL, dir.path(), SHA1, pack, piece, bases);
    assert_eq!(files(dir.path()).len(), if done.is_ok() { 2 } else { 0 }, "{done:?}");
    (dir, done.is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// What git accepts we accept, except for packs that hold an object twice, and the other way around.
    #[test]
    fn as_git_judges(entries in entries(), backwards: bool, piece in 1usize..100) {
        let (pack, contents) = build(&entries, backwards);
        let twice = contents.iter().collect::<HashSet<_>>().len() < contents.len();
        let (dir, ok) = received(&pack, piece, &MemoryObjects::new(SHA1));
        let theirs = tempfile::tempdir().unwrap();
        init(theirs.path(), SHA1).unwrap();
        let (git, _, err) = run(theirs.path(), &["index-pack", "--stdin"], &pack);
        prop_assert_eq!(ok, git && !twice, "{}", err);
        if ok {
            let odb = Odb::open(dir.path(), SHA1).unwrap();
            for content in contents {
                let object = odb.read(&blob_id(&content), 1 << 20).unwrap();
                prop_assert_eq!(object.map(|object| object.data), Some(content));
            }
        }
    }

    /// Damage behind a checksum that is right: nothing but an error, or a repository that can be read.
    #[test]
    fn damage(entries in entries(), hits in vec((any::<usize>(), any::<u8>(), 0u8..4), 1..4), piece in 1usize..100) {
        let (mut pack, contents) = build(&entries, false);
        pack.truncate(pack.len() - 20);
        for (at, byte, what) in hits {
            let at = at % pack.len();
            match what {
                0 => pack[at] ^= byte,
                1 => pack.truncate(at.max(1)),
                2 => pack.insert(at, byte),
                _ => drop(pack.remove(at)),
            }
            if pack.is_empty() {
                pack.push(byte);
            }
        }
        pack.extend(checksum(SHA1, &pack));
        let (dir, ok) = received(&pack, piece, &MemoryObjects::new(SHA1));
        if ok {
            let odb = Odb::open(dir.path(), SHA1).unwrap();
            for id in odb.with_prefix("", usize::MAX).unwrap() {
                prop_assert!(odb.read(&id, 1 << 20).unwrap().is_some());
                prop_assert_eq!(odb.header(&id).unwrap().map(|(kind, _)| kind), odb.read(&id, 1 << 20).unwrap().map(|o| o.kind));
            }
        }
        drop(contents);
    }

    /// Thin packs: some of the objects are elsewhere.
    #[test]
    fn thin(entries in entries(), absent in any::<u32>(), piece in 1usize..100) {
        let (whole, contents) = build(&entries, true);
        let (_, ok) = received(&whole, 100, &MemoryObjects::new(SHA1));
        prop_assume!(ok);
        let mut elsewhere = MemoryObjects::new(SHA1);
        let mut pack = Pack::default();
        for (at, content) in contents.iter().enumerate() {
            let base = &contents[at.saturating_sub(1)];
            if at % 32 != 31 && absent >> (at % 32) & 1 == 1 {
                elsewhere.add(Kind::Blob, content.clone());
            } else if at > 0 && !content.is_empty() {
                let new: Vec<Vec<u8>> = content.chunks(100).map(insert).collect();
                let new: Vec<_> = new.iter().map(Vec::as_slice).collect();
                pack.ref_delta(&blob_id(base), &delta(base.len() as u64, content.len() as u64, &new));
            } else {
                pack.blob(content);
            }
        }
        prop_assume!(pack.count > 0);
        let (dir, ok) = received(&pack.finish(SHA1), piece, &elsewhere);
        prop_assert!(ok);
        prop_assert!(run(dir.path(), &["fsck", "--full", "--strict"], b"").0);
    }
}

/// Packs of git, damaged: as above, with trees, commits and real deltas.
#[test]
fn damaged_packs_of_git() {
    let Some(git) = Git::new(SHA1) else { return };
    git.history(4, 12);
    let pack = git.pack(&["--delta-base-offset"], "HEAD");
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..150 {
        let mut damaged = pack[..pack.len() - 20].to_vec();
        for _ in 0..random.usize(1..3) {
            let at = random.usize(..damaged.len());
            damaged[at] = random.u8(..);
        }
        damaged.extend(checksum(SHA1, &damaged));
        let dir = tempfile::tempdir().unwrap();
        init(dir.path(), SHA1).unwrap();
        if receive(dir.path(), SHA1, &damaged, 4096, &MemoryObjects::new(SHA1)).is_err() {
            assert_eq!(files(dir.path()), Vec::<String>::new());
            continue;
        }
        let odb = Odb::open(dir.path(), SHA1).unwrap();
        let all: Vec<Oid> = odb.with_prefix("", usize::MAX).unwrap();
        assert!(all.iter().all(|id| odb.read(id, 1 << 30).unwrap().is_some()));
    }
}
