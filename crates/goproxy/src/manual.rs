//! `goproxy man`: the manual page goproxy(1) in the man macros, from the tables of commands and settings.

use crate::{
    commands::{COMMANDS, Word},
    help::default,
    settings::{Group, TABLE},
    version::VERSION,
};

const SIGNALS: &str = "\
.SH SIGNALS
.TP
SIGTERM, SIGINT
Accept nothing more, let running requests finish (\\-drainTimeout), end with status 0. A second one ends at once.
.TP
SIGHUP
Read the settings, certificates and password files again.
";

const STATUS: &str = "\
.SH EXIT STATUS
0 after a graceful end; 1 where the machine refuses, healthcheck and verify find something, or import takes not all; 2 for a
command line that is not understood; 64 for a bad value or file; run gives the status of its command.
";

const FILES: &str = "\
.SH FILES
.TP
.I pkg/mod/cache/download
below \\-cacheDir: the cache, in the layout of Go's own.
";

const EXAMPLES: &str = "\
.SH EXAMPLES
In front of an upstream, with private modules straight from version control:
.PP
.nf
    goproxy \\-proxy https://goproxy.io \\-exclude git.corp.example
.fi
.PP
For one command:
.PP
.nf
    goproxy run \\-proxy https://goproxy.io \\-\\- go build ./...
.fi
";

/// The whole page.
pub(crate) fn page() -> String {
    let mut page = format!(
        ".TH GOPROXY 1 \"\" \"goproxy {VERSION}\" \"User Commands\"\n.SH NAME\ngoproxy \\- a Go module proxy\n.SH SYNOPSIS\n"
    );
    let line = |word: &Word| format!("\\fBgoproxy {}\\fR {}", escaped(word.name), escaped(word.arguments));
    let lines: Vec<_> = COMMANDS.iter().map(|word| line(word).trim_end().to_owned()).collect();
    page.push_str(&lines.join("\n.br\n"));
    page.push('\n');
    page.push_str(
        ".SH DESCRIPTION\ngoproxy answers the Go module proxy protocol from its cache, from upstream proxies, or straight from\n\
         version control. It needs no configuration.\n.SH COMMANDS\n",
    );
    for word in COMMANDS {
        page.push_str(&format!(".TP\n.B {}\n{}.\n", escaped(word.name), escaped(word.help)));
        for (switch, help) in word.switches {
            page.push_str(&format!(".RS\n.TP\n.B \\-{switch}\n{}.\n.RE\n", escaped(help)));
        }
    }
    page.push_str(".SH SETTINGS\n");
    page.push_str(
        "A flag takes one dash or two. Each setting is also an environment variable and a key, with the name of the flag,\n\
         of the TOML file that \\-config names. A flag goes before the environment, the environment before the file.\n",
    );
    for group in Group::ALL {
        page.push_str(&format!(".SS {}\n", group.title()));
        for setting in TABLE.iter().filter(|setting| setting.group == group) {
            page.push_str(&format!(
                ".TP\n\\fB\\-{}\\fR \\fI{}\\fR\n{}\n.br\nVariable {}; default: {}.\n",
                setting.name,
                escaped(&setting.shape.placeholder()),
                escaped(setting.help),
                setting.variable(),
                escaped(default(setting)),
            ));
        }
    }
    page + SIGNALS + STATUS + FILES + EXAMPLES + ".SH SEE ALSO\n.BR go (1)\n"
}

/// Text in which nothing is a command: dashes that can be copied, no escapes, no control lines.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_in_the_page_and_nothing_is_a_control_line_by_accident() {
        let page = page();
        for setting in TABLE {
            assert!(page.contains(&format!("\\fB\\-{}\\fR", setting.name)) && page.contains(&setting.variable()));
        }
        for line in page.lines().filter(|line| line.starts_with(['.', '\''])) {
            let word = line.split(' ').next().expect("a word");
            assert!(
                [".TH", ".SH", ".SS", ".TP", ".B", ".BR", ".I", ".br", ".PP", ".nf", ".fi", ".RS", ".RE"]
                    .contains(&word),
                "{line}"
            );
        }
        assert_eq!(escaped(".a-b\\c"), "\\&.a\\-b\\ec");
    }
}
