//! Servers repeat requests in their error pages. What they say of ours is shown to others only without what we sent to
//! prove who we are, in the forms that it may come back in.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;

use crate::wire;

/// What is shorter would cut ordinary words.
const SHORTEST: usize = 4;

const CUT: &str = "[secret]";

/// The text without these header values: as they are, their last word, and for RFC 7617 the password, alone and with the
/// user, also percent-encoded or as a part of other base64.
pub(crate) fn without<'a>(text: &str, sent: impl IntoIterator<Item = &'a HeaderValue>) -> String {
    let mut needles: Vec<String> = sent.into_iter().flat_map(forms).filter(|form| form.len() >= SHORTEST).collect();
    // The longer ones first: none is left in half.
    needles.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
    let cut = needles.iter().fold(text.to_owned(), |text, needle| text.replace(needle, CUT));
    // Any character may be escaped, in capitals or not.
    let decoded = String::from_utf8_lossy(&wire::percent_decode(&cut)).into_owned();
    if needles.iter().any(|needle| decoded.contains(needle)) { CUT.to_owned() } else { cut }
}

fn forms(header: &HeaderValue) -> Vec<String> {
    let value = String::from_utf8_lossy(header.as_bytes()).into_owned();
    let word = value.rsplit(' ').next().unwrap_or_default().to_owned();
    let login = STANDARD.decode(&word).ok().and_then(|login| String::from_utf8(login).ok());
    let login = login.filter(|_| value.len() > 6 && value[..6].eq_ignore_ascii_case("basic "));
    let secret = match &login {
        Some(login) => login.split_once(':').map_or(login.as_str(), |(_, password)| password).to_owned(),
        None => word.clone(),
    };
    let mut forms = vec![percent_encoded(&secret), percent_encoded(&word)];
    forms.extend((0..3).map(|offset| in_base64(secret.as_bytes(), offset)));
    forms.extend(login);
    forms.extend([word, secret]);
    forms
}

fn percent_encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes().map(|b| if plain(b) { (b as char).to_string() } else { format!("%{b:02X}") }).collect()
}

/// What every base64 text has that holds the bytes at that offset modulo three.
fn in_base64(bytes: &[u8], offset: usize) -> String {
    let encoded = STANDARD.encode([&vec![0; offset][..], bytes].concat());
    let whole = encoded.trim_end_matches('=');
    let first = [0, 2, 3][offset];
    let last = whole.len() - usize::from(whole.len() < encoded.len());
    whole.get(first..last).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_repeated_the_credentials_that_it_got() {
        let basic = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode("bot:can/ary+token"))).unwrap();
        let bearer = HeaderValue::from_static("Bearer can/ary+token");
        for header in [&basic, &bearer] {
            for said in [
                "Authorization: Bearer can/ary+token",
                "you are bot:can/ary+token!",
                "can%2Fary%2Btoken",
                "%63an%2fary%2b%74oken",
                &STANDARD.encode("x can/ary+token y"),
                &STANDARD.encode("xy can/ary+token"),
                &STANDARD.encode("can/ary+token and more"),
            ] {
                let shown = without(said, [header]);
                assert!(shown.contains(CUT), "{said}: {shown}");
                for part in ["ary", "YXJ5", "FyeS", "hcn"] {
                    assert!(!shown.contains(part), "{said}: {shown}");
                }
            }
        }
        assert!(!without(&format!("<{}>", basic.to_str().unwrap()), [&basic]).contains(&STANDARD.encode("bot:")[..4]));
    }

    #[test]
    fn other_words_stay() {
        let header = HeaderValue::from_static("Bearer abc");
        assert_eq!(without("abc is not enough to go by", [&header]), "abc is not enough to go by");
        assert_eq!(without("as it was", []), "as it was");
    }
}
