//! The facts of golang.org/x/mod/module's own tests.

use super::*;

#[test]
fn split() {
    let table = [
        ("x.y/z", ""),
        ("x.y/z", "/v2"),
        ("x.y/z", "/v3"),
        ("x.y/z", "/v10"),
        ("x.y/v", ""),
        ("x.y/zv2", ""),
        ("x.y/v2x", ""),
        ("gopkg.in/yaml", ".v0"),
        ("gopkg.in/yaml", ".v1"),
        ("gopkg.in/yaml", ".v2"),
        ("gopkg.in/yaml", ".v3-unstable"),
    ];
    for (prefix, major) in table {
        assert_eq!(split_path_version(&format!("{prefix}{major}")), Some((prefix, major)));
    }
    let refused = [
        "x.y/z/v0",
        "x.y/z/v1",
        "x.y/z/v02",
        "x.y/z/v2.0",
        "x.y/z/v.",
        "gopkg.in/yaml",
        "gopkg.in/yaml.v",
        "gopkg.in/yaml.v02",
        "gopkg.in/yaml.v0-unstable",
        "gopkg.in/yaml/v2",
        "gopkg.in/yaml.v2/abc",
    ];
    for path in refused {
        assert_eq!(split_path_version(path), None, "{path}");
    }
}

#[test]
fn agreement() {
    let table = [
        ("v0.0.0", "", true),
        ("v1.9.9", "", true),
        ("v2.0.0", "", false),
        ("v2.0.0+incompatible", "", true),
        ("v0.0.0", "/v2", false),
        ("v1.0.0", "/v2", false),
        ("v2.0.0", "/v2", true),
        ("v2.0.0+incompatible", "/v3", false),
        ("v20.0.0", "/v2", false),
        ("v0.0.0", ".v0", true),
        ("v0.0.0", ".v1", false),
        ("v0.0.0-20190510104115-cbcb75029529", ".v1", true),
        ("v0.0.0-20190510104115-cbcb75029529", ".v2", false),
        ("v1.0.0", ".v1", true),
        ("v1.0.0", ".v1-unstable", true),
        ("v2.0.0", ".v2", true),
    ];
    for (version, major, want) in table {
        assert_eq!(match_path_major(version, major), want, "{version} {major}");
    }
}

#[test]
fn disagreement_in_the_words_of_go() {
    let text = |v, major| check_path_major(v, major).unwrap_err().to_string();
    assert_eq!(text("v2.1.5", ""), "version \"v2.1.5\" invalid: should be v0 or v1, not v2");
    assert_eq!(text("v1.0.0", "/v2"), "version \"v1.0.0\" invalid: should be v2, not v1");
    assert_eq!(text("v1.0.0", ".v3-unstable"), "version \"v1.0.0\" invalid: should be v3, not v1");
}

#[test]
fn canonical_keeps_incompatible() {
    let table =
        [("v1", "v1.0.0"), ("v2.0.0+incompatible", "v2.0.0+incompatible"), ("v1.0.0+meta", "v1.0.0"), ("x", "")];
    for (version, want) in table {
        assert_eq!(canonical_version(version), want);
    }
}
