//! Object ids: SHA-1 or SHA-256 of an object with its header.

use std::{cmp::Ordering, fmt, hash};

/// The hash that a repository uses (gitformat-pack(5), git-init(1) `--object-format`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ObjectFormat {
    /// 20 bytes.
    #[default]
    Sha1,
    /// 32 bytes.
    Sha256,
}

impl ObjectFormat {
    /// Bytes of an id.
    #[expect(clippy::len_without_is_empty, reason = "no id is empty")]
    pub const fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// The word of `--object-format` and of the `object-format` capability.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }
}

/// The id of an object. Ordered bytewise.
#[derive(Clone, Copy)]
pub struct Oid {
    format: ObjectFormat,
    bytes: [u8; 32],
}

impl Oid {
    /// From exactly as many bytes as the format has.
    pub fn from_bytes(format: ObjectFormat, bytes: &[u8]) -> Option<Self> {
        let mut id = Self { format, bytes: [0; 32] };
        (bytes.len() == format.len()).then(|| id.bytes[..bytes.len()].copy_from_slice(bytes))?;
        Some(id)
    }

    /// From 40 or 64 lower-case hexadecimal digits, which tell the format.
    pub fn from_hex(hex: &str) -> Option<Self> {
        let format = match hex.len() {
            40 => ObjectFormat::Sha1,
            64 => ObjectFormat::Sha256,
            _ => return None,
        };
        let digit = |b: u8| match b {
            b'0'..=b'9' => Some(b - b'0'),
            b'a'..=b'f' => Some(b - b'a' + 10),
            _ => None,
        };
        let mut id = Self { format, bytes: [0; 32] };
        for (byte, pair) in id.bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(id)
    }

    /// Which hash it is.
    pub const fn format(&self) -> ObjectFormat {
        self.format
    }

    /// 20 or 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.format.len()]
    }

    /// The first twelve digits, as in pseudo-versions (`cmd/go/internal/modfetch/codehost.ShortenSHA1`).
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl PartialEq for Oid {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Oid {}

impl PartialOrd for Oid {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Oid {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl hash::Hash for Oid {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
