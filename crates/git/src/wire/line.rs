//! pkt-line (gitprotocol-common(5)): four hexadecimal digits of length, themselves counted, then the bytes.

use super::{WireError, malformed, text::excerpt};

/// The length field.
const HEAD: usize = 4;

/// One packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Bytes, as they are.
    Data(&'a [u8]),
    /// `0000`: the end of a message.
    Flush,
    /// `0001`: between the sections of a message.
    Delimiter,
    /// `0002`: the end of a response.
    End,
}

impl<'a> Packet<'a> {
    /// The bytes as a line, without its newline.
    pub(super) fn line(data: &'a [u8]) -> &'a [u8] {
        data.strip_suffix(b"\n").unwrap_or(data)
    }
}

/// Cuts a stream into packets. Holds at most one packet (64 KiB), and that only if it came in pieces.
#[derive(Debug, Default)]
pub struct PacketParser {
    partial: Vec<u8>,
}

impl PacketParser {
    /// Takes the next bytes, in pieces of any size, and hands on every packet that is complete.
    ///
    /// # Errors
    /// What is no pkt-line; the errors of `take`.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        mut take: impl FnMut(Packet<'_>) -> Result<(), WireError>,
    ) -> Result<(), WireError> {
        while !self.partial.is_empty() && !bytes.is_empty() {
            // The length first; with it, the rest of the packet.
            let whole = if self.partial.len() < HEAD { HEAD } else { length(&self.partial)? };
            let (now, later) = bytes.split_at(bytes.len().min(whole.saturating_sub(self.partial.len())));
            self.partial.extend_from_slice(now);
            bytes = later;
            if self.partial.len() >= HEAD && self.partial.len() >= length(&self.partial)? {
                take(packet(&self.partial)?)?;
                self.partial.clear();
            }
        }
        while bytes.len() >= HEAD && bytes.len() >= length(bytes)? {
            let (now, later) = bytes.split_at(length(bytes)?);
            take(packet(now)?)?;
            bytes = later;
        }
        self.partial.extend_from_slice(bytes);
        Ok(())
    }

    /// Whether the stream may end here: not within a packet.
    pub fn is_between(&self) -> bool {
        self.partial.is_empty()
    }
}

/// The bytes of the packet that begins here, length included; special packets are only that.
fn length(bytes: &[u8]) -> Result<usize, WireError> {
    let head = &bytes[..HEAD];
    // `from_str_radix` would take a sign.
    let digits = std::str::from_utf8(head).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
    match digits.and_then(|text| usize::from_str_radix(text, 16).ok()) {
        Some(0..=2) => Ok(HEAD),
        Some(length) if length >= HEAD => Ok(length),
        _ => Err(malformed(format!("not a packet of git's protocol: {}", excerpt(bytes)))),
    }
}

fn packet(whole: &[u8]) -> Result<Packet<'_>, WireError> {
    let (head, data) = whole.split_at(HEAD);
    Ok(match head {
        b"0000" => Packet::Flush,
        b"0001" => Packet::Delimiter,
        b"0002" => Packet::End,
        _ => Packet::Data(data),
    })
}

/// A request that is being written.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// A command with its capabilities, up to the delimiter before its arguments.
    pub(super) fn command(name: &str, capabilities: &super::Capabilities) -> Self {
        let mut message = Self::default();
        message.line(&format!("command={name}"));
        capabilities.echo(&mut message);
        message.0.extend_from_slice(b"0001");
        message
    }

    /// Arguments are our own words and ids: far from the length that would not fit.
    pub(super) fn line(&mut self, text: &str) {
        self.0.extend_from_slice(format!("{:04x}{text}\n", HEAD + text.len() + 1).as_bytes());
    }

    pub(super) fn flush(&mut self) {
        self.0.extend_from_slice(b"0000");
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.flush();
        self.0
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8], piece: usize) -> Result<(Vec<String>, bool), WireError> {
        let mut parser = PacketParser::default();
        let mut seen = Vec::new();
        for piece in bytes.chunks(piece) {
            parser.push(piece, |packet| {
                seen.push(match packet {
                    Packet::Data(data) => String::from_utf8_lossy(data).into_owned(),
                    other => format!("{other:?}"),
                });
                Ok(())
            })?;
        }
        Ok((seen, parser.is_between()))
    }

    #[test]
    fn packets_in_pieces_of_any_size() {
        let stream = b"000ahello\n00000001000200040005x0009again000Ahallo\n";
        for piece in 1..=stream.len() {
            let (seen, between) = parse(stream, piece).unwrap();
            assert_eq!(seen, ["hello\n", "Flush", "Delimiter", "End", "", "x", "again", "hallo\n"], "{piece}");
            assert!(between);
        }
    }

    #[test]
    fn what_is_cut_off_is_seen() {
        for cut in ["0", "000", "000a", "000ahel"] {
            assert!(!parse(cut.as_bytes(), 1).unwrap().1, "{cut}");
        }
    }

    #[test]
    fn junk_is_an_error_at_once() {
        for junk in ["<!doctype html>", "0003", "+00a123456", "zzzz", "\0\0\0\0", "00 a", "0x10", "\u{ff10}00"] {
            for piece in [1, 3, 100] {
                let error = parse(junk.as_bytes(), piece).unwrap_err();
                assert!(matches!(error, WireError::Malformed(_)), "{junk}: {error}");
            }
        }
    }

    #[test]
    fn the_longest_packet_fits() {
        let mut stream = b"ffff".to_vec();
        stream.resize(0xffff, b'x');
        assert_eq!(parse(&stream, 1000).unwrap().0[0].len(), 0xffff - 4);
    }
}
