use super::*;

/// Go's TestGOVCS, `zzz` being svn here. Without the default rules, nothing is allowed that no rule allows.
#[test]
fn rules_as_go_reads_them() {
    for (rules, path, allowed) in [
        ("private:all", "is-public.com/foo", ""),
        ("private:all", "is-private.com/foo", "svn hg git"),
        ("public:all", "is-public.com/foo", "svn hg git"),
        ("public:all", "is-private.com/foo", ""),
        ("public:all,private:none", "is-public.com/foo", "svn hg git"),
        ("public:all,private:none", "is-private.com/foo", ""),
        ("*:all", "is-public.com/foo", "svn hg git"),
        ("golang.org:git", "golang.org/x/text", "git"),
        ("golang.org:svn", "golang.org/x/text", "svn"),
        ("golang.org:git|hg", "golang.org/x/text", "hg git"),
        ("golang.org:all", "golang.org/x/text", "svn hg git"),
        ("other.xyz/p:none,golang.org/x:git", "other.xyz/p/x", ""),
        ("other.xyz/p:none,golang.org/x:git", "unexpected.com", ""),
        ("other.xyz/p:none,golang.org/x:git", "golang.org/x/text", "git"),
        (" other.xyz/p : none , golang.org/x : svn ", "golang.org/x/text", "svn"),
        ("other.xyz/p:none,golang.org/x:git | hg", "golang.org/x/text", "hg git"),
        ("other.xyz/p:none,golang.org/x:all", "golang.org/x/text", "svn hg git"),
        ("other.xyz/p:none,golang.org/x:all", "golang.org/y/text", ""),
    ] {
        let mut govcs = GoVcs::parse(rules).expect(rules);
        govcs.0.truncate(govcs.0.len() - 2);
        for vcs in [Vcs::Git, Vcs::Hg, Vcs::Svn] {
            let private = path.starts_with("is-private");
            let expected = allowed.split(' ').any(|name| name == vcs.name());
            assert_eq!(govcs.check(vcs, path, private).is_ok(), expected, "{rules} {path} {}", vcs.name());
        }
    }
}

#[test]
fn the_default_is_behind_every_rule() {
    for govcs in [GoVcs::default(), GoVcs::parse(" ").expect("empty"), GoVcs::parse("a.b:none").expect("one")] {
        let check = |vcs, private| govcs.check(vcs, "example.com/x", private);
        assert_eq!((check(Vcs::Git, false), check(Vcs::Hg, false), check(Vcs::Svn, true)), (Ok(()), Ok(()), Ok(())));
        let refused = check(Vcs::Svn, false).expect_err("svn");
        assert_eq!(refused, "GOVCS disallows using svn for public example.com/x; see 'go help vcs'");
    }
    let none = GoVcs::parse("*:none").expect("none");
    assert_eq!(none.check(Vcs::Mod, "a.b/c", false), Ok(()));
    let refused = none.check(Vcs::Git, "a.b/c", true).expect_err("git");
    assert_eq!(refused, "GOVCS disallows using git for private a.b/c; see 'go help vcs'");
}

/// Go's govcsErrors, and relative patterns.
#[test]
fn bad_rules_are_named() {
    for (rules, error) in [
        (",", "empty entry in GOVCS"),
        (",x", "empty entry in GOVCS"),
        ("x,", "malformed entry in GOVCS (missing colon): \"x\""),
        ("x:y,", "empty entry in GOVCS"),
        ("x", "malformed entry in GOVCS (missing colon): \"x\""),
        ("x:", "empty VCS list in GOVCS: \"x:\""),
        ("x:|", "empty VCS name in GOVCS: \"x:|\""),
        ("x:y|", "empty VCS name in GOVCS: \"x:y|\""),
        ("x:|y", "empty VCS name in GOVCS: \"x:|y\""),
        ("x:y,z:", "empty VCS list in GOVCS: \"z:\""),
        ("x:y,z:|", "empty VCS name in GOVCS: \"z:|\""),
        ("x:y,z:|w", "empty VCS name in GOVCS: \"z:|w\""),
        ("x:y,z:w|", "empty VCS name in GOVCS: \"z:w|\""),
        ("x:y,z:w||v", "empty VCS name in GOVCS: \"z:w||v\""),
        ("x:y,x:z", "unreachable pattern in GOVCS: \"x:z\" after \"x:y\""),
        (":git", "empty pattern in GOVCS: \":git\""),
        ("./x:git", "relative pattern not allowed in GOVCS: \"./x\""),
        ("..:git", "relative pattern not allowed in GOVCS: \"..\""),
        ("a[:git", "malformed pattern \"a[\": a character class is not closed"),
    ] {
        assert_eq!(GoVcs::parse(rules).expect_err(rules).to_string(), error, "{rules}");
    }
}
