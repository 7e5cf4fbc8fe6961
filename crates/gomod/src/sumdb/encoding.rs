//! Base64 and names, as Go reads them in notes and keys.

use base64::alphabet;
use base64::engine::{Engine as _, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD};

/// Go's `base64.StdEncoding` is not strict: it ignores the spare bits of the last digit. It also skips line breaks, but
/// nothing that is decoded here can hold one.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// The bytes of padded standard base64, `None` for anything else.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    LENIENT.decode(text).ok()
}

/// Exactly 32 bytes.
pub(super) fn decode_hash(text: &str) -> Option<[u8; 32]> {
    decode(text)?.try_into().ok()
}

pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Whether a signer can be called so: x/mod/sumdb/note `isValidName`.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

/// Whether text is free of control characters other than line feeds: what notes and records hold.
pub(super) fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| c < ' ' && c != '\n')
}
