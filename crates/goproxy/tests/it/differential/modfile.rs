//! go.mod files: most of them right, some of every wrong kind.

use super::random::Random;

/// The go.mod of the folder `folder` (`sub/`, or nothing) in the repository whose root module is `root`.
pub(super) fn go_mod(root: &str, folder: &str, random: &mut Random) -> Vec<u8> {
    let own = format!("{root}/{folder}");
    let own = own.trim_end_matches('/');
    let major = random.pick(&["", "", "", "", "", "", "", "", "", "/v2", "/v2", "/v3", "/v1", ".v2"]);
    let ends_in_major = own.ends_with("/v2") || own.ends_with("/v3");
    let path = match random.below(40) {
        0 => "example.com/other".to_owned(),
        1 => "example.com/other/v2".to_owned(),
        2 => "gopkg.in/other.v2".to_owned(),
        _ if ends_in_major => own.to_owned(),
        _ => format!("{own}{major}"),
    };
    let go = random.pick(&["go 1.17", "go 1.21", "go 1.23.4", "go 1.24", "go 1.24.1", "go 1.26", "", "", "go 1.x"]);
    let mut text = match random.below(60) {
        0 => return Vec::new(),
        1 => return format!("\u{feff}module {path}\n").into_bytes(),
        2 => return format!("module \"{path}\n").into_bytes(),
        3 => format!("module \"{path}\"\n"),
        4 => format!("module `{path}` // comment\n"),
        5 => format!("// comment\n\n\tmodule\t{path}//comment\n"),
        6 => format!("module (\n\t{path}\n)\n"),
        7 => format!("{go}\n"),
        8 => format!("modul {path}\n"),
        9 => return format!("module {path}").into_bytes(),
        10 => format!("module {path}\nmodule {path}\n"),
        11 => "module\n".to_owned(),
        12 => format!("module {path} extra\n"),
        _ => format!("module {path}\n\n{go}\n"),
    };
    if random.percent(25) {
        text.push_str(&extra(random));
    }
    if random.percent(5) {
        text = text.replace('\n', "\r\n");
    }
    text.into_bytes()
}

/// Lines after the first ones.
fn extra(random: &mut Random) -> String {
    let line = random.pick(&[
        "retract v1.0.0",
        "retract v1.1.0 // broken",
        "retract [v0.0.0, v1.99.0]",
        "retract (\n\tv1.2.3\n\t[v1.0.0, v1.1.0]\n)",
        "retract v2.0.0",
        "retract [v1.1.0",
        "retract latest",
        "require example.com/x v1.2.3",
        "require example.com/x",
        "require (\n\texample.com/x v1.0.0\n",
        "replace example.com/x => ../x",
        "exclude example.com/x v1.0.0",
        "unknown verb",
        "// Deprecated: use another",
        "ignore ./x",
        "tool example.com/x",
        "godebug default=go1.21",
    ]);
    format!("\n{line}\n")
}
