//! Hashes, random bytes and comparison, all of the one provider.

use aws_lc_rs::{constant_time, digest, hmac, rand};

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    fixed(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// SHA-1, for `{SHA}` lines only.
pub(crate) fn sha1(bytes: &[u8]) -> [u8; 20] {
    fixed(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref())
}

/// Whether both are the same, in a time that does not tell where they differ.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// A key that lives as long as its owner: what it makes of secrets is of use to nobody else.
pub(crate) struct Fingerprints(hmac::Key);

impl Fingerprints {
    /// With a fresh random key.
    pub(crate) fn new() -> Result<Self, String> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &rand::SystemRandom::new());
        key.map(Self).map_err(|_| "the system gives no random bytes".to_owned())
    }

    /// Stands for the parts. Each is preceded by its length, so that no two splits are the same.
    pub(crate) fn of(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        fixed(context.sign().as_ref())
    }
}

/// A new random token: `goproxy_` and 43 characters that stand for 256 bits. The prefix lets secret scanners find it.
///
/// # Errors
/// The system gives no random bytes.
pub fn new_token() -> Result<String, String> {
    use base64::Engine as _;

    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| "the system gives no random bytes".to_owned())?;
    Ok(format!("goproxy_{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)))
}

/// The first N bytes; digests have as many.
fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    for (to, from) in array.iter_mut().zip(bytes) {
        *to = *from;
    }
    array
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_standards() {
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        assert_eq!(hex(&sha256(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(hex(&sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }

    #[test]
    fn fingerprints_of_different_splits_and_keys_differ() {
        let keyed = Fingerprints::new().unwrap();
        assert_eq!(keyed.of(&[b"ab", b"c"]), keyed.of(&[b"ab", b"c"]));
        assert_ne!(keyed.of(&[b"ab", b"c"]), keyed.of(&[b"a", b"bc"]));
        assert_ne!(keyed.of(&[b"ab"]), Fingerprints::new().unwrap().of(&[b"ab"]));
    }

    #[test]
    fn a_comparison_needs_all_bytes() {
        assert!(same(b"abc", b"abc"));
        for other in [&b"abd"[..], b"ab", b"abcd", b""] {
            assert!(!same(b"abc", other));
        }
    }

    #[test]
    fn new_tokens_are_random_and_recognisable() {
        let (a, b) = (new_token().unwrap(), new_token().unwrap());
        assert!(a.starts_with("goproxy_") && a.len() == 8 + 43 && a != b, "{a} {b}");
    }
}
