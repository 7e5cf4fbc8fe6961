//! Secrets that a test gives to the program, and the watch over what it says: wherever one of them turns up, the test
//! fails, whatever it was about.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Shorter ones are words that stand in logs for other reasons.
const SHORTEST: usize = 6;

/// What must not be said. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Arc<Mutex<BTreeSet<String>>>);

impl Secrets {
    /// Adds one; of a JWT, the signature too.
    pub fn add(&self, secret: &str) {
        let signature = (secret.matches('.').count() == 2).then(|| secret.rsplit('.').next()).flatten();
        let long = [Some(secret), signature].into_iter().flatten().filter(|text| text.len() >= SHORTEST);
        self.0.lock().unwrap().extend(long.map(str::to_owned));
    }

    /// Adds the user's password or the token of an `Authorization` header.
    pub fn add_authorization(&self, value: &str) {
        let Some((scheme, word)) = value.split_once(' ') else { return };
        let login = || Some(String::from_utf8_lossy(&STANDARD.decode(word).ok()?).into_owned());
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => self.add(word),
            "basic" => login().iter().for_each(|login| self.add(login.split_once(':').map_or(login, |(_, pw)| pw))),
            _ => {}
        }
    }

    /// # Panics
    /// If one of them is in the text, in whatever form.
    pub fn assert_absent(&self, place: &str, text: &str) {
        let found = self.0.lock().unwrap().iter().find(|secret| holds(text, secret)).cloned();
        assert!(found.is_none(), "the secret {found:?} stands in {place}:\n{text}");
    }

    /// Adds what the arguments, the environment, and the files that they name hold.
    pub(crate) fn gather(&self, args: &[String], env: &[(String, String)]) {
        let valued = args.windows(2).filter_map(|pair| Some((pair[0].strip_prefix('-')?, pair[1].as_str())));
        let joined = args.iter().filter_map(|arg| arg.strip_prefix('-')?.split_once('='));
        for (name, value) in valued.chain(joined) {
            self.add_setting(name, value, env);
        }
        for (name, value) in env {
            self.add_setting(&camel(name), value, env);
            if name == "HOME" {
                self.add_home(Path::new(value));
            }
        }
        args.iter().chain(env.iter().map(|(_, value)| value)).for_each(|text| self.add_userinfo(text));
    }

    /// A flag, a variable or a line of the configuration.
    fn add_setting(&self, name: &str, value: &str, env: &[(String, String)]) {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        match name {
            "token" | "password" | "sha256" => self.add(value),
            "tokenEnv" | "passwordEnv" => {
                env.iter().filter(|(name, _)| name == value).for_each(|(_, value)| self.add(value));
            }
            "tokenFile" | "passwordFile" => self.add(read(value).trim()),
            "htpasswd" => {
                read(value).lines().filter_map(|line| line.split_once(':')).for_each(|(_, hash)| self.add(hash));
            }
            "tlsKey" => read(value).lines().filter(|line| !line.starts_with("---")).for_each(|line| self.add(line)),
            "config" => self.add_config(&read(value), env),
            _ => {}
        }
    }

    fn add_config(&self, text: &str, env: &[(String, String)]) {
        for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
            let quote = |c| c == '\'' || c == '"';
            self.add_setting(name.trim(), value.trim().trim_matches(quote), env);
        }
        self.add_userinfo(text);
    }

    fn add_home(&self, home: &Path) {
        let netrc = fs::read_to_string(home.join(".netrc")).unwrap_or_default();
        let words: Vec<&str> = netrc.split_whitespace().collect();
        words.windows(2).filter(|pair| pair[0] == "password").for_each(|pair| self.add(pair[1]));
        let git = fs::read_to_string(home.join(".gitconfig")).unwrap_or_default();
        self.add_userinfo(&git);
        let headers = git.lines().filter_map(|line| line.split_once("Authorization: "));
        headers.for_each(|(_, value)| self.add_authorization(value.trim().trim_matches('"')));
    }

    /// The passwords of URLs, and user names that stand alone: they are tokens.
    fn add_userinfo(&self, text: &str) {
        for (_, rest) in text.match_indices("://").map(|(at, _)| text.split_at(at + 3)) {
            let end = rest.find(|c: char| c.is_whitespace() || "/?#\"'|,;".contains(c)).unwrap_or(rest.len());
            let Some((userinfo, _)) = rest[..end].rsplit_once('@') else { continue };
            self.add(&percent_decoded(userinfo.split_once(':').map_or(userinfo, |(_, password)| password)));
        }
    }
}

/// Whether a text holds a secret, as it is or encoded.
pub fn holds(text: &str, secret: &str) -> bool {
    forms(secret).iter().any(|form| text.contains(form))
}

/// A secret as it is, as URLs have it, and the part of it that base64 always has, wherever it begins.
fn forms(secret: &str) -> Vec<String> {
    let url = |keep: fn(u8) -> bool, upper: bool| {
        let escaped = |b: u8| if upper { format!("%{b:02X}") } else { format!("%{b:02x}") };
        secret.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { escaped(b) }).collect::<String>()
    };
    let plain: fn(u8) -> bool = |b| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let mut forms =
        vec![secret.to_owned(), url(plain, true), url(plain, false), url(|_| false, true), url(|_| false, false)];
    for offset in 0..3 {
        let encoded = STANDARD.encode([&vec![b' '; offset], secret.as_bytes()].concat());
        // Without what depends on the neighbours.
        let whole = encoded.trim_end_matches('=');
        forms.push(whole[[0, 2, 3][offset]..whole.len() - 2].to_owned());
        forms.push(forms[forms.len() - 1].replace('+', "-").replace('/', "_"));
    }
    forms
}

/// The setting of a variable: `GOPROXY_TLS_KEY` is `tlsKey`.
fn camel(variable: &str) -> String {
    let words = variable.strip_prefix("GOPROXY_").unwrap_or_default().split('_').enumerate();
    let word = |(n, word): (usize, &str)| {
        let lower = word.to_ascii_lowercase();
        if n == 0 { lower } else { word.chars().take(1).chain(lower.chars().skip(1)).collect() }
    };
    words.map(word).collect()
}

fn percent_decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        let escape = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = escape.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
