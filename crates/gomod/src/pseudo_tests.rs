//! The facts of golang.org/x/mod/module's own pseudo-version tests.

use proptest::prelude::*;

use super::*;

/// Major version, older tag, pseudo-version.
const TABLE: &[(&str, &str, &str)] = &[
    ("", "", "v0.0.0-20060102150405-hash"),
    ("v0", "", "v0.0.0-20060102150405-hash"),
    ("v1", "", "v1.0.0-20060102150405-hash"),
    ("v2", "", "v2.0.0-20060102150405-hash"),
    ("unused", "v0.0.0", "v0.0.1-0.20060102150405-hash"),
    ("unused", "v1.2.3", "v1.2.4-0.20060102150405-hash"),
    ("unused", "v1.2.99", "v1.2.100-0.20060102150405-hash"),
    ("unused", "v1.2.99999999999999999", "v1.2.100000000000000000-0.20060102150405-hash"),
    ("unused", "v1.2.3-pre", "v1.2.3-pre.0.20060102150405-hash"),
    ("unused", "v1.3.0-pre", "v1.3.0-pre.0.20060102150405-hash"),
    ("unused", "v1.3.0-pre.0", "v1.3.0-pre.0.0.20060102150405-hash"),
    ("unused", "v0.0.0--", "v0.0.0--.0.20060102150405-hash"),
    ("unused", "v1.0.0+metadata", "v1.0.1-0.20060102150405-hash+metadata"),
    ("unused", "v2.0.0+incompatible", "v2.0.1-0.20060102150405-hash+incompatible"),
    ("unused", "v2.3.0-pre+incompatible", "v2.3.0-pre.0.20060102150405-hash+incompatible"),
];

fn reference_time() -> Timestamp {
    "2006-01-02T15:04:05Z".parse().unwrap()
}

#[test]
fn made_and_taken_apart() {
    for &(major, older, pseudo) in TABLE {
        assert_eq!(pseudo_version(major, older, reference_time(), "hash"), pseudo);
        assert!(is_pseudo_version(pseudo) && !is_pseudo_version(older), "{pseudo}");
        assert_eq!(pseudo_version_time(pseudo).unwrap(), reference_time());
        assert_eq!(pseudo_version_rev(pseudo).unwrap(), "hash");
        assert_eq!(pseudo_version_base(pseudo).unwrap().unwrap_or_default(), older, "{pseudo}");
        assert!(pseudo_version_time(older).is_err() && pseudo_version_rev(older).is_err());
        assert!(pseudo_version_base(older).is_err());
    }
}

#[test]
fn bases_that_mean_nothing() {
    let table = [
        ("v0.0.0", "syntax error"),
        ("v0.0.0-", "syntax error"),
        ("v0.0.0-0.20060102150405-hash", "version before v0.0.0 would have negative patch number"),
        ("v0.1.0-0.20060102150405-hash", "version before v0.1.0 would have negative patch number"),
        ("v0.0.0-20060102150405-hash+incompatible", "lacks base version, but has build metadata \"+incompatible\""),
        ("v0.0.0-20060102150405-hash+metadata", "lacks base version, but has build metadata \"+metadata\""),
    ];
    for (v, reason) in table {
        let error = pseudo_version_base(v).unwrap_err().to_string();
        assert_eq!(error, format!("pseudo-version {v:?} invalid: {reason}"));
    }
}

#[test]
fn shapes_that_are_none() {
    let none = [
        "",
        "---",
        "v1.2.3-20060102150405-hash",
        "v0.1.0-20060102150405-hash",
        "v0.0.1-20060102150405-hash",
        "v1.2.3-pre.20060102150405-hash",
        "v1.2.3-0.2006010215040-hash",
        "v1.2.3-0.200601021504055-hash",
        "v1.2.3-0.20060102150405-",
        "v1.2.3-0.20060102150405-ha.sh",
        "v1.2.3-0.20060102150405",
        "v0.0.0-x20060102150405-hash",
        "v1.2.3-00.20060102150405-hash",
    ];
    for v in none {
        assert!(!is_pseudo_version(v), "{v:?}");
    }
}

#[test]
fn times_that_are_none() {
    for time in ["20061302150405", "20060230150405", "20060102240405", "20060102150460", "00000000000000"] {
        let v = format!("v0.0.0-{time}-abcdef123456");
        assert!(is_pseudo_version(&v));
        let want = format!("pseudo-version {v:?} invalid: malformed time {time:?}");
        assert_eq!(pseudo_version_time(&v).unwrap_err().to_string(), want);
    }
}

#[test]
fn decimals() {
    for (n, next) in [("0", "1"), ("1", "2"), ("9", "10"), ("99", "100"), ("100", "101"), ("109", "110")] {
        assert_eq!(increment(n), next);
        assert_eq!(decrement(next).as_deref(), Some(n));
    }
    assert_eq!((decrement(""), decrement("0"), decrement("00")), (None, None, None));
}

proptest! {
    #[test]
    fn base_and_time_survive(
        older in "v(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,24})){2}(-[a-z-][a-z0-9-]{0,5}(\\.0|\\.[1-9])?)?(\\+incompatible)?",
        seconds in 0_i64..4_102_444_800,
        rev in "[0-9a-f]{12}",
    ) {
        let time = Timestamp::from_second(seconds).unwrap();
        let v = pseudo_version("", &older, time, &rev);
        prop_assert!(is_pseudo_version(&v), "{}", v);
        prop_assert_eq!(pseudo_version_time(&v).unwrap(), time);
        prop_assert_eq!(pseudo_version_rev(&v).unwrap(), rev);
        prop_assert!(semver::compare(&older, &v).is_lt());
        prop_assert_eq!(pseudo_version_base(&v).unwrap(), Some(older));
    }

    #[test]
    fn any_string_is_read_without_panic(v in "v[0-9]\\.[0-9]\\.[0-9]-[0-9a-z.-]{0,30}(\\+[a-z]{0,3})?") {
        let _ = (pseudo_version_base(&v), pseudo_version_time(&v), pseudo_version_rev(&v));
    }
}
