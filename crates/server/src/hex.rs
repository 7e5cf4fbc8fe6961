//! Hexadecimal digits without the machinery of `format!`, which was a twentieth of what a hit costs (measured).

/// Appends two lower-case digits for each byte.
pub(crate) fn push(bytes: &[u8], out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from(DIGITS[usize::from(digit)]));
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn is_what_format_writes() {
        let (bytes, mut ours) = ([0x00, 0x9a, 0xff, 0x10], String::new());
        super::push(&bytes, &mut ours);
        assert_eq!(ours, format!("{:08x}", u32::from_be_bytes(bytes)));
    }
}
