//! Files of every odd kind, in themes: a repository has few of them, so that most of its zips can be made.

use super::{
    random::Random,
    tree::{Item, Tree},
};

/// What a repository is about beside its modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Theme {
    Attributes,
    Names,
    Links,
    Vendor,
    Licence,
    Contents,
    Nested,
}

const THEMES: [Theme; 7] =
    [Theme::Attributes, Theme::Names, Theme::Links, Theme::Vendor, Theme::Licence, Theme::Contents, Theme::Nested];

/// Folders that modules are in.
pub(super) const FOLDERS: [&str; 7] = ["", "sub/", "a/b/", "v2/", "sub/v2/", "v3/", "deep/er/"];

/// One or two themes, or none.
pub(super) fn themes(random: &mut Random) -> Vec<Theme> {
    (0..random.below(3)).map(|_| *random.one(&THEMES)).collect()
}

/// Adds something of the theme.
pub(super) fn add(theme: Theme, tree: &mut Tree, random: &mut Random) {
    let folder = random.pick(&FOLDERS);
    match theme {
        Theme::Attributes => attributes(folder, tree, random),
        Theme::Names => tree.put(name(folder, random), Item::File(b"odd\n".to_vec())),
        Theme::Links => link(folder, tree, random),
        Theme::Vendor => vendor(folder, tree, random),
        Theme::Licence => licence(folder, tree, random),
        Theme::Contents => {
            let name = random.pick(&["x.txt", "y.go", "z.dat", "data.bin", "id.txt", ".hidden", "README"]);
            tree.file(format!("{folder}{name}"), contents(random));
            tree.put(format!("{folder}run.sh"), Item::Program(contents(random)));
        }
        Theme::Nested => {
            let below = random.pick(&["x/go.mod", "x/GO.MOD", "x/Go.mod", "vendor/x/go.mod", "x/y/go.mod", "GO.MOD"]);
            tree.file(format!("{folder}{below}"), *random.one(&["module x\n", "", "module y/v2\n"]));
            tree.file(format!("{folder}x/in.go"), "package x\n");
            tree.file(format!("{folder}x/y/in.go"), "package y\n");
        }
    }
}

/// Anything a file may hold.
pub(super) fn contents(random: &mut Random) -> Vec<u8> {
    match random.below(12) {
        0 => Vec::new(),
        1 => b"one\r\ntwo\r\n".to_vec(),
        2 => b"one\ntwo\n".to_vec(),
        3 => b"one\r\ntwo\nthree\rfour\n".to_vec(),
        4 => b"no end of line".to_vec(),
        5 => b"$Id$ and $Id: old $ and $Id:x$ and $Id: a b $\n".to_vec(),
        6 => {
            let length = random.between(1, 3000);
            random.bytes(length)
        }
        7 => "caf\u{e9} \u{65e5}\u{672c}\n".as_bytes().to_vec(),
        8 => b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n".to_vec(),
        9 => b"$Format:%H$\n".to_vec(),
        10 => b"a\0b\r\nc\n".to_vec(),
        _ => format!("package p\n\nconst N = {}\n", random.below(1000)).into_bytes(),
    }
}

const ATTRIBUTES: &[&str] = &[
    "* text=auto",
    "*.txt text",
    "*.txt text eol=crlf",
    "*.txt eol=lf",
    "*.txt eol=crlf",
    "*.txt -text",
    "*.txt !text",
    "*.go text=auto eol=crlf",
    "*.txt ident",
    "id.txt ident -text",
    "*.bin binary",
    "*.txt working-tree-encoding=UTF-16 text",
    "*.txt working-tree-encoding=UTF-16LE-BOM",
    "*.txt working-tree-encoding=latin1",
    "*.txt working-tree-encoding=nonsense",
    "x.txt export-ignore",
    "*.go export-ignore",
    "sub export-ignore",
    "*.txt export-subst",
    "*.dat filter=lfs diff=lfs merge=lfs -text",
    "*.dat filter=other",
    "[attr]windows text eol=crlf\n*.txt windows",
    "*.txt binary\n*.txt text eol=crlf",
    "/x.txt eol=crlf",
    "sub/** eol=crlf",
    "**/x.txt ident",
    "sub/x.txt eol=crlf",
    "[x-z].txt eol=crlf",
    "\"x.txt\" eol=crlf",
    "!x.txt eol=crlf",
    "*.txt crlf",
    "# *.txt eol=crlf",
    "*.txt eol=crlf # why",
    "LICENSE eol=crlf",
    "go.mod eol=crlf",
    "*.mod ident",
    "README text eol=crlf",
    "*.txt linguist-vendored",
];

