//! The rules for names and sizes: the tables of golang.org/x/mod/zip's `check_zip` and `unzip` tests, and more.

use super::kit::{Entry, PREFIX, checked, refusal, zip};
use crate::zip::{Summary, ZipError, check_bytes};
use crate::{ModulePath, ModuleVersion, Version};

fn named(names: &[&[u8]]) -> Vec<u8> {
    zip(&names.iter().map(|name| Entry::stored(name, b"")).collect::<Vec<_>>())
}

#[test]
fn good_names() {
    let table: &[&[&str]] = &[
        &[],
        &["go.mod", "m.go", "cmd/hello/hello.go"],
        // A folder may have the name of a file that is restricted.
        &["go.mod/a.go"],
        &["LICENSE/x", "a/LICENSE"],
        &[".git/config", ".hidden", "a/.b", "..a", "a..b", "vendor/modules.txt", "vendor/x/y.go"],
        &["!#$%&()+,-.=@[]^_{}~ x", "a b/c d"],
        &["\u{e9}t\u{e9}.go", "\u{65e5}\u{672c}/\u{8a9e}.go"],
        &["~1", "progra~1", "con1", "com0", "aux-x.go", "nul_"],
        &["a/b", "A.go", "b/a"],
        &["i.go", "\u{131}.go", "\u{df}.go", "ss.go"],
        // Folders have entries, or not, any number of times and before or after what they hold.
        &["a/", "a/b.go", "a/", "c/d.go", "c/", "e/"],
        &[""],
        &["", "a", ""],
        &["x.mod", "go.modx", "a/go.mod.go"],
    ];
    for names in table {
        let entries: Vec<_> = names.iter().map(|name| Entry::stored(name, b"")).collect();
        let bytes = zip(&entries);
        let hash = crate::zip::hash_bytes(&bytes).unwrap();
        let expected = Summary { entries: names.len() as u64, uncompressed: 0, hash };
        assert_eq!(checked(&bytes).map_err(|e| e.to_string()), Ok(expected), "{names:?}");
    }
}

#[test]
fn bad_names() {
    let table: &[(&[&str], &str)] = &[
        (&["not/../clean"], "file path is not clean"),
        (&["a//b"], "file path is not clean"),
        (&["./a"], "file path is not clean"),
        (&["a/."], "file path is not clean"),
        (&["a/./b"], "file path is not clean"),
        (&["a/.."], "file path is not clean"),
        (&["/../a"], "file path is not clean"),
        (&["a//"], "file path is not clean"),
        (&["/"], "file path is not clean"),
        (&["//"], "malformed file path \"/\": trailing slash"),
        (&["../a"], "malformed file path \"../a\": invalid path element \"..\""),
        (&["../../etc/passwd"], "malformed file path \"../../etc/passwd\": invalid path element \"..\""),
        (&[".."], "malformed file path \"..\": invalid path element \"..\""),
        (&["."], "malformed file path \".\": invalid path element \".\""),
        (&["..."], "malformed file path \"...\": invalid path element \"...\""),
        (&["/etc/passwd"], "malformed file path \"/etc/passwd\": empty path element"),
        (&["C:\\x"], "malformed file path \"C:\\\\x\": invalid char ':'"),
        (&["C:/x"], "malformed file path \"C:/x\": invalid char ':'"),
        (&["a\\b"], "malformed file path \"a\\\\b\": invalid char '\\\\'"),
        (&["invalid.go'"], "malformed file path \"invalid.go'\": invalid char '\\''"),
        (&["a\0b"], "malformed file path \"a\\0b\": invalid char '\\0'"),
        (&["a\nb"], "malformed file path \"a\\nb\": invalid char '\\n'"),
        (&["a*b"], "malformed file path \"a*b\": invalid char '*'"),
        (&["a;b"], "malformed file path \"a;b\": invalid char ';'"),
        (&["a\u{1f600}"], "malformed file path \"a\u{1f600}\": invalid char '\u{1f600}'"),
        (&["a./b"], "malformed file path \"a./b\": trailing dot in path element"),
        (&["a/aux.go"], "malformed file path \"a/aux.go\": \"aux\" disallowed as path element component on Windows"),
        (&["LPT1"], "malformed file path \"LPT1\": \"LPT1\" disallowed as path element component on Windows"),
        (&["GO.MOD"], "go.mod files must have lowercase names"),
        (&["Go.mod"], "go.mod files must have lowercase names"),
        (&["sub/go.mod"], "go.mod file not in module root directory"),
        (&["b/GO.MOD"], "go.mod file not in module root directory"),
        (&["dup.go", "dup.go"], "multiple entries for file \"dup.go\""),
        (&["a.go", "a.go/b.go"], "entry \"a.go\" is both a file and a directory"),
        (&["a.go/b.go", "a.go"], "entry \"a.go\" is both a file and a directory"),
        (&["a/", "a"], "entry \"a\" is both a file and a directory"),
        (&["m.go", "M.GO"], "case-insensitive file name collision: \"m.go\" and \"M.GO\""),
        (&["a/x", "A/y"], "case-insensitive file name collision: \"a\" and \"A\""),
        (&["x/a/b/c", "x/A/b/d"], "case-insensitive file name collision: \"x/a/b\" and \"x/A/b\""),
        (&["a/x.go", "A"], "case-insensitive file name collision: \"a\" and \"A\""),
        (&["a/", "A/"], "case-insensitive file name collision: \"a\" and \"A\""),
        (&["k.go", "\u{212a}.go"], "case-insensitive file name collision: \"k.go\" and \"\u{212a}.go\""),
        (&["\u{3c3}", "\u{3c2}"], "case-insensitive file name collision: \"\u{3c3}\" and \"\u{3c2}\""),
        (&["\u{df}", "\u{1e9e}"], "case-insensitive file name collision: \"\u{df}\" and \"\u{1e9e}\""),
    ];
    for (names, reason) in table {
        let names: Vec<_> = names.iter().map(|name| name.as_bytes()).collect();
        let refusal = refusal(&named(&names));
        assert!(
            refusal.ends_with(&format!(": {reason}")) && refusal.starts_with(PREFIX),
            "{refusal:?}, not {reason:?}"
        );
    }
}

