//! The facts of Go's `path.Match` and golang.org/x/mod/module's `MatchPrefixPatterns` tests.

use proptest::prelude::*;

use super::*;

/// Pattern, name, and whether it matches; `None` if the pattern is malformed.
const GLOBS: &[(&str, &str, Option<bool>)] = &[
    ("abc", "abc", Some(true)),
    ("*", "abc", Some(true)),
    ("*c", "abc", Some(true)),
    ("a*", "a", Some(true)),
    ("a*", "abc", Some(true)),
    ("a*", "ab/c", Some(false)),
    ("a*/b", "abc/b", Some(true)),
    ("a*/b", "a/c/b", Some(false)),
    ("a*b*c*d*e*/f", "axbxcxdxe/f", Some(true)),
    ("a*b*c*d*e*/f", "axbxcxdxexxx/f", Some(true)),
    ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", Some(false)),
    ("a*b*c*d*e*/f", "axbxcxdxexxx/fff", Some(false)),
    ("a*b?c*x", "abxbbxdbxebxczzx", Some(true)),
    ("a*b?c*x", "abxbbxdbxebxczzy", Some(false)),
    ("ab[c]", "abc", Some(true)),
    ("ab[b-d]", "abc", Some(true)),
    ("ab[e-g]", "abc", Some(false)),
    ("ab[^c]", "abc", Some(false)),
    ("ab[^b-d]", "abc", Some(false)),
    ("ab[^e-g]", "abc", Some(true)),
    ("a\\*b", "a*b", Some(true)),
    ("a\\*b", "ab", Some(false)),
    ("a?b", "a☺b", Some(true)),
    ("a[^a]b", "a☺b", Some(true)),
    ("a???b", "a☺b", Some(false)),
    ("a[^a][^a][^a]b", "a☺b", Some(false)),
    ("[a-ζ]*", "α", Some(true)),
    ("*[a-ζ]", "A", Some(false)),
    ("a?b", "a/b", Some(false)),
    ("a*b", "a/b", Some(false)),
    ("[\\]a]", "]", Some(true)),
    ("[\\-]", "-", Some(true)),
    ("[x\\-]", "x", Some(true)),
    ("[x\\-]", "-", Some(true)),
    ("[x\\-]", "z", Some(false)),
    ("[\\-x]", "x", Some(true)),
    ("[\\-x]", "-", Some(true)),
    ("[\\-x]", "a", Some(false)),
    ("[]a]", "]", None),
    ("[-]", "-", None),
    ("[x-]", "x", None),
    ("[x-]", "-", None),
    ("[x-]", "z", None),
    ("[-x]", "x", None),
    ("[-x]", "-", None),
    ("[-x]", "a", None),
    ("\\", "a", None),
    ("[a-b-c]", "a", None),
    ("[", "a", None),
    ("[^", "a", None),
    ("[^bc", "a", None),
    ("a[", "a", None),
    ("a[", "ab", None),
    ("a[", "x", None),
    ("a/b[", "x", None),
    ("*x", "xxx", Some(true)),
    ("", "", Some(true)),
    ("", "a", Some(false)),
    ("*", "", Some(true)),
    ("?", "", Some(false)),
    ("a]", "a]", Some(true)),
];

#[test]
fn globs() {
    for &(pattern, name, want) in GLOBS {
        assert_eq!(match_glob(pattern, name).ok(), want, "{pattern} {name}");
    }
}

