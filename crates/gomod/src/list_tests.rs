use proptest::prelude::*;

use super::*;

fn versions(body: &str) -> Vec<String> {
    parse(body.as_bytes()).unwrap().versions().iter().map(ToString::to_string).collect()
}

fn newest(body: &str) -> Option<String> {
    parse(body.as_bytes()).unwrap().newest_pseudo().map(ToString::to_string)
}

#[test]
fn versions_are_sorted_once_each() {
    let table: &[(&str, &[&str])] = &[
        ("", &[]),
        ("\n", &[]),
        (" \r\n\t\n", &[]),
        ("v1.0.0\n", &["v1.0.0"]),
        ("v1.0.0", &["v1.0.0"]),
        ("v1.10.0\nv1.9.0\nv1.9.0-rc.1\n", &["v1.9.0-rc.1", "v1.9.0", "v1.10.0"]),
        ("v1.0.0\r\nv1.1.0\r\n", &["v1.0.0", "v1.1.0"]),
        ("v1.0.0\nv1.0.0\nv1.0.0\n", &["v1.0.0"]),
        ("\u{a0}v1.0.0 2020-01-02T03:04:05Z extra\n", &["v1.0.0"]),
        ("v2.0.0+incompatible\nv1.0.0\n", &["v1.0.0", "v2.0.0+incompatible"]),
        // Build metadata, shorthands, numbers with leading zeros: nobody can ask for those.
        ("v1.0.0\nv1.0.1+meta\nv1\nv1.2\nv01.0.0\n1.0.0\nV1.0.0\n", &["v1.0.0"]),
        ("v1.0.0\nthis is no version\nv1.0\n-- \u{1f600}\n", &["v1.0.0"]),
        ("v0.0.0-20200102030405-0123456789ab\nv1.0.0\n", &["v1.0.0"]),
        ("v1\n", &[]),
        ("v99999999999999999999.0.0\nv1.0.0\n", &["v1.0.0", "v99999999999999999999.0.0"]),
    ];
    for (body, expected) in table {
        assert_eq!(versions(body), *expected, "{body:?}");
    }
}

#[test]
fn bytes_that_are_no_text_spoil_their_line_only() {
    let list = parse(b"v1.0.0 \xff\n\xffv1.1.0\nv1.2.0\n").unwrap();
    assert_eq!(list.body(), "v1.0.0\nv1.2.0\n");
}

#[test]
fn bodies_that_are_no_list() {
    let table: &[(&[u8], ListError)] = &[
        (b"<!DOCTYPE html>\nv1.0.0\n", ListError::Markup),
        (b"  \r\n <a href=\"/login\">Found</a>.\n", ListError::Markup),
        (b"v1.0.0\n\0", ListError::Binary),
        (b"\x1f\x8b\x08\x00\x00", ListError::Binary),
        (b"not found\n", ListError::NoVersion),
        (b"{\"versions\":[]}", ListError::NoVersion),
        (b"\xff\xfe", ListError::NoVersion),
        (b"1.0.0\n", ListError::NoVersion),
    ];
    for (body, error) in table {
        assert_eq!(parse(body), Err(*error), "{:?}", String::from_utf8_lossy(body));
    }
}

#[test]
fn a_body_says_what_was_read() {
    for (body, expected) in [("", ""), ("v1.1.0 x\nv1.0.0", "v1.0.0\nv1.1.0\n")] {
        let list = parse(body.as_bytes()).unwrap();
        assert_eq!(list.body(), expected);
        assert_eq!(parse(expected.as_bytes()).unwrap().versions(), list.versions());
    }
}

#[test]
fn highest_versions() {
    // Body; last compatible, highest compatible, highest incompatible.
    let table = [
        ("", None, None, None),
        ("v1.0.0\nv1.1.0\nv1.2.0-rc.1\n", Some("v1.2.0-rc.1"), Some("v1.1.0"), None),
        ("v1.0.0-rc.1\nv1.0.0-rc.2\n", Some("v1.0.0-rc.2"), Some("v1.0.0-rc.2"), None),
        ("v2.0.0+incompatible\nv3.0.0-a+incompatible\n", None, None, Some("v2.0.0+incompatible")),
        ("v1.5.0\nv2.0.0-a+incompatible\n", Some("v1.5.0"), Some("v1.5.0"), Some("v2.0.0-a+incompatible")),
        ("v0.0.0-20200102030405-0123456789ab\n", None, None, None),
    ];
    for (body, last, compatible, incompatible) in table {
        let list = parse(body.as_bytes()).unwrap();
        assert_eq!(list.last_compatible().map(Version::as_str), last, "{body:?}");
        assert_eq!(list.highest_compatible().map(Version::as_str), compatible, "{body:?}");
        assert_eq!(list.highest_incompatible().map(Version::as_str), incompatible, "{body:?}");
    }
}

#[test]
fn the_newest_pseudo_version_has_the_latest_time() {
    let (old, new) = ("v0.0.0-20200102030405-0123456789ab", "v0.0.0-20210102030405-aaaaaaaaaaaa");
    let later = "v0.0.0-20210102030405-bbbbbbbbbbbb";
    let table = [
        (format!("{new}\n{old}\n"), Some(new)),
        (format!("{old}\n{new}\n"), Some(new)),
        (format!("{new}\n{later}\n"), Some(new)),
        (format!("{later}\n{new}\n"), Some(later)),
        // A time beside it counts more than the one in it, whatever the zone.
        (format!("{old} 2022-01-01T00:00:00Z\n{new}\n"), Some(old)),
        (format!("{old} 2021-01-02T04:04:05+02:00\n{new}\n"), Some(new)),
        (format!("{old} soon\n"), Some(old)),
        // A commit time that is none.
        ("v0.0.0-20209902030405-0123456789ab\n".to_owned(), None),
        ("v1.0.0 2020-01-01T00:00:00Z\n".to_owned(), None),
    ];
    for (body, expected) in table {
        assert_eq!(newest(&body).as_deref(), expected, "{body:?}");
    }
}

#[test]
fn a_million_lines() {
    let body: String = (0..1_000_000).map(|i| format!("v1.{}.{}\n", i % 1000, i / 2000)).collect();
    let list = parse(body.as_bytes()).unwrap();
    assert_eq!(list.versions().len(), 500_000);
    assert_eq!(list.versions().last().map(Version::as_str), Some("v1.999.499"));
    let junk = "no version at all, line after line\n".repeat(1_000_000);
    assert_eq!(parse(junk.as_bytes()), Err(ListError::NoVersion));
}

proptest! {
    #[test]
    fn any_bytes_are_survived(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&body);
    }

    #[test]
    fn a_body_is_read_back(body in "(v[0-9]{1,2}\\.[0-9]{1,2}\\.[0-9](-[a-z0-9.]{1,4})?(\\+incompatible)?[ \r]?\n){1,12}") {
        if let Ok(list) = parse(body.as_bytes()) {
            prop_assert!(list.versions().is_sorted());
            let again = parse(list.body().as_bytes()).unwrap();
            prop_assert_eq!(again.versions(), list.versions());
        }
    }
}
