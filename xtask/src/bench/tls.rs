//! A certificate that both sides of a benchmark use: ECDSA on P-256, as most are.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;

pub(crate) struct Certificate {
    pub(crate) chain: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificate {
    /// A new one for localhost, in files of that folder.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let (chain, key) = (folder.join("chain.pem"), folder.join("key.pem"));
        fs::write(&chain, made.cert.pem())?;
        fs::write(&key, made.signing_key.serialize_pem())?;
        Ok(Self { chain, key })
    }
}
