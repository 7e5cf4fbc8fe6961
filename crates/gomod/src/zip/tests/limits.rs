//! Sizes and counts, and that refusing a hostile zip costs little.

use std::fs::File;
use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::kit::{Entry, PREFIX, Zip, checked, forge, module, refusal, with_zip64, zip};
use crate::zip::{MAX_GO_MOD, MAX_NAME, MAX_NAMES, MAX_PATHS, MAX_ZIP, ZipError, check};

/// A file of that many zeros, compressed.
fn zeros(name: &str, size: u64) -> Entry {
    let chunk = vec![0; 1 << 20];
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    let (mut crc, mut left) = (Crc::new(), size);
    while left > 0 {
        let piece = &chunk[..left.min(1 << 20).try_into().unwrap()];
        encoder.write_all(piece).unwrap();
        crc.update(piece);
        left -= piece.len() as u64;
    }
    let mut entry = Entry::stored(name, b"").with_data(8, encoder.finish().unwrap());
    let (crc, size) = (crc.sum(), size.try_into().unwrap());
    entry.headers(|header| (header.crc, header.size) = (crc, size));
    entry
}

#[test]
fn content_of_500_mib() {
    let most = zeros("x", MAX_ZIP);
    assert_eq!(checked(&zip(std::slice::from_ref(&most))).unwrap().uncompressed, MAX_ZIP);
    let more = zip(&[most, Entry::stored("y", b"y")]);
    assert!(matches!(checked(&more), Err(ZipError::ContentTooLarge)));
}

#[test]
fn declared_sizes_count_before_content() {
    let large = |size: u32| Entry::stored("x", b"").but(|entry| entry.headers(|header| header.size = size));
    for size in [u32::try_from(MAX_ZIP).unwrap() + 1, u32::MAX - 1, u32::MAX] {
        assert!(matches!(checked(&zip(&[large(size)])), Err(ZipError::ContentTooLarge)), "{size}");
    }
    // As for go, the size is the first thing wrong.
    let both = zip(&[Entry::stored("a:b", b""), large(u32::MAX)]);
    let expected = "total uncompressed size of module contents too large (max size is 524288000 bytes)";
    assert_eq!(refusal(&both), expected);
    // Sums do not wrap around.
    let extra = [&[1, 0, 8, 0][..], &(u64::MAX - 4).to_le_bytes()].concat();
    let wrapping = large(u32::MAX).but(|entry| entry.headers(|header| header.extra = extra.clone()));
    assert!(matches!(checked(&zip(&[Entry::stored("a", b"12345"), wrapping])), Err(ZipError::ContentTooLarge)));
}

#[test]
fn go_mod_and_license_of_16_mib() {
    for name in ["go.mod", "LICENSE"] {
        assert!(checked(&zip(&[zeros(name, MAX_GO_MOD)])).is_ok());
        let reason = format!("{name} file too large (max size is 16777216 bytes)");
        assert!(refusal(&zip(&[zeros(name, MAX_GO_MOD + 1)])).ends_with(&reason));
    }
    for name in ["a/LICENSE", "license", "LICENSE.md"] {
        assert!(checked(&zip(&[zeros(name, MAX_GO_MOD + 1)])).is_ok(), "{name}");
    }
}

/// A file that is deleted when the test is over.
struct Scratch(std::path::PathBuf, File);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gomod-{name}-{}", std::process::id()));
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        Self(path, file)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_file_of_500_mib() {
    let scratch = Scratch::new("large");
    scratch.1.set_len(MAX_ZIP + 1).unwrap();
    let error = check(&scratch.1, &module()).unwrap_err();
    assert_eq!(error.to_string(), "module zip file is too large (524288001 bytes; limit is 524288000 bytes)");
    scratch.1.set_len(MAX_ZIP).unwrap();
    assert!(matches!(check(&scratch.1, &module()), Err(ZipError::Format(_))));
}

#[test]
fn a_file_is_read_wherever_it_stands() {
    let mut scratch = Scratch::new("position");
    scratch.1.write_all(&zip(&[Entry::stored("a", b"content")])).unwrap();
    // Behind the last byte now, and twice.
    for _ in 0..2 {
        assert_eq!(check(&scratch.1, &module()).unwrap().uncompressed, 7);
        assert!(crate::zip::hash(&scratch.1).is_ok());
    }
}

#[test]
fn what_cannot_be_read_is_not_called_bad() {
    let path = std::env::temp_dir();
    // A folder opens, but has no bytes.
    let folder = File::open(path).unwrap();
    assert!(matches!(check(&folder, &module()), Err(ZipError::Read(_) | ZipError::Format(_))));
}

#[test]
fn a_million_empty_names() {
    let nameless = Entry::stored("", b"").but(|entry| entry.headers(|header| header.name.clear()));
    let mut many = zip(&vec![nameless; 0xffff]);
    assert!(matches!(checked(&many), Err(ZipError::Files { files, more: 65_530 }) if files.len() == 5));
    // More of them than the end record can count.
    let record = [&b"PK\x01\x02"[..], &[0; 42]].concat();
    let end = many.len() - 22;
    many.splice(end..end, record.repeat(1_000_000));
    assert!(checked(&many).is_err());
}

#[test]
fn too_many_entries() {
    // Each is the module's own folder, which may be there any number of times: nothing but their count is wrong.
    let Zip { mut bytes, directory, end } = forge(&[Entry::stored("", b"")]);
    let (local, record) = (bytes[..directory].to_vec(), bytes[directory..end].to_vec());
    bytes = local.repeat(MAX_PATHS + 1);
    let start = bytes.len();
    for i in 0..=MAX_PATHS {
        bytes.extend_from_slice(&record);
        let (at, offset) = (bytes.len() - PREFIX.len() - 4, u32::try_from(i * local.len()).unwrap());
        bytes[at..at + 4].copy_from_slice(&offset.to_le_bytes());
    }
    let (end, count) = (bytes.len(), MAX_PATHS as u64 + 1);
    bytes.extend([&b"PK\x05\x06\0\0\0\0"[..], &[0xff; 12], &[0; 2]].concat());
    let bytes = with_zip64(Zip { bytes, directory: start, end }, |record| {
        record[24..32].copy_from_slice(&count.to_le_bytes());
        record[32..40].copy_from_slice(&count.to_le_bytes());
    });
    assert!(matches!(checked(&bytes), Err(ZipError::TooManyFiles)));
    assert!(matches!(crate::zip::hash_bytes(&bytes), Err(ZipError::TooManyFiles)));
}

#[test]
fn too_many_paths() {
    // Folders count, however few files they are named by.
    let names: Vec<_> = (0..MAX_PATHS / 1000).map(|i| format!("{i}{}", "/a".repeat(1000))).collect();
    let entries: Vec<_> = names.iter().map(|name| Entry::stored(name, b"")).collect();
    assert!(matches!(checked(&zip(&entries)), Err(ZipError::TooManyFiles)));
    assert!(checked(&zip(&entries[..100])).is_ok());
}

#[test]
fn too_long_names() {
    let long = |len: usize| "a/".repeat(len / 2) + &"b".repeat(len % 2);
    assert!(checked(&zip(&[Entry::stored(long(MAX_NAME - 1), b"")])).is_ok());
    assert!(refusal(&zip(&[Entry::stored(long(MAX_NAME + 1), b"")])).ends_with("file name too long"));
    // All together.
    let name = vec![b'x'; 60_000];
    let names = vec![Entry::stored(name, b""); usize::try_from(MAX_NAMES).unwrap() / 60_000 + 1];
    assert!(matches!(checked(&zip(&names)), Err(ZipError::TooManyFiles)));
}
