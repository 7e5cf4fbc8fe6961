//! The facts of golang.org/x/mod/module's own `Check` tests.

use super::*;

fn check(path: &str, version: &str) -> Result<ModuleVersion, String> {
    let path = ModulePath::parse(path).map_err(|e| e.to_string())?;
    let version = Version::parse(version).map_err(|e| e.to_string())?;
    ModuleVersion::new(path, version).map_err(|e| e.to_string())
}

#[test]
fn pairs() {
    // Path, versions that belong to it, versions that do not.
    let table: [(&str, &[&str], &[&str]); 10] = [
        ("rsc.io/quote", &["v17.0.0+incompatible"], &["0.1.0", "v17.0.0"]),
        ("rsc io/quote", &[], &["v1.0.0"]),
        ("github.com/go-yaml/yaml", &["v0.8.0", "v1.0.0"], &["v2.0.0", "v2.1.5", "v3.0.0"]),
        ("github.com/go-yaml/yaml/v2", &["v2.0.0", "v2.1.5"], &["v1.0.0", "v3.0.0"]),
        ("gopkg.in/yaml.v0", &["v0.8.0"], &["v1.0.0", "v2.0.0", "v3.0.0"]),
        ("gopkg.in/yaml.v1", &["v1.0.0"], &["v0.8.0", "v2.0.0", "v3.0.0"]),
        ("gopkg.in/check.v1", &["v0.0.0-20160102150405-abcdef123456"], &["v0.0.0"]),
        ("gopkg.in/yaml.v2", &["v2.0.0", "v2.1.5"], &["v1.0.0", "v3.0.0"]),
        ("gopkg.in/yaml.v2-unstable", &["v2.0.0"], &["v1.0.0"]),
        ("golang.org/toolchain", &["v0.0.1-go1.27.3.linux-amd64"], &["go1.27.3"]),
    ];
    for (path, good, bad) in table {
        for version in good {
            assert_eq!(check(path, version).unwrap().to_string(), format!("{path}@{version}"));
        }
        for version in bad {
            assert!(check(path, version).is_err(), "{path}@{version}");
        }
    }
    let error = check("rsc.io/quote", "v17.0.0").unwrap_err();
    assert_eq!(error, "rsc.io/quote@v17.0.0: invalid version: should be v0 or v1, not v17");
}

#[test]
fn escaped_forms() {
    let module = check("github.com/Azure/SDK/v3", "v3.0.0-RC1").unwrap();
    assert_eq!(module.path().escaped(), "github.com/!azure/!s!d!k/v3");
    assert_eq!(module.version().escaped(), "v3.0.0-!r!c1");
    assert_eq!(&ModulePath::unescape("github.com/!azure/!s!d!k/v3").unwrap(), module.path());
    assert_eq!(module.path().split_major(), ("github.com/Azure/SDK", "/v3"));
}
