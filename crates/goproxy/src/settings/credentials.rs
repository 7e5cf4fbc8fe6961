//! `[[credentials]]`: a row as the file has it, to what sends it.

use gomod::Patterns;
use goproxy_fetch::{CredentialRow, Secret, SecretFrom};

use super::{Row, value};

/// The keys of which a row has one.
const SECRETS: [&str; 7] = ["password", "passwordFile", "passwordEnv", "token", "tokenFile", "tokenEnv", "command"];

/// Checks a row. The error is the remedy, and holds no secret.
pub(super) fn credential(row: &Row) -> Result<CredentialRow, String> {
    let secret = secret(row)?;
    let mut credential = CredentialRow::new(row.text("url").unwrap_or_default(), secret)?;
    if let Some(modules) = row.list("modules") {
        let patterns =
            Patterns::parse(&modules.join(",")).map_err(|error| format!("modules: {error}; see go help private"))?;
        if patterns.is_empty() {
            return Err("modules names none; leave it out for all modules".to_owned());
        }
        credential = credential.for_modules(patterns);
    }
    if let Some(user) = row.text("username") {
        credential = credential.with_user(user)?;
    }
    match (row.text("header"), row.text("username")) {
        (None | Some("basic"), _) => Ok(credential),
        (Some("bearer"), None) => Ok(credential.as_bearer()),
        (Some("bearer"), Some(_)) => Err("a bearer token has no user; leave username or header out".to_owned()),
        _ => Err("header must be one of basic, bearer".to_owned()),
    }
}

fn secret(row: &Row) -> Result<SecretFrom, String> {
    let given: Vec<&str> =
        SECRETS.into_iter().filter(|key| row.text(key).is_some() || row.list(key).is_some()).collect();
    let [key] = given[..] else {
        return Err(format!("wants exactly one of {}", SECRETS.join(", ")));
    };
    if key.starts_with("password") && row.text("username").is_none() {
        return Err(format!("{key} wants a username beside it; a token does not"));
    }
    let text = row.text(key).unwrap_or_default();
    Ok(match key {
        "command" => SecretFrom::Command(row.list(key).unwrap_or_default().to_vec()),
        "passwordFile" | "tokenFile" => SecretFrom::File(value::path(text).map_err(|why| format!("{key} {why}"))?),
        "passwordEnv" | "tokenEnv" => SecretFrom::Variable(text.to_owned()),
        _ => SecretFrom::Literal(Secret::new(text)),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{super::file, *};

    fn read(keys: &str) -> Result<CredentialRow, String> {
        let text = format!("[[credentials]]\nurl = 'https://git.example.com/team/'\n{keys}");
        let contents = file::parse(&text, Path::new("g.toml")).map_err(|failure| failure.line().to_owned())?;
        credential(&contents.rows[0])
    }

    #[test]
    fn one_secret_and_one_form() {
        for keys in [
            "token = 't'",
            "username = 'u'\npassword = 'p'",
            "tokenFile = '/run/token'\nmodules = ['git.example.com/team', 'go.example.com']",
            "tokenEnv = 'T'\nheader = 'bearer'",
            "username = 'u'\ncommand = ['/bin/echo', 'x']",
            "command = '/bin/token'\nheader = 'basic'",
        ] {
            read(keys).expect(keys);
        }
        for (keys, remedy) in [
            ("", "exactly one of password"),
            ("token = 'canary'\ntokenFile = '/x'", "exactly one of"),
            ("password = 'canary'", "wants a username"),
            ("token = 'canary'\nheader = 'digest'", "one of basic, bearer"),
            ("token = 'canary'\nheader = 'bearer'\nusername = 'u'", "no user"),
            ("token = 'canary'\nusername = 'a:b'", "colon"),
            ("token = 'canary'\nmodules = 'a['", "modules: malformed pattern"),
            ("token = 'canary'\nmodules = ''", "names none"),
            ("command = 'token'", "absolute path"),
            ("tokenFile = '~/token'", "tokenFile begins with ~"),
            ("token = 1", "wants a string"),
        ] {
            let error = read(keys).expect_err(keys);
            assert!(error.contains(remedy) && !error.contains("canary"), "{keys}: {error}");
        }
    }
}
