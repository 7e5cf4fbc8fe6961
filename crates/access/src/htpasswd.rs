//! Accounts of an htpasswd file: `name:hash`, one a line.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::crypto;

/// Verifying at cost 15 takes some two seconds; each step more doubles it.
const MAX_COST: u32 = 15;

/// The salt and hash of nobody's password, behind the cost.
const NOBODY: &str = "abcdefghijklmnopqrstuuQbLfdQZSxZ9gjhA5V9o8Tyc6aQRO0Qi";

/// Names and hashes of passwords.
#[derive(Default)]
pub struct Htpasswd {
    users: HashMap<String, Hash>,
    /// The highest cost of bcrypt in the file: what verifying anybody takes.
    cost: Option<u32>,
}

enum Hash {
    Bcrypt(String),
    /// SHA-1 without salt. Old, but good enough for long random passwords.
    Sha1(Vec<u8>),
}

impl Htpasswd {
    /// Reads the text of a file. Empty lines and lines that begin with `#` are skipped, as by Apache.
    ///
    /// # Errors
    /// `line 3: ...` for what cannot be verified: what somebody wrote is never ignored in silence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut file = Self::default();
        for (i, line) in text.lines().enumerate() {
            let line = line.trim_end();
            if !line.is_empty() && !line.starts_with('#') {
                file.line(line).map_err(|why| format!("line {}: {why}", i + 1))?;
            }
        }
        Ok(file)
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let (name, hash) = line.split_once(':').filter(|(name, _)| !name.is_empty()).ok_or("write name:hash")?;
        if name.chars().any(char::is_control) {
            return Err("a name may not hold control characters".to_owned());
        }
        let hash = Hash::parse(hash)?;
        if let Hash::Bcrypt(text) = &hash {
            let cost = cost(text)?;
            self.cost = Some(self.cost.map_or(cost, |known| known.max(cost)));
        }
        match self.users.insert(name.to_owned(), hash) {
            None => Ok(()),
            Some(_) => Err(format!("the name {name:?} stands there twice; keep one")),
        }
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.users.keys().map(String::as_str)
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Whether the password is the user's. Takes up to seconds of processor time, as long for who is not there as for
    /// who is: the time tells no names.
    pub(crate) fn verify(&self, user: &str, password: &str) -> bool {
        let nobody = |cost: u32| {
            let _ = std::hint::black_box(bcrypt::verify(password, &format!("$2b${cost:02}${NOBODY}")));
        };
        match self.users.get(user) {
            Some(Hash::Bcrypt(hash)) => {
                let good = bcrypt::verify(password, hash).unwrap_or(false);
                // Each step doubles the work: with all from its own up to the highest it is as much as that one.
                let own = cost(hash).unwrap_or(MAX_COST);
                (own..self.cost.unwrap_or(own)).for_each(nobody);
                good
            }
            Some(Hash::Sha1(hash)) => {
                self.cost.into_iter().for_each(nobody);
                crypto::same(hash, &crypto::sha1(password.as_bytes()))
            }
            None => {
                self.cost.into_iter().for_each(nobody);
                false
            }
        }
    }
}

impl Hash {
    fn parse(hash: &str) -> Result<Self, String> {
        const REMEDY: &str = "write the line with htpasswd -B";
        if hash.starts_with("$2") {
            return Ok(Self::Bcrypt(hash.to_owned()));
        }
        if let Some(encoded) = hash.strip_prefix("{SHA}") {
            let bytes = STANDARD.decode(encoded).ok().filter(|bytes| bytes.len() == 20);
            return bytes.map(Self::Sha1).ok_or_else(|| format!("{{SHA}} without a SHA-1; {REMEDY}"));
        }
        let kind = match hash {
            _ if hash.starts_with("$apr1$") || hash.starts_with("$1$") => "MD5 passwords are not supported",
            _ if hash.starts_with("$5$") || hash.starts_with("$6$") => "SHA-crypt passwords are not supported",
            _ => "neither bcrypt nor {SHA}: crypt and plain passwords are not supported",
        };
        Err(format!("{kind}; {REMEDY}"))
    }
}

