use proptest::prelude::*;

use super::*;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn packet(line: &[u8]) -> Vec<u8> {
    [format!("{:04x}", line.len() + 4).as_bytes(), line].concat()
}

fn listed(lines: &[Vec<u8>], limits: ListLimits) -> Result<Refs, WireError> {
    let mut parser = ListParser::new(ObjectFormat::Sha1, limits);
    for line in lines {
        parser.push(&packet(line))?;
    }
    parser.push(b"0000")?;
    parser.finish()
}

fn lines(lines: &[&str]) -> Vec<Vec<u8>> {
    lines.iter().map(|line| format!("{line}\n").into_bytes()).collect()
}

#[test]
fn refs_are_sorted_and_peeled() {
    let answer = lines(&[
        &format!("{A} HEAD symref-target:refs/heads/main"),
        &format!("{A} refs/tags/v1.0.0 peeled:{B}"),
        &format!("{A} refs/heads/main"),
        &format!("{B} refs/pull/1/head"),
        &format!("{B} HEADS"),
    ]);
    let refs = listed(&answer, ListLimits::default()).unwrap();
    assert_eq!(refs.head, Oid::from_hex(A));
    let names: Vec<_> = refs.refs.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["refs/heads/main", "refs/tags/v1.0.0"]);
    assert_eq!(refs.get("refs/tags/v1.0.0").unwrap().peeled(), Oid::from_hex(B).unwrap());
}

#[test]
fn an_unborn_head_is_none() {
    let refs = listed(&lines(&["unborn HEAD symref-target:refs/heads/main"]), ListLimits::default()).unwrap();
    assert_eq!(refs, Refs::default());
}

#[test]
fn names_that_git_does_not_make_are_passed_over() {
    let mut answer = Vec::new();
    for name in [
        &b"refs/heads/../../../etc/passwd"[..],
        b"refs/heads/",
        b"refs/tags/a\nb",
        b"refs/tags/a\0b",
        b"refs/tags/.hidden",
        b"refs/tags/a/../b",
        b"refs/tags/a//b",
        b"refs/tags/a.lock",
        b"refs/tags/a~1",
        b"refs/tags/\x1b[2J",
        b"../x",
        b"refs/tags",
    ] {
        answer.push([A.as_bytes(), b" ", name].concat());
    }
    answer.push([A.as_bytes(), b" refs/tags/caf\xe9"].concat());
    answer.push([A.as_bytes(), b" refs/tags/-rf"].concat());
    let refs = listed(&answer, ListLimits::default()).unwrap();
    let names: Vec<_> = refs.refs.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["refs/tags/-rf", "refs/tags/caf\u{fffd}"]);
}

#[test]
fn the_first_of_a_name_counts() {
    let answer = lines(&[
        &format!("{B} refs/tags/v1"),
        &format!("{A} HEAD"),
        &format!("{A} refs/tags/v1"),
        &format!("{B} HEAD"),
    ]);
    let refs = listed(&answer, ListLimits::default()).unwrap();
    assert_eq!((refs.head, refs.refs.len()), (Oid::from_hex(A), 1));
    assert_eq!(refs.refs[0].target, Oid::from_hex(B).unwrap());
}

#[test]
fn what_is_no_list() {
    for line in [
        "".to_owned(),
        A.to_owned(),
        "zzzz refs/heads/x".to_owned(),
        format!("{A}00 refs/heads/x"),
        format!("{} refs/heads/x", "A".repeat(40)),
        format!("{} refs/heads/x", "a".repeat(64)),
        format!("{A} refs/tags/x peeled:1"),
    ] {
        let error = listed(&[line.clone().into_bytes()], ListLimits::default()).unwrap_err();
        assert!(matches!(error, WireError::Malformed(_)), "{line}: {error}");
    }
    let error = listed(&[b"ERR access denied\n".to_vec()], ListLimits::default()).unwrap_err();
    assert!(matches!(&error, WireError::Said(said) if said == "access denied"), "{error}");
    let mut cut = ListParser::new(ObjectFormat::Sha1, ListLimits::default());
    cut.push(&packet(format!("{A} HEAD").as_bytes())).unwrap();
    assert!(matches!(cut.finish(), Err(WireError::Malformed(_))));
}

#[test]
fn a_hundred_thousand_tags_are_read_and_a_million_others_passed_over() {
    let mut parser = ListParser::new(ObjectFormat::Sha1, ListLimits::default());
    for n in 0..1_000_000 {
        let name = if n % 10 == 0 { format!("refs/tags/v1.{n}.0") } else { format!("refs/pull/{n}/head") };
        parser.push(&packet(format!("{A} {name}\n").as_bytes())).unwrap();
    }
    parser.push(b"0000").unwrap();
    assert_eq!(parser.finish().unwrap().tags().count(), 100_000);
}

#[test]
fn more_than_the_limits_is_refused() {
    let one = lines(&[&format!("{A} refs/heads/a")]);
    let two = lines(&[&format!("{A} refs/heads/a"), &format!("{A} refs/heads/b")]);
    let limits = ListLimits { bytes: 1000, refs: 1 };
    assert_eq!(listed(&one, limits).unwrap().refs.len(), 1);
    assert!(matches!(listed(&two, limits), Err(WireError::TooLarge(_))));
    let small = ListLimits { bytes: 80, refs: 10 };
    assert!(matches!(listed(&two, small), Err(WireError::TooLarge(_))));
}

proptest! {
    #[test]
    fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), piece in 1_usize..50) {
        let mut parser = ListParser::new(ObjectFormat::Sha1, ListLimits::default());
        let _ = bytes.chunks(piece).try_for_each(|piece| parser.push(piece));
        let _ = parser.finish();
    }

    #[test]
    fn pieces_do_not_matter(names in proptest::collection::vec("[ -~\\n\\x00]{0,40}", 0..20), piece in 1_usize..99) {
        let stream: Vec<u8> = names.iter()
            .flat_map(|name| packet(format!("{A} refs/tags/{name}\n").as_bytes()))
            .chain(*b"0000")
            .collect();
        let read = |piece| {
            let mut parser = ListParser::new(ObjectFormat::Sha1, ListLimits::default());
            stream.chunks(piece).try_for_each(|piece| parser.push(piece)).and_then(|()| parser.finish()).ok()
        };
        prop_assert_eq!(read(piece), read(stream.len()));
    }
}
