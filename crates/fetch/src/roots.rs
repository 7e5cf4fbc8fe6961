//! The trusted certificates. The platform verifier reads `SSL_CERT_FILE` and `SSL_CERT_DIR`, and nothing else once one
//! of them is set; Go's crypto/x509 then still reads the default places of the other kind. A host that names its own
//! authority in `SSL_CERT_FILE` and expects the public ones to stay relies on that, so the difference is added here.

use std::{fs, path::Path};

use goproxy_engine::{Error, ErrorKind, Result};
use reqwest::Certificate;

/// Where Linux distributions keep the bundle; the first that exists is read.
const FILES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
const DIRS: [&str; 2] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/// Whether the environment says where certificates are.
pub(crate) fn from_env() -> bool {
    std::env::var_os("SSL_CERT_FILE").is_some() || std::env::var_os("SSL_CERT_DIR").is_some()
}

/// What Go would read beside the places that the environment names. Empty where it names none, since then the
/// platform verifier reads the defaults itself.
///
/// # Errors
/// `SSL_CERT_FILE` names a file that cannot be read: better said at the start than by every connection.
pub(crate) fn beside_env() -> Result<Vec<Certificate>> {
    if !from_env() {
        return Ok(Vec::new());
    }
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let mut certificates = Vec::new();
    match set("SSL_CERT_FILE") {
        Some(file) => drop(fs::read(&file).map_err(|e| {
            let message = format!("SSL_CERT_FILE names {}, which cannot be read: {e}", file.display());
            Error::new(ErrorKind::Internal, message)
        })?),
        None => certificates.extend(FILES.iter().map(Path::new).find(|f| f.exists()).into_iter().flat_map(bundle)),
    }
    if set("SSL_CERT_DIR").is_none() {
        let files = DIRS.iter().filter_map(|dir| fs::read_dir(dir).ok()).flatten().flatten();
        certificates.extend(files.flat_map(|entry| bundle(&entry.path())));
    }
    Ok(certificates)
}

/// Mozilla's authorities as they were when this program was built, for a machine that has none.
pub(crate) fn built_in() -> Vec<Certificate> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|der| Certificate::from_der(der).ok()).collect()
}

/// Whether a bundle of certificates is one that the client reads anyway.
pub(crate) fn trusts(bundle: &Path) -> bool {
    let named = std::env::var_os("SSL_CERT_FILE").filter(|file| !file.is_empty());
    match named {
        Some(file) => Path::new(&file) == bundle,
        None => FILES.iter().map(Path::new).find(|file| file.exists()) == Some(bundle),
    }
}

/// The certificates of a file; none where it holds something else, as directories of certificates do.
fn bundle(file: &Path) -> Vec<Certificate> {
    fs::read(file).ok().and_then(|pem| Certificate::from_pem_bundle(&pem).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_authorities_are_those_that_clients_take() {
        let certificates = built_in();
        assert!(certificates.len() > 100, "{}", certificates.len());
        assert_eq!(certificates.len(), webpki_root_certs::TLS_SERVER_ROOT_CERTS.len());
    }
}
