//! Packets come out the same in pieces of any size, and are what was put in.

use goproxy_git::wire::{Packet, PacketParser};

use crate::input::Input;

pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let piece = 1 + usize::from(input.byte());
    let data = input.rest();
    let whole = parsed(data, data.len().max(1));
    assert_eq!(parsed(data, piece), whole);
    if whole.ok {
        let written: Vec<u8> = whole.packets.concat();
        assert!(data[..written.len()].eq_ignore_ascii_case(&written));
        assert_eq!(whole.between, written.len() == data.len());
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Parsed {
    packets: Vec<Vec<u8>>,
    between: bool,
    ok: bool,
}

fn parsed(data: &[u8], piece: usize) -> Parsed {
    let (mut parser, mut packets) = (PacketParser::default(), Vec::new());
    let ok = data.chunks(piece).try_for_each(|bytes| {
        parser.push(bytes, |packet| {
            packets.push(match packet {
                Packet::Data(data) => [format!("{:04x}", data.len() + 4).as_bytes(), data].concat(),
                Packet::Flush => b"0000".to_vec(),
                Packet::Delimiter => b"0001".to_vec(),
                Packet::End => b"0002".to_vec(),
            });
            Ok(())
        })
    });
    // How much an error leaves behind depends on the pieces.
    Parsed { packets, between: ok.is_ok() && parser.is_between(), ok: ok.is_ok() }
}
