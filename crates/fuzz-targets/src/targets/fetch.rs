//! The pack in an answer comes out the same in pieces of any size, and none of it after the end.

use goproxy_git::wire::{Advertised, AdvertisementParser, Capabilities, FetchParser, ListLimits};

use crate::input::Input;

pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let piece = 1 + usize::from(input.byte());
    let data = input.rest();
    for capabilities in [Capabilities::usual(), older()] {
        let (whole, ok) = pack(&capabilities, data, data.len().max(1));
        assert_eq!(pack(&capabilities, data, piece), (whole.clone(), ok));
        assert!(whole.len() <= data.len());
    }
}

fn pack(capabilities: &Capabilities, data: &[u8], piece: usize) -> (Vec<u8>, bool) {
    let (mut parser, mut pack) = (FetchParser::new(capabilities), Vec::new());
    let pushed = data.chunks(piece).try_for_each(|bytes| {
        let before = parser.has_begun();
        let pushed = parser.push(bytes, &mut |bytes| {
            pack.extend_from_slice(bytes);
            Ok(())
        });
        assert!(!before || parser.has_begun());
        pushed
    });
    assert!(pack.is_empty() || parser.has_begun());
    (pack, pushed.is_ok() && parser.finish().is_ok())
}

/// Of a server of version 1.
fn older() -> Capabilities {
    let line = format!("{} HEAD\0side-band-64k shallow filter\n", "a".repeat(40));
    let answer = format!("{:04x}{line}0000", line.len() + 4);
    match AdvertisementParser::new(ListLimits::default()).push(answer.as_bytes()) {
        Ok(Some(Advertised::Older(capabilities, _))) => capabilities,
        other => panic!("{other:?}"),
    }
}
