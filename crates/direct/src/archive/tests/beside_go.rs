//! Cases that were thought of, beside the real `go`.

use super::lab::{Case, Dir, differences};

const GO_MOD: &str = "module github.com/acme/m\n";
const SUB_MOD: &str = "module github.com/acme/m/sub\n";

fn root() -> Dir {
    Dir::default().file("go.mod", GO_MOD).file("a.go", "package a\n")
}

fn sub() -> Dir {
    Dir::default().file("sub/go.mod", SUB_MOD).file("sub/a.go", "package a\n").file("b.go", "package b\n")
}

fn go(line: &str) -> Dir {
    root().file("go.mod", format!("{GO_MOD}\n{line}\n"))
}

fn case(name: impl Into<String>, tree: Dir) -> Case {
    Case { name: name.into(), dir: "", tree }
}

fn below(name: impl Into<String>, tree: Dir) -> Case {
    Case { name: name.into(), dir: "sub", tree }
}

async fn same(cases: Vec<Case>) {
    if let Some(different) = differences(&cases).await {
        assert!(different.is_empty(), "{different}");
    }
}

/// Each name with a file of it, and a link.
#[tokio::test]
async fn names() {
    let names: &[&[u8]] = &[
        b"d/a b.txt",
        b"d/a'b",
        b"d/a\"b",
        b"d/a\\b",
        b"d/a:b",
        b"d/a*b",
        b"d/a?b",
        b"d/a<b",
        b"d/a|b",
        b"d/a\tb",
        b"d/a\nb",
        b"d/a;b",
        b"d/!#$%&()+,-.=@[]^_{}~`",
        b"...",
        b"d/..a",
        b"d/a.",
        b"d/.a",
        b"d. /a",
        b"d/ a",
        b"-a",
        b"con",
        b"d/Aux.x.go",
        b"com1.txt",
        b"d/com0",
        b"lpt9/x",
        b"d/conx",
        b"prn .txt",
        b"a~1",
        b"d/x~12.go",
        "d/é.go".as_bytes(),
        "d/日本語".as_bytes(),
        "d/e\u{301}".as_bytes(),
        "d/😀".as_bytes(),
        "d/ٱ١".as_bytes(),
        "d/\u{feff}".as_bytes(),
        "d/ⅷ".as_bytes(),
        "d/ª".as_bytes(),
        b"d/\xff.go",
        b"d/\xc3(",
        b".hg_archival.txt",
        b"d/.hg_archival.txt",
        b".gitignore",
        b".gitmodules",
        b".git2/x",
        b"d/.gitx",
        b"x/GO.MOD/y",
        b"go.sum",
        b"Go.Mod/x",
        b"d/a\0b".split(|b| *b == 0).next().unwrap(),
        b"d/\x7f",
    ];
    let mut cases = Vec::new();
    for name in names {
        let shown = String::from_utf8_lossy(name).into_owned();
        cases.push(case(format!("file {shown}"), root().file(name, "x")));
        cases.push(case(format!("link {shown}"), root().link(name, "a.go")));
        let nested = [b"sub/", *name].concat();
        cases.push(case(format!("nested {shown}"), sub().file("go.mod", GO_MOD).file(nested, "x")));
    }
    same(cases).await;
}

/// What may stand in a go.mod below the module line.
const GO_LINES: [&str; 42] = [
    "",
    "go 1.23",
    "go 1.24",
    "go 1.24.5",
    "go 1.24rc1",
    "go 1.26",
    "go v1.24",
    "go 1",
    "go \"1.24\"",
    "go 1.023",
    "go (\n1.24\n)",
    "go 1.24\ngo 1.24",
    "go 1.24 // x",
    "go foo",
    "go 1.24.0.1",
    "go 1.24beta",
    "require a.b v",
    "go 1.24\nmodule x.y/z",
    "go 1.24\nrequire (",
    "go 1.24\nunknown verb",
    "go 1.24\nreplace a",
    "go 1.24\nretract x",
    "go 1.24\ntoolchain x",
    "go 1.24\nexclude z",
    "go 1.24\n/* x */",
    "go 1.24\ngodebug x",
    "go 1.24\ntool ()",
    "go 1.24\r",
    "go\t1.24",
    "\u{feff}go 1.24",
    "go 1.24\n\u{1}",
    "go 1.24\nx \"",
    "go 1.24\nrequire golang.org/x/text v1.0.0/x",
    "go 1.24\nrequire golang.org/x/text master",
    "go 1.24\nrequire a.b/v2 v1.0.0",
    "go 1.24\nrequire \"a b\" v1.0.0",
    "go 1.24\nignore x",
    "go 1.24\nignore a b",
    "go 1.24\n)",
    "go 1.24.x",
    "go 01.24",
    "go 1.24-x",
];

