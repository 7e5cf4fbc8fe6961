//! GOSUMDB as cmd/go reads it.

use super::*;
use crate::sumdb::tests::Signer;

const REAL: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";

fn on(key: VerifierKey, url: Option<&str>) -> Result<SumDbSetting, SettingError> {
    Ok(SumDbSetting::On { key, url: url.map(str::to_owned) })
}

#[test]
fn forms() {
    let (real, own) = (VerifierKey::sum_golang_org(), Signer::new("localhost.localdev/sumdb", 1));
    let own_text = own.key_text();
    assert_eq!(SumDbSetting::parse("sum.golang.org"), Ok(SumDbSetting::default()));
    assert_eq!(SumDbSetting::parse(" sum.golang.org "), on(real.clone(), None));
    assert_eq!(SumDbSetting::parse("sum.golang.google.cn"), on(real.clone(), Some("https://sum.golang.google.cn")));
    assert_eq!(SumDbSetting::parse(REAL), on(real.clone(), None));
    assert_eq!(SumDbSetting::parse(&format!("{REAL}\thttp://h:8080/a/")), on(real.clone(), Some("http://h:8080/a")));
    assert_eq!(SumDbSetting::parse("sum.golang.org https://h"), on(real, Some("https://h")));
    assert_eq!(SumDbSetting::parse(&own_text), on(own.key(), None));
    assert_eq!(SumDbSetting::parse(&format!("{own_text} https://h/b")), on(own.key(), Some("https://h/b")));
}

/// T10: only the word itself.
#[test]
fn t10_off() {
    assert_eq!(SumDbSetting::parse("off"), Ok(SumDbSetting::Off));
    for text in [" off", "OFF", "off https://h", "off,"] {
        assert_eq!(SumDbSetting::parse(text), Err(SettingError::UnknownName), "{text}");
    }
}

#[test]
fn refused() {
    let table = [
        ("", SettingError::Empty),
        ("  ", SettingError::Empty),
        ("sum.example.com", SettingError::UnknownName),
        ("sum.golang.google.cn https://h", SettingError::UnknownName),
        ("sum.golang.org https://h x", SettingError::TooMany),
        ("sum.golang.org+033de0ae+x", SettingError::Key(KeyError::Malformed)),
    ];
    for (text, error) in table {
        assert_eq!(SumDbSetting::parse(text), Err(error), "{text}");
    }
    for url in [
        "h",
        "ftp://h",
        "file:///a",
        "https://",
        "https:///a",
        "https://h?q",
        "https://h#f",
        "https://h:x",
        "direct",
        "https://h,off",
    ] {
        assert_eq!(SumDbSetting::parse(&format!("sum.golang.org {url}")), Err(SettingError::Url), "{url}");
    }
    for name in ["a.b/", "/a.b", "a.b//c", "a.b/../c", "a.b?c", "a.b#c", "u@a.b", "a.b:x", "a.b%41", "a.b/c|d", ":80"] {
        let text = Signer::new(name, 1).key_text();
        assert_eq!(SumDbSetting::parse(&text), Err(SettingError::Name), "{name}");
    }
}

#[test]
fn passwords_are_not_shown() {
    let shown = format!("{:?}", SumDbSetting::parse(&format!("{REAL} https://user:secret@h/a")).unwrap());
    assert_eq!(shown, format!("{:?} https://xxxxx@h/a", VerifierKey::sum_golang_org()));
    let error = SumDbSetting::parse("x https://user:secret@h").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"));
}
