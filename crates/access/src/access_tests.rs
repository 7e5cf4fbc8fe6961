//! Tests of the whole: from a header to rights.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use gomod::ModulePath;
use jiff::Timestamp;
use serde_json::json;

use crate::{
    Access, Htpasswd, Issuer, KeysFrom, Principal, Refusal, Right, Rule, Token,
    signer::{Keys, Signer},
    token_hash,
};

const ANN: &str = "ann:$2y$04$abcdefghijklmnopqrstuuFuhxWRTXIsURoluSTZ1N4tYaWGn9oOi";

fn rule(who: &str, modules: &str, right: &str) -> Rule {
    Rule::new(vec![who.to_owned()], Some(modules), Some(right)).unwrap()
}

fn token(name: &str, text: &str) -> Token {
    Token::new(name, &token_hash(text), None).unwrap()
}

fn access(rules: Vec<Rule>) -> Access {
    Access::new(Htpasswd::parse(ANN).unwrap(), vec![token("ci", "t-1"), token("root", "t-2")], vec![], rules).unwrap()
}

fn basic(user: &str, password: &str) -> Vec<u8> {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))).into_bytes()
}

async fn who(access: &Access, header: &[u8]) -> Result<String, Refusal> {
    let principal = access.identify(Some(header), Timestamp::now()).await?;
    Ok(principal.name().map(ToString::to_string).unwrap_or_default())
}

fn reads(principal: &Principal, path: &str) -> bool {
    principal.may(Right::Read, &ModulePath::parse(path).unwrap())
}

#[tokio::test]
async fn everybody_is_who_their_credentials_say() {
    let access = access(vec![]);
    for (header, name) in [
        (basic("ann", "opensesame"), "ann"),
        (basic("anything", "t-1"), "ci"),
        (basic("", "t-1"), "ci"),
        (b"Bearer t-2".to_vec(), "root"),
    ] {
        assert_eq!(who(&access, &header).await.as_deref(), Ok(name));
    }
    for (header, refusal) in [
        (basic("ann", "opensesam"), Refusal::Unknown),
        (basic("Ann", "opensesame"), Refusal::Unknown),
        (basic("t-1", ""), Refusal::Unknown),
        (b"Bearer opensesame".to_vec(), Refusal::Unknown),
        (b"Bearer a.b.c".to_vec(), Refusal::Unknown),
        (b"junk".to_vec(), Refusal::Malformed),
        (b"".to_vec(), Refusal::Malformed),
    ] {
        assert_eq!(who(&access, &header).await, Err(refusal), "{}", String::from_utf8_lossy(&header));
    }
}

#[tokio::test]
async fn without_rules_credentials_read_everything_and_anonymous_nothing() {
    let access = access(vec![]);
    let anonymous = access.identify(None, Timestamp::now()).await.unwrap();
    assert!(!reads(&anonymous, "a.example/b") && !anonymous.may_something(Right::Read));
    let ann = access.identify(Some(&basic("ann", "opensesame")), Timestamp::now()).await.unwrap();
    assert!(reads(&ann, "a.example/b") && !ann.may_something(Right::Admin));
}

#[tokio::test]
async fn rules_add_up_for_names_the_authenticated_and_everybody() {
    let access = access(vec![
        rule("anonymous", "open.example", "read"),
        rule("authenticated", "team.example", "read"),
        rule("ci", "github.com/corp", "read"),
        rule("root", "*", "admin"),
    ]);
    let of = async |header: Option<&[u8]>| access.identify(header, Timestamp::now()).await.unwrap();
    let (anonymous, ann) = (of(None).await, of(Some(&basic("ann", "opensesame"))).await);
    let (ci, root) = (of(Some(b"Bearer t-1")).await, of(Some(b"Bearer t-2")).await);
    for (path, may) in [
        ("open.example/a", [true, true, true, true]),
        ("team.example/a", [false, true, true, true]),
        ("github.com/corp/a", [false, false, true, true]),
        ("github.com/corporate/a", [false, false, false, true]),
        ("github.com/Corp/a", [false, false, false, true]),
    ] {
        let found = [&anonymous, &ann, &ci, &root].map(|principal| reads(principal, path));
        assert_eq!(found, may, "{path}");
    }
    assert!(root.may_everything(Right::Admin) && !ci.may_everything(Right::Read));
}

#[tokio::test]
async fn a_token_ends_at_its_time_although_it_was_good_just_before() {
    let end: Timestamp = "2026-11-05T10:00:00Z".parse().unwrap();
    let token = Token::new("ci", &token_hash("t"), Some("2026-11-05T10:00:00Z")).unwrap();
    let access = Access::new(Htpasswd::default(), vec![token], vec![], vec![]).unwrap();
    let before = end.checked_sub(jiff::SignedDuration::from_millis(1)).unwrap();
    assert!(access.identify(Some(b"Bearer t"), before).await.is_ok());
    assert_eq!(access.identify(Some(b"Bearer t"), end).await.unwrap_err(), Refusal::Expired);
}

#[tokio::test]
async fn tokens_of_issuers_have_the_names_whose_claims_hold() {
    let signer = Signer::ed();
    let keys = Keys::with(vec![signer.jwk("k")]);
    let issuer = |name: &str, owner: &str| {
        let claims = vec![("owner".to_owned(), vec![owner.to_owned()])];
        let from = (KeysFrom::Discovery, Arc::clone(&keys) as _);
        Issuer::new(name, "https://ci.example.com", "https://goproxy.io", claims, from).unwrap()
    };
    let issuers = vec![issuer("corp", "corp"), issuer("any", "*"), issuer("evil", "evil")];
    let rules =
        vec![rule("any", "a.example", "read"), rule("corp", "b.example", "read"), rule("evil", "c.example", "read")];
    let access = Access::new(Htpasswd::default(), vec![], issuers, rules).unwrap();
    let token = signer.good("k", |_| {});
    for header in [format!("Bearer {token}").into_bytes(), basic("oauth2", &token)] {
        let principal = access.identify(Some(&header), Timestamp::now()).await.unwrap();
        assert_eq!(principal.name().unwrap().as_ref(), "corp/repo:corp/app");
        assert!(reads(&principal, "a.example/x") && reads(&principal, "b.example/x"));
        assert!(!reads(&principal, "c.example/x"));
    }
    let odd = signer.good("k", |claims| claims["sub"] = json!(format!("a\nb{}", "x".repeat(2000))));
    let shown = who(&access, format!("Bearer {odd}").as_bytes()).await.unwrap();
    assert!(shown.len() < 300 && !shown.contains('\n'), "{shown}");
    let foreign = signer.good("k", |claims| claims["iss"] = json!("https://evil.example"));
    assert_eq!(who(&access, format!("Bearer {foreign}").as_bytes()).await, Err(Refusal::Unknown));
}

#[test]
fn a_name_that_stands_for_two_is_refused_and_one_that_stands_for_nobody_is_told() {
    let new = |tokens, rules| Access::new(Htpasswd::parse(ANN).unwrap(), tokens, vec![], rules);
    for names in [&["ann"][..], &["a", "a"], &["anonymous"], &["authenticated"]] {
        let tokens = names.iter().map(|name| token(name, name)).collect();
        assert!(new(tokens, vec![]).unwrap_err().contains("used twice"), "{names:?}");
    }
    let access = new(vec![], vec![rule("ann", "*", "read"), rule("bob", "*", "read"), rule("anonymous", "*", "read")]);
    assert_eq!(access.unwrap().nobodies(), ["bob"]);
}
