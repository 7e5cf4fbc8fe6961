//! A configured credential at work: its secret, fetched once for all who wait, kept as long as it may be.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use goproxy_engine::{Error, ErrorKind, Result};
use http::HeaderValue;
use tokio::sync::Mutex;

use super::{
    Credential, basic, bearer,
    row::{CredentialRow, Form},
    secret_from,
};
use crate::{exec::hostenv::Var, netrc::Login, reach};

/// How long a failure is believed: those who wait together do not each start the program again.
const FAILURE_LASTS: Duration = Duration::from_secs(5);

/// A row of the table.
pub(crate) struct Entry {
    pub(super) row: CredentialRow,
    /// Its `modules`, by their number.
    pub(super) group: Option<usize>,
    env: Arc<[Var]>,
    /// Held while a program runs, so that it runs once.
    kept: Mutex<Option<(Result<Login>, Instant)>>,
}

impl Entry {
    pub(super) fn new(row: CredentialRow, group: Option<usize>, env: Arc<[Var]>) -> Self {
        Self { row, group, env, kept: Mutex::default() }
    }

    /// What to send, and where it may be sent.
    ///
    /// # Errors
    /// Its secret cannot be had: `Unavailable`, with the host for the client and the reason for the log.
    pub(crate) async fn credential(&self) -> Result<Credential> {
        Ok(Credential { bound: self.row.bound.clone(), header: self.header(&Box::pin(self.login()).await?)? })
    }

    fn header(&self, login: &Login) -> Result<HeaderValue> {
        match self.row.form {
            Form::Basic => basic(login),
            Form::Bearer => bearer(&login.password),
        }
    }

    pub(super) async fn login(&self) -> Result<Login> {
        let mut kept = self.kept.lock().await;
        if let Some((login, until)) = &*kept
            && *until > Instant::now()
        {
            return login.clone();
        }
        let (login, lasts) = match secret_from::get(&self.row.secret, &self.env).await {
            Ok(got) => {
                let user = got.user.unwrap_or_else(|| self.row.user.clone());
                (Ok(Login { user, password: got.secret }), got.lasts)
            }
            Err(why) => (Err(self.unavailable(&why)), Some(FAILURE_LASTS)),
        };
        *kept = lasts.map(|lasts| (login.clone(), Instant::now() + lasts));
        login
    }

    /// The patterns that it is for, where it is not for all modules.
    pub(crate) fn modules(&self) -> Option<String> {
        self.row.modules.as_ref().map(ToString::to_string)
    }

    /// Whether it can stand in a `.netrc`, which knows nothing but hosts and basic authentication.
    pub(super) fn fits_netrc(&self) -> bool {
        self.row.bound.is_https_host() && self.row.form == Form::Basic
    }

    fn unavailable(&self, why: &str) -> Error {
        let url = self.row.bound.url();
        let message = format!("the proxy cannot get its credential for {}; see its log", reach::host(url));
        Error::new(ErrorKind::Unavailable, message).with_detail(format!("the credential for {url}: {why}"))
    }
}
