//! Verifier keys: `name+hash+key`, by which a database's signatures are known (golang.org/x/mod/sumdb/note,
//! `NewVerifier`).

use std::fmt;

use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use super::encoding;

/// The byte in front of an Ed25519 key; the only algorithm there is.
const ED25519: u8 = 1;

/// The name and public key of a database. Its text is `name+hash+key`: the hash in eight hexadecimal digits, the key in
/// base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    /// First four bytes of SHA-256 over name, line feed, algorithm byte and key.
    hash: u32,
    public: [u8; 32],
}

/// Why text is no verifier key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It has another shape.
    #[error("malformed verifier key; it is written name+hash+key, as its database publishes it")]
    Malformed,
    /// The hash in it is not that of its name and key.
    #[error("the verifier key's hash does not belong to its name and key; it was copied incompletely or altered")]
    Hash,
    /// It is a key for something else than Ed25519.
    #[error("the verifier key is of an unknown algorithm; only Ed25519 keys are supported")]
    Algorithm,
}

impl VerifierKey {
    /// Reads `name+hash+key`.
    ///
    /// # Errors
    /// See [`KeyError`]. Whether the 32 bytes are a point of the curve shows with the first signature, as in Go.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (name, rest) = text.split_once('+').ok_or(KeyError::Malformed)?;
        let (digits, key) = rest.split_once('+').ok_or(KeyError::Malformed)?;
        let hexadecimal = digits.len() == 8 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let hash = u32::from_str_radix(digits, 16).ok().filter(|_| hexadecimal).ok_or(KeyError::Malformed)?;
        let data = encoding::decode(key).filter(|_| encoding::is_name(name)).ok_or(KeyError::Malformed)?;
        let (&algorithm, public) = data.split_first().ok_or(KeyError::Malformed)?;
        if hash != key_hash(name, &data) {
            return Err(KeyError::Hash);
        }
        if algorithm != ED25519 {
            return Err(KeyError::Algorithm);
        }
        let public = public.try_into().map_err(|_| KeyError::Malformed)?;
        Ok(Self { name: name.to_owned(), hash, public })
    }

    /// The key of sum.golang.org: cmd/go/internal/modfetch `knownGOSUMDB`.
    pub fn sum_golang_org() -> Self {
        /// Of `sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8`.
        const PUBLIC: [u8; 32] = [
            0xce, 0x33, 0x72, 0xd7, 0x5a, 0xd1, 0xee, 0x5e, 0xcd, 0xaf, 0x87, 0x27, 0x29, 0x3d, 0x4b, 0x11, 0x1d, 0x87,
            0xeb, 0x37, 0x53, 0x1d, 0x7c, 0x86, 0xd4, 0xd3, 0x00, 0x3f, 0x0e, 0xb8, 0x09, 0xfc,
        ];
        Self { name: "sum.golang.org".to_owned(), hash: 0x033d_e0ae, public: PUBLIC }
    }

    /// The database's name, a host with perhaps a path: `sum.golang.org`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The hash by which signatures name the key.
    pub fn hash(&self) -> u32 {
        self.hash
    }

    /// Whether `signature` is this key's for `message`.
    ///
    /// By `verify`, not `verify_strict`: Go's crypto/ed25519 compares the bytes of R without multiplying by the cofactor,
    /// demands a reduced S, and takes any encoding of any point as the key. `verify` does exactly that. `verify_strict`
    /// also refuses points of small order, which a trusted key is not, and would disagree with `go` about a key that is.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        use ed25519_dalek::Verifier as _;
        let key = VerifyingKey::from_bytes(&self.public);
        let signature = Signature::from_slice(signature);
        matches!((key, signature), (Ok(key), Ok(signature)) if key.verify(message, &signature).is_ok())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = [&[ED25519], self.public.as_slice()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.hash, encoding::encode(&data))
    }
}

/// `data` is the algorithm byte and the key.
fn key_hash(name: &str, data: &[u8]) -> u32 {
    let digest = Sha256::new().chain_update(name).chain_update("\n").chain_update(data).finalize();
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
