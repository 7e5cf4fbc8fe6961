//! Coordinates of the tiles in which a checksum database publishes its hash tree: golang.org/x/mod/sumdb/tlog `Tile`
//! (<https://go.dev/design/25530-sumdb>).

use std::fmt;

/// Bytes of a SHA-256 hash.
const HASH_LEN: u64 = 32;
/// A path element holds three digits of the tile number.
const PATH_BASE: u64 = 1000;

/// Where a tile lies in the tree. It has one spelling: `tile/8/0/x001/234`, partial `tile/8/0/x001/234.p/5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// 1 to 30.
    height: u8,
    /// 0 to 63; `None` is the level `data`, the records themselves.
    level: Option<u8>,
    number: u64,
    /// 1 to 2^height, which is a full tile.
    width: u32,
}

impl Tile {
    /// Reads a tile's path; any other spelling than the one of [`fmt::Display`] is refused.
    pub fn parse(path: &str) -> Option<Self> {
        let (height, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (level, rest) = rest.split_once('/')?;
        let height: u8 = height.parse().ok().filter(|height| (1..=30).contains(height))?;
        let level = match level {
            "data" => None,
            level => Some(level.parse().ok().filter(|&level| level < 64)?),
        };
        let full = 1_u32 << height;
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, width.parse().ok().filter(|width| (1..full).contains(width))?),
            None => (rest, full),
        };
        let number = number.split('/').try_fold(0_u64, |number, group| {
            let group = group.strip_prefix('x').unwrap_or(group).parse().ok().filter(|&group| group < PATH_BASE)?;
            // The log counts in signed 64 bits.
            number.checked_mul(PATH_BASE)?.checked_add(group).filter(|&number| i64::try_from(number).is_ok())
        })?;
        let tile = Self { height, level, number, width };
        // Signs, leading zeros, a missing or surplus `x`: whatever was read too leniently above does not come back.
        (tile.to_string() == path).then_some(tile)
    }

    /// A hash tile; whoever calls keeps to the bounds of the fields.
    pub(crate) const fn of_hashes(height: u8, level: u8, number: u64, width: u32) -> Self {
        Self { height, level: Some(level), number, width }
    }

    /// The full tile in the same place: what a server has once a partial one has grown.
    pub const fn full(self) -> Self {
        Self { width: 1 << self.height, ..self }
    }

    /// Height of the subtree it covers: 8 at sum.golang.org.
    pub const fn height(&self) -> u8 {
        self.height
    }

    /// Level in the tree of tiles, `None` for data tiles.
    pub const fn level(&self) -> Option<u8> {
        self.level
    }

    /// Number within its level, from 0.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// How many hashes or records it holds.
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Whether it holds all it ever will; such a tile never changes, and neither does a partial one of a given width.
    pub const fn is_full(&self) -> bool {
        self.width == 1 << self.height
    }

    /// Whether it holds records rather than hashes.
    pub const fn is_data(&self) -> bool {
        self.level.is_none()
    }

    /// The exact size of a hash tile in bytes; that of a data tile is not known beforehand.
    pub fn expected_len(&self) -> Option<u64> {
        self.level.map(|_| u64::from(self.width) * HASH_LEN)
    }
}

/// `tile/<height>/<level>/<number>[.p/<width>]`, the number in groups of three digits, all but the last after an `x`.
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.height)?;
        match self.level {
            Some(level) => write!(f, "{level}/")?,
            None => f.write_str("data/")?,
        }
        write_groups(f, self.number / PATH_BASE)?;
        write!(f, "{:03}", self.number % PATH_BASE)?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

fn write_groups(f: &mut fmt::Formatter<'_>, number: u64) -> fmt::Result {
    if number == 0 {
        return Ok(());
    }
    write_groups(f, number / PATH_BASE)?;
    write!(f, "x{:03}/", number % PATH_BASE)
}

#[cfg(test)]
#[path = "tile_tests.rs"]
mod tests;
