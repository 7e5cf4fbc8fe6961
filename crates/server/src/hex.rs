//! Hexadecimal digits without the machinery of `format!`, which was a twentieth of what a hit costs (measured).

/// Writes two lower-case digits for each byte, as many as there is room for.
pub(crate) fn write(bytes: &[u8], out: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (byte, digits) in bytes.iter().zip(out.chunks_exact_mut(2)) {
        digits.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn is_what_format_writes() {
        let (bytes, mut ours) = ([0x00, 0x9a, 0xff, 0x10], [0; 8]);
        super::write(&bytes, &mut ours);
        assert_eq!(ours, *format!("{:08x}", u32::from_be_bytes(bytes)).as_bytes());
    }
}
