//! From the settings to the server's certificate.

use std::{sync::Arc, time::Duration};

use goproxy_server::{Listen, Tls, TlsError, TlsFile, TlsOptions};

use crate::{failure::Failure, settings::Loaded};

/// How often renewed certificates are looked for: those who renew them do it days ahead.
const INTERVAL: Duration = Duration::from_secs(10);

/// The certificate, read and checked; `None` without one. Touches nothing but the files.
pub(crate) fn open(loaded: &Loaded) -> Result<Option<Arc<Tls>>, Failure> {
    let serving = &loaded.settings.serving;
    let (cert, key) = match (&serving.tls_cert, &serving.tls_key) {
        (Some(cert), Some(key)) => (cert.clone(), key.clone()),
        (None, None) if serving.tls_client_ca.is_none() => return Ok(None),
        (None, None) => {
            return Err(Failure::config(
                "tlsClientCA: clients show certificates to TLS only; set tlsCert and tlsKey too",
            ));
        }
        (Some(_), None) => return Err(Failure::config("tlsCert: a certificate needs its private key; set tlsKey too")),
        (None, Some(_)) => return Err(Failure::config("tlsKey: a private key needs its certificate; set tlsCert too")),
    };
    if let Listen::Unix(_) = serving.listen {
        let remedy = "a unix socket has no TLS; leave tlsCert and tlsKey out, or listen on host:port";
        return Err(loaded.bad_value("listen", remedy));
    }
    let options = TlsOptions { cert, key, client_ca: serving.tls_client_ca.clone(), interval: INTERVAL };
    let tls = Tls::open(options).map_err(|error| loaded.bad_value(setting(&error), error.text()))?;
    Ok(Some(Arc::new(tls)))
}

fn setting(error: &TlsError) -> &'static str {
    match error.file() {
        TlsFile::Cert => "tlsCert",
        TlsFile::Key => "tlsKey",
        TlsFile::ClientCa => "tlsClientCA",
    }
}
