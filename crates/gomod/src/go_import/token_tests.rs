//! What Go's reader makes of odd pages, each measured with `encoding/xml` of Go 1.26.

use super::GoImport;

const TAG: &str = r#"<meta name="go-import" content="a.b git https://c.d">"#;

/// Whether the tag is found in a page; the error if the page has one before it.
fn read(page: &str) -> Result<bool, String> {
    GoImport::parse(page.replace("TAG", TAG).as_bytes()).map(|found| !found.is_empty())
}

#[test]
fn pages_that_are_read() {
    for page in [
        "TAG",
        "\u{feff}TAG",
        "<html><head>TAG</head></html>",
        "<HTML><HEAD><META NAME=go-import CONTENT='a.b git https://c.d'></HEAD>",
        "<x:meta name='go-import' content='a.b git https://c.d'/>",
        "<meta x:name='go-import' content='a.b git https://c.d'/>",
        "<meta content='a.b\n\tgit\u{a0}https://c.d' disabled name='go-import'>",
        "<meta name='go-import' content='&#97;.b git https&#x3A;//c.d'>",
        "<meta name='go-import' content='a.b git https://c.d?a&b&c;&#;&#xg;&#99999999999999999999;'>",
        "<meta name='go&#45;import' content='a.b git https://c.d'>",
        "<?xml version='1.0' encoding='UTF-8'?>TAG",
        "<?xml version='1.0' encoding='ASCII'?>TAG",
        "<?xml encoding='' version=\"\"?>TAG",
        "<?xml?>TAG",
        "<?php echo '<'; ?>TAG",
        "<?xmlx encoding='latin1'?>TAG",
        "<!DOCTYPE html [<!ENTITY x '>'><!-- > -- ' -->]>TAG",
        "<!--x-->TAG",
        "<!---x-->TAG",
        "<![CDATA[ <a b]] > ]]>TAG",
        "text ]] > &nbsp; & &amp &#0 ;TAG",
        "</html>TAG",
        "<p><b></p>TAG",
        "<p/>TAG",
        "<title>\u{e9}</title><\u{e9}>TAG",
        "TAG<script>if (a<b) {}</script>",
        "TAG<!-- -- -->",
        "TAG\u{1}",
        "TAG<",
        "<header>TAG</header>",
        "<div name=''x=y>TAG",
    ] {
        assert_eq!(read(page), Ok(true), "{page}");
    }
}

#[test]
fn pages_without_a_tag() {
    for page in [
        "",
        "<body>TAG",
        "<BODY class=x>TAG",
        "</head>TAG",
        "<head/>TAG",
        "<x:body>TAG",
        "<meta name='Go-Import' content='a.b git https://c.d'>",
        "<meta name='go-import' content='a.b git'>",
        "<meta name='go-import' content='a.b git https://c.d e f'>",
        "<meta name='go-import' name='x' xcontent='a.b git https://c.d'>",
        "<meta name='x' name='go-import' content='a.b git https://c.d'>",
        "<:meta name='go-import' content='a.b git https://c.d'>",
        "<!TAG",
        "<!--TAG-->",
        "<![CDATA[TAG]]>",
        "<!x 'TAG'>",
    ] {
        assert_eq!(read(page), Ok(false), "{page}");
    }
}

#[test]
fn pages_that_fail() {
    for (page, error) in [
        ("<a b<cTAG", "line 1: expected attribute name in element"),
        ("\n\n<script>a < b</script>TAG", "line 3: expected element name after <"),
        ("<script>a<b;</script>TAG", "line 1: expected attribute name in element"),
        ("<!-- a -- b -->TAG", "line 1: invalid sequence \"--\" not allowed in comments"),
        ("<!--->TAG", "line 1: unexpected EOF"),
        ("<!-x>TAG", "line 1: invalid sequence <!- not part of <!--"),
        ("<![CDAT[x]]>TAG", "line 1: invalid <![ sequence"),
        ("<![CDATA[x]]TAG", "line 1: unexpected EOF in CDATA section"),
        ("x]]>TAG", "line 1: unescaped ]]> not in CDATA section"),
        ("<a b='<'>TAG", "line 1: unescaped < inside quoted string"),
        ("<a b=c/d>TAG", "line 1: expected /> in element"),
        ("<a b=c.d>TAG", "line 1: invalid XML name: .d"),
        ("<a:b:c>TAG", "line 1: expected element name after <"),
        ("<1>TAG", "line 1: invalid XML name: 1"),
        ("</a b>TAG", "line 1: invalid characters between </a and >"),
        ("</>TAG", "line 1: expected element name after </"),
        ("<?>TAG", "line 1: expected target name after <?"),
        ("<?xTAG", "line 1: unexpected EOF"),
        ("<a b='TAG", "line 1: unescaped < inside quoted string"),
        ("<a b='", "line 1: unexpected EOF"),
        ("<a", "line 1: unexpected EOF"),
        ("\u{1}TAG", "line 1: illegal character code U+0001"),
        ("&#0;TAG", "line 1: illegal character code U+0000"),
        ("&#xfffe;TAG", "line 1: illegal character code U+FFFE"),
        ("<a b='&#1;'>TAG", "line 1: illegal character code U+0001"),
        ("<\u{20ac}>TAG", "line 1: invalid XML name: \u{20ac}"),
        ("<!>TAG", "line 1: unexpected EOF"),
        ("&", "line 1: unexpected EOF"),
    ] {
        assert_eq!(read(page), Err(format!("XML syntax error on {error}")), "{page}");
    }
    for (page, error) in [
        (
            "<?xml encoding='latin1'?>TAG",
            "xml: opening charset \"latin1\": can't decode XML document using charset \"latin1\"",
        ),
        (
            "<?xml encoding='us-ascii'?>TAG",
            "xml: opening charset \"us-ascii\": can't decode XML document using charset \"us-ascii\"",
        ),
        ("<?xml version='1.1'?>TAG", "xml: unsupported version \"1.1\"; only version 1.0 is supported"),
    ] {
        assert_eq!(read(page), Err(error.to_owned()), "{page}");
    }
}

#[test]
fn bytes_that_are_no_utf_8_fail_in_text_only() {
    let page = |before: &[u8]| [before, TAG.as_bytes()].concat();
    let fails = |before: &[u8]| GoImport::parse(&page(before)).expect_err("fails");
    assert_eq!(fails(b"\xe9"), "XML syntax error on line 1: invalid UTF-8");
    assert_eq!(fails(b"<a b='\xe9'>"), "XML syntax error on line 1: invalid UTF-8");
    assert_eq!(fails(b"\x01\xe9"), "XML syntax error on line 1: illegal character code U+0001");
    for before in [&b"<!--\xe9-->"[..], b"<!x \xe9>", b"<?x \xe9?>"] {
        assert_eq!(GoImport::parse(&page(before)).map(|found| found.len()), Ok(1));
    }
}
