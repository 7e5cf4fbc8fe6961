//! Tests of tokens of issuers.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::time::{Duration, advance};

use crate::{
    Issuer, KeysFrom, Refusal,
    signer::{Keys, Signer, claims, hs256, with_signature},
};

fn issuer(keys: &Arc<Keys>) -> Issuer {
    let claims = vec![("owner".to_owned(), vec!["corp".to_owned()])];
    let from = (KeysFrom::Discovery, Arc::clone(keys) as _);
    Issuer::new("ci", "https://ci.example.com", "https://goproxy.io", claims, from).unwrap()
}

async fn verify(issuer: &Issuer, token: &str) -> Result<String, Refusal> {
    issuer.verify(token).await.map(|verified| verified.subject)
}

#[tokio::test]
async fn good_tokens_of_every_kind_are_accepted() {
    for signer in [Signer::ed(), Signer::ec(), Signer::rsa()] {
        let issuer = issuer(&Keys::with(vec![Signer::ed().jwk("other"), signer.jwk("k1")]));
        let name = signer.algorithm();
        assert_eq!(verify(&issuer, &signer.good("k1", |_| {})).await.as_deref(), Ok("repo:corp/app"), "{name}");
        let several = signer.good("k1", |claims| claims["aud"] = json!(["https://a.b", "https://goproxy.io"]));
        assert!(verify(&issuer, &several).await.is_ok(), "{name}");
        let skewed = signer.good("k1", |c| c["exp"] = json!(jiff::Timestamp::now().as_second() - 30));
        assert!(verify(&issuer, &skewed).await.is_ok(), "clocks may differ by a minute");
    }
}

#[tokio::test]
async fn a_token_without_a_key_name_means_the_only_key() {
    let signer = Signer::ec();
    let token = signer.token(&json!({"alg": "ES256"}), &claims());
    assert!(verify(&issuer(&Keys::with(vec![signer.jwk("k1"), Signer::ed().jwk("k2")])), &token).await.is_ok());
    let two = issuer(&Keys::with(vec![signer.jwk("k1"), Signer::ec().jwk("k2")]));
    assert_eq!(verify(&two, &token).await, Err(Refusal::Unknown));
}

#[tokio::test]
async fn claims_that_are_wrong_missing_or_of_another_type_are_refused() {
    let signer = Signer::ed();
    let issuer = issuer(&Keys::with(vec![signer.jwk("k1")]));
    let now = jiff::Timestamp::now().as_second();
    for (name, value, refusal) in [
        ("aud", json!("https://other.example.com"), Refusal::Unknown),
        ("aud", json!([]), Refusal::Unknown),
        ("aud", Value::Null, Refusal::Unknown),
        ("iss", json!("https://evil.example"), Refusal::Unknown),
        ("iss", json!("https://ci.example.com/"), Refusal::Unknown),
        ("iss", Value::Null, Refusal::Unknown),
        ("exp", json!(now - 120), Refusal::Expired),
        ("exp", json!("9999999999"), Refusal::Unknown),
        ("exp", Value::Null, Refusal::Unknown),
        ("exp", json!(1e300), Refusal::Unknown),
        ("nbf", json!(now + 120), Refusal::Unknown),
        ("nbf", json!("soon"), Refusal::Unknown),
        ("owner", json!("corporate"), Refusal::Claims),
        ("owner", json!("Corp"), Refusal::Claims),
        ("owner", Value::Null, Refusal::Claims),
    ] {
        let token = signer.good("k1", |claims| {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        });
        assert_eq!(verify(&issuer, &token).await, Err(refusal), "{name} {value}");
    }
}

