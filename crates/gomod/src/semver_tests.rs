//! The facts of golang.org/x/mod/semver's own tests.

use proptest::prelude::*;

use super::*;

/// Version and canonical form (empty: no version), in ascending order.
const TABLE: &[(&str, &str)] = &[
    ("bad", ""),
    ("v1-alpha.beta.gamma", ""),
    ("v1-pre", ""),
    ("v1+meta", ""),
    ("v1-pre+meta", ""),
    ("v1.2-pre", ""),
    ("v1.2+meta", ""),
    ("v1.2-pre+meta", ""),
    ("v1.0.0-alpha", "v1.0.0-alpha"),
    ("v1.0.0-alpha.1", "v1.0.0-alpha.1"),
    ("v1.0.0-alpha.beta", "v1.0.0-alpha.beta"),
    ("v1.0.0-beta", "v1.0.0-beta"),
    ("v1.0.0-beta.2", "v1.0.0-beta.2"),
    ("v1.0.0-beta.11", "v1.0.0-beta.11"),
    ("v1.0.0-rc.1", "v1.0.0-rc.1"),
    ("v1", "v1.0.0"),
    ("v1.0", "v1.0.0"),
    ("v1.0.0", "v1.0.0"),
    ("v1.2", "v1.2.0"),
    ("v1.2.0", "v1.2.0"),
    ("v1.2.3-456", "v1.2.3-456"),
    ("v1.2.3-456.789", "v1.2.3-456.789"),
    ("v1.2.3-456-789", "v1.2.3-456-789"),
    ("v1.2.3-456a", "v1.2.3-456a"),
    ("v1.2.3-pre", "v1.2.3-pre"),
    ("v1.2.3-pre+meta", "v1.2.3-pre"),
    ("v1.2.3-pre.1", "v1.2.3-pre.1"),
    ("v1.2.3-zzz", "v1.2.3-zzz"),
    ("v1.2.3", "v1.2.3"),
    ("v1.2.3+meta", "v1.2.3"),
    ("v1.2.3+meta-pre", "v1.2.3"),
    ("v1.2.3+meta-pre.sha.256a", "v1.2.3"),
];

#[test]
fn canonical_forms() {
    for &(v, want) in TABLE {
        assert_eq!(canonical(v), want, "{v}");
        assert_eq!(is_valid(v), !want.is_empty(), "{v}");
    }
}

#[test]
fn order() {
    for (i, &(v, cv)) in TABLE.iter().enumerate() {
        for (j, &(w, cw)) in TABLE.iter().enumerate() {
            let want = if cv == cw { Ordering::Equal } else { i.cmp(&j) };
            assert_eq!(compare(v, w), want, "{v} {w}");
        }
    }
}

#[test]
fn sorted_with_ties_as_strings() {
    let mut versions: Vec<&str> = TABLE.iter().rev().map(|row| row.0).collect();
    sort_versions(&mut versions);
    let invalid =
        ["bad", "v1+meta", "v1-alpha.beta.gamma", "v1-pre", "v1-pre+meta", "v1.2+meta", "v1.2-pre", "v1.2-pre+meta"];
    assert_eq!(versions[..8], invalid);
    let valid: Vec<&str> = TABLE[8..].iter().map(|row| row.0).collect();
    assert_eq!(versions[8..], valid);
}

#[test]
fn parts() {
    // version, major, major.minor, prerelease, build
    let table = [
        ("v1", "v1", "v1.0", "", ""),
        ("v1.2", "v1", "v1.2", "", ""),
        ("v1.2.3", "v1", "v1.2", "", ""),
        ("v10.20.30-pre.1+meta.x", "v10", "v10.20", "-pre.1", "+meta.x"),
        ("v2.0.0+incompatible", "v2", "v2.0", "", "+incompatible"),
        ("v2.0.0--", "v2", "v2.0", "--", ""),
        ("v1.2-pre", "", "", "", ""),
        ("1.2.3", "", "", "", ""),
    ];
    for (v, want_major, want_minor, want_pre, want_build) in table {
        assert_eq!((major(v), &*major_minor(v)), (want_major, want_minor), "{v}");
        assert_eq!((prerelease(v), build(v)), (want_pre, want_build), "{v}");
    }
}

#[test]
fn malformed() {
    let bad = [
        "",
        "v",
        "V1.0.0",
        "v1.",
        "v1.2.",
        "v01.0.0",
        "v1.02.0",
        "v1.0.03",
        "v1.0.0-",
        "v1.0.0-01",
        "v1.0.0-a..b",
        "v1.0.0-a.",
        "v1.0.0+",
        "v1.0.0+a..b",
        "v1.0.0-é",
        "v1.0.0+é",
        "v1.0.0 ",
        "v1.0.0\n",
        "v1.0.0.0",
        "v-1.0.0",
        "v1.0.0+a+b",
        "v1.0.0-a_b",
    ];
    for v in bad {
        assert!(!is_valid(v), "{v:?}");
    }
    // Only numeric identifiers of a prerelease may not begin with a zero.
    for v in ["v1.0.0-0", "v1.0.0-0a", "v1.0.0-00a", "v1.0.0+00", "v0.0.0"] {
        assert!(is_valid(v), "{v:?}");
    }
}

#[test]
fn numbers_have_no_bound() {
    let big = "v1.2.99999999999999999999999999999999999999998";
    let bigger = "v1.2.99999999999999999999999999999999999999999";
    assert_eq!(compare(big, bigger), Ordering::Less);
    assert_eq!(compare("v1.0.0-18446744073709551616", "v1.0.0-18446744073709551615"), Ordering::Greater);
    assert_eq!(compare("v1.0.0-9", "v1.0.0-10"), Ordering::Less);
}

proptest! {
    #[test]
    fn any_string_is_read_without_panic(v in "\\PC*", w in "v[0-9]{1,2}(\\.[0-9a-]{1,3}){0,4}(\\+[a-z.]{0,3})?") {
        prop_assert_eq!(compare(&v, &w), compare(&w, &v).reverse());
        let canonical = canonical(&w);
        prop_assert_eq!(canonical.is_empty(), !is_valid(&w));
        prop_assert_eq!(compare(&canonical, &w), Ordering::Equal);
    }
}
