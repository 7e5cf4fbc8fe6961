//! Archives that different programs would read differently.

use super::kit::{Descriptor, Entry, PREFIX, Zip, checked, crc, forge, refusal, with_zip64, zip};

fn two() -> [Entry; 2] {
    [Entry::stored("a", b"first"), Entry::deflated("b", b"second second second")]
}

/// Refused for what the archive is, not for what a file is called.
fn refused(what: &str, zip: &[u8]) {
    let refusal = refusal(zip);
    assert!(!refusal.contains("collision") && !refusal.contains("prefix"), "{what}: {refusal}");
}

/// The second entry with something changed.
fn with(change: impl FnOnce(&mut Entry)) -> Vec<u8> {
    let [first, second] = two();
    zip(&[first, second.but(change)])
}

#[test]
fn good_archives() {
    let small = Entry::stored("s", b"");
    for signed in [true, false] {
        for long in [true, false] {
            let entries = two().map(|entry| entry.streamed(signed, long));
            assert_eq!(checked(&zip(&entries)).unwrap().uncompressed, 25, "{signed} {long}");
            assert!(checked(&zip(&[entries[1].clone(), small.clone()])).is_ok());
        }
    }
    // Sizes may stand in both places.
    let both = with(|entry| {
        let local = entry.local.clone();
        *entry = entry.clone().streamed(true, false);
        (entry.local.crc, entry.local.compressed, entry.local.size) = (local.crc, local.compressed, local.size);
    });
    assert!(checked(&both).is_ok());
    assert!(checked(&with(|entry| entry.headers(|header| header.flags |= 0x800))).is_ok());
    assert!(checked(&with(|entry| entry.comment = b"hello".to_vec())).is_ok());
    assert!(checked(&with(|entry| entry.local.extra = b"UT\x01\0\x01".to_vec())).is_ok());
    assert!(checked(&with(|entry| entry.central.extra = b"\xfe\xca\0\0".to_vec())).is_ok());
    let commented = [forge(&two()).patch_comment_len(5), b"hello".to_vec()].concat();
    assert!(checked(&commented).is_ok());
}

impl Zip {
    fn patch_comment_len(self, len: u16) -> Vec<u8> {
        let at = self.end + 20;
        self.patch(at, &len.to_le_bytes())
    }
}

#[test]
fn bytes_that_belong_to_nothing() {
    let good = zip(&two());
    refused("before", &[b"#!/bin/sh\n", &good[..]].concat());
    refused("behind", &[&good[..], b"x"].concat());
    refused("between entries", &with(|entry| entry.junk = b"junk".to_vec()));
    refused("before the first entry", &zip(&[Entry::stored("a", b"").but(|entry| entry.junk = vec![0; 12])]));
    refused(
        "as a descriptor that is none",
        &with(|entry| entry.descriptor = Descriptor::Some { signed: true, long: false }),
    );
    let Zip { mut bytes, directory, end } = forge(&two());
    bytes.splice(end..end, *b"gap before the end record");
    refused("behind the directory", &bytes);
    bytes = zip(&two());
    bytes.splice(directory..directory, *b"gap");
    refused("before the directory", &bytes);
    bytes = zip(&two());
    bytes.splice(end..end, *b"PK\x05\x05\0\0");
    refused("as a signature of the directory", &bytes);
}

#[test]
fn a_prefix_that_offsets_allow_for() {
    let entries = two();
    let mut first = entries[0].clone();
    first.junk = b"MZ this is also a program".to_vec();
    refused("a self-extracting archive", &zip(&[first, entries[1].clone()]));
}

#[test]
fn another_archive_inside() {
    let (good, other) = (zip(&two()), zip(&[Entry::stored("evil", b"evil")]));
    refused("one after the other", &[&good[..], &other].concat());
    let len = u16::try_from(other.len()).unwrap();
    refused("in the comment", &[&forge(&two()).patch_comment_len(len)[..], &other].concat());
    let end = &other[other.len() - 22..];
    refused("its end in the comment", &[&forge(&two()).patch_comment_len(22)[..], end].concat());
    refused("a signature in the comment", &[&forge(&two()).patch_comment_len(6)[..], b"PK\x05\x06xx"].concat());
    // As the content of a file it is but bytes.
    assert!(checked(&zip(&[Entry::stored("x.zip", &good)])).is_ok());
}

