//! The shapes of values: from the text that somebody wrote to what the program works with. An error is a remedy; it
//! completes the sentence `bad value "...": `.

use std::{path::PathBuf, time::Duration};

use goproxy_server::Listen;

use super::duration;

/// A checksum database that we stand in for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SumDb {
    /// Its name, as in `/sumdb/<name>/`.
    pub(crate) name: String,
    /// Where it is, without a slash at its end.
    pub(crate) url: String,
}

/// `[host]:port` or `unix:/path`.
pub(crate) fn listen(text: &str) -> Result<Listen, String> {
    const EXAMPLE: &str = "for example 0.0.0.0:8081, :8081 or unix:/run/goproxy.sock";
    let listen = text.parse().map_err(|remedy| format!("{remedy}, {EXAMPLE}"));
    match &listen {
        _ if text.contains("://") => Err(format!("is an address, not a URL, {EXAMPLE}")),
        Ok(Listen::Tcp { host, .. })
            if host.contains(|c: char| c.is_whitespace() || c.is_control() || "[]@/".contains(c)) =>
        {
            Err(format!("has no valid host, {EXAMPLE}"))
        }
        _ => listen,
    }
}

/// Empty, or a path that requests begin with. Slashes at the end are dropped.
pub(crate) fn path_prefix(text: &str) -> Result<String, String> {
    let prefix = text.trim_end_matches('/');
    if prefix.is_empty() {
        return Ok(String::new());
    }
    let Some(inner) = prefix.strip_prefix('/') else {
        return Err("must begin with a slash, for example /go".into());
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    if inner.split('/').all(|part| !matches!(part, "" | "." | "..") && part.bytes().all(plain)) {
        Ok(prefix.to_owned())
    } else {
        Err("may hold letters, digits and -_.~ between single slashes, for example /go".into())
    }
}

/// `off`, or an http or https URL.
pub(crate) fn endpoint(text: &str) -> Result<Option<String>, String> {
    if matches!(text, "" | "off") {
        return Ok(None);
    }
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    match rest.filter(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace)) {
        Some(_) => Ok(Some(text.to_owned())),
        None => Err("must be an http or https URL, for example http://127.0.0.1:4318, or off".into()),
    }
}

/// A file or directory, made absolute.
pub(crate) fn path(text: &str) -> Result<PathBuf, String> {
    if text.starts_with('~') {
        return Err("begins with ~, which only a shell expands; write the whole path".into());
    }
    if text.contains('\0') {
        return Err("is no path; it holds a NUL byte".into());
    }
    std::path::absolute(text).map_err(|error| format!("cannot be made absolute ({error}); write the whole path"))
}

/// The same, or none.
pub(crate) fn optional_path(text: &str) -> Result<Option<PathBuf>, String> {
    if text.is_empty() { Ok(None) } else { path(text).map(Some) }
}

/// A time limit: a duration, not zero.
pub(crate) fn limit(text: &str) -> Result<Duration, String> {
    let duration = duration::parse(text)?;
    if duration.is_zero() { Err("must be longer than zero, for example 10s".into()) } else { Ok(duration) }
}

/// A number, at least one.
pub(crate) fn count(text: &str) -> Result<usize, String> {
    const MOST: usize = 1_000_000;
    match text.parse() {
        Ok(number) if (1..=MOST).contains(&number) => Ok(number),
        _ => Err(format!("needs a whole number from 1 to {MOST}")),
    }
}

/// One of some words.
pub(crate) fn choice<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("must be one of {}", words.join(", "))
    })
}

