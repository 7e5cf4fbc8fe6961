//! Files that cannot be used: found at the start, in one line that says which, why, and what to do.

use std::path::PathBuf;

use goproxy_server::{Tls, TlsFile};
use rcgen::date_time_ymd;

use super::Files;

/// What is said with that in place of one of the files, which then is written back.
fn refused(files: &Files, name: &str, text: &str) -> (TlsFile, String) {
    let path = files.folder.path().join(name);
    let before = std::fs::read_to_string(&path).unwrap();
    files.write(name, text);
    let mut options = files.options();
    options.client_ca = Some(files.folder.path().join("clients.crt"));
    let error = Tls::open(options).unwrap_err();
    files.write(name, &before);
    assert!(!error.to_string().contains('\n'), "{error}");
    assert!(error.to_string().starts_with(path.to_str().unwrap()), "{error}");
    (error.file(), error.text().to_owned())
}

#[test]
fn each_fault_is_told() {
    let files = Files::new();
    files.write("clients.crt", &files.authority.pem);
    let (cert, key) = files.authority.issue("another");
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIF\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMIIF\n\
               -----END RSA PRIVATE KEY-----\n";
    let garbage = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let not_one = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let (cut, large) = (&key[..key.len() / 2], "x".repeat(5 << 20));
    for (name, text, cause) in [
        ("tls.crt", "", "holds no certificate"),
        ("tls.crt", &key, "holds no certificate"),
        ("tls.crt", &cert[..cert.len() / 2], "damaged PEM"),
        ("tls.crt", not_one, "cannot be used"),
        ("tls.crt", &large, "no file of some kilobytes"),
        ("tls.key", "", "holds no private key"),
        ("tls.key", &cert, "holds no private key"),
        ("tls.key", cut, "damaged PEM"),
        ("tls.key", garbage, "of an unknown kind"),
        ("tls.key", encrypted, "openssl pkey"),
        ("tls.key", old, "openssl pkey"),
        ("tls.key", &key, "is not the key of the first certificate in"),
        ("clients.crt", "", "holds no certificate"),
        ("clients.crt", not_one, "cannot be used"),
    ] {
        let (file, said) = refused(&files, name, text);
        let expected = match name {
            "tls.crt" => TlsFile::Cert,
            "tls.key" => TlsFile::Key,
            _ => TlsFile::ClientCa,
        };
        assert_eq!(file, expected, "{said}");
        assert!(said.contains(cause), "{name}: {said}");
    }
}

#[test]
fn the_wrong_order_of_a_chain_is_told() {
    let files = Files::new();
    let (cert, key) = files.authority.issue("a");
    files.write("tls.key", &key);
    files.write("tls.crt", &(cert.clone() + &files.authority.pem));
    Tls::open(files.options()).unwrap();
    files.write("tls.crt", &(files.authority.pem.clone() + &cert));
    assert!(Tls::open(files.options()).unwrap_err().text().contains("before the intermediate"));
}

#[test]
fn what_is_no_file_is_told_and_not_waited_for() {
    let files = Files::new();
    for path in ["/nowhere/tls.key", "/dev/zero", "/"] {
        let mut options = files.options();
        options.key = PathBuf::from(path);
        let error = Tls::open(options).unwrap_err();
        assert_eq!(error.file(), TlsFile::Key);
        assert!(error.text().contains("write the path of a PEM file"), "{error}");
    }
}

/// One file may hold both, as HAProxy wants it.
#[test]
fn chain_and_key_in_one_file() {
    let files = Files::new();
    let (cert, key) = files.authority.issue("a");
    let mut options = files.options();
    options.cert = files.write("both.pem", &(key + &cert));
    options.key.clone_from(&options.cert);
    assert_eq!(Tls::open(options).unwrap().warning(), None);
}

#[test]
fn an_expired_certificate_is_a_warning() {
    let files = Files::new();
    let (cert, key) = files.authority.issue_with("a", |params| {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
    });
    files.write("tls.crt", &cert);
    files.write("tls.key", &key);
    let warning = Tls::open(files.options()).unwrap().warning().unwrap();
    assert!(warning.contains("tls.crt: the certificate expired at 2002-01-01"), "{warning}");
}
