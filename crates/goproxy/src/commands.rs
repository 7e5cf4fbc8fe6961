//! The subcommands: what the command line knows, `-help`, the manual and the completions come from these rows.

/// A subcommand.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) name: &'static str,
    /// What follows the name.
    pub(crate) arguments: &'static str,
    /// One or two sentences without their last period.
    pub(crate) help: &'static str,
    /// Switches of its own: they may stand after its name only.
    pub(crate) switches: &'static [(&'static str, &'static str)],
    /// Words that may follow, for completions.
    pub(crate) choices: &'static [&'static str],
    /// Whether a folder follows, for completions.
    pub(crate) folder: bool,
}

const fn word(name: &'static str, arguments: &'static str, help: &'static str) -> Word {
    Word { name, arguments, help, switches: &[], choices: &[], folder: false }
}

/// Every subcommand, in the order of the help.
pub(crate) static COMMANDS: &[Word] = &[
    word("serve", "[flags]", "serve until SIGTERM or SIGINT; what is done where no command is given"),
    word("run", "[flags] -- command [args...]", "serve privately for one command: GOPROXY is set for it"),
    Word {
        switches: &[
            ("repair", "move bad files to quarantine and fetch them again"),
            ("offline", "ask neither upstreams nor checksum databases"),
        ],
        ..word("verify", "[-repair] [-offline] [flags]", "check the whole cache")
    },
    Word {
        folder: true,
        ..word("import", "FOLDER [flags]", "take over the modules of Athens, of another proxy or of a module cache")
    },
    word("check-config", "[flags]", "print each setting in force and where it came from"),
    Word {
        switches: &[("ready", "also whether the cache can be written")],
        ..word(
            "healthcheck",
            "[-ready] [flags]",
            "ask the goproxy of this machine or container; exit status 0 if it is well",
        )
    },
    word("token", "NAME [-expires 90d]", "make a token for a client, and the lines that let it in"),
    word("auth", "", "give go the token of this CI job: GOAUTH='goproxy auth'"),
    Word {
        choices: &["bash", "zsh", "fish"],
        ..word("completions", "bash|zsh|fish", "print what makes a shell complete goproxy's command line")
    },
    word("man", "", "print the manual page, for man -l -"),
    word("version", "", "print the version and the commit"),
    word("help", "", "print all commands and settings"),
];

/// The row of a subcommand.
pub(crate) fn command(name: &str) -> Option<&'static Word> {
    COMMANDS.iter().find(|word| word.name == name)
}

/// The subcommand that a switch belongs to.
pub(crate) fn owner(switch: &str) -> Option<&'static Word> {
    COMMANDS.iter().find(|word| word.switches.iter().any(|(name, _)| *name == switch))
}