/// A comma list of `name` or `name=https://url`; empty or `off` is none.
pub(crate) fn sum_dbs(text: &str) -> Result<Vec<SumDb>, String> {
    const EXAMPLE: &str = "for example sum.golang.org or sum.example.com=https://sum.example.com/path";
    if text == "off" {
        return Ok(Vec::new());
    }
    let mut databases: Vec<SumDb> = Vec::new();
    for element in text.split(',').map(str::trim).filter(|element| !element.is_empty()) {
        let (name, url) = match element.split_once('=') {
            Some((name, url)) => (name.trim(), url.trim().to_owned()),
            None => (element, format!("https://{element}")),
        };
        let valid = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._:/~".contains(&b);
        let whole = name.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !whole || !name.bytes().all(valid) || name.contains("://") {
            return Err(format!("has an element without a database's name, {EXAMPLE}"));
        }
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/') || rest.contains(['?', '#', ' '])) {
            return Err(format!("has no http or https URL for {name}, {EXAMPLE}"));
        }
        if databases.iter().any(|known| known.name == name) {
            return Err(format!("names {name} twice; name each database once"));
        }
        databases.push(SumDb { name: name.to_owned(), url: url.trim_end_matches('/').to_owned() });
    }
    Ok(databases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_addresses() {
        let tcp = |host: &str, port| Listen::Tcp { host: host.into(), port };
        for (text, value) in [
            ("0.0.0.0:8081", tcp("0.0.0.0", 8081)),
            (":8081", tcp("", 8081)),
            ("localhost:0", tcp("localhost", 0)),
            ("[::1]:80", tcp("::1", 80)),
            ("[::]:80", tcp("::", 80)),
            ("unix:/run/x.sock", Listen::Unix("/run/x.sock".into())),
        ] {
            assert_eq!(listen(text).expect(text), value);
        }
        for (text, remedy) in [
            ("", "write host:port"),
            ("8081", "write host:port"),
            ("http://0.0.0.0:8081", "not a URL"),
            ("::1:80", "[address]:port"),
            ("a:65536", "the port is a number"),
            ("a:http", "the port is a number"),
            ("a b:80", "no valid host"),
            ("a/b:80", "no valid host"),
            ("unix:x.sock", "absolute path"),
        ] {
            let error = listen(text).expect_err(text);
            assert!(error.contains(remedy), "{text}: {error}");
        }
    }

    #[test]
    fn path_prefixes() {
        for (text, value) in [("", ""), ("/", ""), ("/go", "/go"), ("/go/", "/go"), ("/a/b-1.x", "/a/b-1.x")] {
            assert_eq!(path_prefix(text).expect(text), value);
        }
        for text in ["go", "//go", "/a//b", "/a/../b", "/a/@v", "/%41", "/a b"] {
            path_prefix(text).expect_err(text);
        }
    }

    #[test]
    fn checksum_databases() {
        let db = |name: &str, url: &str| SumDb { name: name.into(), url: url.into() };
        assert_eq!(sum_dbs("").expect("none"), []);
        assert_eq!(sum_dbs("off").expect("none"), []);
        assert_eq!(
            sum_dbs("sum.golang.org, b.example/x=http://u:p@127.0.0.1:80/y/").expect("two"),
            [db("sum.golang.org", "https://sum.golang.org"), db("b.example/x", "http://u:p@127.0.0.1:80/y")]
        );
        for text in [
            "a=",
            "a=ftp://x",
            "=https://x",
            "a,a",
            "https://sum.golang.org",
            "A",
            "a=https://",
            "../x",
            "a=https://x?y",
        ] {
            sum_dbs(text).expect_err(text);
        }
    }

    #[test]
    fn numbers_words_and_paths() {
        assert_eq!(count("8"), Ok(8));
        for text in ["0", "-1", "x", "", "1.5", "1000001"] {
            count(text).expect_err(text);
        }
        assert_eq!(choice("b", &[("a", 1), ("b", 2)]), Ok(2));
        assert_eq!(choice("c", &[("a", 1), ("b", 2)]), Err("must be one of a, b".into()));
        assert!(path("x").expect("relative").is_absolute());
        path("~/x").expect_err("tilde");
        limit("0").expect_err("zero");
    }
}
