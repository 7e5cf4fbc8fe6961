//! Which strings are versions, which are queries, and how versions are ordered.

use super::*;

#[test]
fn canonical_versions_only() {
    for v in ["v0.0.0", "v1.2.3", "v1.2.3-pre.1", "v2.0.0+incompatible", "v2.0.0-rc.1+incompatible"] {
        assert_eq!(Version::parse(v).unwrap().as_str(), v);
    }
    for v in ["v1", "v1.2", "v1.2.3+meta", "v1.2.3+incompatible.1"] {
        let error = Version::parse(v).unwrap_err();
        assert_eq!(error.to_string(), format!("version {v} is not in canonical form"));
    }
    for v in ["", "master", "1.2.3", "v1.2.3/x", "v01.0.0", "v1.2.3-é"] {
        let error = Version::parse(v).unwrap_err();
        assert_eq!(error, VersionError::NotSemver(v.to_owned()));
    }
}

#[test]
fn properties() {
    // Version, pseudo-version, prerelease, incompatible.
    let table = [
        ("v1.2.3", false, false, false),
        ("v1.2.3-rc1", false, true, false),
        ("v2.0.0+incompatible", false, false, true),
        ("v0.0.0-20190510104115-cbcb75029529", true, true, false),
        ("v2.0.1-0.20190510104115-cbcb75029529+incompatible", true, true, true),
    ];
    for (v, pseudo, prerelease, incompatible) in table {
        let v = Version::parse(v).unwrap();
        assert_eq!((v.is_pseudo(), v.is_prerelease(), v.is_incompatible()), (pseudo, prerelease, incompatible), "{v}");
    }
}

#[test]
fn ordered_by_precedence_then_text() {
    let order = ["v1.0.0-rc1", "v1.0.0", "v1.9.0", "v1.10.0", "v2.0.0", "v2.0.0+incompatible"];
    let mut versions: Vec<Version> = order.iter().rev().map(|v| Version::parse(v).unwrap()).collect();
    versions.sort();
    assert_eq!(versions.iter().map(Version::as_str).collect::<Vec<_>>(), order);
}

#[test]
fn queries() {
    for q in ["master", "HEAD", "v1", "v1.2", "v1.2.3+meta", "deadbee", "feature,1", "a@b", "v1.0.0", "a b"] {
        assert_eq!(Query::parse(q).unwrap().as_str(), q);
    }
    for q in ["latest", "upgrade", "patch", ">=v1.0.0", "<v2", ">v1", "<=v1"] {
        assert_eq!(Query::parse(q).unwrap_err().to_string(), format!("version {q} is disallowed"));
    }
    for q in [
        "",
        "a/b",
        "a!b",
        "..",
        "a.",
        "nul",
        "é",
        "-x",
        "--upload-pack=x",
        "a\0b",
        "a\nb",
        "/etc/passwd",
        "a:b",
        "`id`",
    ] {
        assert!(Query::parse(q).is_err(), "{q:?}");
    }
    assert_eq!(Query::unescape("!h!e!a!d").unwrap().as_str(), "HEAD");
    assert_eq!(Query::parse("HEAD").unwrap().escaped(), "!h!e!a!d");
    assert!(Query::unescape("HEAD").is_err());
}
