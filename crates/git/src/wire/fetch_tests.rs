use proptest::prelude::*;

use super::*;
use crate::{
    Oid,
    wire::{Advertised, AdvertisementParser, ListLimits},
};

fn packet(bytes: &[u8]) -> Vec<u8> {
    [format!("{:04x}", bytes.len() + 4).as_bytes(), bytes].concat()
}

fn capabilities(fetch: &str) -> Capabilities {
    let lines = ["version 2\n", "ls-refs\n", fetch, "object-format=sha1\n"];
    let stream: Vec<u8> = lines.iter().flat_map(|line| packet(line.as_bytes())).chain(*b"0000").collect();
    match AdvertisementParser::new(ListLimits::default()).push(&stream).unwrap() {
        Some(Advertised::Version2(capabilities)) => capabilities,
        other => panic!("{other:?}"),
    }
}

fn id(digit: char) -> Oid {
    Oid::from_hex(&digit.to_string().repeat(40)).unwrap()
}

/// The arguments of a request, as lines.
fn sent(fetch: &str, request: &FetchRequest) -> Vec<String> {
    let bytes = fetch_request(&capabilities(fetch), request, request.filter.as_ref());
    let mut lines = Vec::new();
    PacketParser::default()
        .push(&bytes, |packet| {
            lines.push(match packet {
                Packet::Data(data) => String::from_utf8(Packet::line(data).to_vec()).unwrap(),
                other => format!("{other:?}"),
            });
            Ok(())
        })
        .unwrap();
    lines
}

#[test]
fn everything_that_can_be_asked() {
    let filter = Some(Filter::Shallow { levels: 1, blob_limit: 1 << 20 });
    let request = FetchRequest { wants: vec![id('a'), id('b')], shallow: true, filter, haves: vec![id('c')] };
    let (a, b, c) = (id('a'), id('b'), id('c'));
    assert_eq!(
        sent("fetch=shallow filter\n", &request),
        [
            "command=fetch",
            "object-format=sha1",
            "Delimiter",
            "no-progress",
            "ofs-delta",
            "thin-pack",
            &format!("shallow {c}"),
            "deepen 1",
            "filter combine:tree:2+blob:limit=1048576",
            &format!("want {a}"),
            &format!("want {b}"),
            &format!("have {c}"),
            "done",
            "Flush",
        ]
    );
}

#[test]
fn what_the_server_does_not_offer_is_not_asked() {
    let request =
        FetchRequest { wants: vec![id('a')], shallow: true, filter: Some(Filter::NoBlobs), haves: Vec::new() };
    let want = format!("want {}", id('a'));
    let rest = |fetch| sent(fetch, &request)[3..].to_vec();
    assert_eq!(rest("fetch\n"), ["no-progress", "ofs-delta", &want, "done", "Flush"]);
    assert_eq!(rest("fetch=filter\n"), ["no-progress", "ofs-delta", "filter blob:none", &want, "done", "Flush"]);
    assert_eq!(rest("fetch=shallow\n"), ["no-progress", "ofs-delta", "deepen 1", &want, "done", "Flush"]);
}

fn received(stream: &[u8], piece: usize) -> Result<Vec<u8>, WireError> {
    received_by(FetchParser::new(&capabilities("fetch\n")), stream, piece)
}

fn received_by(mut parser: FetchParser, stream: &[u8], piece: usize) -> Result<Vec<u8>, WireError> {
    let mut pack = Vec::new();
    for piece in stream.chunks(piece) {
        parser.push(piece, &mut |bytes| {
            pack.extend_from_slice(bytes);
            Ok(())
        })?;
    }
    parser.finish().map(|()| pack)
}

fn answer(parts: &[&[u8]]) -> Vec<u8> {
    parts
        .iter()
        .flat_map(|part| if matches!(*part, b"0000" | b"0001") { part.to_vec() } else { packet(part) })
        .collect()
}

#[test]
fn the_pack_comes_out_whatever_is_around_it() {
    let shallow = format!("shallow {}\n", id('a'));
    let stream = answer(&[
        b"shallow-info\n",
        shallow.as_bytes(),
        b"0001",
        b"packfile\n",
        b"\x02Counting objects\r",
        b"\x01PA",
        b"\x01",
        b"\x02done\n",
        b"\x01CK",
        b"0000",
    ]);
    for piece in [1, 2, 7, stream.len()] {
        assert_eq!(received(&stream, piece).unwrap(), b"PACK");
    }
    let negotiated = answer(&[b"acknowledgments\n", b"ready\n", b"0001", b"packfile\n", b"\x01X", b"0000"]);
    assert_eq!(received(&negotiated, 99).unwrap(), b"X");
}

