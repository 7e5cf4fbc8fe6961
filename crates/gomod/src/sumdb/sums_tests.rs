//! Sums in records.

use super::*;
use crate::{ModulePath, Version};

const ZIP: &str = "h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=";
const MOD: &str = "h1:TIyPZe4MgqvfeYDBFedMoGGpEw/LqOeaOT+nhxU+yHo=";

fn sums(text: &str) -> Result<Sums, SumsError> {
    let path = ModulePath::parse("a.b/c").unwrap();
    let version = ModuleVersion::new(path, Version::parse("v1.0.0").unwrap()).unwrap();
    AuthenticRecord::proved(text).sums(&version)
}

#[test]
fn one_of_each() {
    let (zip, go_mod) = (format!("a.b/c v1.0.0 {ZIP}\n"), format!("a.b/c v1.0.0/go.mod {MOD}\n"));
    let both = Ok(Sums { zip: ZIP.to_owned(), go_mod: MOD.to_owned() });
    assert_eq!(sums(&format!("{zip}{go_mod}")), both);
    assert_eq!(sums(&format!("{go_mod}{zip}")), both);
    // Other kinds of hashes and other versions are no matter.
    let others = format!(
        "a.b/c v1.0.0 h2:x\na.b/c v1.0.0/go.mod h9:y\na.b/c v1.0.1 {ZIP}\na.b/d v1.0.0 {ZIP}\nxa.b/c v1.0.0 {ZIP}\n"
    );
    assert_eq!(sums(&format!("{others}{zip}{go_mod}{others}")), both);
}

#[test]
fn none_or_several() {
    let (zip, go_mod) = (format!("a.b/c v1.0.0 {ZIP}\n"), format!("a.b/c v1.0.0/go.mod {MOD}\n"));
    let (of_zip, of_mod) = ("a.b/c v1.0.0".to_owned(), "a.b/c v1.0.0/go.mod".to_owned());
    let table = [
        (String::new(), SumsError::Missing { line: of_zip.clone() }),
        (go_mod.clone(), SumsError::Missing { line: of_zip.clone() }),
        (zip.clone(), SumsError::Missing { line: of_mod.clone() }),
        (format!("{zip}{}", go_mod.replace("h1:", "h2:")), SumsError::Missing { line: of_mod.clone() }),
        (format!("{zip}{}", go_mod.replace("h1:", "H1:")), SumsError::Missing { line: of_mod.clone() }),
        (format!("{zip}{}", go_mod.replace("a.b", "A.b")), SumsError::Missing { line: of_mod.clone() }),
        (format!("{}{go_mod}", zip.replace(" h1", "  h1")), SumsError::Missing { line: of_zip.clone() }),
        (format!("{}{go_mod}", zip.replace("v1.0.0", "v1.0.0-x")), SumsError::Missing { line: of_zip.clone() }),
        (format!("{zip}{zip}{go_mod}"), SumsError::Several { line: of_zip.clone() }),
        (format!("{zip}{go_mod}a.b/c v1.0.0/go.mod h1:x\n"), SumsError::Several { line: of_mod.clone() }),
        (format!("{}{go_mod}", zip.replace("4F0=", "4F=")), SumsError::Malformed { line: of_zip.clone() }),
        (format!("{}{go_mod}", zip.replace("4F0=", "4F0= x")), SumsError::Malformed { line: of_zip }),
        (format!("{zip}{}", go_mod.replace(MOD, "h1:")), SumsError::Malformed { line: of_mod }),
    ];
    for (text, error) in table {
        assert_eq!(sums(&text), Err(error), "{text}");
    }
}
