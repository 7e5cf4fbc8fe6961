//! TLS: the certificate in force, and how a renewed one takes its place while connections are open.
//!
//! Whoever renews certificates writes files and tells nobody, so the files are looked at every few seconds. Chain, key
//! and roots are read together and replace the old ones together: a pair that is half renewed is not used.

mod certificate;
mod error;
mod files;
mod handshake;
mod pem;

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use tokio_rustls::rustls::ServerConfig;

pub use error::{TlsError, TlsFile};
pub(crate) use handshake::{Secured, handshake};

use files::{Read, Stamps};

/// Where the certificate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsOptions {
    /// PEM: the server's certificate, then the intermediate ones.
    pub cert: PathBuf,
    /// PEM: the private key of the first certificate, not encrypted.
    pub key: PathBuf,
    /// PEM: whose certificates clients must show; `None` asks clients for none.
    pub client_ca: Option<PathBuf>,
    /// How often the files are looked at.
    pub interval: Duration,
}

/// What TLS connections begin with: the certificate in force.
pub struct Tls {
    options: TlsOptions,
    in_force: RwLock<Read>,
    /// What the files looked like when they were last read, with or without success.
    seen: Mutex<Stamps>,
}

impl Tls {
    /// Reads and checks the files.
    ///
    /// # Errors
    /// Names the file that cannot be used, and why.
    pub fn open(options: TlsOptions) -> Result<Self, TlsError> {
        let seen = Mutex::new(Stamps::of(&options));
        let in_force = RwLock::new(Read::from(&options)?);
        Ok(Self { options, in_force, seen })
    }

    /// Reads the files again. Open connections go on with what they began with.
    ///
    /// # Errors
    /// As of [`open`](Self::open); what is in force stays so.
    pub fn reload(&self) -> Result<(), TlsError> {
        // Taken before the files are read: what changes meanwhile is noticed the next time.
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Stamps::of(&self.options);
        let read = Read::from(&self.options)?;
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }

    /// What is most likely not meant: a certificate outside its time.
    pub fn warning(&self) -> Option<String> {
        let in_force = self.in_force.read().unwrap_or_else(PoisonError::into_inner);
        Some(format!("{}: {}", self.options.cert.display(), in_force.warning()?))
    }

    /// What a connection begins with at this moment.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner).config)
    }

    /// Looks at the files for ever.
    pub(crate) async fn watch(self: &Arc<Self>) {
        loop {
            tokio::time::sleep(self.options.interval).await;
            let tls = Arc::clone(self);
            // A file system that hangs holds up no connection. A panic would be reported by the runtime.
            let _ = tokio::task::spawn_blocking(move || tls.refresh()).await;
        }
    }

    /// Reads the files again if they changed, and logs what came of it, once for each change.
    fn refresh(&self) {
        if *self.seen.lock().unwrap_or_else(PoisonError::into_inner) == Stamps::of(&self.options) {
            return;
        }
        match self.reload() {
            Ok(()) => {
                tracing::info!("the certificate was renewed: {}", self.options.cert.display());
                if let Some(warning) = self.warning() {
                    tracing::warn!("{warning}");
                }
            }
            Err(error) => tracing::warn!("the certificate files changed and the old ones stay in use: {error}"),
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("options", &self.options).finish_non_exhaustive()
    }
}
