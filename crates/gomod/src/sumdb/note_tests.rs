//! Signed notes: golang.org/x/mod/sumdb/note's example and rules.

use super::*;
use crate::sumdb::tests::Signer;

const TEXT: &str =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
/// By PeterNeumann; golang.org/x/mod/sumdb/note's example.
const SIGNATURE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn peter() -> VerifierKey {
    VerifierKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap()
}

fn unsigned(key: &VerifierKey) -> NoteError {
    NoteError::Unsigned { name: key.name().to_owned(), hash: key.hash() }
}

fn bad_signature(key: &VerifierKey) -> NoteError {
    NoteError::BadSignature { name: key.name().to_owned(), hash: key.hash() }
}

#[test]
fn the_example() {
    assert_eq!(open(format!("{TEXT}\n{SIGNATURE}").as_bytes(), &peter()), Ok(TEXT));
}

#[test]
fn wrong_keys_and_names() {
    let note = format!("{TEXT}\n{SIGNATURE}");
    for other in [Signer::new("PeterNeumann", 1), Signer::new("EnochRoot", 1)] {
        assert_eq!(open(note.as_bytes(), &other.key()), Err(unsigned(&other.key())));
        assert_eq!(open(other.note(TEXT).as_bytes(), &peter()), Err(unsigned(&peter())));
    }
    let renamed = note.replace("PeterNeumann", "PeterNeumenn");
    assert_eq!(open(renamed.as_bytes(), &peter()), Err(unsigned(&peter())));
}

#[test]
fn changed_text() {
    for changed in [TEXT.replace("answer", "question"), TEXT.replace("\nthen", " \nthen"), format!("x\n\n{TEXT}")] {
        assert_eq!(
            open(format!("{changed}\n{SIGNATURE}").as_bytes(), &peter()),
            Err(bad_signature(&peter())),
            "{changed}"
        );
    }
}

#[test]
fn several_signatures() {
    let (own, stranger) = (Signer::new("a.b", 1), Signer::new("c.d", 2));
    let (key, good, others) = (own.key(), own.line(TEXT), stranger.line(TEXT));
    let bad = own.line("something else\n");
    let long = others.repeat(MAX_SIGNATURES - 1);
    let table = [
        (format!("{others}{good}"), Ok(TEXT)),
        (format!("{good}{others}"), Ok(TEXT)),
        (format!("{good}{good}"), Ok(TEXT)),
        // The first of a key counts, in Go as well.
        (format!("{good}{bad}"), Ok(TEXT)),
        (format!("{bad}{good}"), Err(bad_signature(&key))),
        (format!("{others}{bad}"), Err(bad_signature(&key))),
        (stranger.line("else\n") + &good, Ok(TEXT)),
        (format!("{long}{good}"), Ok(TEXT)),
        (format!("{long}{good}{others}"), Err(NoteError::Malformed)),
        (format!("{good}{others}").replacen("c.d", "c+d", 1), Err(NoteError::Malformed)),
        (format!("{good}x\n"), Err(NoteError::Malformed)),
        (others, Err(unsigned(&key))),
    ];
    for (signatures, expected) in table {
        assert_eq!(open(format!("{TEXT}\n{signatures}").as_bytes(), &key), expected, "{signatures}");
    }
}

#[test]
fn what_is_no_note() {
    let good = format!("{TEXT}\n{SIGNATURE}");
    let bad = [
        String::new(),
        "\n\n".to_owned(),
        TEXT.to_owned(),
        format!("{TEXT}\n"),
        format!("{TEXT}{SIGNATURE}"),
        good.trim_end().to_owned(),
        format!("{good}\n"),
        good.replace('\n', "\r\n"),
        good.replace("If you", "If\tyou"),
        good.replace("If you", "If\0you"),
        good.replace('\u{2014}', "-"),
        good.replace("PeterNeumann ", "PeterNeumann"),
        good.replace("PeterNeumann", "Peter\u{a0}Neumann"),
        good.replace("x08go", "x08g"),
        good.replace("nAM=", "nAM= "),
        format!("{TEXT}\n\u{2014} PeterNeumann x08gow==\n"),
        format!("{TEXT}\n\u{2014} PeterNeumann \n"),
    ];
    for note in bad {
        assert_eq!(open(note.as_bytes(), &peter()), Err(NoteError::Malformed), "{note}");
    }
    assert_eq!(open(&[good.as_bytes(), b"\xff\n"].concat(), &peter()), Err(NoteError::Malformed));
    assert_eq!(open(&[b"\xff".as_slice(), good.as_bytes()].concat(), &peter()), Err(NoteError::Malformed));
}

#[test]
fn no_bit_of_a_note_can_change() {
    let note = format!("{TEXT}\n{SIGNATURE}").into_bytes();
    for index in 0..note.len() {
        for bit in 0..8 {
            let mut flipped = note.clone();
            flipped[index] ^= 1 << bit;
            // The spare bits of base64's last digit, which Go ignores, are the exception: they mean the same.
            let spare = index == note.len() - 3;
            let opened = open(&flipped, &peter());
            assert!(opened.is_err() || (spare && opened == Ok(TEXT)), "bit {bit} of byte {index}");
        }
    }
}

#[test]
fn other_encodings_of_a_signature() {
    // S + L is the same number to a careless verifier; Go wants S reduced.
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let encoded = SIGNATURE.trim_end().rsplit(' ').next().unwrap();
    let mut data = encoding::decode(encoded).unwrap();
    let mut carry = 0_u16;
    for (byte, add) in data[36..].iter_mut().zip(L) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        [*byte, _] = sum.to_le_bytes();
        carry = sum >> 8;
    }
    let note = format!("{TEXT}\n{}", SIGNATURE.replace(encoded, &encoding::encode(&data)));
    assert_eq!(open(note.as_bytes(), &peter()), Err(bad_signature(&peter())));
}

proptest::proptest! {
    #[test]
    fn never_panics(body: Vec<u8>, text in "(\n|\u{2014}| |[a-z]){0,20}\n\n(\u{2014} )?(.|\n){0,20}\n") {
        assert!(open(&body, &peter()).is_err() && open(text.as_bytes(), &peter()).is_err());
    }
}
