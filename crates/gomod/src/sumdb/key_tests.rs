//! Verifier keys, real and broken.

use super::*;
use crate::sumdb::tests::Signer;

const REAL: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
/// golang.org/x/mod/sumdb/note's example.
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

#[test]
fn real_keys() {
    assert_eq!(VerifierKey::parse(REAL), Ok(VerifierKey::sum_golang_org()));
    assert_eq!(VerifierKey::sum_golang_org().to_string(), REAL);
    let peter = VerifierKey::parse(PETER).unwrap();
    assert_eq!((peter.name(), peter.hash(), peter.to_string().as_str()), ("PeterNeumann", 0xc74f_20a3, PETER));
    let own = Signer::new("localhost.localdev/sumdb", 1).key_text();
    assert_eq!(VerifierKey::parse(&own).unwrap().to_string(), own);
    assert_eq!(VerifierKey::parse(&REAL.replace("033de0ae", "033DE0AE")), Ok(VerifierKey::sum_golang_org()));
}

#[test]
fn broken_keys() {
    let hash_of = |name: &str, data: &[u8]| format!("{name}+{:08x}+{}", key_hash(name, data), encoding::encode(data));
    let (short, other) = ([&[ED25519], [7; 31].as_slice()].concat(), [&[2], [7; 32].as_slice()].concat());
    let table = [
        (String::new(), KeyError::Malformed),
        ("sum.golang.org".to_owned(), KeyError::Malformed),
        ("sum.golang.org+033de0ae".to_owned(), KeyError::Malformed),
        (REAL.replace("+033", "+33"), KeyError::Malformed),
        (REAL.replace("+033de0ae", "++33de0ae"), KeyError::Malformed),
        (REAL.replace("033de0ae", "xyzde0ae"), KeyError::Malformed),
        (REAL.replace("Ac4z", "Ac4"), KeyError::Malformed),
        (REAL.replace("sum.golang.org", ""), KeyError::Malformed),
        (REAL.replace("sum.golang.org", "sum golang.org"), KeyError::Malformed),
        (format!("{REAL}+x"), KeyError::Malformed),
        (format!("{REAL}\n"), KeyError::Malformed),
        (hash_of("a", &[]), KeyError::Malformed),
        (hash_of("a", &short), KeyError::Malformed),
        (hash_of("a", &other), KeyError::Algorithm),
        (REAL.replace("033d", "033e"), KeyError::Hash),
        (REAL.replace("sum.golang", "sum.golnag"), KeyError::Hash),
        (REAL.replace("OuAn8", "OuAn9"), KeyError::Hash),
    ];
    for (text, error) in table {
        assert_eq!(VerifierKey::parse(&text), Err(error), "{text}");
    }
}

#[test]
fn a_key_that_is_no_point_verifies_nothing() {
    // y = 2 is on no point of the curve. Go takes such a key, too, and refuses every signature.
    let mut public = [0; 32];
    public[0] = 2;
    let key = VerifierKey { name: "a".to_owned(), hash: 0, public };
    assert!(VerifyingKey::from_bytes(&public).is_err());
    assert!(!key.verifies(b"x", &[0; 64]) && !key.verifies(b"x", &[]));
}
