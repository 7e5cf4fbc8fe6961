//! Seeds that nobody writes by hand: signed notes, zips, packs. `GOPROXY_UPDATE_SEEDS=1` writes them again.

use std::{fs, path::Path};

use crate::forge::{Entry, Log, PREFIX, Pack, copy, delta, insert, zip};

fn file(name: &str, content: &[u8], deflated: bool, described: Option<bool>) -> Entry {
    Entry { name: [PREFIX, name].concat().into_bytes(), content: content.to_vec(), deflated, described }
}

/// `<target>/<file>` and what is in it.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let log = Log::own();
    let lookup = |id: usize, size: usize| format!("{id}\n{}\n{}", log.record(id), log.note(size)).into_bytes();
    let go_mod = file("go.mod", b"module a.b/m\n", false, None);
    let streamed = file("a/b.go", &b"package b\n".repeat(40), true, Some(true));
    let blob = |pack: &mut Pack| pack.whole(3, b"hello world");
    let mut flat = Pack::default();
    blob(&mut flat);
    flat.whole(2, b"100644 a\0\x95\xd0\x9f\x2b\x10\x15\x93\x47\xee\xce\x71\x39\x9a\x7e\x2e\x90\x7e\xa3\xdf\x4f");
    let mut deep = Pack::default();
    let base = blob(&mut deep);
    let next = deep.offset_delta(base, &delta(11, 16, &[copy(0, 6), insert(b"everybody!")].concat()));
    deep.offset_delta(next, &delta(16, 5, &copy(0, 5)));
    let in_pieces = |pack: &Pack| [&[50], &pack.finish()[..]].concat();
    vec![
        ("note/head", log.note(40).into()),
        ("note/text", [&b"\x01\0\0\x05x"[..], b"any text\nof two lines"].concat()),
        ("note/other", Log::other().note(65).into()),
        ("lookup/first", lookup(0, 21)),
        ("lookup/one", lookup(7, 40)),
        ("lookup/last", lookup(63, 64)),
        ("zip/empty", zip(&[])),
        ("zip/stored", zip(std::slice::from_ref(&go_mod))),
        ("zip/streamed", zip(&[go_mod, streamed, file("LICENSE", b"", false, Some(false))])),
        ("pack/flat", in_pieces(&flat)),
        ("pack/deltas", in_pieces(&deep)),
    ]
}

#[test]
fn seeds_are_what_is_forged_today() {
    for (name, bytes) in seeds() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
        if std::env::var_os("GOPROXY_UPDATE_SEEDS").is_some() {
            fs::write(&path, &bytes).unwrap();
        }
        assert!(fs::read(&path).unwrap() == bytes, "seeds/{name} is old: GOPROXY_UPDATE_SEEDS=1 writes it again");
    }
}
