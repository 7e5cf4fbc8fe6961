use super::*;
use crate::zip::hash_bytes;

/// Names and content.
type Files<'a> = &'a [(&'a str, &'a [u8])];

/// Forged by hand so that the reader's own understanding of zips is not what it is tested with.
fn stored(files: Files<'_>) -> Vec<u8> {
    let (mut locals, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let (len, name_len) = (u32::try_from(content.len()).unwrap(), u16::try_from(name.len()).unwrap());
        let sums = [crc.sum(), len, len].map(u32::to_le_bytes).concat();
        let common = [&[10, 0][..], &[0; 8], &sums, &name_len.to_le_bytes(), &[0; 2]].concat();
        let offset = u32::try_from(locals.len()).unwrap().to_le_bytes();
        locals.extend([b"PK\x03\x04", &common[..], name.as_bytes(), content].concat());
        directory.extend([b"PK\x01\x02\x0a\0", &common[..], &[0; 10], &offset, name.as_bytes()].concat());
    }
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    let (size, start) = (directory.len(), locals.len());
    let numbers = [size, start].map(|n| u32::try_from(n).unwrap().to_le_bytes()).concat();
    [&locals[..], &directory, b"PK\x05\x06\0\0\0\0", &count, &count, &numbers, &[0; 2]].concat()
}

/// The definition, word for word.
fn by_definition(files: Files<'_>) -> String {
    let mut files = files.to_vec();
    files.sort();
    let lines: String = files.iter().map(|(name, content)| format!("{:x}  {name}\n", Hex(content))).collect();
    format!("h1:{}", STANDARD.encode(Sha256::digest(lines)))
}

struct Hex<'a>(&'a [u8]);

impl std::fmt::LowerHex for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Sha256::digest(self.0).iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[test]
fn what_go_computes() {
    // x/mod/zip's own tests: unzip/empty, unzip/simple, unzip/go_mod_dir; the last one measured with Go 1.26.
    let simple: Files<'_> = &[
        ("example.com/m@v1.0.0/go.mod", b"module example.com/m\n\ngo 1.13\n"),
        ("example.com/m@v1.0.0/m.go", b"package m\n\nfunc Foo() int { return 42 }\n"),
        (
            "example.com/m@v1.0.0/cmd/hello/hello.go",
            b"package main\n\nimport (\n  \"fmt\"\n  \"example.com/m\"\n)\n\nfunc main() {\n  fmt.Println(m.Foo())\n}\n",
        ),
    ];
    let folders: Files<'_> = &[
        ("example.com/m@v1.0.0/", b""),
        ("example.com/m@v1.0.0/sub/", b""),
        ("example.com/m@v1.0.0/sub/", b""),
        ("example.com/m@v1.0.0/sub/x.txt", b"x\n"),
        ("example.com/m@v1.0.0/sub.txt", b"y\n"),
        ("example.com/m@v1.0.0/\u{65e5}\u{672c}.go", b"package z\n"),
        ("example.com/m@v1.0.0/B.go", b"package b\n"),
    ];
    let table: &[(Files<'_>, &str)] = &[
        (&[], "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        (simple, "h1:tpqYOOmuilagXzyqoJ3roUjp8gneQeTv5YVpL6BG7/k="),
        (&[("example.com/m@v1.0.0/go.mod/a.go", b"package a\n")], "h1:Mun5l9cBlDnnV6JasTpio2aZJSbFj++h+814mnKC/OM="),
        (folders, "h1:JnuzuEZ5gNt3os9K0bvU10ZUhXzt6c4U7GsU/YMutIM="),
    ];
    for (files, h1) in table {
        assert_eq!(hash_bytes(&stored(files)).unwrap(), *h1, "{files:?}");
        assert_eq!(by_definition(files), *h1);
    }
}

#[test]
fn go_mod_files() {
    // What go.sum files hold for golang.org/x/sync v0.7.0.
    let sync = b"module golang.org/x/sync\n\ngo 1.18\n";
    assert_eq!(hash_go_mod(sync), "h1:Czt+wKu1gCyEFDUtn0jG5QVvpJ6rzVqr5aXyt9drQfk=");
    for content in [&b""[..], b"module example.com/m\n", b"no go.mod\0at all"] {
        assert_eq!(hash_go_mod(content), by_definition(&[("go.mod", content)]));
    }
}

#[test]
fn order_does_not_count() {
    let files: [(&str, &[u8]); 3] = [("b", b"1"), ("a/b", b"2"), ("a.b", b"3")];
    let backwards: Vec<_> = files.iter().rev().copied().collect();
    assert_eq!(hash_bytes(&stored(&files)).unwrap(), hash_bytes(&stored(&backwards)).unwrap());
    assert_eq!(hash_bytes(&stored(&files)).unwrap(), by_definition(&files));
}

#[test]
fn a_line_break_in_a_name_is_refused() {
    let error = hash_bytes(&stored(&[("a\nb", b"")])).unwrap_err();
    assert!(error.to_string().ends_with("filenames with newlines are not supported"));
}

#[test]
fn broken_zips_have_no_hash() {
    let mut zip = stored(&[("a", b"content")]);
    zip[31 + 2] ^= 1;
    assert!(hash_bytes(&zip).unwrap_err().to_string().ends_with("checksum error"));
    assert!(hash_bytes(b"").is_err());
}