#[tokio::test]
async fn no_algorithm_but_that_of_the_key_is_believed() {
    let (rsa, ec) = (Signer::rsa(), Signer::ec());
    let keys = Keys::with(vec![rsa.jwk("r"), ec.jwk("e"), json!({"kty": "oct", "kid": "o", "k": "c2VjcmV0"})]);
    let issuer = issuer(&keys);
    let header = |alg: &str, kid: &str| json!({"alg": alg, "kid": kid});
    let modulus = rsa.jwk("r")["n"].as_str().unwrap().as_bytes().to_vec();
    let document = rsa.jwk("r").to_string().into_bytes();
    let mut tokens = vec![
        with_signature(&header("none", "r"), &claims(), |_| vec![]),
        with_signature(&header("None", "r"), &claims(), |_| vec![]),
        with_signature(&header("", "r"), &claims(), |_| vec![]),
        with_signature(&header("HS256", "o"), &claims(), |message| hs256(b"secret", message)),
        with_signature(&header("HS256", "r"), &claims(), |message| hs256(&modulus, message)),
        with_signature(&header("HS256", "r"), &claims(), |message| hs256(&document, message)),
        // The key of another name, another algorithm on the same key, no signature, that of another text.
        rsa.token(&header("RS256", "e"), &claims()),
        rsa.token(&header("ES256", "r"), &claims()),
        rsa.token(&header("RS384", "r"), &claims()),
        rsa.token(&header("PS256", "r"), &claims()),
        Signer::rsa().token(&header("RS256", "r"), &claims()),
        with_signature(&header("RS256", "r"), &claims(), |_| vec![]),
        with_signature(&header("ES256", "e"), &claims(), |_| vec![0; 64]),
        rsa.token(&json!({"alg": "RS256", "kid": "r", "crit": ["exp"]}), &claims()),
        // A key that the token brings along.
        Signer::ec().token(&json!({"alg": "ES256", "jwk": ec.jwk("x"), "jku": "https://evil.example/jwks"}), &claims()),
    ];
    let good = rsa.good("r", |_| {});
    let (head, rest) = good.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let other = with_signature(&json!({}), &json!({"iss": "https://ci.example.com", "admin": true}), |_| vec![]);
    tokens.push(format!("{head}.{}.{signature}", other.split('.').nth(1).unwrap()));
    tokens.push(format!("{head}.{body}."));
    tokens.push(format!("{head}.{body}"));
    tokens.push(format!("{good}.{signature}"));
    tokens.push("..".to_owned());
    for token in tokens {
        assert_eq!(verify(&issuer, &token).await, Err(Refusal::Unknown), "{token}");
    }
    assert!(verify(&issuer, &good).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_found_and_unknown_ones_are_not_asked_for_more_than_once_a_minute() {
    let (old, new) = (Signer::ed(), Signer::ed());
    let keys = Keys::with(vec![old.jwk("old")]);
    let issuer = issuer(&keys);
    assert!(verify(&issuer, &old.good("old", |_| {})).await.is_ok());
    assert_eq!(keys.asked(), 1);
    for _ in 0..50 {
        assert_eq!(verify(&issuer, &new.good("new", |_| {})).await, Err(Refusal::Unknown));
    }
    assert_eq!(keys.asked(), 1);
    *keys.set.lock().unwrap() = vec![new.jwk("new")];
    advance(Duration::from_secs(61)).await;
    assert!(verify(&issuer, &new.good("new", |_| {})).await.is_ok());
    assert_eq!(keys.asked(), 2);
    // A key that the issuer took back.
    assert_eq!(verify(&issuer, &old.good("old", |_| {})).await, Err(Refusal::Unknown));
}

#[tokio::test(start_paused = true)]
async fn keys_outlive_an_outage_of_their_issuer_for_a_day() {
    let signer = Signer::ed();
    let keys = Keys::with(vec![signer.jwk("k")]);
    *keys.down.lock().unwrap() = true;
    let issuer = issuer(&keys);
    assert_eq!(verify(&issuer, &signer.good("k", |_| {})).await, Err(Refusal::Unavailable));
    *keys.down.lock().unwrap() = false;
    assert_eq!(verify(&issuer, &signer.good("k", |_| {})).await, Err(Refusal::Unavailable), "asked just now");
    advance(Duration::from_secs(61)).await;
    assert!(verify(&issuer, &signer.good("k", |_| {})).await.is_ok());
    *keys.down.lock().unwrap() = true;
    advance(Duration::from_hours(23)).await;
    assert!(verify(&issuer, &signer.good("k", |_| {})).await.is_ok());
    advance(Duration::from_hours(2)).await;
    assert_eq!(verify(&issuer, &signer.good("k", |_| {})).await, Err(Refusal::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_does_not_take_the_keys_along() {
    let signer = Signer::ed();
    let keys = Keys::with(vec![signer.jwk("k")]);
    *keys.slow.lock().unwrap() = true;
    let issuer = issuer(&keys);
    let token = signer.good("k", |_| {});
    assert!(tokio::time::timeout(Duration::from_secs(1), verify(&issuer, &token)).await.is_err(), "it has left");
    assert!(verify(&issuer, &token).await.is_ok(), "within the minute in which nobody asks again");
    assert_eq!(keys.asked(), 1);
}

#[tokio::test]
async fn the_discovery_document_of_another_issuer_is_not_believed() {
    let signer = Signer::ed();
    let keys = Keys::with(vec![signer.jwk("k")]);
    let from = (KeysFrom::Discovery, Arc::clone(&keys) as _);
    let issuer = Issuer::new("x", "https://other.example.com", "https://goproxy.io", vec![], from).unwrap();
    let token = signer.good("k", |claims| claims["iss"] = json!("https://other.example.com"));
    assert_eq!(verify(&issuer, &token).await, Err(Refusal::Unavailable));
    assert_eq!(keys.asked(), 0);
}

#[test]
fn issuers_that_would_let_anybody_in_or_come_unprotected_are_refused() {
    let keys = Keys::with(vec![]);
    let new = |issuer: &str, audience: &str, from: KeysFrom| {
        Issuer::new("n", issuer, audience, vec![], (from, Arc::clone(&keys) as _)).map(drop)
    };
    let github = "https://token.actions.githubusercontent.com";
    assert!(new(github, "a", KeysFrom::Discovery).unwrap_err().contains("anybody can get a token"));
    assert!(new("https://a.b", "", KeysFrom::Discovery).unwrap_err().contains("audience"));
    for url in ["http://a.b", "a.b", "http://127.0.0.1.a.b", "http://localhost@a.b", "ftp://a.b", "https://"] {
        assert!(new(url, "a", KeysFrom::Discovery).unwrap_err().contains("https only"), "{url}");
        assert!(new("https://a.b", "a", KeysFrom::Url(url.into())).unwrap_err().contains("https only"), "{url}");
    }
    new("http://127.0.0.1:8080", "a", KeysFrom::Discovery).unwrap();
    for text in ["", "{}", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}]}"] {
        assert!(new("https://a.b", "a", KeysFrom::Text(text.into())).unwrap_err().contains("key"), "{text}");
    }
}
