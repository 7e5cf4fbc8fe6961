//! The JSON of `.info`, byte for byte as Go's encoding/json writes `modfetch.RevInfo` with the `Origin` that
//! `writeDiskStat` leaves: neither tag sums nor, for a pseudo-version, a ref.

use jiff::Timestamp;

use super::Revision;

pub(super) fn write(revision: &Revision, url: &str) -> String {
    let mut json = String::from("{\"Version\":");
    quote(&mut json, revision.version.as_str());
    json.push_str(",\"Time\":");
    // Times that jiff cannot hold were refused where the commit was read.
    let time = Timestamp::from_second(revision.time).unwrap_or_default();
    quote(&mut json, &time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    json.push_str(",\"Origin\":{\"VCS\":\"git\"");
    let hash = revision.commit.to_string();
    let reference = revision.reference.as_deref().unwrap_or_default();
    for (name, value) in [("URL", url), ("Subdir", &*revision.subdirectory), ("Hash", &*hash), ("Ref", reference)] {
        if !value.is_empty() {
            json.push_str(",\"");
            json.push_str(name);
            json.push_str("\":");
            quote(&mut json, value);
        }
    }
    json.push_str("}}");
    json
}

/// Go escapes what HTML or JavaScript could take for its own.
fn quote(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '\0'..'\u{20}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                json.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => json.push(c),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use gomod::Version;
    use goproxy_git::Oid;

    use super::*;

    fn revision(version: &str, reference: Option<&str>, subdirectory: &str) -> Revision {
        let id = Oid::from_hex("80d85c5d4d17598a0e9055e7c175a32b415d6128").unwrap();
        Revision {
            version: Version::parse(version).unwrap(),
            commit: id,
            tree: id,
            time: 1_519_081_866,
            reference: reference.map(str::to_owned),
            dir: subdirectory.to_owned(),
            go_mod: bytes::Bytes::new(),
            subdirectory: subdirectory.to_owned(),
        }
    }

    #[test]
    fn what_go_writes() {
        let tagged = revision("v1.0.0", Some("refs/tags/sub/v1.0.0"), "sub").info("https://h.x/a?b=<1>&c=\"\\");
        let expected = concat!(
            r#"{"Version":"v1.0.0","Time":"2018-02-19T23:11:06Z","Origin":{"VCS":"git","#,
            r#""URL":"https://h.x/a?b=\u003c1\u003e\u0026c=\"\\","Subdir":"sub","#,
            r#""Hash":"80d85c5d4d17598a0e9055e7c175a32b415d6128","Ref":"refs/tags/sub/v1.0.0"}}"#
        );
        assert_eq!(tagged, expected);
        let pseudo = revision("v0.0.0-20180219231106-80d85c5d4d17", None, "").info("https://h.x/a");
        let expected = concat!(
            r#"{"Version":"v0.0.0-20180219231106-80d85c5d4d17","Time":"2018-02-19T23:11:06Z","Origin":{"VCS":"git","#,
            r#""URL":"https://h.x/a","Hash":"80d85c5d4d17598a0e9055e7c175a32b415d6128"}}"#
        );
        assert_eq!(pseudo, expected);
    }

    #[test]
    fn strings_are_escaped_as_go_does() {
        let mut json = String::new();
        quote(&mut json, "\u{1}\t\n\r\u{8}\u{c}\u{7f}é\u{2028}/'");
        assert_eq!(json, "\"\\u0001\\t\\n\\r\\b\\f\u{7f}é\\u2028/'\"");
    }
}
