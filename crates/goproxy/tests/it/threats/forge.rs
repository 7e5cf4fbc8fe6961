//! Repositories that no git would make: raw objects, and pack files written byte by byte.

use goproxy_testkit::GitRepo;

/// Writes an object as it is, checked by nobody, and returns its id.
pub(crate) fn object(repo: &GitRepo, kind: &str, bytes: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    repo.git(&["hash-object", "-t", kind, "-w", "--literally", "--no-filters", file.path().to_str().unwrap()])
}

/// A tree in the order given: mode, name, id.
pub(crate) fn tree(repo: &GitRepo, entries: &[(&str, &[u8], &str)]) -> String {
    object(repo, "tree", &tree_bytes(entries))
}

/// The bytes of a tree.
pub(crate) fn tree_bytes(entries: &[(&str, &[u8], &str)]) -> Vec<u8> {
    let entry = |(mode, name, id): &(&str, &[u8], &str)| [mode.as_bytes(), b" ", name, b"\0", &unhex(id)].concat();
    entries.iter().flat_map(entry).collect()
}

/// A commit of a tree on `main`, tagged.
pub(crate) fn publish(repo: &GitRepo, tree: &str, tag: &str) -> String {
    let commit = repo.git(&["commit-tree", tree, "-m", "forged"]);
    repo.git(&["update-ref", "refs/heads/main", &commit]);
    repo.git(&["update-ref", &format!("refs/tags/{tag}"), &commit]);
    commit
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

/// Kinds of objects in a pack.
pub(crate) const COMMIT: u8 = 1;
pub(crate) const TREE: u8 = 2;
pub(crate) const BLOB: u8 = 3;
pub(crate) const OFS_DELTA: u8 = 6;
pub(crate) const REF_DELTA: u8 = 7;

/// One entry of a pack, wrong in any way.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    kind: u8,
    /// The size that is claimed.
    size: u64,
    /// What stands between the head and the compressed data: a delta's base.
    base: Vec<u8>,
    compressed: Vec<u8>,
}

impl Entry {
    pub(crate) fn new(kind: u8, data: &[u8]) -> Self {
        Self { kind, size: data.len() as u64, base: Vec::new(), compressed: stored(data) }
    }

    pub(crate) fn claiming(mut self, size: u64) -> Self {
        self.size = size;
        self
    }

    pub(crate) fn base(mut self, base: &[u8]) -> Self {
        self.base = base.to_vec();
        self
    }

    pub(crate) fn compressed(mut self, bytes: Vec<u8>) -> Self {
        self.compressed = bytes;
        self
    }

    /// A delta on the entry that stands right before it in the pack.
    pub(crate) fn after(previous: &Self, delta: &[u8]) -> Self {
        let mut rest = previous.bytes().len() as u64;
        let mut offset = vec![(rest & 0x7f) as u8];
        while rest > 0x7f {
            rest = (rest >> 7) - 1;
            offset.insert(0, (rest & 0x7f) as u8 | 0x80);
        }
        Self::new(OFS_DELTA, delta).base(&offset)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = vec![self.kind << 4 | (self.size & 15) as u8];
        let mut rest = self.size >> 4;
        while rest > 0 {
            *out.last_mut().unwrap() |= 0x80;
            out.push((rest & 0x7f) as u8);
            rest >>= 7;
        }
        [out, self.base.clone(), self.compressed.clone()].concat()
    }
}

/// A pack of version 2 with a right checksum.
pub(crate) fn pack(entries: &[Entry]) -> Vec<u8> {
    pack_claiming(entries, entries.len() as u32)
}

/// A pack that claims to hold so many objects.
pub(crate) fn pack_claiming(entries: &[Entry], count: u32) -> Vec<u8> {
    let mut out = [&b"PACK"[..], &2_u32.to_be_bytes(), &count.to_be_bytes()].concat();
    entries.iter().for_each(|entry| out.extend(entry.bytes()));
    sealed(out)
}

/// Bytes with their checksum after them.
pub(crate) fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = sha1(&bytes);
    bytes.extend(sum);
    bytes
}

/// A zlib stream without compression.
pub(crate) fn stored(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut parts = data.chunks(65_535).peekable();
    if data.is_empty() {
        out.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(part) = parts.next() {
        let length = part.len() as u16;
        out.push(u8::from(parts.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(part);
    }
    out.extend(adler32(data).to_be_bytes());
    out
}

/// A zlib stream of so many mebibytes of zeros, with a wrong sum at its end; 6.5 KB each.
pub(crate) fn zeros(mebibytes: usize) -> Vec<u8> {
    let mut bits = Bits(vec![0x78, 0x01], 0);
    bits.push(0b011, 3); // the last block, fixed codes
    bits.push(0b0000_1100, 8); // the literal 0, 00110000 from its highest bit on
    for _ in 0..mebibytes * (1 << 20) / 258 {
        bits.push(0b1010_0011, 8); // length 258, 11000101 likewise
        bits.push(0, 5); // distance 1
    }
    bits.push(0, 7);
    [bits.0, vec![0; 4]].concat()
}

struct Bits(Vec<u8>, u32);

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        for at in 0..count {
            if self.1.is_multiple_of(8) {
                self.0.push(0);
            }
            *self.0.last_mut().unwrap() |= ((value >> at & 1) as u8) << (self.1 % 8);
            self.1 += 1;
        }
    }
}

/// The head of a delta and its instructions.
pub(crate) fn delta(base: u64, result: u64, instructions: &[u8]) -> Vec<u8> {
    [varint(base), varint(result), instructions.to_vec()].concat()
}

/// Instructions that copy `size` bytes from the base's start.
pub(crate) fn copies(size: u64) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0_u64;
    while at < size {
        let part = (size - at).min(0xff_ffff);
        out.push(0xff);
        out.extend(&at.to_le_bytes()[..4]);
        out.extend(&part.to_le_bytes()[..3]);
        at += part;
    }
    out
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        out.push(byte | if value > 0 { 0x80 } else { 0 });
        if value == 0 {
            return out;
        }
    }
}

fn adler32(data: &[u8]) -> u32 {
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in data {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    b << 16 | a
}

/// The id of an object.
pub(crate) fn id(kind: &str, data: &[u8]) -> String {
    sha1(&[format!("{kind} {}\0", data.len()).as_bytes(), data].concat())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// SHA-1 (FIPS 180-4), worked out here so that a mistake of ours cannot hide.
pub(crate) fn sha1(data: &[u8]) -> [u8; 20] {
    let mut state = [0x6745_2301_u32, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];
    let mut padded = data.to_vec();
    padded.push(0x80);
    padded.resize((padded.len() + 8).next_multiple_of(64), 0);
    let end = padded.len() - 8;
    padded[end..].copy_from_slice(&(data.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks(64) {
        let mut words = [0_u32; 80];
        for (word, bytes) in words.iter_mut().zip(block.chunks(4)) {
            *word = u32::from_be_bytes(bytes.try_into().unwrap());
        }
        for at in 16..80 {
            words[at] = (words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (at, word) in words.iter().enumerate() {
            let (f, k) = match at / 20 {
                0 => (b & c | !b & d, 0x5A82_7999),
                1 => (b ^ c ^ d, 0x6ED9_EBA1),
                2 => (b & c | b & d | c & d, 0x8F1B_BCDC),
                _ => (b ^ c ^ d, 0xCA62_C1D6_u32),
            };
            let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (sum, value) in state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(value);
        }
    }
    let mut out = [0; 20];
    out.chunks_mut(4).zip(state).for_each(|(bytes, word)| bytes.copy_from_slice(&word.to_be_bytes()));
    out
}
