//! Takes an input apart: numbers and pieces from its front. At the end everything is zero and empty.

use std::ops::Range;

pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub(crate) const fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn take(&mut self, len: usize) -> &'a [u8] {
        let (now, later) = self.0.split_at(len.min(self.0.len()));
        self.0 = later;
        now
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    pub(crate) fn short(&mut self) -> usize {
        usize::from(self.byte()) << 8 | usize::from(self.byte())
    }

    pub(crate) fn long(&mut self) -> u64 {
        (0..8).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }

    /// A number within a range that is not empty.
    pub(crate) fn within(&mut self, range: Range<usize>) -> usize {
        range.start + self.short() % (range.end - range.start)
    }

    /// Damages bytes as the next of the input say: how often, then where and how.
    pub(crate) fn damage(&mut self, bytes: &mut Vec<u8>) -> bool {
        let before = bytes.clone();
        for _ in 0..self.byte() % 8 {
            let (what, at, with) = (self.byte(), self.short(), self.byte());
            let at = at % bytes.len().max(1);
            match what % 5 {
                _ if bytes.is_empty() => bytes.push(with),
                0 => bytes[at] = with,
                1 => bytes[at] ^= 1 << (with % 8),
                2 => bytes.insert(at, with),
                3 => drop(bytes.remove(at)),
                _ => bytes.truncate(at),
            }
        }
        *bytes != before
    }
}
