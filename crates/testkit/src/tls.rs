//! A certificate authority for one test, the server certificates that it signs, and a client that trusts it.

use std::{net::SocketAddr, path::Path, sync::Arc};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use tempfile::NamedTempFile;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName},
    },
};

use crate::client::{Response, exchange, parse, render};

/// Whom the server certificate is for; the last is no real host, for requests through a tunnel.
const NAMES: [&str; 3] = ["127.0.0.1", "localhost", "upstream.test"];

/// A fresh authority; its certificate lies in a file for `SSL_CERT_FILE`.
pub struct TestCa {
    pem: NamedTempFile,
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    acceptor: TlsAcceptor,
}

impl std::fmt::Debug for TestCa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestCa").field("pem", &self.pem.path()).finish_non_exhaustive()
    }
}

impl TestCa {
    /// Makes the authority's and the server's keys and certificates.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "goproxy test authority");
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let pem = NamedTempFile::new().unwrap();
        std::fs::write(pem.path(), certificate.pem()).unwrap();
        let issuer = Issuer::new(params, key);
        let acceptor = acceptor(&issuer);
        Self { pem, certificate: certificate.der().clone(), issuer, acceptor }
    }

    /// The PEM file of the authority's certificate, there as long as this value lives.
    pub fn path(&self) -> &Path {
        self.pem.path()
    }

    /// Writes a new certificate for this machine and its key as `tls.crt` and `tls.key` into a folder.
    pub fn issue(&self, folder: &Path) {
        let (certificate, key) = issue(&self.issuer);
        std::fs::write(folder.join("tls.crt"), certificate.pem()).unwrap();
        std::fs::write(folder.join("tls.key"), key.serialize_pem()).unwrap();
    }

    /// GET over TLS, from who trusts this authority alone: the answer, and the certificate that was shown.
    pub async fn get(&self, address: SocketAddr, target: &str) -> std::io::Result<(Response, Vec<u8>)> {
        self.request(address, "GET", target, &[]).await
    }

    /// The same with any method and headers.
    pub async fn request(
        &self,
        address: SocketAddr,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> std::io::Result<(Response, Vec<u8>)> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::from(address.ip());
        let stream = TlsConnector::from(Arc::new(config)).connect(name, TcpStream::connect(address).await?).await?;
        let shown = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
        let bytes = exchange(stream, &render(method, target, headers)).await?;
        Ok((parse(&bytes, method == "HEAD"), shown))
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }
}

impl Default for TestCa {
    fn default() -> Self {
        Self::new()
    }
}

fn issue(issuer: &Issuer<'_, KeyPair>) -> (Certificate, KeyPair) {
    let mut params = CertificateParams::new(NAMES.map(str::to_owned)).unwrap();
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, issuer).unwrap(), key)
}

fn acceptor(issuer: &Issuer<'_, KeyPair>) -> TlsAcceptor {
    let (certificate, key) = issue(issuer);
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    // Named explicitly: the process may hold two providers, and then there is no default.
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
