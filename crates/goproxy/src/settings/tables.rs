//! The tables that the file may hold several times, each kind once.

use goproxy_access::{Rule, Token};

use super::{
    access::{IssuerRow, KeysAt},
    credentials,
    rows::{Key, Kind, Repeated},
    value,
};

/// In the order of the documentation.
pub(crate) static TABLES: &[Repeated] = &[
    Repeated {
        name: "tokens",
        help: "A token that a client may send as a bearer token, or as the password of any user name. goproxy token \
               NAME makes one and prints these lines.",
        keys: &[
            Key {
                name: "name",
                kind: Kind::Text,
                required: true,
                secret: false,
                help: "The name for rules and the access log.",
                example: "\"deploy\"",
            },
            Key {
                name: "sha256",
                kind: Kind::Text,
                required: true,
                secret: true,
                help: "The SHA-256 of the token in 64 hexadecimal digits.",
                example: "\"2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b\"",
            },
            Key {
                name: "expires",
                kind: Kind::Text,
                required: false,
                secret: false,
                help: "When it ends, as an RFC 3339 time.",
                example: "\"2027-01-31T00:00:00Z\"",
            },
        ],
        set: |s, row| {
            let text = |name| row.text(name).unwrap_or_default();
            s.access.tokens.push(Token::new(text("name"), text("sha256"), row.text("expires"))?);
            Ok(())
        },
    },
    Repeated {
        name: "issuers",
        help: "An OpenID Connect issuer, such as a CI system, whose tokens (JWT of RS256, ES256 or EdDSA) clients may \
               send. iss, aud and exp are always checked.",
        keys: &[
            Key {
                name: "name",
                kind: Kind::Text,
                required: true,
                secret: false,
                help: "The name for rules and the access log.",
                example: "\"github\"",
            },
            Key {
                name: "issuer",
                kind: Kind::Text,
                required: true,
                secret: false,
                help: "The iss of its tokens.",
                example: "\"https://token.actions.githubusercontent.com\"",
            },
            Key {
                name: "audience",
                kind: Kind::Text,
                required: true,
                secret: false,
                help: "The aud that its tokens for this proxy have.",
                example: "\"https://goproxy.io\"",
            },
            Key {
                name: "jwks",
                kind: Kind::Text,
                required: false,
                secret: false,
                help: "The URL of its keys; else its discovery document says it.",
                example: "\"https://token.actions.githubusercontent.com/.well-known/jwks\"",
            },
            Key {
                name: "jwksFile",
                kind: Kind::Text,
                required: false,
                secret: false,
                help: "A file with its keys, instead of jwks: for issuers that cannot be reached.",
                example: "\"/etc/goproxy/jwks.json\"",
            },
            Key {
                name: "claims",
                kind: Kind::Map,
                required: false,
                secret: false,
                help: "What else must be in a token: all names, each with one of its values; * matches all but a slash. \
                       Required for issuers that anybody can get a token of.",
                example: "{ repository_owner = \"example\" }",
            },
        ],
        set: |s, row| {
            let text = |name| row.text(name).unwrap_or_default().to_owned();
            let keys = match (row.text("jwks"), row.text("jwksFile")) {
                (Some(_), Some(_)) => return Err("jwks and jwksFile exclude each other; leave one out".to_owned()),
                (Some(url), None) => KeysAt::Url(url.to_owned()),
                (None, Some(file)) => KeysAt::File(value::path(file).map_err(|why| format!("jwksFile {why}"))?),
                (None, None) => KeysAt::Discovery,
            };
            s.access.issuers.push(IssuerRow {
                place: row.place.clone(),
                name: text("name"),
                issuer: text("issuer"),
                audience: text("audience"),
                keys,
                claims: row.map("claims").to_vec(),
            });
            Ok(())
        },
    },
    Repeated {
        name: "access",
        help: "A rule: who may do what with which modules. What no rule allows is not allowed; without any rule, \
               whoever has credentials may read everything.",
        keys: &[
            Key {
                name: "who",
                kind: Kind::List,
                required: true,
                secret: false,
                help: "Names of users, tokens and issuers; authenticated is everybody with credentials, anonymous \
                       everybody.",
                example: "[\"deploy\", \"github\"]",
            },
            Key {
                name: "modules",
                kind: Kind::List,
                required: false,
                secret: false,
                help: "Patterns as in GOPRIVATE; all modules without it.",
                example: "[\"github.com/example\", \"*.corp.example.com\"]",
            },
            Key {
                name: "right",
                kind: Kind::Text,
                required: false,
                secret: false,
                help: "read (without it), or admin: also what is not for readers.",
                example: "\"read\"",
            },
        ],
        set: |s, row| {
            let who = row.list("who").unwrap_or_default().to_vec();
            let modules = row.list("modules").map(|list| list.join(","));
            s.access.rules.push(Rule::new(who, modules.as_deref(), row.text("right"))?);
            Ok(())
        },
    },
    Repeated {
        name: "credentials",
        help: "A credential for upstreams, pages and git servers over http, with one of password, token (each also from \
               a file or an environment variable) and command. Of several for a place, the one with the longest path.",
        keys: &[
            Key {
                name: "url",
                kind: Kind::Text,
                required: true,
                secret: false,
                help: "Where it belongs: https, host, port and path prefix. It goes nowhere else, also not by a redirect. http only for this machine and for modules of -insecure.",
                example: "\"https://git.example.com/team/\"",
            },
            Key {
                name: "modules",
                kind: Kind::List,
                required: false,
                secret: false,
                help: "Patterns as in GOPRIVATE: for these modules only. Without it, a page of any module may name a repository there.",
                example: "[\"git.example.com/team\", \"go.example.com\"]",
            },
            Key {
                name: "username",
                kind: Kind::Text,
                required: false,
                secret: false,
                help: "The user; x-access-token without it, which is what tokens of GitHub want and most others take.",
                example: "\"bot\"",
            },
            Key {
                name: "password",
                kind: Kind::Text,
                required: false,
                secret: true,
                help: "The password of username.",
                example: "\"secret\"",
            },
            Key {
                name: "passwordFile",
                kind: Kind::Text,
                required: false,
                secret: false,
                help: "A file with the password in its first line; read for each use.",
                example: "\"/run/secrets/password\"",
            },
            Key {
                name: "passwordEnv",
                kind: Kind::Text,
                required: false,
                secret: false,
                help: "The environment variable with the password.",
                example: "\"ARTIFACTORY_PASSWORD\"",
            },
            Key {
                name: "token",
                kind: Kind::Text,
                required: false,
                secret: true,
                help: "A token.",
                example: "\"secret\"",
            },
            Key {
                name: "tokenFile",
                kind: Kind::Text,
                required: false,
                secret: false,
                help: "A file with a token in its first line; read for each use.",
                example: "\"/run/secrets/token\"",
            },
            Key {
                name: "tokenEnv",
                kind: Kind::Text,
                required: false,
                secret: false,
                help: "The environment variable with a token.",
                example: "\"GITLAB_TOKEN\"",
            },
            Key {
                name: "command",
                kind: Kind::List,
                required: false,
                secret: false,
                help: "A program by its absolute path, and its arguments. It prints a token as a line, used for ten minutes, or as JSON: token, expires (RFC 3339), username.",
                example: "[\"/usr/local/bin/github-app-token\", \"12345\"]",
            },
            Key {
                name: "header",
                kind: Kind::Text,
                required: false,
                secret: false,
                help: "basic (without it), or bearer: how a token is sent.",
                example: "\"basic\"",
            },
        ],
        set: |s, row| {
            s.sources.credentials.push((row.place.clone(), credentials::credential(row)?));
            Ok(())
        },
    },
];
