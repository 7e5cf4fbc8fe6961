//! `goproxy completions bash|zsh|fish`: what makes a shell complete the command line, from the tables of commands and
//! settings.

use std::ffi::OsStr;

use crate::{
    commands::{COMMANDS, Word},
    failure::Failure,
    settings::{Setting, Shape, TABLE},
};

/// A shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    /// The shell of this name.
    pub(crate) fn named(name: Option<&OsStr>) -> Result<Self, Failure> {
        match name.and_then(OsStr::to_str) {
            Some("bash") => Ok(Self::Bash),
            Some("zsh") => Ok(Self::Zsh),
            Some("fish") => Ok(Self::Fish),
            _ => Err(Failure::usage("completions needs a shell: bash, zsh or fish")),
        }
    }

    /// What the shell is to read.
    pub(crate) fn script(self) -> String {
        match self {
            Self::Bash => bash(),
            Self::Zsh => zsh(),
            Self::Fish => fish(),
        }
    }
}

/// Their names, with spaces between.
fn commands() -> String {
    COMMANDS.iter().map(|word| word.name).collect::<Vec<_>>().join(" ")
}

/// Those that have something of their own to complete.
fn with_words() -> impl Iterator<Item = &'static Word> {
    COMMANDS.iter().filter(|word| !word.switches.is_empty() || !word.choices.is_empty() || word.folder)
}

fn bash() -> String {
    let flags: Vec<_> = TABLE.iter().map(|setting| format!("-{}", setting.name)).chain(["-help".into()]).collect();
    let mut script = String::from("# bash completion for goproxy\n_goproxy() {\n");
    script.push_str("    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} word command= own=\n");
    script.push_str("    COMPREPLY=()\n    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n");
    script.push_str("        [ \"$word\" = -- ] && { compopt -o default; return; }\n");
    script.push_str(&format!(
        "        case \"$word\" in {}) command=$word ;; esac\n    done\n",
        commands().replace(' ', "|")
    ));
    script.push_str("    case \"${prev/#--/-}\" in\n");
    for setting in TABLE {
        let reply = match setting.shape {
            Shape::Path => "compopt -o default".to_owned(),
            Shape::Choice(words) => format!("COMPREPLY=($(compgen -W '{}' -- \"$cur\"))", words.join(" ")),
            _ => ":".to_owned(),
        };
        script.push_str(&format!("        -{}) {reply}; return ;;\n", setting.name));
    }
    script.push_str("    esac\n    case \"$command\" in\n");
    for word in with_words() {
        let switches = word.switches.iter().map(|(name, _)| format!("-{name}")).collect::<Vec<_>>().join(" ");
        let folder = if word.folder { "compopt -o dirnames; " } else { "" };
        let own = [switches, word.choices.join(" ")].concat();
        script.push_str(&format!("        {}) {folder}own='{own}' ;;\n", word.name));
    }
    script.push_str(&format!("        '') own='{}' ;;\n    esac\n", commands()));
    script.push_str("    # Flags where a dash was typed, words elsewhere.\n");
    script.push_str(&format!("    case \"$cur\" in -*) own=\"$own {}\" ;; esac\n", flags.join(" ")));
    script.push_str("    COMPREPLY=($(compgen -W \"$own\" -- \"$cur\"))\n}\ncomplete -F _goproxy goproxy\n");
    script
}

fn zsh() -> String {
    let mut script = String::from("#compdef goproxy\n_goproxy() {\n    local -a commands flags\n    commands=(\n");
    for word in COMMANDS {
        script.push_str(&format!("        {}\n", quoted(&format!("{}:{}", word.name, word.help.replace(':', "\\:")))));
    }
    script.push_str("    )\n    flags=(\n");
    for setting in TABLE {
        let help = first_sentence(setting).replace('[', "\\[").replace(']', "\\]").replace(':', "\\:");
        let value = match setting.shape {
            Shape::Path => "path:_files".to_owned(),
            Shape::Choice(words) => format!("{}:({})", setting.name, words.join(" ")),
            _ => format!("{}: ", setting.shape.placeholder()),
        };
        script.push_str(&format!("        {}\n", quoted(&format!("-{}[{help}]:{value}", setting.name))));
    }
    script.push_str(
        "        '(- *)-help[print the help]'\n        '(- *)-version[print the version and the commit]'\n    )\n",
    );
    script.push_str("    case ${words[(r)(");
    let own: Vec<_> = with_words().collect();
    script.push_str(&own.iter().map(|word| word.name).collect::<Vec<_>>().join("|"));
    script.push_str(")]} in\n");
    for word in own {
        let switches = word.switches.iter().map(|(name, help)| quoted(&format!("-{name}[{help}]")));
        let choices = (!word.choices.is_empty()).then(|| quoted(&format!("2:choice:({})", word.choices.join(" "))));
        let folder = word.folder.then(|| quoted("2:folder:_files -/"));
        let more: Vec<_> = switches.chain(choices).chain(folder).collect();
        script.push_str(&format!("        {}) flags+=({}) ;;\n", word.name, more.join(" ")));
    }
    script.push_str(
        "    esac\n    _arguments -S \"$flags[@]\" '1:command:{_describe command commands}' '*::command:_normal'\n}\n",
    );
    script.push_str("if [ \"$funcstack[1]\" = _goproxy ]; then _goproxy \"$@\"; else compdef _goproxy goproxy; fi\n");
    script
}

fn fish() -> String {
    let mut script = String::from("# fish completion for goproxy\ncomplete -c goproxy -f\n");
    let none = format!("not __fish_seen_subcommand_from {}", commands());
    for word in COMMANDS {
        let (name, help) = (word.name, quoted_fish(word.help));
        script.push_str(&format!("complete -c goproxy -n {} -a {name} -d {help}\n", quoted_fish(&none)));
        let seen = quoted_fish(&format!("__fish_seen_subcommand_from {name}"));
        for (switch, help) in word.switches {
            script.push_str(&format!("complete -c goproxy -n {seen} -o {switch} -d {}\n", quoted_fish(help)));
        }
        if !word.choices.is_empty() {
            script.push_str(&format!("complete -c goproxy -n {seen} -a {}\n", quoted_fish(&word.choices.join(" "))));
        }
        if word.folder {
            script.push_str(&format!("complete -c goproxy -n {seen} -a '(__fish_complete_directories)'\n"));
        }
    }
    for setting in TABLE {
        let value = match setting.shape {
            Shape::Path => " -r -F".to_owned(),
            Shape::Choice(words) => format!(" -x -a {}", quoted_fish(&words.join(" "))),
            _ => " -x".to_owned(),
        };
        let help = quoted_fish(&first_sentence(setting));
        script.push_str(&format!("complete -c goproxy -o {}{value} -d {help}\n", setting.name));
    }
    script
        + "complete -c goproxy -o help -d 'print the help'\ncomplete -c goproxy -o version -d 'print the version and the commit'\n"
}

/// What fits beside a flag.
fn first_sentence(setting: &Setting) -> String {
    let end = setting.help.find(". ").or_else(|| setting.help.strip_suffix('.').map(str::len));
    setting.help[..end.unwrap_or(setting.help.len())].to_owned()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn quoted_fish(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
