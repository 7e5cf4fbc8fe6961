//! A configured credential (`[[credentials]]`) as it is written: for what, for whom, as whom, and where its secret is.

use gomod::Patterns;

use super::{bound::Bound, secret_from::SecretFrom};

/// Who we are where a user name says nothing and only the token counts: what GitHub asks for. GitLab, Gitea and Forgejo
/// take any.
const TOKEN_USER: &str = "x-access-token";

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialRow {
    pub(super) bound: Bound,
    pub(super) modules: Option<Patterns>,
    pub(super) user: String,
    pub(super) form: Form,
    pub(super) secret: SecretFrom,
}

/// How it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// RFC 7617.
    Basic,
    /// RFC 6750.
    Bearer,
}

impl CredentialRow {
    /// Bound to `url`: its scheme, host, port and path prefix.
    ///
    /// # Errors
    /// What is wrong with the URL; the text is the remedy and holds no secret.
    pub fn new(url: &str, secret: SecretFrom) -> Result<Self, String> {
        if matches!(&secret, SecretFrom::Command(args) if args.first().is_none_or(|program| !program.starts_with('/')))
        {
            return Err("command wants a list: the absolute path of a program, and its arguments".to_owned());
        }
        let bound = Bound::parse(url).map_err(|why| format!("url {why}"))?;
        Ok(Self { bound, modules: None, user: TOKEN_USER.to_owned(), form: Form::Basic, secret })
    }

    /// Used for these modules only.
    #[must_use]
    pub fn for_modules(self, modules: Patterns) -> Self {
        Self { modules: Some(modules), ..self }
    }

    /// Of this user.
    ///
    /// # Errors
    /// A name that basic authentication cannot say.
    pub fn with_user(self, user: &str) -> Result<Self, String> {
        if user.is_empty() || user.contains(':') || user.chars().any(char::is_control) {
            return Err("username must not be empty, nor hold a colon or a control character".to_owned());
        }
        Ok(Self { user: user.to_owned(), ..self })
    }

    /// Sent as `Authorization: Bearer`, which has no user.
    #[must_use]
    pub fn as_bearer(self) -> Self {
        Self { form: Form::Bearer, ..self }
    }

    /// Whether everything that it needs is there: its file, its variable, its program. Starts nothing.
    ///
    /// # Errors
    /// What is missing; the text holds no secret.
    pub fn check(&self) -> Result<(), String> {
        self.secret.is_there().map_err(|why| format!("the credential for {}: {why}", self.bound.url()))
    }

    /// The variable that holds its secret, which no program needs that we start.
    pub fn variable(&self) -> Option<&str> {
        match &self.secret {
            SecretFrom::Variable(name) => Some(name),
            _ => None,
        }
    }
}
