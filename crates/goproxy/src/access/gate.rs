//! The server's questions, answered from accounts and rules.

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;
use gomod::{ModulePath, Patterns, PrivateNames};
use goproxy_access::{Access, Principal, Right};
use goproxy_server::{Admission, Gate, Verdict, Wanted};
use jiff::Timestamp;

use crate::settings::Settings;

/// When to come back if credentials cannot be judged now.
const LATER: Duration = Duration::from_secs(2);

/// Who may ask for what.
#[derive(Debug)]
pub(crate) struct AccessGate {
    access: Access,
    /// Whose existence is not told to who may not read them.
    private: Patterns,
    names: PrivateNames,
    metrics_admin: bool,
    challenges: Vec<&'static str>,
}

impl AccessGate {
    pub(crate) fn new(access: Access, settings: &Settings) -> Self {
        let mut challenges = vec!["Basic realm=\"goproxy\", charset=\"UTF-8\""];
        if !settings.access.tokens.is_empty() || !settings.access.issuers.is_empty() {
            challenges.push("Bearer realm=\"goproxy\"");
        }
        let metrics_admin = settings.access.metrics_admin;
        let private = settings.sources.private();
        Self { access, names: PrivateNames::new(&private), private, metrics_admin, challenges }
    }

    /// Logs what is allowed and yet most likely not meant.
    pub(crate) fn warn(&self) {
        for name in self.access.nobodies() {
            tracing::warn!("the access rules name {name:?}, who is neither a user, nor a token, nor an issuer");
        }
    }

    fn allows(&self, principal: &Principal, wanted: Wanted<'_>) -> bool {
        match wanted {
            Wanted::Module(path) => principal.may(Right::Read, path),
            Wanted::Checksums => principal.may_something(Right::Read),
            Wanted::Metrics => !self.metrics_admin || principal.may_everything(Right::Admin),
        }
    }
}

#[async_trait]
impl Gate for AccessGate {
    async fn admit(&self, authorization: Option<&[u8]>, wanted: Wanted<'_>) -> Admission {
        let principal = match self.access.identify(authorization, Timestamp::now()).await {
            Ok(principal) => principal,
            Err(refusal) => {
                let reason = refusal.reason();
                let verdict = if refusal.is_temporary() { Verdict::Later(reason, LATER) } else { Verdict::Bad(reason) };
                return Admission { user: None, verdict };
            }
        };
        let verdict = match wanted {
            _ if self.allows(&principal, wanted) => Verdict::Allowed,
            _ if principal.name().is_none() => Verdict::Missing,
            Wanted::Module(path) if self.private.matches(path) => Verdict::Hidden,
            _ => Verdict::Forbidden,
        };
        Admission { user: principal.name().cloned(), verdict }
    }

    fn told<'a>(&self, message: &'a str, asked: Option<&ModulePath>) -> Cow<'a, str> {
        self.names.replace(message, asked, |_| "(a private module)".to_owned())
    }

    fn challenges(&self) -> &[&'static str] {
        &self.challenges
    }
}

#[cfg(test)]
mod tests {
    use goproxy_access::Htpasswd;

    use super::*;

    #[test]
    fn an_error_of_one_module_named_a_private_repository() {
        let mut settings = Settings::default();
        settings.sources.exclude = Patterns::parse("github.com/corp,*.corp.example.com").expect("good");
        let access = Access::new(Htpasswd::default(), Vec::new(), Vec::new(), Vec::new()).expect("good");
        let gate = AccessGate::new(access, &settings);
        let text = "reading https://git.corp.example.com/team/x?go-get=1: github.com/corp/app: no such tag";
        for (asked, told) in [
            ("evil.example/x", "reading https://(a private module)?go-get=1: (a private module): no such tag"),
            ("github.com/corp/app/v2", "reading https://(a private module)?go-get=1: github.com/corp/app: no such tag"),
        ] {
            let asked = ModulePath::parse(asked).expect("good");
            assert_eq!(gate.told(text, Some(&asked)), told);
        }
    }
}