#[test]
fn prefixes_of_module_paths() {
    // Pattern list, paths that match, paths that do not.
    let table: &[(&str, &[&str], &[&str])] = &[
        ("", &[], &["rsc.io/quote"]),
        ("/", &[], &["rsc.io/quote"]),
        ("*/quote", &["rsc.io/quote", "rsc.io/quote/v3"], &["rsc.io", "rsc.io/x/quote"]),
        ("*/quo", &[], &["rsc.io/quote"]),
        ("*/quo??", &["rsc.io/quote"], &[]),
        ("*/quo*", &["rsc.io/quote"], &[]),
        ("*quo*", &[], &["rsc.io/quote"]),
        ("rsc.io", &["rsc.io/quote", "rsc.io", "rsc.io/quote/v3"], &["rsc.iot/quote"]),
        ("*.io", &["rsc.io/quote"], &[]),
        ("rsc.io/", &["rsc.io/quote"], &[]),
        ("rsc", &[], &["rsc.io/quote"]),
        ("rsc*", &["rsc.io/quote"], &[]),
        ("*/quote/", &["rsc.io/quote/v3"], &[]),
        ("*/quote/*", &["rsc.io/quote/v3"], &["rsc.io/quote"]),
        ("*/quote/*/", &["rsc.io/quote/v3"], &[]),
        ("*/v3", &[], &["rsc.io/quote/v3"]),
        ("*/*/v3", &["rsc.io/quote/v3"], &[]),
        ("*/*/*", &["rsc.io/quote/v3"], &["rsc.io/quote"]),
        ("*/*/*/", &["rsc.io/quote/v3"], &["rsc.io/quote"]),
        ("*/*/*,,", &[], &["rsc.io/quote"]),
        ("*/*/*,,*/quote", &["rsc.io/quote"], &[]),
        (",,*/quote", &["rsc.io/quote"], &[]),
        ("github.com/corp", &["github.com/corp/x"], &["github.com/corporate/x", "github.com/Corp/x"]),
        ("github.com/MyOrg/*", &["github.com/MyOrg/priv"], &["github.com/MyOrg", "github.com/!my!org/priv"]),
        // The original matched "@v" as an element, and so the module above it.
        ("rsc.io/private/*", &["rsc.io/private/a"], &["rsc.io/private"]),
        (" a.com , b.com", &["a.com/x", "b.com/x"], &["c.com/x"]),
    ];
    for &(list, matching, others) in table {
        let patterns = Patterns::parse(list).unwrap();
        for path in matching {
            assert!(patterns.matches_str(path), "{list} {path}");
        }
        for path in others {
            assert!(!patterns.matches_str(path), "{list} {path}");
        }
    }
}

#[test]
fn malformed_patterns_are_named() {
    for (list, bad) in [("a.com,[b", "[b"), ("b\\", "b\\"), ("x[]a]", "x[]a]"), ("https://a.com/x", "https://a.com/x")]
    {
        let error = Patterns::parse(list).unwrap_err();
        assert_eq!(error.pattern, bad);
        assert!(error.to_string().starts_with(&format!("malformed pattern {bad:?}: ")), "{error}");
    }
}

/// `go` takes them and they match no module: what was meant to be private would not be.
#[test]
fn patterns_that_no_module_can_match_are_refused() {
    for list in
        ["corp.example//", "//corp.example", "/corp.example", "corp.example//x", "corp.example git.corp.example", "a /"]
    {
        assert!(Patterns::parse(list).is_err(), "{list}");
    }
}

#[test]
fn lists() {
    let a = Patterns::parse("a.com,,b.com/").unwrap();
    let b = Patterns::parse("b.com,c.com").unwrap();
    assert_eq!(a.join(&b).to_string(), "a.com,b.com,c.com");
    assert!(Patterns::parse(" , ").unwrap().is_empty() && !a.is_empty());
    assert!(a.matches(&ModulePath::parse("b.com/x").unwrap()));
}

proptest! {
    #[test]
    fn a_name_without_special_characters_matches_itself_only(name in "[a-z/.]{0,8}", other in "[a-z/.]{0,8}") {
        prop_assert_eq!(match_glob(&name, &other).unwrap(), name == other);
    }

    #[test]
    fn no_panic_and_no_blow_up(pattern in "[a*?\\[\\]\\\\^/-]{0,40}", name in "[a/b☺]{0,60}") {
        let _ = match_glob(&pattern, &name);
    }
}
