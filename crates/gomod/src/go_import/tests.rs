use super::{GoImport, MatchError, check_repo_root, check_subdirectory};

fn import(fields: &str) -> GoImport {
    let mut fields = fields.split(' ').map(str::to_owned);
    let mut next = || fields.next().unwrap_or_default();
    GoImport { prefix: next(), vcs: next(), repo_root: next(), subdirectory: next() }
}

fn imports(list: &[&str]) -> Vec<GoImport> {
    list.iter().map(|fields| import(fields)).collect()
}

/// Go's parseMetaGoImportsTests, in the mode that modules are looked up in.
#[test]
fn pages_of_go() {
    for (page, found) in [
        (
            r#"<meta name="go-import" content="foo/bar git https://github.com/rsc/foo/bar">"#,
            &["foo/bar git https://github.com/rsc/foo/bar"][..],
        ),
        (
            r#"<meta name="go-import" content="foo/bar git https://github.com/rsc/foo/bar">
               <meta name="go-import" content="baz/quux git http://github.com/rsc/baz/quux">"#,
            &["foo/bar git https://github.com/rsc/foo/bar", "baz/quux git http://github.com/rsc/baz/quux"],
        ),
        (
            r#"<meta name="go-import" content="foo/bar git https://github.com/rsc/foo/bar">
               <meta name="go-import" content="foo/bar mod http://github.com/rsc/baz/quux">"#,
            &["foo/bar mod http://github.com/rsc/baz/quux"],
        ),
        (
            r#"<meta name="go-import" content="foo/bar mod http://github.com/rsc/baz/quux">
               <meta name="go-import" content="foo/bar git https://github.com/rsc/foo/bar">"#,
            &["foo/bar mod http://github.com/rsc/baz/quux"],
        ),
        (
            r#"<head>
               <meta name="go-import" content="foo/bar git https://github.com/rsc/foo/bar">
               </head>"#,
            &["foo/bar git https://github.com/rsc/foo/bar"],
        ),
        (
            r#"<meta name="go-import" content="foo/bar git https://github.com/rsc/foo/bar">
               <body>"#,
            &["foo/bar git https://github.com/rsc/foo/bar"],
        ),
        (
            r#"<!doctype html><meta name="go-import" content="foo/bar git https://github.com/rsc/foo/bar">"#,
            &["foo/bar git https://github.com/rsc/foo/bar"],
        ),
        (
            r#"<!doctype html><title>Page Not Found</title><meta name=go-import content="chitin.io/chitin git https://github.com/chitin-io/chitin"><div style=position:relative>DRAFT</div>"#,
            &["chitin.io/chitin git https://github.com/chitin-io/chitin"],
        ),
        (
            r#"<meta name="go-import" content="myitcv.io git https://github.com/myitcv/x">
               <meta name="go-import" content="myitcv.io/blah2 mod https://raw.githubusercontent.com/myitcv/pubx/master">
               "#,
            &[
                "myitcv.io/blah2 mod https://raw.githubusercontent.com/myitcv/pubx/master",
                "myitcv.io git https://github.com/myitcv/x",
            ],
        ),
        (
            r#"<meta name="go-import" content="foo/bar git https://github.com/rsc/foo/bar subdir">"#,
            &["foo/bar git https://github.com/rsc/foo/bar subdir"],
        ),
        (
            r#"<meta name="go-import" content="foo/bar git https://github.com/rsc/foo/bar subdir/path">"#,
            &["foo/bar git https://github.com/rsc/foo/bar subdir/path"],
        ),
    ] {
        assert_eq!(GoImport::parse(page.as_bytes()), Ok(imports(found)), "{page}");
    }
}

