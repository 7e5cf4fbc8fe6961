//! `goproxy -help`, from the table of settings.

use crate::settings::{Fallback, Group, Setting, TABLE, TABLES};

const USAGE: &str = "\
goproxy is a Go module proxy that an organisation runs for itself.

Usage:
  goproxy [serve] [flags]                    serve until SIGTERM or SIGINT
  goproxy run [flags] -- command [args...]   serve privately for one command: GOPROXY is set for it
  goproxy verify [-repair] [-offline] [flags]
                                             check the whole cache; -repair moves bad files away and
                                             fetches them again, -offline asks nobody
  goproxy check-config [flags]               print each setting in force and where it came from
  goproxy token NAME [-expires 90d]          make a token for a client, and the lines that let it in
  goproxy auth                               give go the token of this CI job: GOAUTH='goproxy auth'
  goproxy version
  goproxy help

A flag takes one dash or two, and its value as -flag value or -flag=value. Each setting is also an
environment variable (GOPROXY_CACHE_DIR for -cacheDir) and a key of the -config file (cacheDir).
A flag goes before the environment, the environment before the file, the file before the default.
";

/// Columns of a terminal that everybody has.
const WIDTH: usize = 100;

/// The whole text.
pub(crate) fn text() -> String {
    let mut text = USAGE.to_owned();
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

fn describe(setting: &Setting, text: &mut String) {
    text.push_str(&format!("  -{} {}", setting.name, setting.shape.placeholder()));
    match setting.default {
        Fallback::Value("") => {}
        Fallback::Value(default) | Fallback::Found(default, _) => text.push_str(&format!("  (default {default})")),
    }
    wrap(setting.help, 5, text);
}

/// Lines of words below what they describe.
fn wrap(words: &str, indent: usize, text: &mut String) {
    let mut column = WIDTH;
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
        }
        for line in text.lines() {
            assert!(line.len() <= WIDTH, "{line}");
        }
    }
}
