//! The forms that a secret may turn up in, and the places where they are looked for.

use std::path::Path;

use goproxy_testkit::{Secrets, holds};

use crate::support::files;

/// What was put into a field of that name. It has characters that are escaped in URLs.
pub(super) fn canary(field: &str) -> String {
    format!("CaNaRy/{field}+7f3e9d1c")
}

/// The same for a URL.
pub(super) fn in_url(field: &str) -> String {
    canary(field).replace('/', "%2F").replace('+', "%2B")
}

/// All secrets, by the names of their fields.
pub(super) const FIELDS: [&str; 17] = [
    "proxy",
    "gosumdb",
    "sumdb",
    "netrc",
    "token",
    "password",
    "tokenfile",
    "tokenenv",
    "command",
    "bearer",
    "insteadof",
    "extraheader",
    "htpasswd",
    "static",
    "jwt",
    "tlskey",
    "goproxytoken",
];

/// What was seen, and where.
#[derive(Default)]
pub(super) struct Seen(Vec<(String, String)>);

impl Seen {
    pub(super) fn add(&mut self, place: impl Into<String>, what: impl AsRef<[u8]>) {
        self.0.push((place.into(), String::from_utf8_lossy(what.as_ref()).into_owned()));
    }

    pub(super) fn append(&mut self, mut more: Self) {
        self.0.append(&mut more.0);
    }

    /// Every file below a folder, and its name.
    pub(super) fn add_files(&mut self, folder: &Path) {
        for file in files(folder) {
            self.add(file.display().to_string(), std::fs::read(&file).unwrap_or_default());
            self.add("a file's name", file.display().to_string());
        }
    }

    /// Looks for others, too.
    pub(super) fn assert_without(&self, secrets: &Secrets) {
        self.0.iter().for_each(|(place, text)| secrets.assert_absent(place, text));
    }

    /// Which fields are here.
    pub(super) fn found(&self) -> Vec<&'static str> {
        FIELDS.into_iter().filter(|field| self.0.iter().any(|(_, text)| holds(text, &canary(field)))).collect()
    }

    /// # Panics
    /// With the place and what is in it.
    pub(super) fn assert_clean(&self) {
        for (place, text) in &self.0 {
            for field in FIELDS {
                assert!(!holds(text, &canary(field)), "the secret of {field} stands in {place}:\n{text}");
            }
        }
    }
}

#[test]
fn every_form_is_found_and_nothing_else() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let raw = canary("netrc");
    for text in [
        format!("a {raw} b"),
        in_url("netrc"),
        STANDARD.encode(format!("u:{raw}")),
        STANDARD.encode(format!("us:{raw}x")),
    ] {
        let mut seen = Seen::default();
        seen.add("here", &text);
        assert_eq!(seen.found(), ["netrc"], "{text}");
    }
    let mut seen = Seen::default();
    seen.add("here", "CaNaRy");
    seen.assert_clean();
}
