//! What a server can: the answer to `info/refs`.

use super::{
    Packet, PacketParser, WireError,
    line::Message,
    malformed,
    text::{excerpt, presentable},
};
use crate::ObjectFormat;

/// A capability advertisement is a dozen short lines.
const MOST_BYTES: usize = 64 << 10;

/// Who we are, to servers that ask.
const AGENT: &str = concat!("agent=goproxy/", env!("CARGO_PKG_VERSION"));

/// What a server offers, as far as we use it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The hash of the repository.
    pub format: ObjectFormat,
    /// Depths can be asked for.
    pub shallow: bool,
    /// Filters can be asked for. Which ones shows when one is.
    pub filter: bool,
    agent: bool,
    names_format: bool,
    list: bool,
    fetch: bool,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advertised {
    /// Version 2, with the commands that we need.
    Version2(Capabilities),
    /// An older version: the refs come at once.
    Older,
}

/// Takes the answer to `info/refs?service=git-upload-pack`.
#[derive(Debug, Default)]
pub struct AdvertisementParser {
    packets: PacketParser,
    received: usize,
    state: State,
    capabilities: Capabilities,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    /// After `# service=git-upload-pack`, which comes with or without an empty message behind it.
    Service,
    Capabilities,
    Done,
    Older,
}

impl AdvertisementParser {
    /// Takes the next bytes; says what it is as soon as that is certain. What comes later does not matter.
    ///
    /// # Errors
    /// What is not git's protocol, or refuses.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Option<Advertised>, WireError> {
        let Self { packets, received, state, capabilities } = self;
        *received = received.saturating_add(bytes.len());
        packets.push(bytes, |packet| step(state, capabilities, packet))?;
        match state {
            State::Older => Ok(Some(Advertised::Older)),
            State::Done if capabilities.list && capabilities.fetch => Ok(Some(Advertised::Version2(*capabilities))),
            State::Done => Err(malformed("the server offers neither to list refs nor to fetch")),
            _ if *received > MOST_BYTES => Err(WireError::TooLarge("the server's capabilities do not end".to_owned())),
            _ => Ok(None),
        }
    }
}

fn step(state: &mut State, capabilities: &mut Capabilities, packet: Packet<'_>) -> Result<(), WireError> {
    let line = match packet {
        _ if matches!(state, State::Done | State::Older) => return Ok(()),
        Packet::Data(data) => Packet::line(data),
        Packet::Flush if *state == State::Service => return Ok(()),
        Packet::Flush if *state == State::Capabilities => {
            *state = State::Done;
            return Ok(());
        }
        // An empty repository, told by a server of version 0 without a word.
        Packet::Flush => {
            *state = State::Older;
            return Ok(());
        }
        Packet::Delimiter | Packet::End => return Err(malformed("a section where capabilities belong")),
    };
    if let Some(said) = line.strip_prefix(b"ERR ") {
        return Err(WireError::Said(presentable(said)));
    }
    match state {
        State::Capabilities => capabilities.learn(line)?,
        State::Start if line == b"# service=git-upload-pack" => *state = State::Service,
        _ if line == b"version 2" => *state = State::Capabilities,
        _ if line == b"version 1" || line == b"version 0" || is_ref(line) => *state = State::Older,
        _ => return Err(malformed(format!("not an advertisement of git: {}", excerpt(line)))),
    }
    Ok(())
}

/// Version 0: an id of 40 or 64 digits and a name.
fn is_ref(line: &[u8]) -> bool {
    let id = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    matches!(id.len(), 40 | 64) && id.iter().all(u8::is_ascii_hexdigit)
}

impl Capabilities {
    /// One line: a name, with a value behind `=` or none. What is not known is passed over, as the protocol says.
    fn learn(&mut self, line: &[u8]) -> Result<(), WireError> {
        let mut parts = line.splitn(2, |byte| *byte == b'=');
        let (name, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let offers = |word: &[u8]| value.split(|byte| *byte == b' ').any(|offered| offered == word);
        match name {
            b"agent" => self.agent = true,
            b"ls-refs" => self.list = true,
            b"fetch" => {
                (self.fetch, self.shallow, self.filter) = (true, offers(b"shallow"), offers(b"filter"));
            }
            b"object-format" => {
                self.names_format = true;
                self.format = [ObjectFormat::Sha1, ObjectFormat::Sha256]
                    .into_iter()
                    .find(|format| format.name().as_bytes() == value)
                    .ok_or_else(|| malformed(format!("unknown object format {}", excerpt(value))))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// What a command has to tell of itself: the format where the server has that word, and our name likewise.
    pub(super) fn echo(&self, message: &mut Message) {
        if self.agent {
            message.line(AGENT);
        }
        if self.names_format {
            message.line(&format!("object-format={}", self.format.name()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(lines: &[&str]) -> Vec<u8> {
        let line = |line: &&str| match *line {
            "" => "0000".to_owned(),
            text => format!("{:04x}{text}\n", text.len() + 5),
        };
        lines.iter().map(line).collect::<String>().into_bytes()
    }

    fn parse(lines: &[&str]) -> Result<Option<Advertised>, WireError> {
        let mut parser = AdvertisementParser::default();
        let mut last = None;
        for byte in packets(lines) {
            last = parser.push(&[byte])?;
        }
        let all = AdvertisementParser::default().push(&packets(lines));
        assert_eq!(all.unwrap(), last, "in one piece");
        Ok(last)
    }

    #[test]
    fn version_2_of_git_and_of_others() {
        let git = ["# service=git-upload-pack", "", "version 2", "agent=git/2.39.5", "ls-refs=unborn"];
        let rest = ["fetch=shallow wait-for-done filter", "server-option", "object-format=sha256", "object-info", ""];
        let Some(Advertised::Version2(all)) = parse(&[&git[..], &rest[..]].concat()).unwrap() else { panic!() };
        assert!(all.shallow && all.filter && all.agent && all.names_format);
        assert_eq!(all.format, ObjectFormat::Sha256);
        let Some(Advertised::Version2(least)) = parse(&["version 2", "ls-refs", "fetch", ""]).unwrap() else {
            panic!()
        };
        assert_eq!(least, Capabilities { list: true, fetch: true, ..Capabilities::default() });
    }

    #[test]
    fn older_versions_are_known_by_their_first_line() {
        let id = "1".repeat(40);
        for first in [format!("{id} HEAD\0multi_ack symref=HEAD:x"), "version 1".into(), format!("{id} refs/heads/x")] {
            assert_eq!(parse(&["# service=git-upload-pack", "", &first]).unwrap(), Some(Advertised::Older), "{first}");
        }
    }

    #[test]
    fn what_is_no_advertisement() {
        for lines in [&["version 3"][..], &["hello"], &["version 2", "fetch", ""], &["version 2", "object-format=md5"]]
        {
            assert!(AdvertisementParser::default().push(&packets(lines)).is_err(), "{lines:?}");
        }
        let refused = AdvertisementParser::default().push(&packets(&["ERR no\x1b[2J access"])).unwrap_err();
        assert_eq!(refused.to_string(), "no?[2J access");
        let endless = packets(&["x"; 20_000]);
        let begun = [packets(&["version 2"]), endless].concat();
        assert!(matches!(AdvertisementParser::default().push(&begun), Err(WireError::TooLarge(_))));
    }
}