fn older(words: &str) -> Capabilities {
    let line = format!("{} HEAD\0side-band-64k {words}\n", id('a'));
    let stream = [packet(line.as_bytes()), b"0000".to_vec()].concat();
    match AdvertisementParser::new(ListLimits::default()).push(&stream).unwrap() {
        Some(Advertised::Older(capabilities, _)) => capabilities,
        other => panic!("{other:?}"),
    }
}

#[test]
fn older_servers_are_asked_in_their_way() {
    let request = FetchRequest { wants: vec![id('a'), id('b')], shallow: true, haves: vec![id('c')], filter: None };
    let sent = fetch_request(&older("shallow filter agent=x object-format=sha1"), &request, Some(&Filter::NoTrees));
    let mut lines = Vec::new();
    let mut seen = PacketParser::default();
    let record = |packet: Packet<'_>| {
        lines.push(match packet {
            Packet::Data(data) => String::from_utf8(Packet::line(data).to_vec()).unwrap(),
            other => format!("{other:?}"),
        });
        Ok(())
    };
    seen.push(&sent, record).unwrap();
    let (a, b, c) = (id('a'), id('b'), id('c'));
    let agent = concat!("agent=goproxy/", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        lines,
        [
            &format!("want {a} side-band-64k ofs-delta no-progress thin-pack filter {agent} object-format=sha1"),
            &format!("want {b}"),
            &format!("shallow {c}"),
            "deepen 1",
            "filter tree:0",
            "Flush",
            &format!("have {c}"),
            "done",
        ]
    );
}

#[test]
fn older_servers_answer_in_their_way() {
    let parser = || FetchParser::new(&older("shallow"));
    let shallow = format!("shallow {}\n", id('a'));
    let pack: [&[u8]; 3] = [b"\x02progress", b"\x01PACK", b"0000"];
    for start in [&[&b"NAK\n"[..]][..], &[shallow.as_bytes(), b"0000", b"NAK\n"], &[b"ACK aaaa\n", b"ACK aaaa\n"]] {
        let stream = answer(&[start, &pack].concat());
        for piece in [1, 5, stream.len()] {
            assert_eq!(received_by(parser(), &stream, piece).unwrap(), b"PACK");
        }
    }
    for bad in [answer(&[b"NAK\n", b"0000"]), answer(&[b"0000"]), answer(&[b"\x01PACK", b"0000"]), answer(&[b"NAK\n"])]
    {
        assert!(matches!(received_by(parser(), &bad, 3), Err(WireError::Malformed(_))), "{bad:?}");
    }
    let refused = received_by(parser(), &answer(&[b"ERR upload-pack: not our ref"]), 99).unwrap_err();
    assert!(matches!(refused, WireError::Said(_)));
}

#[test]
fn refusals_are_the_servers_own_words() {
    for (stream, said) in [
        (answer(&[b"ERR upload-pack: not our ref 11"]), "upload-pack: not our ref 11"),
        (answer(&[b"packfile\n", b"\x03no more\0"]), "no more?"),
        (answer(&[b"shallow-info\n", b"ERR x\r\ny"]), "x"),
        (answer(&[b"ERR \n\n"]), "no reason given"),
    ] {
        assert!(matches!(received(&stream, 9), Err(WireError::Said(text)) if text == said), "{said}");
    }
}

#[test]
fn what_is_no_answer() {
    for stream in [
        answer(&[]),
        answer(&[b"0000"]),
        answer(&[b"0001"]),
        answer(&[b"packfile\n", b"\x01PACK"]),
        answer(&[b"packfile\n", b"\x01PACK", b"0001"]),
        answer(&[b"packfile\n", b"", b"0000"]),
        answer(&[b"packfile\n", b"\x09x", b"0000"]),
        answer(&[b"packfile-uris\n", b"x https://elsewhere/", b"0001"]),
        answer(&[b"acknowledgments\n", b"NAK\n", b"0000"]),
        b"<html>".to_vec(),
    ] {
        let error = received(&stream, 5).unwrap_err();
        assert!(matches!(error, WireError::Malformed(_)), "{stream:?}: {error}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300), piece in 1_usize..50) {
        let _ = received(&[answer(&[b"packfile\n"]), bytes.clone()].concat(), piece);
        let _ = received(&bytes, piece);
        let mut parser = AdvertisementParser::new(ListLimits::default());
        let _ = bytes.chunks(piece).try_for_each(|piece| parser.push(piece).map(|_| ()));
        let _ = received_by(FetchParser::new(&older("")), &[answer(&[b"NAK\n"]), bytes].concat(), piece);
    }
}
