//! What the settings say about who may ask for what.

use std::path::PathBuf;

use goproxy_access::{Rule, Token};

/// Accounts and rules. Files are not read yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    /// `-htpasswd`.
    pub(crate) htpasswd: Option<PathBuf>,
    /// `-metricsAccess`: whether `/metrics` is for administrators.
    pub(crate) metrics_admin: bool,
    /// `[[tokens]]`.
    pub(crate) tokens: Vec<Token>,
    /// `[[issuers]]`.
    pub(crate) issuers: Vec<IssuerRow>,
    /// `[[access]]`.
    pub(crate) rules: Vec<Rule>,
}

/// An issuer as it is written.
#[derive(Clone, Debug)]
pub(crate) struct IssuerRow {
    /// `goproxy.toml:12`.
    pub(crate) place: String,
    pub(crate) name: String,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) keys: KeysAt,
    pub(crate) claims: Vec<(String, Vec<String>)>,
}

/// Where an issuer's keys are.
#[derive(Clone, Debug)]
pub(crate) enum KeysAt {
    Url(String),
    File(PathBuf),
    Discovery,
}

impl Access {
    /// Whether anybody is kept from anything.
    pub(crate) fn is_on(&self) -> bool {
        let rows = self.tokens.len() + self.issuers.len() + self.rules.len();
        self.htpasswd.is_some() || rows > 0
    }
}
