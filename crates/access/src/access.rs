//! Everything that was configured, and who an `Authorization` header is.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::{
    ANONYMOUS, AUTHENTICATED, Htpasswd, Issuer, Principal, Refusal, Rule, Token,
    credential::Credential,
    issuer, tokens,
    verified::{Found, Verifier},
};

/// How much of a token's subject is shown.
const SHOWN: usize = 200;

/// Who is known, and what everybody may do.
pub struct Access {
    accounts: Arc<Htpasswd>,
    tokens: Vec<Token>,
    issuers: Vec<Issuer>,
    rules: Vec<Rule>,
    anonymous: Principal,
    verifier: Verifier,
}

impl Access {
    /// Puts it together. Without any rule, everybody who has credentials may read everything.
    ///
    /// # Errors
    /// A name that stands for two, or a system without random bytes.
    pub fn new(accounts: Htpasswd, tokens: Vec<Token>, issuers: Vec<Issuer>, rules: Vec<Rule>) -> Result<Self, String> {
        let workers = std::thread::available_parallelism().map_or(1, |processors| processors.get() / 2).max(1);
        let rules = match rules.is_empty() {
            true => vec![Rule::new(vec![AUTHENTICATED.to_owned()], None, None)?],
            false => rules,
        };
        let anonymous = Principal::anonymous(&rules);
        let accounts = Arc::new(accounts);
        let access = Self { accounts, tokens, issuers, rules, anonymous, verifier: Verifier::new(workers)? };
        access.names_are_unique()?;
        Ok(access)
    }

    /// A rule gives rights to a name: two who share it would share them.
    fn names_are_unique(&self) -> Result<(), String> {
        let mut names: Vec<&str> = self.names().chain([ANONYMOUS, AUTHENTICATED]).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            None => Ok(()),
            Some(pair) => {
                Err(format!("the name {:?} is used twice; users, tokens and issuers share one space", pair[0]))
            }
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let issuers = self.issuers.iter().map(|issuer| issuer.name.as_str());
        self.accounts.names().chain(self.tokens.iter().map(|token| token.name.as_str())).chain(issuers)
    }

    /// Names in rules that nobody has: most likely misspelt, or of somebody who was removed.
    pub fn nobodies(&self) -> Vec<&str> {
        let known = |who: &str| who == ANONYMOUS || who == AUTHENTICATED || self.names().any(|name| name == who);
        self.rules.iter().flat_map(Rule::who).filter(|who| !known(who)).collect()
    }

    /// Who sends this `Authorization` header, or none.
    ///
    /// # Errors
    /// Why it is nobody whom we know.
    pub async fn identify(&self, authorization: Option<&[u8]>, now: Timestamp) -> Result<Principal, Refusal> {
        let Some(header) = authorization else { return Ok(self.anonymous.clone()) };
        let credential = Credential::parse(header).ok_or(Refusal::Malformed)?;
        if let Some(found) = tokens::find(&self.tokens, credential.secret(), now) {
            return found.map(|token| Principal::known(&token.name, &[&token.name], &self.rules));
        }
        if let Some(outcome) = self.of_issuer(credential.secret(), now).await {
            return outcome;
        }
        match credential {
            Credential::Basic { user, password } => self.of_account(user, password).await,
            Credential::Bearer(_) => Err(Refusal::Unknown),
        }
    }

    /// `None`: it is no token of an issuer that we know.
    async fn of_issuer(&self, token: &str, now: Timestamp) -> Option<Result<Principal, Refusal>> {
        let claimed = if self.issuers.is_empty() { None } else { issuer::claimed_issuer(token) }?;
        let named: Vec<&Issuer> = self.issuers.iter().filter(|issuer| issuer.issuer == claimed).collect();
        if named.is_empty() {
            return None;
        }
        Some(self.verifier.outcome(&[b"jwt", token.as_bytes()], self.token_of(&named, token, now)).await)
    }

    /// Several may be configured for one issuer, with different claims: whose claims hold, those names it has.
    async fn token_of(&self, issuers: &[&Issuer], token: &str, now: Timestamp) -> Found {
        let (mut names, mut good, mut refusal) = (Vec::new(), None, Refusal::Unknown);
        for issuer in issuers {
            match issuer.verify(token).await {
                Ok(verified) => {
                    names.push(issuer.name.as_str());
                    good = Some(verified);
                }
                Err(why) => refusal = why,
            }
        }
        let (Some(verified), Some(first)) = (good, names.first()) else { return (Err(refusal), None) };
        let subject: String = verified.subject.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
        let shown = if subject.is_empty() { (*first).to_owned() } else { format!("{first}/{subject}") };
        let left = Duration::try_from(verified.expires.duration_since(now)).unwrap_or_default();
        (Ok(Principal::known(&shown, &names, &self.rules)), Some(left))
    }

    async fn of_account(&self, user: String, password: String) -> Result<Principal, Refusal> {
        if self.accounts.is_empty() {
            return Err(Refusal::Unknown);
        }
        let (accounts, name, secret) = (Arc::clone(&self.accounts), user.clone(), password.clone());
        let fingerprinted = [&b"basic"[..], user.as_bytes(), password.as_bytes()];
        let verify = async {
            let good = self.verifier.slowly(&fingerprinted, move || accounts.verify(&name, &secret)).await;
            let known = || Principal::known(&user, &[&user], &self.rules);
            (good.and_then(|good| if good { Ok(known()) } else { Err(Refusal::Unknown) }), None)
        };
        self.verifier.outcome(&fingerprinted, verify).await
    }
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Access({:?}, {} tokens, {:?}, {:?})", self.accounts, self.tokens.len(), self.issuers, self.rules)
    }
}