fn attributes(folder: &str, tree: &mut Tree, random: &mut Random) {
    let lines: Vec<&str> = (0..random.between(1, 3)).map(|_| random.pick(ATTRIBUTES)).collect();
    let end = random.pick(&["\n", "\n", "\n", "\r\n", ""]);
    let mut text = lines.join("\n") + end;
    if random.percent(5) {
        text.insert(0, '\u{feff}');
    }
    tree.file(format!("{folder}.gitattributes"), text);
    for name in ["x.txt", "y.go", "z.dat", "id.txt"] {
        if random.percent(60) {
            tree.file(format!("{folder}{name}"), contents(random));
        }
    }
}

/// Names that are bad somewhere; the first ones are good.
fn name(folder: &str, random: &mut Random) -> Vec<u8> {
    const NAMES: &[&[u8]] = &[
        b"with space.go",
        "caf\u{e9}.go".as_bytes(),
        "\u{65e5}\u{672c}.txt".as_bytes(),
        b"~!#$%&()+,-.=@[]^_{}",
        b".dot/.file",
        b"...three",
        b"UPPER.go",
        b"-dash",
        b"_test/x_test.go",
        b".git2/x",
        b".hg_archival.txt",
        b"long/long/long/long/long/long/path.go",
        b"CON",
        b"aux.go",
        b"com1/x.go",
        b"com0.txt",
        b"nul.tar.gz",
        b"lpt\xc2\xb9",
        b"trailing.",
        b"colon:name",
        b"star*",
        b"quote\"name",
        b"back\\slash",
        b"pipe|",
        b"line\nfeed",
        b"tab\tname",
        b"invalid\xff",
        "\u{1f600}".as_bytes(),
        "e\u{301}".as_bytes(),
        "\u{663}".as_bytes(),
        b"upper.GO",
        b"a'b",
        b"semi;colon",
        b"less<",
        "K.txt".as_bytes(),
        "\u{212a}.txt".as_bytes(),
        b"k.txt",
        b"Case/a.go",
        b"case/b.go",
        b"x.TXT",
    ];
    let good = random.percent(55);
    let name = if good { NAMES[random.below(12)] } else { *random.one(NAMES) };
    [folder.as_bytes(), name].concat()
}

fn link(folder: &str, tree: &mut Tree, random: &mut Random) {
    let target = random.pick(&["x.txt", "../x.txt", "/etc/passwd", "nowhere", "go.mod", "LICENSE", ""]);
    let target = if target.is_empty() { "x" } else { target };
    match random.below(8) {
        0..3 => tree.put(format!("{folder}link"), Item::Symlink(target.to_owned())),
        3 => tree.put(format!("{folder}LICENSE"), Item::Symlink(target.to_owned())),
        4 => tree.put(format!("{folder}go.mod"), Item::Symlink(target.to_owned())),
        5 => tree.put(format!("{folder}.gitattributes"), Item::Symlink(target.to_owned())),
        6 => tree.put(format!("{folder}third/party"), Item::Submodule),
        _ => {
            tree.put(format!("{folder}third"), Item::Submodule);
            tree.file(".gitmodules", "[submodule \"x\"]\n\tpath = third\n\turl = https://example.com/x\n");
        }
    }
    if random.percent(10) {
        tree.put(format!("{folder}go.mod"), Item::Submodule);
    }
}

fn vendor(folder: &str, tree: &mut Tree, random: &mut Random) {
    for name in [
        "vendor/modules.txt",
        "vendor/x.go",
        "vendor/x/y.go",
        "pkg/vendor/z.go",
        "pkg/vendor/z/w.go",
        "pkg/vendor/modules.txt",
        "pkg/vendor/vendor/a.go",
        "vendor/CON/bad.go",
        "vendor/vendor/q/w.go",
        "xvendor/y/z.go",
    ] {
        if random.percent(35) {
            tree.file(format!("{folder}{name}"), "package v\n");
        }
    }
}

fn licence(folder: &str, tree: &mut Tree, random: &mut Random) {
    let name = random.pick(&["LICENSE", "LICENSE", "LICENSE", "license", "LICENSE.md", "LICENSE/MIT", "COPYING"]);
    match random.below(6) {
        0 => tree.put(format!("{folder}{name}"), Item::Symlink("COPYING".to_owned())),
        1 => tree.file(format!("{folder}{name}"), "Licence\r\nof two lines\r\n"),
        2 => tree.file(format!("{folder}{name}"), ""),
        _ => tree.file(format!("{folder}{name}"), "Licence\n"),
    }
    if random.percent(70) {
        tree.file("LICENSE", "The root's\n");
    }
}
