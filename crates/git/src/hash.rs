//! Hashes of objects and files: SHA-1 that notices collision attacks, or SHA-256.

use crate::{Error, Kind, ObjectFormat, Oid};
use sha2::Digest as _;

/// A hash of whatever is fed to it.
#[derive(Clone)]
pub(crate) enum Hasher {
    Sha1(sha1dc::Hasher),
    Sha256(sha2::Sha256),
}

impl Hasher {
    pub(crate) fn new(format: ObjectFormat) -> Self {
        match format {
            ObjectFormat::Sha1 => Self::Sha1(sha1dc::Hasher::new()),
            ObjectFormat::Sha256 => Self::Sha256(sha2::Sha256::new()),
        }
    }

    /// One that has seen the header of an object: `blob 12\0`.
    pub(crate) fn object(format: ObjectFormat, kind: Kind, size: u64) -> Self {
        let mut hasher = Self::new(format);
        hasher.update(format!("{} {size}\0", kind.name()).as_bytes());
        hasher
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hasher) => hasher.update(bytes),
            Self::Sha256(hasher) => hasher.update(bytes),
        }
    }

    /// Content that carries a collision attack (as of shattered.io) is no object of anybody's.
    pub(crate) fn finish(self) -> Result<Oid, Error> {
        let (format, id) = match self {
            Self::Sha1(hasher) => {
                let digest =
                    hasher.finalize().map_err(|_| Error::Corrupt("content made to collide in SHA-1".into()))?;
                (ObjectFormat::Sha1, Oid::from_bytes(ObjectFormat::Sha1, digest.as_ref()))
            }
            Self::Sha256(hasher) => (ObjectFormat::Sha256, Oid::from_bytes(ObjectFormat::Sha256, &hasher.finalize())),
        };
        id.ok_or_else(|| Error::Corrupt(format!("a {} of the wrong length", format.name())))
    }
}

/// The id that content has.
pub(crate) fn object_id(format: ObjectFormat, kind: Kind, data: &[u8]) -> Result<Oid, Error> {
    let mut hasher = Hasher::object(format, kind, data.len() as u64);
    hasher.update(data);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first 320 bytes of the first file of shattered.io, where the attack lies.
    const SHATTERED: &str = "\
        255044462d312e330a25e2e3cfd30a0a0a312030206f626a0a3c3c2f57696474682032203020522f4865696768742033\
        203020522f547970652034203020522f537562747970652035203020522f46696c7465722036203020522f436f6c6f72\
        53706163652037203020522f4c656e6774682038203020522f42697473506572436f6d706f6e656e7420383e3e0a7374\
        7265616d0affd8fffe00245348412d3120697320646561642121212121852fec092339759c39b1a1c63c4c97e1fffe01\
        7346dc9166b67e118f029ab621b2560ff9ca67cca8c7f85ba84c79030c2b3de218f86db3a90901d5df45c14f26fedfb3\
        dc38e96ac22fe7bd728f0e45bce046d23c570feb141398bb552ef5a0a82be331fea48037b8b5d71f0e332edf93ac3500\
        eb4ddc0decc1a864790c782c76215660dd309791d06bd0af3f98cda4bc4629b1";

    #[test]
    fn collisions_are_noticed() {
        let mut bytes: Vec<u8> = Vec::new();
        bytes.extend((0..SHATTERED.len() / 2).map(|at| u8::from_str_radix(&SHATTERED[2 * at..][..2], 16).unwrap()));
        let mut hasher = Hasher::new(ObjectFormat::Sha1);
        bytes.chunks(7).for_each(|piece| hasher.update(piece));
        assert!(matches!(hasher.finish(), Err(Error::Corrupt(_))));
        bytes[319] ^= 1;
        let mut hasher = Hasher::new(ObjectFormat::Sha1);
        hasher.update(&bytes);
        assert!(hasher.finish().is_ok());
    }
}