/// Go's TestMatchGoImport.
#[test]
fn one_tag_matches() {
    const FOO: &str = "example.com/user/foo git https://example.com/repo/target";
    const FOOA: &str = "example.com/user/fooa git https://example.com/repo/target";
    const BAR: &str = "example.com/user/foo/bar git https://example.com/repo/target";
    const SUB: &str = "example.com/user/foo git https://example.com/repo/target subdir";
    const PROXY: &str = "myitcv.io/blah2 mod https://raw.githubusercontent.com/myitcv/pubx/master";
    const BESIDE: &str = "myitcv.io git https://github.com/myitcv/x";
    const SLASH: &str = "example.com/ git https://example.com/repo";
    for (tags, path, found) in [
        (&[FOO][..], "example.com/user/foo", Some(FOO)),
        (&[FOO], "example.com/user/foo/", Some(FOO)),
        (&[FOO, FOOA], "example.com/user/foo", Some(FOO)),
        (&[FOO, FOOA], "example.com/user/fooa", Some(FOOA)),
        (&[FOO, BAR], "example.com/user/foo/bar", None),
        (&[FOO, BAR], "example.com/user/foo/bar/baz", None),
        (&[FOO, BAR], "example.com/user/foo/bar/baz/", None),
        (&[FOO, BAR], "example.com", None),
        (&[FOO], "different.example.com/user/foo", None),
        (&[PROXY, BESIDE], "myitcv.io/blah2/foo", Some(PROXY)),
        (&[PROXY, BESIDE], "myitcv.io/other", Some(BESIDE)),
        (&[PROXY, PROXY], "myitcv.io/blah2/foo", None),
        (&[SUB], "example.com/user/foo", Some(SUB)),
        (&[SUB, FOO], "example.com/user/foo", None),
        (&[FOO, FOO], "example.com/user/foo", None),
        (&[SLASH], "example.com/user/foo", Some(SLASH)),
        (&[SLASH], "example.com", None),
    ] {
        let tags = imports(tags);
        assert_eq!(GoImport::matching(&tags, path).ok().cloned(), found.map(import), "{path} {tags:?}");
    }
}

#[test]
fn what_does_not_match_is_named() {
    let tags = imports(&["a.b/c git https://x", "a.b/d git https://x"]);
    let error = GoImport::matching(&tags, "a.b/e").expect_err("none");
    assert_eq!(
        error.to_string(),
        "meta tag a.b/c did not match import path a.b/e, meta tag a.b/d did not match import path a.b/e"
    );
    assert_eq!(GoImport::matching(&[], "a.b/e").expect_err("none").to_string(), "");
    let twice = imports(&["a.b git https://x", "a.b git https://x"]);
    assert_eq!(GoImport::matching(&twice, "a.b/e"), Err(MatchError::Multiple("a.b/e".into())));
}

/// With all tags of a page of a megabyte, the text had a hundred.
#[test]
fn an_error_does_not_name_thousands_of_tags() {
    let tags = imports(&vec!["a.b/c git https://x"; 1000]);
    let (path, tag) = (format!("a.b/{}", "d".repeat(1000)), "meta tag a.b/c did not match import path ");
    let error = GoImport::matching(&tags, &path).expect_err("none").to_string();
    assert_eq!(error.matches(tag).count(), 10);
    assert!(error.ends_with(", and 990 more did not") && error.len() < 20_000, "{}", error.len());
}

/// Comparing each with each took a second for a page of a megabyte.
#[test]
fn many_proxies_beside_many_others() {
    let tag = |at: usize| {
        let vcs = ["mod", "git"][at % 2];
        format!("<meta name=go-import content=\"{}{} {vcs} x\">", "p".repeat(500), at / 4)
    };
    let page: String = (0..40_000).map(tag).collect();
    let begin = std::time::Instant::now();
    assert_eq!(GoImport::parse(page.as_bytes()).unwrap().len(), 20_000);
    assert!(begin.elapsed().as_secs() < 5);
}

/// Go's TestValidateRepoRoot, and what net/url makes of more.
#[test]
fn roots_are_urls() {
    for good in ["http://", "git+ssh://", "https://a.b/c", "ext::sh -c x", "https://u:p@h/x", "HTTPS://x"] {
        assert_eq!(check_repo_root(good), Ok(()), "{good}");
    }
    for (bad, words) in [
        ("", "no scheme"),
        ("http#://", "no scheme"),
        ("-config", "no scheme"),
        ("-config://", "parse \"-config://\": first path segment in URL cannot contain colon"),
        ("://x", "parse \"://x\": missing protocol scheme"),
        ("git@h:x", "parse \"git@h:x\": first path segment in URL cannot contain colon"),
        ("/etc/passwd", "no scheme"),
        ("file:///etc", "file scheme disallowed"),
        ("FILE:/etc", "file scheme disallowed"),
        ("https://a\u{7f}", "parse \"https://a\\u{7f}\": net/url: invalid control character in URL"),
    ] {
        assert_eq!(check_repo_root(bad), Err(words.to_owned()), "{bad}");
    }
}

/// Go's TestValidateRepoSubDir.
#[test]
fn subdirectories_are_relative() {
    for good in ["", "sub/dir", "../x"] {
        assert_eq!(check_subdirectory(good), Ok(()), "{good}");
    }
    assert_eq!(check_subdirectory("/leading/slash"), Err("leading slash"));
    assert_eq!(check_subdirectory("-leading/hyphen"), Err("leading hyphen"));
}
