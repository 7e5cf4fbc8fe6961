//! Where the token comes from.

use goproxy_fetch::{ClientOptions, HttpClient, Secret};

use crate::{auth::target::Target, settings::Environment};

/// The longest token that a proxy reads, and of the answer that holds one.
const LIMIT: usize = 8 << 10;

/// The token, from the first place that has one: `GOPROXY_TOKEN`, the file `GOPROXY_TOKEN_FILE`, the variable that
/// `GOPROXY_TOKEN_VARIABLE` names (GitLab's `id_tokens`), GitHub Actions.
pub(crate) async fn token(environment: &Environment, target: &Target) -> Result<Option<Secret>, String> {
    if let Some(token) = environment.get("GOPROXY_TOKEN") {
        return checked(token, "GOPROXY_TOKEN").map(Some);
    }
    if let Some(path) = environment.get("GOPROXY_TOKEN_FILE") {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| format!("cannot read GOPROXY_TOKEN_FILE {path}: {error}"))?;
        return checked(&text, "GOPROXY_TOKEN_FILE").map(Some);
    }
    if let Some(name) = environment.get("GOPROXY_TOKEN_VARIABLE") {
        let token = environment.get(name);
        let token = token.ok_or_else(|| format!("GOPROXY_TOKEN_VARIABLE names {name}, which is not set"))?;
        return checked(token, name).map(Some);
    }
    let url = environment.get("ACTIONS_ID_TOKEN_REQUEST_URL");
    match (url, environment.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")) {
        (Some(url), Some(secret)) => {
            let audience = environment.get("GOPROXY_AUDIENCE").unwrap_or_else(|| target.origin());
            actions(url, &Secret::new(secret), audience).await.map(Some)
        }
        _ => Ok(None),
    }
}

/// GitHub Actions gives a job with `permissions: id-token: write` a token for any audience.
async fn actions(url: &str, secret: &Secret, audience: &str) -> Result<Secret, String> {
    let client = HttpClient::new(ClientOptions::default()).map_err(|error| error.message().to_owned())?;
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}audience={}", escaped(audience));
    let failed = |why: &str| format!("GitHub Actions gives no token: {why}");
    let page = client.page_with_bearer(&url, secret, LIMIT as u64).await.map_err(|error| failed(error.message()))?;
    if page.status != 200 {
        return Err(failed(&format!("status {}; does the job have permissions: id-token: write?", page.status)));
    }
    let answer: serde_json::Value = serde_json::from_slice(&page.body).map_err(|_| failed("the answer is no JSON"))?;
    let token =
        answer.get("value").and_then(serde_json::Value::as_str).ok_or_else(|| failed("no value in its answer"))?;
    checked(token, "ACTIONS_ID_TOKEN_REQUEST_URL")
}

/// A token that is one word: it becomes a header line, which nothing in it may end.
fn checked(text: &str, place: &str) -> Result<Secret, String> {
    let token = text.trim();
    if token.is_empty() || token.len() > LIMIT || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(format!("what {place} holds is no token: one word of ASCII is, of up to {LIMIT} bytes"));
    }
    Ok(Secret::new(token))
}

fn escaped(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_cannot_bring_a_header_of_its_own() {
        assert_eq!(checked(" a.b-c\n", "x").unwrap().expose(), "a.b-c");
        for text in ["", " ", "a b", "a\nX: y", "a\r\nX: y", "\u{e9}", &"a".repeat(LIMIT + 1)] {
            checked(text, "x").expect_err(text);
        }
        assert_eq!(escaped("https://goproxy.io/a b"), "https%3A%2F%2Fgoproxy.io%2Fa%20b");
    }
}