#[test]
fn the_end_record_lies() {
    let patched = |at: usize, bytes: &[u8]| {
        let zip = forge(&two());
        let at = zip.end + at;
        zip.patch(at, bytes)
    };
    refused("disk", &patched(4, &[1, 0]));
    refused("disk of the directory", &patched(6, &[1, 0]));
    refused("entries on this disk", &patched(8, &[1, 0]));
    refused("entries", &patched(10, &[1, 0]));
    refused("fewer entries", &patched(8, &[1, 0, 1, 0]));
    refused("more entries", &patched(8, &[3, 0, 3, 0]));
    refused("no entries", &patched(8, &[0, 0, 0, 0]));
    refused("far too many entries", &patched(8, &[0xff; 4]));
    refused("size", &patched(12, &[1, 0, 0, 0]));
    refused("size in a record that is not there", &patched(12, &[0xff; 4]));
    refused("offset", &patched(16, &[1, 0, 0, 0]));
    refused("offset in a record that is not there", &patched(16, &[0xff; 4]));
    refused("offset of the second entry", &{
        let zip = forge(&two());
        let (at, second) = (zip.end + 16, u32::try_from(zip.directory + 46 + PREFIX.len() + 1).unwrap());
        zip.patch(at, &second.to_le_bytes())
    });
    refused("comment", &patched(20, &[1, 0]));
}

#[test]
fn zip64() {
    assert!(checked(&with_zip64(forge(&two()), |_| {})).is_ok());
    for at in [4, 16, 20, 24, 32, 40, 48, 56 + 4, 56 + 8, 56 + 16] {
        refused(&format!("byte {at}"), &with_zip64(forge(&two()), |record| record[at] ^= 1));
    }
    for at in [32, 40, 48, 56 + 8] {
        refused(&format!("number {at}"), &with_zip64(forge(&two()), |record| record[at..at + 8].fill(0xff)));
    }
    // Sizes in extra fields.
    let long =
        |size: u64, compressed: u64| [&[1, 0, 16, 0][..], &size.to_le_bytes(), &compressed.to_le_bytes()].concat();
    let sizes_in = |extra: Vec<u8>, change: fn(&mut Entry)| {
        with(|entry| {
            entry
                .headers(|header| (header.size, header.compressed, header.extra) = (u32::MAX, u32::MAX, extra.clone()));
            change(entry);
        })
    };
    let (size, compressed) = (20, two()[1].data.len() as u64);
    assert!(checked(&sizes_in(long(size, compressed), |_| {})).is_ok());
    refused("size", &sizes_in(long(size + 1, compressed), |_| {}));
    refused("size beyond all", &sizes_in(long(u64::MAX, compressed), |_| {}));
    refused("compressed size", &sizes_in(long(size, compressed + 1), |_| {}));
    refused("compressed size beyond all", &sizes_in(long(size, u64::MAX), |_| {}));
    refused("no field", &sizes_in(Vec::new(), |_| {}));
    refused("short field", &sizes_in(long(size, compressed)[..12].to_vec(), |_| {}));
    refused("field beyond the end", &sizes_in(vec![1, 0, 0xff, 0xff], |_| {}));
    refused("another local size", &sizes_in(long(size, compressed), |entry| entry.local.extra[4] ^= 1));
    refused("no local field", &sizes_in(long(size, compressed), |entry| entry.local.extra.clear()));
    let offset = with(|entry| {
        entry.central.extra = [&[1, 0, 8, 0][..], &(30 + PREFIX.len() as u64 + 1 + 5).to_le_bytes()].concat();
        entry.offset = Some(u32::MAX);
    });
    assert!(checked(&offset).is_ok());
}

#[test]
fn entries_that_share_bytes() {
    let [first, second] = two();
    refused("the same data", &zip(&[first.clone(), second.clone().but(|entry| entry.offset = Some(0))]));
    refused("out of the file", &zip(&[first, second.clone().but(|entry| entry.offset = Some(100_000))]));
    refused("in the directory", &{
        let at = u32::try_from(forge(&two()).directory).unwrap();
        with(|entry| entry.offset = Some(at))
    });
    // The first entry's data holds the second entry whole: a quoted overlap, as Fifield's bombs have it.
    let inner = zip(std::slice::from_ref(&second));
    let inner = &inner[..inner.len() - 22 - 46 - PREFIX.len() - 1];
    let outer = Entry::stored("a", inner);
    let within = u32::try_from(30 + PREFIX.len() + 1).unwrap();
    let mut overlapping = forge(&[outer, second.but(|entry| entry.offset = Some(within))]);
    let start = within as usize + inner.len();
    overlapping.bytes.drain(start..overlapping.directory);
    let (end, directory) = (overlapping.end - (overlapping.directory - start), u32::try_from(start).unwrap());
    overlapping.bytes[end + 16..end + 20].copy_from_slice(&directory.to_le_bytes());
    refused("quoted", &overlapping.bytes);
    let swapped =
        zip(&[two()[1].clone().but(|entry| entry.offset = Some(41)), two()[0].clone().but(|e| e.offset = Some(0))]);
    refused("another order", &swapped);
}

