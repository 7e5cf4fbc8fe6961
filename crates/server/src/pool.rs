//! Buffers for reading files, used again: a fresh one of this size costs page faults, which is half the throughput of
//! serving a large file from the page cache (measured).

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// The size of a buffer: it fits the L2 cache and makes the calls few.
pub(crate) const CHUNK: usize = 256 << 10;

/// How many unused buffers are kept: 16 MiB.
const KEPT: usize = 64;

static POOL: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// A buffer of [`CHUNK`] bytes that returns to the pool when dropped.
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    len: usize,
}

impl Buffer {
    pub(crate) fn take() -> Self {
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
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.len() < KEPT {
            pool.push(std::mem::take(&mut self.bytes));
        }
    }
}
