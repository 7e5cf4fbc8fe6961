//! Every cut, every flipped bit, and random bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::kit::{Entry, PREFIX, checked, refusal, zip};
use crate::zip::hash_bytes;

/// What Go 1.26's archive/zip writes for go.mod, an empty file and `a/b.go`, 178 bytes in all.
const BY_GO: &str = "\
    UEsDBBQACAAIAAAAAAAAAAAAAAAAAAAAAAAbAAAAZXhhbXBsZS5jb20vbUB2MS4wLjAvZ28ubW9kys1PKc1JVUitSMwtyEnVS87P\
    1c/lAgQAAP//UEsHCLBxQY8bAAAAFQAAAFBLAwQUAAgACAAAAAAAAAAAAAAAAAAAAAAAGgAAAGV4YW1wbGUuY29tL21AdjEuMC4w\
    L2VtcHR5AQAA//9QSwcIAAAAAAUAAAAAAAAAUEsDBBQACAAIAAAAAAAAAAAAAAAAAAAAAAAbAAAAZXhhbXBsZS5jb20vbUB2MS4w\
    LjAvYS9iLmdvKkhMzk5MT1VIUtDXVxhkHC5AAAAA//9QSwcIQ9V0XhcAAACdAAAAUEsBAhQAFAAIAAgAAAAAALBxQY8bAAAAFQAA\
    ABsAAAAAAAAAAAAAAAAAAAAAAGV4YW1wbGUuY29tL21AdjEuMC4wL2dvLm1vZFBLAQIUABQACAAIAAAAAAAAAAAABQAAAAAAAAAa\
    AAAAAAAAAAAAAAAAAGQAAABleGFtcGxlLmNvbS9tQHYxLjAuMC9lbXB0eVBLAQIUABQACAAIAAAAAABD1XReFwAAAJ0AAAAbAAAA\
    AAAAAAAAAAAAALEAAABleGFtcGxlLmNvbS9tQHYxLjAuMC9hL2IuZ29QSwUGAAAAAAMAAwDaAAAAEQEAAAAA";
/// The hash that Go computes of it.
const BY_GO_H1: &str = "h1:xtLxn4CxCqEmliXWvrWYkiMW1uIgkIR33ymMhJjJZPQ=";

fn by_go() -> Vec<u8> {
    STANDARD.decode(BY_GO).unwrap()
}

#[test]
fn a_zip_by_go() {
    let summary = checked(&by_go()).unwrap();
    assert_eq!((summary.entries, summary.uncompressed), (3, 178));
    assert_eq!(hash_bytes(&by_go()).unwrap(), BY_GO_H1);
}

#[test]
fn cut_anywhere() {
    let whole = by_go();
    for len in 0..whole.len() {
        assert!(checked(&whole[..len]).is_err(), "{len} bytes");
        assert!(hash_bytes(&whole[..len]).is_err(), "{len} bytes");
        assert!(checked(&whole[len + 1..]).is_err(), "from byte {len} on");
    }
}

#[test]
fn any_bit_flipped() {
    let mut accepted = 0;
    for at in 0..by_go().len() {
        for bit in 0..8 {
            let mut bytes = by_go();
            bytes[at] ^= 1 << bit;
            if checked(&bytes).is_ok() {
                // Times, versions and attributes mean nothing.
                accepted += 1;
                assert_eq!(hash_bytes(&bytes).unwrap(), BY_GO_H1, "byte {at}, bit {bit}");
            }
        }
    }
    assert!((1..by_go().len() * 2).contains(&accepted), "{accepted}");
}

#[test]
fn any_byte_left_out_or_added() {
    for at in 0..by_go().len() {
        let mut bytes = by_go();
        bytes.remove(at);
        assert!(checked(&bytes).is_err(), "without byte {at}");
        bytes = by_go();
        bytes.insert(at, 0);
        assert!(checked(&bytes).is_err(), "zero before byte {at}");
    }
}

#[test]
fn bodies_that_are_no_zip() {
    for body in [&b""[..], b"<html></html>", b"PK", b"PK\x05\x06", &[0; 22], &[b'P'; 100_000]] {
        assert!(refusal(body).starts_with("zip: not a valid zip file: "));
    }
    let empty = zip(&[]);
    assert_eq!(empty.len(), 22);
    assert_eq!(checked(&empty).unwrap().entries, 0);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = (checked(&bytes), hash_bytes(&bytes));
    }

    /// Whatever passes hashes to the same: nothing that counts can be changed unseen.
    #[test]
    fn many_bytes_changed(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = by_go();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if checked(&bytes).is_ok() {
            prop_assert_eq!(hash_bytes(&bytes).unwrap(), BY_GO_H1);
        }
    }

    #[test]
    fn pieces_put_together(pieces in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..200), 1..6)) {
        let whole = by_go();
        let bytes: Vec<u8> = pieces.iter().flat_map(|(start, len)| {
            let start = start.index(whole.len());
            whole[start..whole.len().min(start + len)].to_vec()
        }).collect();
        let _ = (checked(&bytes), hash_bytes(&bytes));
    }

    #[test]
    fn good_zips_are_good(files in prop::collection::btree_map("x[a-z]{0,7}(/[a-z]{9}){0,3}", prop::collection::vec(any::<u8>(), 0..300), 0..8), signed: bool) {
        let entries: Vec<_> = files.iter().enumerate().map(|(i, (name, content))| match i % 3 {
            0 => Entry::stored(name, content),
            1 => Entry::deflated(name, content),
            _ => Entry::deflated(name, content).streamed(signed, i % 2 == 0),
        }).collect();
        let zip = zip(&entries);
        // A file may also be a folder here: then, and only then, the zip is bad.
        let clash = files.keys().any(|name| files.keys().any(|other| other.starts_with(&format!("{name}/"))));
        prop_assert_eq!(checked(&zip).is_err(), clash);
        let mut backwards = entries;
        backwards.reverse();
        prop_assert_eq!(hash_bytes(&super::kit::zip(&backwards)).unwrap(), hash_bytes(&zip).unwrap());
        prop_assert!(PREFIX.ends_with('/'));
    }
}