#[test]
fn the_two_headers_of_an_entry_differ() {
    refused("name", &with(|entry| entry.local.name = format!("{PREFIX}c").into()));
    refused("longer name", &with(|entry| entry.local.name.push(b'b')));
    refused("method", &with(|entry| entry.local.method = 0));
    refused("checksum", &with(|entry| entry.local.crc ^= 1));
    refused("size", &with(|entry| entry.local.size += 1));
    refused("compressed size", &with(|entry| entry.local.compressed += 1));
    refused("no sizes, no descriptor", &with(|entry| (entry.local.size, entry.local.compressed) = (0, 0)));
    refused("flags", &with(|entry| entry.local.flags = 8));
    refused("signature", &{
        let zip = forge(&two());
        zip.patch(3, &[5])
    });
    refused("variable part beyond the end", &{
        let zip = forge(&two());
        zip.patch(28, &[0xff, 0xff])
    });
}

#[test]
fn descriptors_lie() {
    for (signed, long) in [(true, false), (true, true), (false, false), (false, true)] {
        let described = |change: fn(&mut (u32, u64, u64))| {
            with(|entry| {
                *entry = entry.clone().streamed(signed, long);
                change(&mut entry.described);
            })
        };
        assert!(checked(&described(|_| {})).is_ok());
        refused("checksum", &described(|described| described.0 ^= 1));
        refused("compressed size", &described(|described| described.1 += 1));
        refused("size", &described(|described| described.2 -= 1));
    }
    refused(
        "none where there should be one",
        &with(|entry| {
            *entry = entry.clone().streamed(true, false);
            entry.descriptor = Descriptor::None;
        }),
    );
}

#[test]
fn encrypted_entries_and_other_methods() {
    for flag in [1, 1 << 6, 1 << 13, 1 | 8] {
        let encrypted = with(|entry| entry.headers(|header| header.flags |= flag));
        assert!(refusal(&encrypted).ends_with("b: zip: entry is encrypted"), "{flag}");
        refused("in the local header only", &with(|entry| entry.local.flags |= flag));
    }
    for method in [1, 6, 7, 9, 12, 14, 20, 93, 95, 98, 99, 0xffff] {
        let other = with(|entry| entry.headers(|header| header.method = method));
        assert!(refusal(&other).ends_with("b: zip: unsupported compression algorithm"), "{method}");
    }
}

#[test]
fn content_that_is_not_what_is_said() {
    let ends = |zip: Vec<u8>, reason: &str| {
        let refusal = refusal(&zip);
        assert!(refusal.ends_with(reason), "{refusal:?}, not {reason:?}");
    };
    ends(with(|entry| entry.headers(|header| header.crc ^= 1)), "b: zip: checksum error");
    ends(with(|entry| entry.headers(|header| header.crc = 0)), "b: zip: checksum error");
    ends(with(|entry| entry.headers(|header| header.size += 1)), "b: unexpected EOF");
    ends(with(|entry| entry.headers(|header| header.size -= 1)), "larger than declared size");
    ends(with(|entry| entry.headers(|header| header.size = 0)), "larger than declared size");
    ends(with(|entry| entry.data[0] = 0xff), "b: flate: corrupt input");
    let cut = with(|entry| *entry = entry.clone().with_data(8, entry.data[..entry.data.len() - 1].to_vec()));
    ends(cut, "b: unexpected EOF");
    let longer = with(|entry| *entry = entry.clone().with_data(8, [&entry.data[..], b"x"].concat()));
    ends(longer, "b: flate: corrupt input");
    ends(with(|entry| *entry = entry.clone().with_data(8, Vec::new())), "b: unexpected EOF");
    let stored = zip(&[Entry::stored("a", b"ab").but(|entry| entry.headers(|header| header.size = 1))]);
    ends(stored, "larger than declared size");
    let stored = zip(&[Entry::stored("a", b"ab").but(|entry| entry.headers(|header| header.size = 3))]);
    ends(stored, "a: unexpected EOF");
    // Much more than is said: never inflated further than that.
    let zeros = vec![0; 8 << 20];
    let mut bomb = Entry::deflated("a", &zeros);
    bomb.headers(|header| (header.size, header.crc) = (10, crc(&zeros[..10])));
    ends(zip(&[bomb]), "larger than declared size");
}
