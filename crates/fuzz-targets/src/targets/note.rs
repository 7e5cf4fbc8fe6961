//! What opens with a key is exactly what was signed with it.

use std::collections::HashSet;
use std::sync::OnceLock;

use gomod::sumdb::{Hash, SumDbSetting, TreeHead, VerifierKey, is_signed_tree, note};

use crate::forge::{Log, key, sign};
use crate::input::Input;

pub(crate) fn run(data: &[u8]) {
    as_it_came(data);
    let text = String::from_utf8_lossy(data);
    keys(&text);
    signed_and_damaged(data);
}

/// Nobody but the log has signed anything before.
fn as_it_came(data: &[u8]) {
    static SIGNED: OnceLock<HashSet<&str>> = OnceLock::new();
    let signed = SIGNED.get_or_init(|| {
        let heads = |log: &'static Log| (0..=log.size()).map(|size| log.note(size));
        let texts = heads(Log::own()).chain(heads(Log::other())).map(|note| note.split_once("\n\n").unwrap().0);
        texts.collect()
    });
    if let Ok(text) = note::open(data, key()) {
        assert!(signed.contains(text.trim_end_matches('\n')), "{text:?}");
        assert!(data.starts_with(text.as_bytes()));
    }
    if let Ok(head) = TreeHead::open(data, key()) {
        assert!(is_signed_tree(data));
        let size = usize::try_from(head.size()).unwrap();
        assert!([Log::own(), Log::other()].iter().any(|log| size <= log.size() && *log.head(size) == head));
    }
}

fn keys(text: &str) {
    for line in text.lines() {
        if let Ok(key) = VerifierKey::parse(line) {
            assert_eq!(VerifierKey::parse(&key.to_string()).as_ref(), Ok(&key));
        }
        if let Some(hash) = Hash::parse(line) {
            assert_eq!(Hash::parse(&hash.to_string()), Some(hash));
        }
        let _ = SumDbSetting::parse(line);
    }
}

/// First how to damage it, then the text.
fn signed_and_damaged(data: &[u8]) {
    let (mut damage, mut rest) = (Input::new(data), Input::new(data));
    rest.take(1 + 4 * usize::from(data.first().copied().unwrap_or_default() % 8));
    let Ok(text) = std::str::from_utf8(rest.rest()) else { return };
    let text = format!("{text}\n");
    if text.chars().any(|c| c < ' ' && c != '\n') {
        return;
    }
    let whole = sign(&text);
    assert_eq!(note::open(whole.as_bytes(), key()), Ok(text.as_str()));
    let mut damaged = whole.into_bytes();
    if damage.damage(&mut damaged)
        && let Ok(opened) = note::open(&damaged, key())
    {
        assert_eq!(opened, text);
    }
}
