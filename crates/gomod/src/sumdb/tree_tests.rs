//! Known hashes, and nodes at the bounds of sizes.

use super::*;

#[test]
fn known_hashes() {
    // golang.org/x/mod/sumdb/tlog's and RFC 6962 implementations' own: the empty leaf, and two of them.
    let leaf = Hash::of_record(b"");
    assert_eq!(leaf.to_string(), "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=");
    assert_eq!(Hash::parse(&leaf.to_string()), Some(leaf));
    assert_eq!(Hash::of_node(&leaf, &leaf), complete_root(&[leaf.0, leaf.0]));
    assert_ne!(Hash::of_node(&leaf, &leaf), Hash::of_record(&[leaf.0, leaf.0].concat()));
    assert_eq!(root(&[]), Hash::of_empty_tree());
    for bad in ["", "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0", "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoA=="] {
        assert_eq!(Hash::parse(bad), None, "{bad}");
    }
}

#[test]
fn subtrees_cover_a_size_exactly() {
    for size in (0..2000).chain([i64::MAX.cast_unsigned(), 1 << 62, (1 << 62) + 1]) {
        let mut covered = 0;
        for node in subtrees(size) {
            assert_eq!(node.number << node.level, covered, "{size}");
            assert!(node.is_in(size) && !Node { number: node.number + 1, ..node }.is_in(size));
            covered += 1 << node.level;
        }
        assert_eq!(covered, size);
    }
}

#[test]
fn nodes_in_a_tree() {
    let node = |level, number| Node { level, number };
    assert!(node(0, 6).is_in(7) && !node(0, 7).is_in(7));
    assert!(node(1, 2).is_in(7) && !node(1, 3).is_in(7));
    assert!(node(2, 0).is_in(7) && !node(2, 1).is_in(7) && !node(3, 0).is_in(7));
    assert!(!node(64, 0).is_in(u64::MAX) && !node(255, 0).is_in(u64::MAX) && !node(0, 0).is_in(0));
}
