//! That time grows with the input's length and no faster.

use std::time::{Duration, Instant};

/// To what length inputs are repeated.
const LENGTH: usize = 128 << 10;

/// Far from what a parser takes for [`LENGTH`] bytes, with a sanitizer on a slow machine; 10^10 steps take longer.
const MOST: Duration = Duration::from_secs(8);

/// Runs a parser on the input, and for few of them, always the same, on the input repeated many times.
pub(crate) fn bounded(data: &[u8], run: impl Fn(&[u8])) {
    run(data);
    if data.is_empty() || data.len() > LENGTH / 2 || !data.iter().fold(0_u32, mixed).is_multiple_of(1024) {
        return;
    }
    let (begin, grown) = (Instant::now(), data.repeat(LENGTH / data.len()));
    run(&grown);
    let took = begin.elapsed();
    assert!(took < MOST, "{took:?} for {} bytes", grown.len());
}

/// FNV-1a.
const fn mixed(hash: u32, byte: &u8) -> u32 {
    (hash ^ *byte as u32).wrapping_mul(0x0100_0193)
}
