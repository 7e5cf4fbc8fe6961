//! docs/configuration.md and examples/goproxy.toml, generated from the table. The tests compare; with
//! `GOPROXY_UPDATE_DOCS=1 cargo test -p goproxy docs` they write instead.

use std::path::{Path, PathBuf};

use super::{Fallback, Group, Setting, Settings, TABLE, TABLES, file, show::toml_value};

const INTRO: &str = include_str!("docs_intro.md");

#[test]
fn docs_configuration_is_up_to_date() {
    up_to_date("docs/configuration.md", &reference());
}

#[test]
fn docs_example_file_is_up_to_date() {
    up_to_date("examples/goproxy.toml", &example());
}

#[test]
fn docs_example_file_is_good_with_and_without_its_comment_signs() {
    let path = Path::new("examples/goproxy.toml");
    let as_it_is = file::parse(&example(), path).expect("as it is");
    assert!(as_it_is.entries.is_empty() && as_it_is.rows.is_empty());
    let active: String = example().lines().map(|line| uncomment(line) + "\n").collect();
    // What excludes another is the one key that cannot be active with it.
    let excluded = ["jwksFile", "password", "passwordFile", "passwordEnv", "token", "tokenFile", "tokenEnv"];
    let active = excluded.iter().fold(active, |text, key| text.replace(&format!("\n{key} ="), &format!("\n#{key} =")));
    let contents = file::parse(&active, path).expect("with every setting active");
    assert_eq!(contents.entries.len(), TABLE.len() - 1, "all but config");
    assert_eq!(contents.rows.len(), TABLES.len());
    for row in &contents.rows {
        (row.table.set)(&mut Settings::default(), row).expect(row.table.name);
    }
    for entry in contents.entries {
        (entry.setting.set)(&mut Settings::default(), &entry.text).expect(entry.setting.name);
    }
}

/// A setting is commented out by a bare `#`, prose by `# `.
fn uncomment(line: &str) -> String {
    match line.strip_prefix('#') {
        Some(setting) if !setting.starts_with(' ') => setting.to_owned(),
        _ => line.to_owned(),
    }
}

fn up_to_date(name: &str, generated: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    if std::env::var_os("GOPROXY_UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        std::fs::write(&path, generated).expect("written");
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == generated,
        "{name} does not match the table of settings; run: GOPROXY_UPDATE_DOCS=1 cargo test -p goproxy docs"
    );
}

fn reference() -> String {
    let mut text = INTRO.to_owned();
    for group in Group::ALL {
        text.push_str(&format!(
            "\n### {}\n\n| Flag and key | Environment | Default | SIGHUP | Meaning |\n",
            group.title()
        ));
        text.push_str("|---|---|---|---|---|\n");
        for setting in settings(group) {
            let default = match setting.default {
                Fallback::Value("") => "empty".to_owned(),
                Fallback::Value(text) => format!("`{text}`"),
                Fallback::Found(text, _) => text.to_owned(),
            };
            let reload = if setting.reload { "applied" } else { "restart" };
            let cell = |text: &str| text.replace('|', "\\|");
            text.push_str(&format!(
                "| `-{} {}` | `{}` | {} | {reload} | {} |\n",
                setting.name,
                cell(&setting.shape.placeholder()),
                setting.variable(),
                cell(&default),
                cell(setting.help),
            ));
        }
    }
    text.push_str("\n## Tables of the file\n\nThese may stand in the file as often as needed, below everything else. SIGHUP applies them.\n");
    for table in TABLES {
        text.push_str(&format!(
            "\n### `[[{}]]`\n\n{}\n\n| Key | Value | Meaning |\n|---|---|---|\n",
            table.name, table.help
        ));
        for key in table.keys {
            let needed = if key.required { ", required" } else { "" };
            text.push_str(&format!("| `{}` | {}{needed} | {} |\n", key.name, key.kind.wanted(), key.help));
        }
    }
    text
}

fn example() -> String {
    let mut text = "# Settings of goproxy, for -config. Every key is optional; remove the # before those that you want.\n\
                    # docs/configuration.md describes them; `goproxy check-config -config FILE` shows what is in force.\n"
        .to_owned();
    for group in Group::ALL {
        text.push_str(&format!("\n# ---- {} ----\n", group.title()));
        for setting in settings(group).filter(|setting| setting.name != "config") {
            text.push_str(&format!("\n{}", wrapped(setting.help)));
            match setting.default {
                Fallback::Value("") => text.push_str("# Default: empty.\n"),
                Fallback::Value(default) | Fallback::Found(default, _) => {
                    text.push_str(&format!("# Default: {default}.\n"));
                }
            }
            text.push_str(&format!("#{} = {}\n", setting.name, toml_value(setting, setting.example)));
        }
    }
    text.push_str("\n# ---- Tables: as often as needed, below everything else ----\n");
    for table in TABLES {
        text.push_str(&format!("\n{}#[[{}]]\n", wrapped(table.help), table.name));
        for key in table.keys {
            text.push_str(&format!("{}#{} = {}\n", wrapped(key.help), key.name, key.example));
        }
    }
    text
}

fn settings(group: Group) -> impl Iterator<Item = &'static Setting> {
    TABLE.iter().filter(move |setting| setting.group == group)
}

/// Comment lines of at most 100 columns.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut line = String::from("#");
    for word in text.split(' ') {
        if line.len() + 1 + word.len() > 100 {
            lines.push_str(&line);
            lines.push('\n');
            line = "#".into();
        }
        line.push(' ');
        line.push_str(word);
    }
    lines + &line + "\n"
}
