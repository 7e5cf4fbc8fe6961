//! A simple mutator for runs without a fuzzer: the same seed gives the same inputs.

use fastrand::Rng;

/// Changes inputs at random.
#[derive(Debug)]
pub struct Mutator(Rng);

/// Bytes that parsers look for, and numbers at the ends of their ranges.
const TELLING: &[&[u8]] = &[
    b"\n",
    b"\n\n",
    b"\0",
    b" ",
    b"/",
    b"//",
    b".",
    b"..",
    b"!",
    b"%",
    b"%2e",
    b"@",
    b"\"",
    b"`",
    b"(",
    b")",
    b"[",
    b"{",
    b"<",
    b">",
    b"&",
    b"-",
    b"+",
    b"v1.0.0",
    b"0000",
    b"0001",
    b"\xff",
    b"\x80",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"\xe2\x80\x94 ",
    b"\xef\xbb\xbf",
    b"9223372036854775807",
    b"18446744073709551616",
    b"PK\x05\x06",
];

impl Mutator {
    /// The same inputs for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    /// One of the inputs, changed in a few places, perhaps with a part of another.
    pub fn next(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let (mut bytes, random) = (inputs[self.0.usize(..inputs.len())].clone(), &mut self.0);
        for _ in 0..random.usize(1..5) {
            let at = random.usize(..=bytes.len());
            let end = random.usize(at..=bytes.len().min(at + 16));
            match random.u8(..8) {
                0 | 1 if at < bytes.len() => bytes[at] ^= 1 << random.u8(..8),
                2 if at < bytes.len() => bytes[at] = random.u8(..),
                3 => drop(bytes.drain(at..end)),
                4 => bytes.truncate(at),
                5 => insert(&mut bytes, at, TELLING[random.usize(..TELLING.len())]),
                6 => {
                    let piece = bytes[at..end].to_vec();
                    insert(&mut bytes, at, &piece);
                }
                _ => {
                    let other = &inputs[random.usize(..inputs.len())];
                    let from = random.usize(..=other.len());
                    insert(&mut bytes, at, &other[from..other.len().min(from + 64)]);
                }
            }
        }
        bytes
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    bytes.splice(at..at, piece.iter().copied());
}
