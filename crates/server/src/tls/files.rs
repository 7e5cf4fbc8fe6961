//! From files to what rustls works with; every fault is found here, before a client meets it.

use std::{
    fs::{self, Metadata},
    os::unix::fs::MetadataExt,
    path::Path,
    sync::Arc,
};

use tokio_rustls::rustls::{
    self, InconsistentKeys, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
    version::{TLS12, TLS13},
};

use super::{
    TlsError,
    TlsFile::{self, Cert, ClientCa, Key},
    TlsOptions,
    certificate::Validity,
};

/// Chains have a few kilobytes, bundles of roots some hundred.
const MAX_FILE: u64 = 4 << 20;

/// What tells one state of a file from another. Links are followed: certbot and Kubernetes renew by turning links.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamps(Vec<Option<[i64; 7]>>);

impl Stamps {
    pub(super) fn of(options: &TlsOptions) -> Self {
        let paths = [Some(&options.cert), Some(&options.key), options.client_ca.as_ref()];
        let stamp = |of: Metadata| {
            let (device, inode) = (of.dev().cast_signed(), of.ino().cast_signed());
            [device, inode, of.size().cast_signed(), of.mtime(), of.mtime_nsec(), of.ctime(), of.ctime_nsec()]
        };
        Self(paths.into_iter().flatten().map(|path| fs::metadata(path).ok().map(stamp)).collect())
    }
}

/// The files, read and checked together.
pub(super) struct Read {
    pub(super) config: Arc<ServerConfig>,
    validity: Vec<Validity>,
}

impl Read {
    pub(super) fn from(options: &TlsOptions) -> Result<Self, TlsError> {
        // Named explicitly: the process may hold two providers, and then there is no default.
        let provider = Arc::new(aws_lc_rs::default_provider());
        let chain = certificates(Cert, &options.cert)?;
        let validity = chain.iter().filter_map(|der| Validity::of(der)).collect();
        let pair = pair(options, chain, &provider)?;
        let clients = options.client_ca.as_deref().map(|path| clients(path, &provider)).transpose()?;
        let config = config(pair, clients, provider).map_err(|error| unusable(Cert, &options.cert, &error))?;
        Ok(Self { config: Arc::new(config), validity })
    }

    /// Why clients may not accept it today.
    pub(super) fn warning(&self) -> Option<String> {
        self.validity.iter().find_map(|validity| validity.fault_at(jiff::Timestamp::now()))
    }
}

fn config(
    pair: CertifiedKey,
    clients: Option<Arc<dyn ClientCertVerifier>>,
    provider: Arc<CryptoProvider>,
) -> Result<ServerConfig, rustls::Error> {
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13, &TLS12])?;
    let resolver = Arc::new(SingleCertAndKey::from(pair));
    let mut config = if let Some(verifier) = clients {
        let mut config = builder.with_client_cert_verifier(verifier).with_cert_resolver(resolver);
        // A resumed session would not look at the client's certificate again, expired or not.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config
    } else {
        let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
        config.ticketer = aws_lc_rs::Ticketer::new()?;
        config
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The chain with its key.
fn pair(
    options: &TlsOptions,
    chain: Vec<CertificateDer<'static>>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TlsError> {
    let key = private_key(&options.key)?;
    let key = provider.key_provider.load_private_key(key).map_err(|_| {
        let text = "holds a private key of an unknown kind; make an RSA, ECDSA (P-256) or Ed25519 key";
        TlsError::new(Key, &options.key, text)
    })?;
    let pair = CertifiedKey::new(chain, key);
    match pair.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(pair),
        Err(rustls::Error::InconsistentKeys(_)) => {
            let text = format!(
                "is not the key of the first certificate in {}; give the two that were made together, the server's \
                 own certificate before the intermediate ones",
                options.cert.display()
            );
            Err(TlsError::new(Key, &options.key, text))
        }
        Err(error) => Err(unusable(Cert, &options.cert, &error)),
    }
}

/// Who vouches for clients.
fn clients(path: &Path, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    for root in certificates(ClientCa, path)? {
        roots.add(root).map_err(|error| unusable(ClientCa, path, &error))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
    verifier.map_err(|error| TlsError::new(ClientCa, path, format!("cannot be used ({error}); give other roots")))
}

fn certificates(file: TlsFile, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(file, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(TlsError::new(file, path, "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)")),
        Err(_) => Err(TlsError::new(file, path, "is damaged PEM; copy the whole file again")),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let pem = read(Key, path)?;
    let has = |part: &[u8]| pem.windows(part.len()).any(|window| window == part);
    if has(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(b"Proc-Type: 4,ENCRYPTED") {
        let text = "is encrypted and nobody is there to type the password; decrypt it: openssl pkey -in FILE -out NEW";
        return Err(TlsError::new(Key, path, text));
    }
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| {
        let text = match error {
            rustls::pki_types::pem::Error::NoItemsFound => {
                "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)"
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

fn unusable(file: TlsFile, path: &Path, error: &rustls::Error) -> TlsError {
    TlsError::new(file, path, format!("holds a certificate that cannot be used ({error}); make it again"))
}
