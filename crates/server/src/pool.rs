//! Buffers for reading files, used again: a fresh one of this size costs page faults, which is half the throughput of
//! serving a large file from the page cache (measured).

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;

/// The size of a buffer: it fits the L2 cache and makes the calls few.
const CHUNK: usize = 256 << 10;

/// The size of one when many are held: by clients that read slowly, who gain nothing by a large one.
const SMALL: usize = 32 << 10;

/// The size of one when very many are held: streams of HTTP/2 whose windows stay shut cost their clients nothing.
const TINY: usize = 8 << 10;

/// How many large ones are held at most: 16 MiB.
const LARGE: usize = 64;

/// How many buffers are held, of any size, before they are tiny: 64 MiB more.
const MANY: usize = 2048;

/// How many large ones are held.
static HELD: AtomicUsize = AtomicUsize::new(0);

/// How many of any size are.
static ALL: AtomicUsize = AtomicUsize::new(0);

static POOL: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// A buffer that returns to the pool when dropped, if it is large.
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    len: usize,
}

impl Buffer {
    /// A large one while there are few, for at least a byte and no larger than needed.
    pub(crate) fn take(wanted: u64) -> Self {
        let wanted = usize::try_from(wanted).unwrap_or(CHUNK);
        let fits = if ALL.fetch_add(1, Ordering::Relaxed) < MANY { SMALL } else { TINY };
        if wanted <= SMALL || HELD.fetch_add(1, Ordering::Relaxed) >= LARGE {
            if wanted > SMALL {
                HELD.fetch_sub(1, Ordering::Relaxed);
            }
            return Self { bytes: vec![0; wanted.min(fits)], len: 0 };
        }
        let bytes = POOL.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self { bytes: bytes.unwrap_or_else(|| vec![0; CHUNK]), len: 0 }
    }

    /// All of it, to be filled.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// The first `len` bytes, shared; the buffer returns when the last clone is dropped.
    pub(crate) fn freeze(mut self, len: usize) -> Bytes {
        self.len = len;
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        ALL.fetch_sub(1, Ordering::Relaxed);
        if self.bytes.len() != CHUNK {
            return;
        }
        HELD.fetch_sub(1, Ordering::Relaxed);
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.len() < LARGE {
            pool.push(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_that_read_slowly_held_a_large_buffer_each() {
        let held: Vec<_> = (0..10_000).map(|_| Buffer::take(u64::MAX)).collect();
        let bytes: usize = held.iter().map(|buffer| buffer.bytes.len()).sum();
        assert!(bytes <= LARGE * CHUNK + MANY * SMALL + 10_000 * TINY, "{bytes}");
        drop(held);
        assert_eq!(Buffer::take(u64::MAX).bytes.len(), CHUNK, "large ones again");
        assert_eq!(Buffer::take(7).bytes.len(), 7);
    }
}
