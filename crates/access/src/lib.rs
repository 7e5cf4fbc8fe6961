//! Who asks, and what they may: accounts, tokens, issuers of tokens, rules.
//!
//! [`Access`] holds what the operator configured. [`Access::identify`] turns an `Authorization` header into a
//! [`Principal`], [`Principal::may`] answers for one module. Nothing here knows a server, a file or a connection: texts
//! of files come in read, keys of issuers come through [`FetchKeys`].

mod access;
#[cfg(test)]
mod access_tests;
mod claims;
mod credential;
mod crypto;
mod htpasswd;
mod issuer;
#[cfg(test)]
mod issuer_tests;
mod jwks;
mod keys;
mod principal;
mod refusal;
mod rules;
#[cfg(test)]
mod signer;
mod tokens;
mod verified;
#[cfg(test)]
mod verified_tests;

pub use access::Access;
pub use crypto::new_token;
pub use htpasswd::Htpasswd;
pub use issuer::Issuer;
pub use keys::{FetchKeys, KeysFrom};
pub use principal::Principal;
pub use refusal::Refusal;
pub use rules::{ANONYMOUS, AUTHENTICATED, Right, Rule};
pub use tokens::{Token, token_hash};
