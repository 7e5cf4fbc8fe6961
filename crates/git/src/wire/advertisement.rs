//! What a server can: the answer to `info/refs`.

use super::{
    Capabilities, ListLimits, Packet, PacketParser, WireError,
    listing::Collected,
    malformed,
    text::{excerpt, presentable},
};
use crate::Refs;

/// The capabilities of version 2 are a dozen short lines.
const MOST_BYTES: u64 = 64 << 10;

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advertised {
    /// Version 2, with the commands that we need.
    Version2(Capabilities),
    /// An older version, where the refs come at once.
    Older(Capabilities, Refs),
}

/// Takes the answer to `info/refs?service=git-upload-pack`.
#[derive(Debug)]
pub struct AdvertisementParser {
    packets: PacketParser,
    received: u64,
    limits: ListLimits,
    state: State,
}

#[derive(Debug)]
enum State {
    Start,
    /// After `# service=git-upload-pack`, which comes with or without an empty message behind it.
    Service,
    /// After that too.
    Begun,
    /// After `version 1`.
    Version1,
    Version2(Capabilities),
    Older(Capabilities, Collected),
    Done(Option<Advertised>),
}

impl AdvertisementParser {
    /// `limits` are for the refs of older versions.
    pub fn new(limits: ListLimits) -> Self {
        Self { packets: PacketParser::default(), received: 0, limits, state: State::Start }
    }

    /// Takes the next bytes; says once what it was as soon as it is complete.
    ///
    /// # Errors
    /// What is not git's protocol, refuses, or is beyond the limits.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Option<Advertised>, WireError> {
        let Self { packets, received, limits, state } = self;
        *received = received.saturating_add(bytes.len() as u64);
        packets.push(bytes, |packet| step(state, *limits, packet))?;
        let most = if matches!(state, State::Older(..)) { limits.bytes } else { MOST_BYTES };
        match state {
            State::Done(advertised) => Ok(advertised.take()),
            _ if *received > most => Err(WireError::TooLarge("the server's advertisement does not end".to_owned())),
            _ => Ok(None),
        }
    }
}

fn step(state: &mut State, limits: ListLimits, packet: Packet<'_>) -> Result<(), WireError> {
    let line = match (&mut *state, packet) {
        (State::Done(_), _) => return Ok(()),
        (State::Service, Packet::Flush) => return next(state, State::Begun),
        // How older servers tell of an empty repository.
        (State::Begun | State::Version1, Packet::Flush) => {
            let nothing = Advertised::Older(Capabilities::older(b"side-band-64k")?, Refs::default());
            return next(state, State::Done(Some(nothing)));
        }
        (_, Packet::Data(data)) => Packet::line(data),
        (State::Version2(capabilities), Packet::Flush) => {
            let complete = Advertised::Version2(capabilities.complete()?);
            return next(state, State::Done(Some(complete)));
        }
        (State::Older(capabilities, collected), Packet::Flush) => {
            let older = Advertised::Older(*capabilities, collected.take_refs());
            return next(state, State::Done(Some(older)));
        }
        _ => return Err(malformed("an advertisement of git that holds nothing")),
    };
    if let Some(said) = line.strip_prefix(b"ERR ") {
        return Err(WireError::Said(presentable(said)));
    }
    match state {
        State::Version2(capabilities) => capabilities.learn(line),
        State::Older(_, collected) => collected.older_line(line),
        State::Start if line == b"# service=git-upload-pack" => next(state, State::Service),
        State::Start | State::Service | State::Begun if line == b"version 2" => {
            next(state, State::Version2(Capabilities::default()))
        }
        State::Start | State::Service | State::Begun if line == b"version 1" => next(state, State::Version1),
        _ if is_ref(line) => {
            // Behind the first name is what the server can.
            let end = line.iter().position(|byte| *byte == 0).unwrap_or(line.len());
            let capabilities = Capabilities::older(&line[end..])?;
            let mut collected = Collected::new(capabilities.format, limits);
            collected.older_line(&line[..end])?;
            next(state, State::Older(capabilities, collected))
        }
        _ => Err(malformed(format!("not an advertisement of git: {}", excerpt(line)))),
    }
}

fn next(state: &mut State, next: State) -> Result<(), WireError> {
    *state = next;
    Ok(())
}

