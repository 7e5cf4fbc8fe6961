//! The facts of golang.org/x/mod/module's own tests.

use super::*;

/// Path, and whether it may be a module, an import, a file path.
const TABLE: &[(&str, bool, bool, bool)] = &[
    ("x.y/z", true, true, true),
    ("x.y", true, true, true),
    ("", false, false, false),
    ("/x.y/z", false, false, false),
    ("x./z", false, false, false),
    (".x/z", false, true, true),
    ("-x/z", false, false, true),
    ("x..y/z", true, true, true),
    ("x.y/z/../../w", false, false, false),
    ("x.y//z", false, false, false),
    ("x.y/z//w", false, false, false),
    ("x.y/z/", false, false, false),
    ("x.y/z/v0", false, true, true),
    ("x.y/z/v1", false, true, true),
    ("x.y/z/v2", true, true, true),
    ("x.y/z/v2.0", false, true, true),
    ("x.y/z/v02", false, true, true),
    ("X.y/z", false, true, true),
    ("_x.y/z", false, true, true),
    ("xy/z", false, true, true),
    ("x.y/.z", false, true, true),
    ("x.y/x.foo", true, true, true),
    ("x.y/aux.foo", false, false, false),
    ("x.y/prn", false, false, false),
    ("x.y/PrN", false, false, false),
    ("x.y/prn2", true, true, true),
    ("x.y/com", true, true, true),
    ("x.y/com0", true, true, true),
    ("x.y/com1", false, false, false),
    ("x.y/com1.txt", false, false, false),
    ("x.y/lpt9", false, false, false),
    ("x.y/calm1", true, true, true),
    ("con/x", false, false, false),
    ("x.y/z~0", false, false, true),
    ("x.y/z~09", false, false, true),
    ("x.y/z~1.z", false, false, true),
    ("x.y/z09", true, true, true),
    ("x.y/z09~", true, true, true),
    ("x.y/z09~09z", true, true, true),
    ("x.y/z09~09z~09", false, false, true),
    ("x.y/z.t", true, true, true),
    ("x.y/z/t", true, true, true),
    ("x.y/z++", false, true, true),
    ("github.com/!123/logrus", false, false, true),
    ("github.com/user/unicode/испытание", false, false, true),
    ("x.y/日本語", false, false, true),
    ("x.y/e\u{301}", false, false, false),
    ("x.y/\u{661}", false, false, false),
    ("x☺y", false, false, false),
    ("../x", false, false, false),
    ("./y", false, false, false),
    ("x:y", false, false, false),
    ("\\temp\\foo", false, false, false),
    (".gitignore", false, true, true),
    (".github/ISSUE_TEMPLATE", false, true, true),
    ("x.y/...", false, false, false),
    ("gopkg.in/yaml", false, true, true),
    ("gopkg.in/yaml.v2", true, true, true),
    ("gopkg.in/yaml.v2/abc", false, true, true),
    ("x.y/a b", false, false, true),
    ("x.y/a\nb", false, false, false),
];

#[test]
fn tables() {
    for &(path, module, import, file) in TABLE {
        assert_eq!(check_path(path).is_ok(), module, "module {path:?}");
        assert_eq!(check_import_path(path).is_ok(), import, "import {path:?}");
        assert_eq!(check_file_path(path).is_ok(), file, "file {path:?}");
        if !module {
            assert!(escape_path(path).is_err() && unescape_path(path).is_err(), "{path:?}");
        }
    }
}

#[test]
fn punctuation_in_elements() {
    // Character, and whether the three kinds allow it at the end of an element.
    let allowed = |c: char| match c {
        '-' | '_' | '~' => (true, true, true),
        '+' => (false, true, true),
        '!' | '#' | '$' | '%' | '&' | '(' | ')' | ',' | '=' | '@' | '[' | ']' | '^' | '{' | '}' | ' ' => {
            (false, false, true)
        }
        _ => (false, false, false),
    };
    for c in (1..0x80_u8).map(char::from).filter(|c| !c.is_ascii_alphanumeric() && *c != '/') {
        let path = format!("x.y/z{c}");
        let got = (check_path(&path).is_ok(), check_import_path(&path).is_ok(), check_file_path(&path).is_ok());
        assert_eq!(got, allowed(c), "{c:?}");
        // The first element of a module path is narrower: a host name.
        let first = format!("x.y{c}/z");
        assert_eq!(check_path(&first).is_ok(), c == '-', "{c:?}");
    }
}

#[test]
fn reasons_in_the_words_of_go() {
    let table = [
        ("x.y//z", "malformed module path \"x.y//z\": double slash"),
        ("xy/z", "malformed module path \"xy/z\": missing dot in first path element"),
        ("X.y/z", "malformed module path \"X.y/z\": invalid char 'X' in first path element"),
        ("x.y/z/v1", "malformed module path \"x.y/z/v1\": invalid version"),
        ("x.y/a+b", "malformed module path \"x.y/a+b\": invalid char '+'"),
        ("x.y/aux.c", "malformed module path \"x.y/aux.c\": \"aux\" disallowed as path element component on Windows"),
        ("x.y/a~1", "malformed module path \"x.y/a~1\": trailing tilde and digits in path element"),
        ("x.y/a.", "malformed module path \"x.y/a.\": trailing dot in path element"),
        ("", "malformed module path \"\": empty string"),
    ];
    for (path, want) in table {
        assert_eq!(check_path(path).unwrap_err().to_string(), want);
    }
    let file = check_file_path("a/b:c").unwrap_err().to_string();
    assert_eq!(file, "malformed file path \"a/b:c\": invalid char ':'");
}