#[tokio::test]
async fn go_mod_files_and_vendored_packages() {
    let vendored = |tree: Dir| {
        tree.file("vendor/modules.txt", "")
            .file("vendor/x.go", "x")
            .file("vendor/x/y.go", "y")
            .file("p/vendor/x.go", "x")
            .file("p/vendor/x/y.go", "y")
            .file("p/vendor/modules.txt", "")
            .file("vendor/vendor/x.go", "x")
            .file("long/path/vendor/q.go", "q")
            .file("a/vendor/b/vendor/c.go", "c")
            .file("vendored/x/y", "")
            .file("p/vendor/bad:name/x", "")
    };
    let mut cases: Vec<_> = GO_LINES.iter().map(|line| case(*line, vendored(go(line)))).collect();
    cases.push(below("a module's own go line", {
        let tree = vendored(go("go 1.24")).file("sub/go.mod", SUB_MOD);
        tree.file("sub/vendor/modules.txt", "").file("sub/x/vendor/y.go", "")
    }));
    cases
        .push(below("vendored", sub().file("sub/go.mod", format!("{SUB_MOD}go 1.25\n")).file("sub/x/vendor/y.go", "")));
    same(cases).await;
}

#[tokio::test]
async fn nested_modules() {
    let mut cases = Vec::new();
    for name in ["go.mod", "Go.mod", "GO.MOD"] {
        let nested = || root().file("n/x.go", "x").file("n/m/y.go", "");
        cases.push(case(format!("nested {name}"), nested().file(format!("n/{name}"), "")));
        cases.push(case(format!("deep {name}"), nested().file(format!("n/m/{name}"), "")));
        cases.push(case(format!("nested link {name}"), nested().link(format!("n/{name}"), "x")));
        cases.push(case(format!("nested submodule {name}"), nested().submodule(format!("n/{name}"))));
        cases.push(case(format!("nested folder {name}"), nested().file(format!("n/{name}/x"), "x")));
        cases.push(case(format!("vendored {name}"), nested().file(format!("vendor/{name}"), "x").file("vendor/z", "")));
        cases.push(case(format!("root {name}"), Dir::default().file(name, GO_MOD)));
        cases.push(case(format!("root link {name}"), Dir::default().link(name, GO_MOD)));
        cases.push(case(format!("root submodule {name}"), Dir::default().submodule(name)));
    }
    cases.push(case("nothing", Dir::default()));
    cases.push(case("submodule", root().submodule("s").submodule("t/u")));
    cases.push(case("empty files", root().file("e", "").file("f/e", "")));
    same(cases).await;
}

#[tokio::test]
async fn collisions_and_the_license_of_the_repository() {
    let mut cases = Vec::new();
    let pairs = [
        ("a", "A"),
        ("a/x", "A/y"),
        ("k", "\u{212a}"),
        ("s", "\u{17f}"),
        ("\u{3c3}", "\u{3c2}"),
        ("\u{df}", "\u{1e9e}"),
        ("\u{e5}", "\u{212b}"),
        ("\u{1c4}", "\u{1c5}"),
        ("\u{13a0}", "\u{ab70}"),
        ("\u{3b8}", "\u{3d1}"),
        ("i", "\u{130}"),
        ("i", "\u{131}"),
        ("\u{df}", "ss"),
        ("é", "É"),
        ("README", "readme/x"),
        ("x/y/z", "x/Y"),
        ("\u{1f80}", "\u{1f88}"),
        ("\u{1e9b}", "\u{1e61}"),
    ];
    for (one, other) in pairs {
        cases.push(case(format!("{one} {other}"), root().file(one, "").file(other, "")));
        cases.push(case(format!("{one} link {other}"), root().file(one, "").link(other, "x")));
        cases.push(case(format!("{other} submodule {one}"), root().submodule(other).file(one, "")));
    }
    let licensed = || sub().file("LICENSE", "free\n");
    let large = "x".repeat(16 << 20);
    cases.push(case("own license", root().file("LICENSE", "mine")));
    cases.push(below("license above", licensed()));
    cases.push(below("license here", licensed().file("sub/LICENSE", "mine")));
    cases.push(below("license link here", licensed().link("sub/LICENSE", "../LICENSE")));
    cases.push(below("license submodule here", licensed().submodule("sub/LICENSE")));
    cases.push(below("license folder here", licensed().file("sub/LICENSE/x", "")));
    cases.push(below("other case here", licensed().file("sub/license", "")));
    cases.push(below("other case folder here", licensed().file("sub/License/x", "")));
    cases.push(below("other case link here", licensed().link("sub/LICENse", "x")));
    cases.push(below("license below", licensed().file("sub/x/LICENSE", "")));
    cases.push(below("link above", sub().link("LICENSE", "COPYING").file("COPYING", "x")));
    cases.push(below("folder above", sub().file("LICENSE/x", "x")));
    cases.push(below("submodule above", sub().submodule("LICENSE")));
    cases.push(below("other name above", sub().file("License", "x").file("LICENSE.txt", "y")));
    cases.push(below("empty above", sub().file("LICENSE", "")));
    cases.push(below("as large as may be", sub().file("LICENSE", large.clone())));
    cases.push(below("too large above", sub().file("LICENSE", format!("{large}x"))));
    cases.push(case("too large", root().file("LICENSE", format!("{large}x"))));
    cases.push(case("large go.mod", root().file("go.mod", format!("{GO_MOD}//{large}"))));
    cases.push(case("large nested", root().file("x/LICENSE", format!("{large}x"))));
    same(cases).await;
}

