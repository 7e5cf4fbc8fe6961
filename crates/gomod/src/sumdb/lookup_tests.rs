//! Shapes of lookups, real and broken.

use super::*;
use crate::{ModulePath, Version};

const NOTE: &str = "go.sum database tree\n66332798\nczPocWFmMwQrSENohgEPvFiqA+2i/3lRZhHbxtma2UQ=\n\n\
     \u{2014} sum.golang.org Az3grh19zTBOmg0dGOAELF5SP1N/QTSsuYwquERee13uccsbttgwVlS/0MhlHd7IEvb6fQVKmu7XFovf0PT1tKOnHQo=\n";
const RECORD: &str = "22152757\ngithub.com/google/uuid v1.6.0 h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=\n\
     github.com/google/uuid v1.6.0/go.mod h1:TIyPZe4MgqvfeYDBFedMoGGpEw/LqOeaOT+nhxU+yHo=\n";

fn version(path: &str, version: &str) -> ModuleVersion {
    ModuleVersion::new(ModulePath::parse(path).unwrap(), Version::parse(version).unwrap()).unwrap()
}

#[test]
fn a_real_lookup() {
    let lookup = Lookup::parse(format!("{RECORD}\n{NOTE}").as_bytes()).unwrap();
    assert_eq!((lookup.id(), lookup.lines().len()), (22_152_757, 2));
    assert!(lookup.names(&version("github.com/google/uuid", "v1.6.0")));
    assert!(!lookup.names(&version("github.com/google/uuid", "v1.6.1")));
    assert!(!lookup.names(&version("github.com/google/uui", "v1.6.0")));
    assert!(is_signed_tree(NOTE.as_bytes()));
    assert_eq!((format!("22152757\n{}", lookup.record()).as_str(), lookup.note()), (RECORD, NOTE));
}

#[test]
fn what_is_no_lookup() {
    for body in [
        String::new(),
        "<html></html>".to_owned(),
        RECORD.to_owned(),
        format!("{RECORD}\n"),
        format!("{}\n{NOTE}", RECORD.replace('\n', "\r\n")),
        format!("{}\n{NOTE}", RECORD.replace(" h1:", "\th1:")),
        format!("{RECORD}{NOTE}"),
        format!("\n\n{NOTE}"),
        format!("1\n\n{NOTE}"),
        format!("x\n{RECORD}\n{NOTE}"),
        format!("{RECORD}\n{}", NOTE.replace('\u{2014}', "-")),
        format!("{RECORD}\n{}", &NOTE[..NOTE.len() - 1]),
        format!("{RECORD}\n{}", NOTE.replace("66332798", "many")),
    ] {
        assert_eq!(Lookup::parse(body.as_bytes()), Err(LookupError), "{body}");
    }
}

#[test]
fn half_a_record_names_nothing() {
    let uuid = version("github.com/google/uuid", "v1.6.0");
    let names =
        |record: &str| Lookup::parse(format!("{record}\n{NOTE}").as_bytes()).is_ok_and(|lookup| lookup.names(&uuid));
    assert!(names(RECORD));
    let lines: Vec<_> = RECORD.lines().collect();
    let [id, zip, go_mod] = lines[..] else { panic!("{lines:?}") };
    assert!(names(&format!("{id}\n{go_mod}\n{zip}\n")));
    assert!(!names(&format!("{id}\n{zip}\n")));
    assert!(!names(&format!("{id}\n{go_mod}\n")));
    assert!(!names(&format!("{id}\n{zip}\n{go_mod}\n{zip}\n")));
    assert!(!names(&RECORD.replace("94F0=", "94F=")));
    assert!(!names(&RECORD.replace("h1:NI", "h2:NI")));
}

#[test]
fn lines_behind_the_record_do_not_count() {
    let smuggled = NOTE.replacen("2UQ=\n\n", "2UQ=\na.b/c v1.0.0 h1:x\na.b/c v1.0.0/go.mod h1:x\n\n", 1);
    let lookup = Lookup::parse(format!("{RECORD}\n{smuggled}").as_bytes()).unwrap();
    assert!(!lookup.names(&version("a.b/c", "v1.0.0")));
}

proptest::proptest! {
    #[test]
    fn never_panics(body: Vec<u8>) {
        let _ = (Lookup::parse(&body), is_signed_tree(&body));
    }
}