#[test]
fn names_that_are_no_text() {
    assert!(refusal(&named(&[b"a\xffb"])).ends_with("invalid UTF-8"));
}

#[test]
fn every_name_begins_with_the_module() {
    let table = [
        "",
        "a",
        "example.com/m@v1.0.0",
        "example.com/m@v1.0.1/a",
        "EXAMPLE.com/m@v1.0.0/a",
        "/example.com/m@v1.0.0/a",
    ];
    for name in table {
        let entry = Entry::stored("", b"").but(|entry| entry.headers(|header| header.name = name.into()));
        assert_eq!(refusal(&zip(&[entry])), format!("{name}: path does not have prefix {PREFIX:?}"));
    }
    let v2 =
        ModuleVersion::new(ModulePath::parse("example.com/m/v2").unwrap(), Version::parse("v2.0.0").unwrap()).unwrap();
    assert!(check_bytes(&named(&[b"a"]), &v2).is_err());
}

#[test]
fn all_bad_files_are_counted_and_some_named() {
    let error = checked(&named(&[b"a:b", b"ok", b"c:d", b"GO.MOD"])).unwrap_err();
    let lines: Vec<_> = error.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 3, "{error}");
    assert!(lines[2].ends_with("GO.MOD: go.mod files must have lowercase names"));
    let names: Vec<_> = (0..1000).map(|i| format!("{i}:")).collect();
    let names: Vec<_> = names.iter().map(|name| name.as_bytes()).collect();
    let error = checked(&named(&names)).unwrap_err();
    assert!(matches!(&error, ZipError::Files { files, more: 995 } if files.len() == 5), "{error}");
    assert!(error.to_string().ends_with("\nand 995 more"));
}

#[test]
fn hostile_names_are_shown_harmlessly() {
    let long = "x".repeat(60_000);
    let refusal = refusal(&named(&[b"a\x1b[2J\r\n\xff:", long.as_bytes()]));
    assert!(refusal.len() < 2000, "{}", refusal.len());
    assert!(!refusal.contains(['\x1b', '\r']), "{refusal:?}");
    assert_eq!(refusal.lines().count(), 2, "{refusal:?}");
    assert!(refusal.ends_with("file name too long"));
}

#[test]
fn what_is_no_file() {
    let with_mode = |name: &str, creator, mode: u32| {
        zip(&[Entry::stored(name, b"").but(|entry| (entry.creator, entry.attributes) = (creator, mode << 16))])
    };
    let unix = |name: &str, mode| checked(&with_mode(name, 3, mode)).map_err(|error| error.to_string());
    assert!(unix("a", 0o100_644).is_ok());
    assert!(unix("a", 0o100_755).is_ok());
    assert!(unix("a", 0).is_ok());
    assert!(unix("a/", 0o040_755).is_ok());
    assert!(unix("a/", 0).is_ok());
    assert!(unix("a", 0o120_777).unwrap_err().ends_with("a: file is a symbolic link"));
    assert!(unix("a/", 0o120_777).unwrap_err().ends_with("a/: file is a symbolic link"));
    for mode in [0o010_644, 0o020_644, 0o040_755, 0o060_644, 0o140_644] {
        assert!(unix("a", mode).unwrap_err().ends_with("a: not a regular file"), "{mode:o}");
    }
    assert!(checked(&with_mode("a", 19, 0o120_777)).is_err());
    // Elsewhere the number means something else.
    assert!(checked(&with_mode("a", 0, 0o120_777)).is_ok());
}

#[test]
fn folders_are_empty() {
    let stored = Entry::stored("a/", b"x");
    assert!(refusal(&zip(&[stored])).ends_with("directory with content"));
    assert!(refusal(&zip(&[Entry::stored("", b"x")])).ends_with("directory with content"));
    // The jar tool writes an empty stream for them.
    assert!(checked(&zip(&[Entry::deflated("a/", b"")])).is_ok());
}