/// Files that attributes may change.
fn convertible(tree: Dir, dir: &str) -> Dir {
    let at = |name: &str| format!("{dir}{name}");
    tree.file(at("t.txt"), "one\ntwo $Id$ $Id: x$\n\nthree\n")
        .file(at("c.txt"), "a\r\nb\n")
        .file(at("x/t.bat"), "echo\nno\n")
        .file(at("x/bin"), b"\0\n\r\n$Id$".to_vec())
        .file(at("x/u.txt"), "grüße\n$Id: a b $\n")
        .file(at("x/empty"), "")
}

/// Lines of `.gitattributes`, each alone in a file.
const ATTRIBUTES: [&str; 45] = [
    "* text eol=crlf",
    "* text=auto eol=crlf",
    "* eol=crlf",
    "*.txt ident",
    "*.bat eol=crlf",
    "* crlf",
    "* -text eol=crlf",
    "* text=auto",
    "*.txt text",
    "* binary",
    "[attr]dos eol=crlf\n*.bat dos",
    "x/*.txt working-tree-encoding=UTF-16",
    "*.txt working-tree-encoding=UTF-16LE eol=crlf",
    "*.txt working-tree-encoding=latin1",
    "*.txt working-tree-encoding=nonsense",
    "*.txt working-tree-encoding=UTF-8",
    "* export-ignore",
    "t.txt export-subst",
    "* filter=lfs",
    "*.txt eol=crlf # comment",
    "* eol=CRLF",
    "x/** eol=crlf",
    "/t.txt ident",
    "\"t.txt\" ident",
    "* ident\n*.txt -ident",
    "*.txt ident=x",
    "* !eol",
    "x eol=crlf",
    "x/ eol=crlf",
    "go.mod eol=crlf",
    "go.mod working-tree-encoding=UTF-16",
    "LICENSE eol=crlf",
    "* text=auto eol=lf",
    "*.txt eol=crlf eol=lf",
    "*.TXT eol=crlf",
    "*.t?t eol=crlf",
    "[tu].txt ident",
    "!*.txt ident",
    "*.none eol=crlf",
    "none ident",
    "t.txt ident",
    "*.TXT ident",
    "*txt ident",
    "\u{feff}*.txt ident",
    "* merge=x -diff",
];

#[tokio::test]
async fn attributes() {
    let mut cases = Vec::new();
    for attribute in ATTRIBUTES {
        let tree = convertible(root().file("LICENSE", "l\n"), "");
        cases.push(case(format!("here {attribute}"), tree.file(".gitattributes", attribute)));
        let tree = convertible(sub().file("LICENSE", "l\n"), "sub/");
        cases.push(below(format!("above {attribute}"), tree.clone().file(".gitattributes", attribute)));
        cases.push(below(format!("below {attribute}"), tree.file("sub/x/.gitattributes", attribute)));
    }
    same(cases).await;
}

#[tokio::test]
async fn attributes_in_odd_places() {
    let mut cases = Vec::new();
    let tree = || convertible(sub().file("LICENSE", "l\n"), "sub/");
    cases.push(below("link", tree().link(".gitattributes", "* ident")));
    cases.push(below("link below", tree().link("sub/.gitattributes", "* ident")));
    cases.push(below(
        "overridden",
        tree().file(".gitattributes", "* ident").file("sub/x/.gitattributes", "* -ident eol=crlf"),
    ));
    cases.push(below(
        "macro above",
        tree().file(".gitattributes", "[attr]dos eol=crlf").file("sub/.gitattributes", "*.txt dos"),
    ));
    cases.push(below("macro here", tree().file("sub/.gitattributes", "[attr]dos eol=crlf\n*.txt dos")));
    cases.push(below(
        "another module's",
        tree().file("n/.gitattributes", "* ident").file("sub/n/go.mod", "").file("sub/n/.gitattributes", "* ident"),
    ));
    cases.push(below("vendored", tree().file("sub/vendor/a/.gitattributes", "* ident").file("sub/vendor/a/x", "$Id$")));
    cases.push(below("folder", tree().file("sub/.gitattributes/x", "* ident")));
    cases.push(below(
        "long line",
        tree().file(".gitattributes", format!("*.txt ident{} x\n*.bat eol=crlf", " ".repeat(2048))),
    ));
    let long = "d/".repeat(60);
    cases.push(case(
        "long names",
        root()
            .file(".gitattributes", "* ident")
            .file(format!("{long}x"), "$Id$")
            .link(format!("{long}l"), "y".repeat(300)),
    ));
    cases.push(case("odd names", root().file(".gitattributes", "* ident").file("é b", "$Id$").file("日/本", "$Id$")));
    cases.push(case("bad name", root().file(".gitattributes", "* ident").file("a:b", "$Id$").file(b"\xff", "x")));
    same(cases).await;
}
