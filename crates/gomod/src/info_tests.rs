use proptest::prelude::*;

use super::*;

fn version_and_time(body: &str) -> Option<(String, Option<String>)> {
    let info = Info::parse(body.as_bytes()).ok()?;
    Some((info.version().to_owned(), info.time().map(|time| time.to_string())))
}

#[test]
fn what_proxies_send() {
    let body = br#"{"Version":"v1.13.0","Time":"2025-11-12T21:31:44Z","Origin":{"VCS":"git","URL":"https://example.com/kong","Subdir":"a/b","Hash":"d8de","Ref":"refs/tags/v1.13.0"}}"#;
    let info = Info::parse(body).unwrap();
    assert_eq!(info.version(), "v1.13.0");
    assert_eq!(info.time().map(|time| time.as_second()), Some(1_762_983_104));
    let expected = Origin {
        vcs: "git".to_owned(),
        url: "https://example.com/kong".to_owned(),
        subdir: "a/b".to_owned(),
        hash: "d8de".to_owned(),
        reference: "refs/tags/v1.13.0".to_owned(),
    };
    assert_eq!(info.origin(), Some(&expected));
}

#[test]
fn go_reads_the_same() {
    let known = || Some("2020-01-02T03:04:05Z".to_owned());
    let table = [
        (r#"{"Version":"v1.0.0"}"#, "v1.0.0", None),
        (r#"{"version":"v1.0.0"}"#, "v1.0.0", None),
        (r#"{"VERSION":"v1.0.0"}"#, "v1.0.0", None),
        (r#"{"ver\u0073ion":"v1.0.0"}"#, "v1.0.0", None),
        // A long s folds to s.
        (r#"{"verſion":"v1.0.0"}"#, "v1.0.0", None),
        (r#"{"Version":"v1\u002e0.0"}"#, "v1.0.0", None),
        ("\u{20}{\"Version\" :\r\n\t\"v1\"}\n", "v1", None),
        (r#"{"Name":"x","Short":"y","Version":"v1","more":{"a":[1,{"Version":"v2"}]}}"#, "v1", None),
        (r#"{"Version":"v1","Time":null,"Origin":null}"#, "v1", None),
        (r#"{"Version":"v1","Time":"0001-01-01T00:00:00Z"}"#, "v1", None),
        (r#"{"Version":"v1","Time":"2020-01-02T03:04:05Z"}"#, "v1", known()),
        (r#"{"Version":"v1","time":"2020-01-02T05:04:05+02:00"}"#, "v1", known()),
        (r#"{"Version":"v1","Origin":{"vcs":"git","URL":null,"Other":[]}}"#, "v1", None),
    ];
    for (body, version, time) in table {
        assert_eq!(version_and_time(body), Some((version.to_owned(), time)), "{body}");
    }
}

#[test]
fn what_go_refuses_and_what_is_ambiguous() {
    let table = [
        "",
        "null",
        "[]",
        "{}",
        "\"v1.0.0\"",
        "v1.0.0",
        "<html>",
        r#"{"Version":"v1"} x"#,
        r#"{"Version":"v1",}"#,
        "{'Version':'v1'}",
        r#"{"Version":5}"#,
        r#"{"Version":null}"#,
        r#"{"Version":""}"#,
        r#"{"Version":["v1"]}"#,
        r#"{"Time":"2020-01-02T03:04:05Z"}"#,
        r#"{"Version":"v1","Time":""}"#,
        r#"{"Version":"v1","Time":1}"#,
        r#"{"Version":"v1","Time":"yesterday"}"#,
        r#"{"Version":"v1","Time":"2020\u002d01-02T03:04:05Z"}"#,
        r#"{"Version":"v1","Origin":[]}"#,
        r#"{"Version":"v1","Origin":{"VCS":5}}"#,
        r#"{"Version":"v1","Origin":{"TagSum":{}}}"#,
        // Go takes the last one of these, others the first.
        r#"{"Version":"v1","Version":"v2"}"#,
        r#"{"Version":"v1","Version":"v1"}"#,
        r#"{"Version":"v1","version":"v2"}"#,
        r#"{"Version":"v1","Ver\u0073ion":"v2"}"#,
        r#"{"Version":"v1","a":1,"a":2}"#,
        r#"{"Version":"v1","Origin":{"URL":"a","url":"b"}}"#,
    ];
    for body in table {
        assert!(Info::parse(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn a_large_body_is_refused_unread() {
    let body = vec![b' '; Info::MAX_LEN + 1];
    assert!(matches!(Info::parse(&body), Err(InfoError::TooLong(len)) if len == Info::MAX_LEN + 1));
}

/// Stored for ever, and no `go` could read it. The numbers are those at which encoding/json changes its mind.
#[test]
fn nesting_was_kept_that_go_refuses() {
    let of = |depth| format!("{{\"Version\":\"v1\",\"[[\\\"[\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(Info::parse(of(9_999).as_bytes()).is_ok());
    assert!(matches!(Info::parse(of(10_000).as_bytes()), Err(InfoError::TooDeep)));
}

#[test]
fn deep_nesting_is_survived() {
    let (open, close) = ("[".repeat(400_000), "]".repeat(400_000));
    let refused = Info::parse(format!("{{\"Version\":\"v1\",\"x\":{open}{close}}}").as_bytes());
    assert!(matches!(refused, Err(InfoError::TooDeep)));
    assert!(Info::parse(format!("{{\"Version\":\"v1\",\"x\":{open}").as_bytes()).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_survived(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Info::parse(&body);
    }

    #[test]
    fn any_json_like_text_is_survived(body in r#"(\{"(Version|Time|Origin)":)?[\[\]{}":,a-z0-9 \\]{0,40}\}?"#) {
        let _ = Info::parse(body.as_bytes());
    }
}
