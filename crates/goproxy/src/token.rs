//! `goproxy token NAME`: a new token, and the lines of the configuration that let it in.

use std::{ffi::OsString, time::Duration};

use goproxy_access::{new_token, token_hash};
use jiff::{Timestamp, Unit};

use crate::{failure::Failure, settings::duration};

const USAGE: &str = "write goproxy token NAME [-expires 90d]";

/// What to make.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NewToken {
    name: String,
    lasts: Option<Duration>,
}

impl NewToken {
    /// Reads the arguments; the flag may stand before or after the name.
    pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Self, Failure> {
        let bad = |why: &str| Failure::usage(format!("token: {why}; {USAGE}"));
        let (mut name, mut lasts) = (None, None);
        let mut args = args.map(|arg| arg.to_string_lossy().into_owned());
        while let Some(arg) = args.next() {
            let flag = arg.strip_prefix("--").or_else(|| arg.strip_prefix('-'));
            let (flag, value) = match flag.map(|flag| flag.split_once('=').map_or((flag, None), |(f, v)| (f, Some(v))))
            {
                Some((flag, value)) => (Some(flag.to_owned()), value.map(str::to_owned)),
                None => (None, None),
            };
            match flag.as_deref() {
                Some("expires") => {
                    let text = value.or_else(|| args.next()).ok_or_else(|| bad("-expires needs a value"))?;
                    lasts = Some(days(&text).map_err(|why| bad(&format!("-expires {text:?} {why}")))?);
                }
                Some(flag) => return Err(bad(&format!("unknown flag -{flag}"))),
                None if name.is_none() && !arg.is_empty() => name = Some(arg),
                None => return Err(bad(&format!("unexpected argument {arg:?}"))),
            }
        }
        Ok(Self { name: name.ok_or_else(|| bad("it needs a name"))?, lasts })
    }

    /// The token, and the lines to paste.
    pub(crate) fn make(&self) -> Result<String, Failure> {
        let token = new_token().map_err(Failure::fatal)?;
        let mut lines = format!(
            "# The token, shown this once; give it to the client:\n#   {token}\n\n[[tokens]]\nname = {}\nsha256 = \"{}\"\n",
            toml::Value::from(self.name.as_str()),
            token_hash(&token),
        );
        if let Some(lasts) = self.lasts {
            let end = Timestamp::now().checked_add(lasts).and_then(|end| end.round(Unit::Second));
            let end = end.map_err(|_| Failure::usage("token: -expires is beyond all calendars; write fewer days"))?;
            lines.push_str(&format!("expires = \"{end}\"\n"));
        }
        Ok(lines)
    }
}

/// A duration as Go writes them, or whole days: `90d`.
fn days(text: &str) -> Result<Duration, String> {
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok());
    let lasts = days.map_or_else(|| duration::parse(text), |days| Ok(Duration::from_hours(24 * u64::from(days))))?;
    if lasts.is_zero() { Err("is no time at all, for example 90d".to_owned()) } else { Ok(lasts) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<NewToken, String> {
        NewToken::parse(line.split(' ').filter(|a| !a.is_empty()).map(OsString::from)).map_err(|f| f.line().to_owned())
    }

    #[test]
    fn names_and_ends() {
        let of = |lasts| Ok(NewToken { name: "ci".into(), lasts });
        let ninety = Some(Duration::from_hours(90 * 24));
        assert_eq!(parse("ci"), of(None));
        for line in ["ci -expires 90d", "-expires 90d ci", "ci --expires=90d", "-expires=2160h ci"] {
            assert_eq!(parse(line), of(ninety), "{line}");
        }
        for line in ["", "ci extra", "ci -expires", "ci -expires 0d", "ci -expires soon", "ci -expire 1d"] {
            let error = parse(line).expect_err(line);
            assert!(error.starts_with("token: ") && error.contains("goproxy token NAME"), "{error}");
        }
    }

    #[test]
    fn the_lines_hold_the_hash_and_only_the_comment_the_token() {
        let text = parse("ci -expires 90d").unwrap().make().unwrap();
        let token = text.lines().find_map(|line| line.strip_prefix("#   ")).unwrap();
        let table: toml::Table = text.parse().unwrap();
        let row = table["tokens"][0].as_table().unwrap();
        assert_eq!(row["sha256"].as_str(), Some(token_hash(token).as_str()));
        assert!(row["expires"].as_str().unwrap().ends_with('Z') && !row["sha256"].to_string().contains(token));
    }
}
