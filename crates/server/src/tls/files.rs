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
    pki_types::CertificateDer,
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
    version::{TLS12, TLS13},
};

use super::{
    TlsError,
    TlsFile::{self, Cert, ClientCa, Key},
    TlsOptions,
    certificate::Validity,
    pem::{certificates, private_key},
};

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

fn unusable(file: TlsFile, path: &Path, error: &rustls::Error) -> TlsError {
    TlsError::new(file, path, format!("holds a certificate that cannot be used ({error}); make it again"))
}
