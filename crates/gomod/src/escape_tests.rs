//! The facts of golang.org/x/mod/module's own tests, and the property that names and escaped names pair up.

use proptest::prelude::*;

use super::*;

#[test]
fn paths() {
    let table = [
        ("ascii.com/abcdefghijklmnopqrstuvwxyz.-/~_0123456789", "ascii.com/abcdefghijklmnopqrstuvwxyz.-/~_0123456789"),
        ("github.com/GoogleCloudPlatform/omega", "github.com/!google!cloud!platform/omega"),
        ("github.com/Azure/XX", "github.com/!azure/!x!x"),
    ];
    for (path, escaped) in table {
        assert_eq!(escape_path(path).unwrap(), escaped);
        assert_eq!(unescape_path(escaped).unwrap(), path);
    }
}

#[test]
fn malformed_escapes() {
    let bad = [
        "github.com/GoogleCloudPlatform/omega",
        "github.com/!google!cloud!platform!/omega",
        "github.com/!0google!cloud!platform/omega",
        "github.com/!_google!cloud!platform/omega",
        "github.com/!!google!cloud!platform/omega",
        "github.com/!Google/omega",
        "github.com/google!",
        "github.com/!é/omega",
        "github.com/é/omega",
        "",
    ];
    for escaped in bad {
        assert!(unescape_path(escaped).is_err(), "{escaped:?}");
    }
    let error = unescape_path("github.com/Azure/x").unwrap_err().to_string();
    assert_eq!(error, "invalid escaped module path \"github.com/Azure/x\"");
    let error = unescape_path("azure/x").unwrap_err().to_string();
    let want =
        "invalid escaped module path \"azure/x\": malformed module path \"azure/x\": missing dot in first path element";
    assert_eq!(error, want);
}

#[test]
fn versions() {
    for (version, escaped) in [("v1.0.0-RC1", "v1.0.0-!r!c1"), ("HEAD", "!h!e!a!d"), ("a b", "a b"), ("v1+x", "v1+x")] {
        assert_eq!(escape_version(version).unwrap(), escaped);
        assert_eq!(unescape_version(escaped).unwrap(), version);
    }
    for version in ["", "a/b", "a!b", "..", "a.", "con", "nul.txt", "é", "a:b", "a?b"] {
        assert!(escape_version(version).is_err(), "{version:?}");
    }
    for escaped in ["", "a/b", "!", "!!a", "A", "..", "!con/", "é"] {
        assert!(unescape_version(escaped).is_err(), "{escaped:?}");
    }
}

proptest! {
    #[test]
    fn path_round_trip(path in "[a-z]{1,3}\\.[a-z]{1,3}(/[A-Za-z0-9_.~-]{1,5}){0,4}") {
        if let Ok(escaped) = escape_path(&path) {
            prop_assert!(!escaped.bytes().any(|b| b.is_ascii_uppercase()));
            prop_assert_eq!(unescape_path(&escaped).unwrap(), path);
        }
    }

    #[test]
    fn escaped_path_round_trip(escaped in "[a-z]{1,3}\\.[a-z]{1,3}(/[A-Za-z0-9!_.~-]{1,5}){0,4}") {
        if let Ok(path) = unescape_path(&escaped) {
            prop_assert_eq!(escape_path(&path).unwrap(), escaped);
        }
    }

    #[test]
    fn escaped_version_round_trip(escaped in "[a-zA-Z0-9!+.~ @=-]{1,9}") {
        if let Ok(version) = unescape_version(&escaped) {
            prop_assert_eq!(escape_version(&version).unwrap(), escaped);
        }
    }

    #[test]
    fn any_string_is_read_without_panic(s in "\\PC*") {
        let _ = (unescape_path(&s), unescape_version(&s), escape_path(&s), escape_version(&s));
    }
}
