use super::*;

fn shown(text: &str) -> Vec<String> {
    retractions(text.as_bytes()).iter().map(|i| format!("{}..{}", i.low, i.high)).collect()
}

/// Measured with x/mod of Go 1.26.
#[test]
fn what_is_retracted() {
    for (text, expected) in [
        ("module m\nretract v1.0.0\n", &["v1.0.0..v1.0.0"][..]),
        ("module m\nretract v1.0.0 // bad\r\n", &["v1.0.0..v1.0.0"]),
        ("module m\nretract [v1.0.0, v1.2.0]", &["v1.0.0..v1.2.0"]),
        ("module m\nretract [v1.0.0,v1.2.0] // why\n", &["v1.0.0..v1.2.0"]),
        ("retract (\n\n// why\nv1.0.0\n\t[v1.1.0, v1.2.0] // x\n)\nmodule m\n", &["v1.0.0..v1.0.0", "v1.1.0..v1.2.0"]),
        ("module m\nretract ( )\nretract ()\nretract (\n)\n", &[]),
        ("module m\nretract \"v1.0.0\"\n", &["v1.0.0..v1.0.0"]),
        ("module m\nretract `v1.0.0`\nretract v1.1.0\n", &["v1.1.0..v1.1.0"]),
        (
            "module m\nretract\nretract [v1\nretract [v1 v2]\nretract (v1, v2)\nretract v1.1.0 more\n",
            &["v1.1.0..v1.1.0"],
        ),
        ("module m\nretract v1.0.0\nunknown x y z\nreplace bad\nexclude\n", &["v1.0.0..v1.0.0"]),
        ("module m\ngo (\n1.2\n1.3\n)\nretract v1.0.0\n", &["v1.0.0..v1.0.0"]),
        ("module (\n\tm\n)\nretract v1.0.0\n", &["v1.0.0..v1.0.0"]),
        (
            "module m\nrequire a.b/c v1.0.0\nrequire (\n\ta.b/d/v2 v2.0.0 // indirect\n)\nretract v1.0.0\n",
            &["v1.0.0..v1.0.0"],
        ),
        ("retract v1.0.0", &["v1.0.0..v1.0.0"]),
        // All is lost where the rest cannot be read.
        ("module m\nretract v1.0.0\nrequire a.b/c bad\n", &[]),
        ("module m\nretract v1.0.0\nrequire a.b/c v2.0.0\n", &[]),
        ("module m\nretract v1.0.0\nrequire a.b/c\n", &[]),
        ("module m\nmodule m\nretract v1.0.0\n", &[]),
        ("module m\ngo 1.2\ngo 1.2\nretract v1.0.0\n", &[]),
        ("module m\ngo x\nretract v1.0.0\n", &[]),
        ("module m\nretract (\nv1.0.0\n", &[]),
        ("module m\nretract (\nv1.0.0\n) x\n", &[]),
        ("module m\nretract v1.0.0 /* why */\n", &[]),
        ("module m\nretract v1.0.0\nx \"open\n", &[]),
        ("module m\nretract v1.0.0\n\u{feff}\n", &[]),
    ] {
        assert_eq!(shown(text), expected, "{text:?}");
    }
}

#[test]
fn intervals_hold_what_lies_between() {
    let interval = Interval { low: "v1.0.0".into(), high: "v1.2".into() };
    for (version, inside) in
        [("v0.9.0", false), ("v1.0.0-pre", false), ("v1.0.0", true), ("v1.2.0", true), ("v1.2.1", false)]
    {
        assert_eq!(interval.contains(version), inside, "{version}");
    }
    // Bounds that are no versions come before all.
    assert!(!Interval { low: "x".into(), high: "x".into() }.contains("v0.0.0"));
}

#[test]
fn go_lines() {
    for (line, expected) in [
        ("1.21", Some("1.21")),
        ("1.21.0", Some("1.21.0")),
        ("1.24rc1", Some("1.24rc1")),
        ("1.24.1beta2", Some("1.24.1beta2")),
        ("v1.24", None),
        ("v1.24.0", Some("1.24")),
        ("1.24.0.1", Some("1.24")),
        ("1.24beta", Some("1.24")),
        ("1", None),
        ("1.023", None),
        ("01.2", None),
        ("\"1.24\"", None),
        ("foo", None),
    ] {
        let text = format!("module m\ngo {line}\n");
        assert_eq!(parse_lax(text.as_bytes()).and_then(|file| file.go).as_deref(), expected, "{line}");
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(text in "(module|retract|require|go|\\(|\\)|\\[|,|\\]|v1.0.0|\"|`|//|/\\*|\\\\|\n| |é|\u{feff}){0,40}") {
        let _ = parse_lax(text.as_bytes());
    }
}

/// A copy of the verb was kept with each line of its block: this took 640 GB.
#[test]
fn a_long_verb_of_a_block_with_many_lines() {
    let text = format!("retract v1.0.0\n{} (\n{})\n", "v".repeat(400_000), "a\n".repeat(1_600_000));
    assert_eq!(shown(&text), ["v1.0.0..v1.0.0"]);
}

/// Only the first words of a statement are kept.
#[test]
fn statements_of_many_words() {
    let many = " x".repeat(1_000_000);
    let text = format!("retract [v1.0.0, v1.1.0]{many}\nretract v1.2.0{many}\nunknown{many}\nunknown{many} (\na\n)\n");
    assert_eq!(shown(&text), ["v1.0.0..v1.1.0", "v1.2.0..v1.2.0"]);
    assert_eq!(parse_lax(format!("require a.b v1.0.0{many}\n").as_bytes()), None);
}
