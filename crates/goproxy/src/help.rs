//! `goproxy -help`, from the tables of commands and settings.

use crate::{
    commands::{COMMANDS, Word},
    settings::{Fallback, Group, Setting, TABLE, TABLES},
};

const INTRO: &str = "goproxy is a Go module proxy that an organisation runs for itself.\n\nUsage:\n";

const RULES: &str = "
A flag takes one dash or two, and its value as -flag value or -flag=value. Each setting is also the
environment variable in its brackets, and a key of the -config file with the name of the flag.
A flag goes before the environment, the environment before the file, the file before the default.
";

/// Columns of a terminal that everybody has.
const WIDTH: usize = 100;
/// Where the help of a command begins.
const COLUMN: usize = 44;

/// The whole text.
pub(crate) fn text() -> String {
    let mut text = INTRO.to_owned();
    for word in COMMANDS {
        text.push_str(&synopsis(word));
    }
    text.push_str(RULES);
    for group in Group::ALL {
        text.push_str(&format!("\n{}:\n", group.title()));
        for setting in TABLE.iter().filter(|setting| setting.group == group) {
            describe(setting, &mut text);
        }
    }
    text.push_str("\nTables of the -config file, as often as needed:\n");
    for table in TABLES {
        text.push_str(&format!("  [[{}]]", table.name));
        wrap(table.help, 5, &mut text);
        for key in table.keys {
            text.push_str(&format!("    {}", key.name));
            wrap(key.help, 8, &mut text);
        }
    }
    text
}

/// The line of a command, its help beside it or below.
fn synopsis(word: &Word) -> String {
    let mut line = format!("  goproxy {} {}", word.name, word.arguments).trim_end().to_owned();
    if line.len() + 2 > COLUMN {
        line.push('\n');
        line.push_str(&" ".repeat(COLUMN - 1));
    } else {
        line.push_str(&" ".repeat(COLUMN - 1 - line.len()));
    }
    let mut text = line;
    fill(word.help, COLUMN - 1, COLUMN - 1, &mut text);
    text
}

fn describe(setting: &Setting, text: &mut String) {
    text.push_str(&format!("  -{} {}", setting.name, setting.shape.placeholder()));
    text.push_str(&format!("  [{}; default {}]", setting.variable(), default(setting)));
    wrap(setting.help, 5, text);
}

/// What holds when nobody says anything, in words.
pub(crate) fn default(setting: &Setting) -> &'static str {
    match setting.default {
        Fallback::Value("") => "empty",
        Fallback::Value(default) | Fallback::Found(default, _) => default,
    }
}

/// Lines of words below what they describe.
fn wrap(words: &str, indent: usize, text: &mut String) {
    fill(words, WIDTH, indent, text);
}

/// Lines of words: the first goes on at `column`, the others begin at `indent`.
fn fill(words: &str, mut column: usize, indent: usize, text: &mut String) {
    for word in words.split(' ') {
        if column + 1 + word.len() > WIDTH {
            text.push('\n');
            text.push_str(&" ".repeat(indent));
            column = indent;
        }
        text.push(' ');
        text.push_str(word);
        column += 1 + word.len();
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_there_and_no_line_is_too_long() {
        let text = text();
        for setting in TABLE {
            assert!(text.contains(&format!("\n  -{} ", setting.name)), "{}", setting.name);
            assert!(text.contains(&format!("  [{}; default ", setting.variable())), "{}", setting.name);
        }
        for word in COMMANDS {
            assert!(text.contains(&format!("\n  goproxy {}", word.name)), "{}", word.name);
        }
        for line in text.lines() {
            assert!(line.len() <= WIDTH, "{line}");
        }
    }
}
