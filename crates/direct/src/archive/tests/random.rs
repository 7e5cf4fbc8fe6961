//! Random trees, beside the real `go`.

use super::lab::{Case, Dir, differences};

/// A small generator: the same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn one<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len())]
    }
}

const DIRS: &[&str] =
    &["", "", "", "a/", "a/b/", "x/", "vendor/", "vendor/", "a/vendor/", "vendor/v/", "internal/", "n/", "n/m/"];
const NAMES: &[&[u8]] = &[
    b"a.go",
    b"b.go",
    b"README.md",
    b"t.txt",
    b"t.bat",
    b"LICENSE",
    b"modules.txt",
    b".hidden",
    b"x",
    b"dos.txt",
    "é.txt".as_bytes(),
    b"sp ace",
];
/// Each of these decides about a whole zip, so they are rare.
const ODD: &[&[u8]] = &[
    b"A.go",
    b"license",
    b"Vendor",
    b"aux.go",
    b"a:b",
    b"\xff",
    b"readme.MD",
    b"GO.MOD",
    b".hg_archival.txt",
    b"Dir/x",
    b"a.go/x",
    b"dot.",
    "\u{212a}".as_bytes(),
    b"k",
    b"a\\b",
    b"a'b",
];
const CONTENTS: &[&[u8]] = &[
    b"",
    b"one line\n",
    b"two\nlines $Id$\n",
    b"dos\r\nlines\r\n",
    b"mixed\r\nlines\n",
    b"lone\rreturn\n",
    b"no end",
    b"bin\0ary\n$Id: x$\n",
    b"$Id: 0123 $ $Id$ $Id: a b $\n",
    "grüße\n".as_bytes(),
    b"\xff\xfe\n",
];
const ATTRIBUTES: &[&str] = &[
    "* text=auto",
    "* text=auto eol=lf",
    "* eol=crlf",
    "* text eol=crlf",
    "*.txt eol=crlf",
    "*.bat text eol=crlf",
    "*.go ident",
    "* ident",
    "x -text",
    "*.txt working-tree-encoding=UTF-16",
    "a/** text=auto eol=crlf",
    "/t.txt eol=crlf",
    "[attr]dos eol=crlf\n*.bat dos",
    "*.txt dos",
    "* export-ignore",
    "*.md export-subst",
    "*.txt -ident !eol",
    "*.txt filter=lfs diff=lfs merge=lfs -text",
    "b.go binary",
];
const GO_LINES: &[&str] = &["", "go 1.23\n", "go 1.24\n", "go 1.26\n", "go 1.24\nrequire a.b v\n"];

fn random(dice: &mut Dice, seed: usize) -> Case {
    let dir = *dice.one(&["", "", "sub"]);
    let own = if dir.is_empty() { "" } else { "sub/" };
    let path = if dir.is_empty() { "github.com/acme/m" } else { "github.com/acme/m/sub" };
    let mut tree = Dir::default();
    for _ in 0..dice.below(24) {
        let odd = dice.below(40) == 0;
        let place = if dice.below(5) == 0 { "" } else { own };
        let name = *dice.one(if odd { ODD } else { NAMES });
        let path = [place.as_bytes(), dice.one(DIRS).as_bytes(), name].concat();
        tree = match dice.below(12) {
            0 => tree.link(path, "a.go"),
            1 => tree.submodule(path),
            _ => tree.file(path, *dice.one(CONTENTS)),
        };
    }
    if dice.below(3) == 0 {
        tree = tree.file(format!("{own}n/go.mod"), "module x\n");
    }
    for _ in 0..dice.below(4) {
        let lines: Vec<_> = (0..=dice.below(3)).map(|_| *dice.one(ATTRIBUTES)).collect();
        let place = *dice.one(&["", own, "a/", "vendor/v/", "n/", "sub/a/"]);
        tree = tree.file(format!("{place}.gitattributes"), lines.join("\n"));
    }
    if dir.is_empty() && dice.below(4) == 0 {
        return Case { name: format!("{seed}"), dir, tree };
    }
    let go_mod = format!("module {path}\n{}", dice.one(GO_LINES));
    Case { name: format!("{seed}"), dir, tree: tree.file(format!("{own}go.mod"), go_mod) }
}

async fn compare(seeds: std::ops::Range<usize>) {
    let cases: Vec<_> = seeds.map(|seed| random(&mut Dice(seed as u64 * 7919), seed)).collect();
    if let Some(different) = differences(&cases).await {
        assert!(different.is_empty(), "{different}");
    }
}

/// `GOPROXY_ZIP_SEEDS=1000 cargo test -p goproxy-direct random_trees` compares more of them.
#[tokio::test]
async fn random_trees() {
    let most = std::env::var("GOPROXY_ZIP_SEEDS").map_or(60, |n| n.parse().expect("GOPROXY_ZIP_SEEDS takes a number"));
    for start in (0..most).step_by(60) {
        compare(start..most.min(start + 60)).await;
    }
}
