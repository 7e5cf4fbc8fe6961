//! Certificates and keys in PEM files.

use std::{fs, path::Path};

use tokio_rustls::rustls::pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{self, PemObject},
};

use super::{
    TlsError,
    TlsFile::{self, Key},
};

/// Chains have a few kilobytes, bundles of roots some hundred.
const MAX_FILE: u64 = 4 << 20;

/// Every certificate in a file, at least one; whatever else is there is passed over.
pub(super) fn certificates(file: TlsFile, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(file, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(TlsError::new(
            file,
            path,
            "holds no certificate; write the path of a PEM file with -----BEGIN CERTIFICATE-----",
        )),
        Err(_) => Err(TlsError::new(file, path, "is damaged PEM; copy the whole file again")),
    }
}

/// The first private key in a file.
pub(super) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let pem = read(Key, path)?;
    let has = |part: &[u8]| pem.windows(part.len()).any(|window| window == part);
    if has(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(b"Proc-Type: 4,ENCRYPTED") {
        let text = "is encrypted and nobody is there to type the password; decrypt it: openssl pkey -in FILE -out NEW";
        return Err(TlsError::new(Key, path, text));
    }
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| {
        let text = match error {
            pem::Error::NoItemsFound => {
                "holds no private key; write the path of a PEM file with -----BEGIN PRIVATE KEY-----"
            }
            _ => "is damaged PEM; copy the whole file again",
        };
        TlsError::new(Key, path, text)
    })
}

/// A regular file of a sensible size: anything else cannot be read again, or not to its end.
fn read(file: TlsFile, path: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |error: std::io::Error| {
        TlsError::new(file, path, format!("cannot be read ({error}); write the path of a PEM file that we may read"))
    };
    let metadata = fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() || metadata.len() > MAX_FILE {
        return Err(TlsError::new(file, path, "is no file of some kilobytes; write the path of a PEM file"));
    }
    fs::read(path).map_err(failed)
}
