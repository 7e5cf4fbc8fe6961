//! Tree heads: what golang.org/x/mod/sumdb/tlog `ParseTree` takes.

use super::*;

const ROOT: &str = "czPocWFmMwQrSENohgEPvFiqA+2i/3lRZhHbxtma2UQ=";

#[test]
fn heads() {
    for (digits, tail) in [("1", ""), ("66332798", ""), ("9223372036854775807", "more\n"), ("7", "\n\nx"), ("7", "x")] {
        let head = TreeHead::parse(&format!("go.sum database tree\n{digits}\n{ROOT}\n{tail}")).unwrap();
        assert_eq!((head.size().to_string().as_str(), head.root().to_string().as_str()), (digits, ROOT));
    }
}

#[test]
fn the_empty_tree_has_one_root() {
    let head = TreeHead::parse(&format!("go.sum database tree\n0\n{}\n", Hash::of_empty_tree())).unwrap();
    assert_eq!((head.size(), head.root()), (0, Hash::of_empty_tree()));
}

#[test]
fn what_is_no_head() {
    let with = |size: &str| format!("go.sum database tree\n{size}\n{ROOT}\n");
    let bad = [
        String::new(),
        "\n\n\n".to_owned(),
        with("7").replace("tree", "tree v2"),
        format!(" {}", with("7")),
        with("7").trim_end().to_owned(),
        with("7").replace(ROOT, &ROOT[4..]),
        with("7").replace(ROOT, &format!("{ROOT} ")),
        with("7").replace(ROOT, &ROOT.replace('=', "")),
        format!("{}{}", with("7"), "x".repeat(MAX_TEXT)),
    ];
    let sizes = ["", "0", "-1", "+7", "07", "7 ", "0x7", "1e3", "9223372036854775808", "18446744073709551616"];
    for text in bad.into_iter().chain(sizes.map(with)) {
        assert_eq!(TreeHead::parse(&text), Err(HeadError::Malformed), "{}", &text[..text.len().min(100)]);
    }
}