fn cost(hash: &str) -> Result<u32, String> {
    let parts = hash.parse::<bcrypt::HashParts>().map_err(|_| "no bcrypt hash; write the line with htpasswd -B")?;
    let known = ["$2a$", "$2b$", "$2y$"].iter().any(|kind| hash.starts_with(kind));
    match parts.get_cost() {
        _ if !known => Err("not bcrypt of the kinds $2a$, $2b$, $2y$; write the line with htpasswd -B".to_owned()),
        cost @ 4..=MAX_COST => Ok(cost),
        cost => Err(format!("a bcrypt cost of {cost} is not between 4 and {MAX_COST}; use htpasswd -B -C 10")),
    }
}

impl std::fmt::Debug for Htpasswd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Htpasswd({} names)", self.users.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by crypt(3) of libxcrypt, `{SHA}` by hashlib; the password is `opensesame`.
    const FILE: &str = "# accounts\n\n\
        ann:$2y$04$abcdefghijklmnopqrstuuFuhxWRTXIsURoluSTZ1N4tYaWGn9oOi\n\
        bob:$2a$05$abcdefghijklmnopqrstuuQbLfdQZSxZ9gjhA5V9o8Tyc6aQRO0Qi\r\n\
        cid:$2b$05$abcdefghijklmnopqrstuuQbLfdQZSxZ9gjhA5V9o8Tyc6aQRO0Qi\n\
        dan:{SHA}F2GPAaOiG5EcklvLUlodIavTBnM=\n";

    #[test]
    fn hashes_of_other_programs_are_verified() {
        let file = Htpasswd::parse(FILE).unwrap();
        for user in ["ann", "bob", "cid", "dan"] {
            assert!(file.verify(user, "opensesame"), "{user}");
            for wrong in ["", "opensesam", "opensesame ", "Opensesame"] {
                assert!(!file.verify(user, wrong), "{user} {wrong:?}");
            }
        }
        for user in ["", "Ann", "eve", "# accounts"] {
            assert!(!file.verify(user, "opensesame"), "{user}");
        }
        let file = Htpasswd::parse("u:$2y$04$CCCCCCCCCCCCCCCCCCCCC.r5gqJaIw/Et6H9KstP3pEKn0VB0g6zW").unwrap();
        assert!(file.verify("u", "pässwörd"));
    }

    #[test]
    fn an_unknown_user_takes_a_verification_of_the_highest_cost() {
        let file = Htpasswd::parse(FILE).unwrap();
        assert_eq!(file.cost, Some(5));
        // The hash that stands for nobody is one: else verifying it would fail at once.
        assert_eq!(bcrypt::verify("x", &format!("$2b$04${NOBODY}")).ok(), Some(false));
    }

    #[test]
    fn lines_that_cannot_be_verified_are_errors_that_name_them() {
        for (line, error) in [
            ("u:$apr1$salt$hash", "MD5 passwords are not supported; write the line with htpasswd -B"),
            ("u:$6$salt$hash", "SHA-crypt passwords"),
            ("u:opensesame", "plain passwords are not supported"),
            ("u:", "plain passwords are not supported"),
            ("u:{SHA}x", "{SHA} without a SHA-1"),
            ("u:$2y$05$short", "no bcrypt hash"),
            ("u:$2x$05$abcdefghijklmnopqrstuuQbLfdQZSxZ9gjhA5V9o8Tyc6aQRO0Qi", "bcrypt"),
            ("u:$2y$31$abcdefghijklmnopqrstuuQbLfdQZSxZ9gjhA5V9o8Tyc6aQRO0Qi", "a bcrypt cost of 31"),
            ("nobody", "write name:hash"),
            (":x", "write name:hash"),
            ("dan:{SHA}F2GPAaOiG5EcklvLUlodIavTBnM=", "\"dan\" stands there twice"),
        ] {
            let error_of = Htpasswd::parse(&format!("{FILE}{line}")).unwrap_err();
            assert!(error_of.starts_with("line 7: ") && error_of.contains(error), "{line}: {error_of}");
            // What may be a password is not repeated.
            assert!(!error_of.contains("opensesame"), "{error_of}");
        }
    }

    #[test]
    fn the_time_told_who_has_a_cheaper_hash_than_others() {
        let text = format!("dear:$2b$10${NOBODY}\ncheap:$2b$04${NOBODY}\n");
        let file = Htpasswd::parse(&text).unwrap();
        let time = |user| {
            let begin = std::time::Instant::now();
            assert!(!file.verify(user, "wrong"));
            begin.elapsed()
        };
        let (cheap, nobody) = (time("cheap"), time("nobody"));
        assert!(cheap > nobody / 4, "{cheap:?} {nobody:?}");
    }
}
