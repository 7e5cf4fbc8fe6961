//! What `check-config` prints: the effective values as a TOML file, with where each came from beside it.

use super::{Effective, Loaded, Setting, Shape};

/// The effective settings, one a line, in columns. Passwords are replaced, so that the output can be shown to anybody.
pub(crate) fn effective_toml(loaded: &Loaded) -> String {
    let lines: Vec<(String, String)> = loaded.effective.iter().map(line).collect();
    let width = lines.iter().map(|(value, _)| value.chars().count()).filter(|n| *n <= 60).max().unwrap_or(0);
    let mut text = String::new();
    for (value, origin) in lines {
        text.push_str(&format!("{value:width$}  # {origin}\n"));
    }
    let tables: String = loaded.rows.iter().map(|row| format!("\n{}", row.shown())).collect();
    for (name, value, meaning) in &loaded.from_go {
        text.push_str(&format!("# {name}={value:?} in the environment: {meaning}\n"));
    }
    for name in &loaded.unknown_variables {
        text.push_str(&format!("# {name} in the environment names no setting\n"));
    }
    text + &tables
}

fn line(effective: &Effective) -> (String, String) {
    let Effective { setting, text, origin } = effective;
    // The file cannot name itself: shown, but not as a key.
    let comment = if setting.name == "config" { "# " } else { "" };
    let shown = toml_value(setting, &setting.shown(text));
    (format!("{comment}{} = {shown}", setting.name), origin.describe(setting))
}

/// A value as the file has it.
pub(super) fn toml_value(setting: &Setting, text: &str) -> String {
    if setting.shape == Shape::Count { text.to_owned() } else { toml::Value::String(text.to_owned()).to_string() }
}