/// Version 0: an id of 40 or 64 digits and a name.
fn is_ref(line: &[u8]) -> bool {
    let id = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    matches!(id.len(), 40 | 64) && id.iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ObjectFormat;

    fn packets(lines: &[&str]) -> Vec<u8> {
        let line = |line: &&str| match *line {
            "" => "0000".to_owned(),
            text => format!("{:04x}{text}\n", text.len() + 5),
        };
        lines.iter().map(line).collect::<String>().into_bytes()
    }

    fn parse(lines: &[&str]) -> Result<Option<Advertised>, WireError> {
        let mut parser = AdvertisementParser::new(ListLimits::default());
        let mut last = None;
        for byte in packets(lines) {
            last = last.or(parser.push(&[byte])?);
        }
        let all = AdvertisementParser::new(ListLimits::default()).push(&packets(lines));
        assert_eq!(all.unwrap(), last, "in one piece");
        Ok(last)
    }

    #[test]
    fn version_2_of_git_and_of_others() {
        let git = ["# service=git-upload-pack", "", "version 2", "agent=git/2.39.5", "ls-refs=unborn"];
        let rest = ["fetch=shallow wait-for-done filter", "server-option", "object-format=sha256", "object-info", ""];
        let Some(Advertised::Version2(all)) = parse(&[&git[..], &rest[..]].concat()).unwrap() else { panic!() };
        assert!(all.shallow && all.filter && !all.is_older() && all.takes_any_id());
        assert_eq!(all.format, ObjectFormat::Sha256);
        let Some(Advertised::Version2(least)) = parse(&["version 2", "ls-refs", "fetch", ""]).unwrap() else {
            panic!()
        };
        assert!(!least.shallow && !least.filter && least.format == ObjectFormat::Sha1);
    }

    #[test]
    fn older_versions_bring_their_refs() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let first = format!("{a} HEAD\0multi_ack thin-pack side-band-64k shallow filter symref=HEAD:refs/heads/main");
        let rest = [
            format!("{a} refs/heads/main"),
            format!("{b} refs/pull/1/head"),
            format!("{b} refs/tags/v1"),
            format!("{a} refs/tags/v1^{{}}"),
        ];
        let lines = |start: &[&'static str]| {
            let all = start.iter().map(|line| (*line).to_owned()).chain([first.clone()]).chain(rest.clone());
            all.chain([String::new()]).collect::<Vec<_>>()
        };
        for start in [&["# service=git-upload-pack", ""][..], &["# service=git-upload-pack", "", "version 1"], &[]] {
            let lines = lines(start);
            let lines: Vec<_> = lines.iter().map(String::as_str).collect();
            let Some(Advertised::Older(can, refs)) = parse(&lines).unwrap() else { panic!("{start:?}") };
            assert!(can.is_older() && can.shallow && can.filter && !can.takes_any_id());
            let names: Vec<_> = refs.refs.iter().map(|r| (&*r.name, r.peeled().to_string())).collect();
            assert_eq!(names, [("refs/heads/main", a.clone()), ("refs/tags/v1", a.clone())]);
            assert_eq!(refs.head.unwrap().to_string(), a);
        }
    }

    #[test]
    fn an_empty_repository_of_an_older_server() {
        let line = format!(
            "{} capabilities^{{}}\0side-band-64k allow-tip-sha1-in-want allow-reachable-sha1-in-want",
            "0".repeat(40)
        );
        let Some(Advertised::Older(can, refs)) = parse(&[&line, ""]).unwrap() else { panic!() };
        assert!(can.takes_any_id());
        assert_eq!(refs, Refs::default());
        let silent = parse(&["# service=git-upload-pack", "", ""]).unwrap();
        assert!(matches!(silent, Some(Advertised::Older(_, refs)) if refs == Refs::default()));
    }

    #[test]
    fn what_is_no_advertisement() {
        for lines in [
            &["version 3"][..],
            &["hello"],
            &["version 2", "fetch", ""],
            &["version 1", "version 2"],
            &["version 2", "object-format=md5"],
        ] {
            assert!(AdvertisementParser::new(ListLimits::default()).push(&packets(lines)).is_err(), "{lines:?}");
        }
        let refused =
            AdvertisementParser::new(ListLimits::default()).push(&packets(&["ERR no\x1b[2J access"])).unwrap_err();
        assert_eq!(refused.to_string(), "no?[2J access");
        let endless = packets(&["x"; 20_000]);
        let begun = [packets(&["version 2"]), endless].concat();
        assert!(matches!(AdvertisementParser::new(ListLimits::default()).push(&begun), Err(WireError::TooLarge(_))));
    }
}
