//! `fetch`: a pack of what is wanted.

use super::{
    Capabilities, Packet, PacketParser, WireError,
    line::Message,
    malformed,
    text::{excerpt, presentable},
};
use crate::{FetchRequest, Filter, Oid};

/// Asks for a pack, all in one message: we say `done` at once, so that the server does not negotiate.
///
/// `filter` replaces the one of the request, for servers that do not take every kind. Depth and filter are left out
/// where the server does not offer them.
///
/// Commits that are here (`haves`) count only where the pack may be thin: measured with git 2.39, a server leaves out
/// what they contain from a shallow pack only then. They are here as we ask for the wanted ones: of a shallow request
/// without what they follow, which `shallow` tells; a server that does not know the word is told of none.
pub fn fetch_request(capabilities: &Capabilities, request: &FetchRequest, filter: Option<&Filter>) -> Vec<u8> {
    let filter = filter.filter(|_| capabilities.filter);
    if capabilities.is_older() {
        return older_request(capabilities, request, filter);
    }
    let haves = haves(capabilities, request);
    let mut message = Message::command("fetch", capabilities);
    message.line("no-progress");
    message.line("ofs-delta");
    if !haves.is_empty() {
        message.line("thin-pack");
    }
    bounds(&mut message, capabilities, request, filter);
    for id in &request.wants {
        message.line(&format!("want {id}"));
    }
    for id in haves {
        message.line(&format!("have {id}"));
    }
    message.line("done");
    message.finish()
}

/// The same in older versions: what we can stands behind the first id that is wanted.
fn older_request(capabilities: &Capabilities, request: &FetchRequest, filter: Option<&Filter>) -> Vec<u8> {
    let mut words = vec!["side-band-64k".to_owned(), "ofs-delta".to_owned(), "no-progress".to_owned()];
    let haves = haves(capabilities, request);
    words.extend((!haves.is_empty()).then(|| "thin-pack".to_owned()));
    words.extend(filter.map(|_| "filter".to_owned()));
    words.extend(capabilities.words());
    let mut message = Message::default();
    for (at, id) in request.wants.iter().enumerate() {
        message.line(&if at == 0 { format!("want {id} {}", words.join(" ")) } else { format!("want {id}") });
    }
    bounds(&mut message, capabilities, request, filter);
    message.flush();
    for id in haves {
        message.line(&format!("have {id}"));
    }
    message.line("done");
    message.bytes()
}

fn haves<'a>(capabilities: &Capabilities, request: &'a FetchRequest) -> &'a [Oid] {
    if request.shallow && !capabilities.shallow { &[] } else { &request.haves }
}

/// How much of what is wanted.
fn bounds(message: &mut Message, capabilities: &Capabilities, request: &FetchRequest, filter: Option<&Filter>) {
    if request.shallow && capabilities.shallow {
        for id in &request.haves {
            message.line(&format!("shallow {id}"));
        }
        message.line("deepen 1");
    }
    if let Some(filter) = filter {
        message.line(&format!("filter {}", spec(filter)));
    }
}

/// git-rev-list(1) `--filter`. Depth 1 of `tree` is the root directory without what lies in it (measured), so a level
/// of entries is one more.
fn spec(filter: &Filter) -> String {
    match filter {
        Filter::NoBlobs => "blob:none".to_owned(),
        Filter::NoTrees => "tree:0".to_owned(),
        Filter::Shallow { levels, blob_limit } => {
            format!("combine:tree:{}+blob:limit={blob_limit}", u64::from(*levels) + 1)
        }
    }
}

/// Takes the answer to [`fetch_request`].
#[derive(Debug)]
pub struct FetchParser {
    packets: PacketParser,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Of an older version: before the word on what both have, which comes before the pack.
    Older,
    /// After it; the pack comes without a heading.
    Acknowledged,
    /// Before a section.
    Heading,
    /// Within one whose lines tell nothing that we need.
    Section,
    /// Within the pack, in the channels of a side band.
    Pack,
    Done,
}

impl FetchParser {
    /// For a server of that kind.
    pub fn new(capabilities: &Capabilities) -> Self {
        let state = if capabilities.is_older() { State::Older } else { State::Heading };
        Self { packets: PacketParser::default(), state }
    }

    /// Takes the next bytes; those of the pack go to `pack`.
    ///
    /// # Errors
    /// What is not an answer to this, or refuses; the errors of `pack`.
    pub fn push(
        &mut self,
        bytes: &[u8],
        pack: &mut dyn FnMut(&[u8]) -> Result<(), crate::Error>,
    ) -> Result<(), WireError> {
        let Self { packets, state } = self;
        packets.push(bytes, |packet| step(state, packet, pack))
    }

    /// Whether the pack has begun: until then nothing was given to anybody, and another request may be tried.
    pub fn has_begun(&self) -> bool {
        matches!(self.state, State::Pack | State::Done)
    }

    /// The end of the answer.
    ///
    /// # Errors
    /// An answer that was cut off, or without a pack.
    pub fn finish(self) -> Result<(), WireError> {
        match self.state {
            State::Done => Ok(()),
            State::Pack => Err(malformed("the pack was cut off")),
            _ => Err(malformed("the server sent no pack")),
        }
    }
}

fn step(
    state: &mut State,
    packet: Packet<'_>,
    pack: &mut dyn FnMut(&[u8]) -> Result<(), crate::Error>,
) -> Result<(), WireError> {
    let data = match (&state, packet) {
        (State::Done, _) => return Ok(()),
        (State::Pack, Packet::Data(data)) => return band(data, pack),
        (State::Acknowledged, Packet::Data(data)) if data.first().is_some_and(|channel| *channel <= 3) => {
            *state = State::Pack;
            return band(data, pack);
        }
        (_, Packet::Data(data)) => data,
        (State::Pack, Packet::Flush) => {
            *state = State::Done;
            return Ok(());
        }
        // The end of what is shallow.
        (State::Older, Packet::Flush) => return Ok(()),
        (State::Section, Packet::Delimiter) => {
            *state = State::Heading;
            return Ok(());
        }
        (_, Packet::Flush | Packet::End) => return Err(malformed("the server sent no pack")),
        (_, Packet::Delimiter) => return Err(malformed("a section where none can be")),
    };
    let line = Packet::line(data);
    if let Some(said) = line.strip_prefix(b"ERR ") {
        return Err(WireError::Said(presentable(said)));
    }
    let unknown = || Err(malformed(format!("an unknown section: {}", excerpt(line))));
    let starts = |words: &[&[u8]]| words.iter().any(|word| line.starts_with(word));
    *state = match state {
        State::Heading if line == b"packfile" => State::Pack,
        State::Heading if [&b"acknowledgments"[..], b"shallow-info", b"wanted-refs"].contains(&line) => State::Section,
        State::Older | State::Acknowledged if starts(&[b"NAK", b"ACK "]) => State::Acknowledged,
        State::Older if starts(&[b"shallow ", b"unshallow ", b"version 1"]) => State::Older,
        State::Section => State::Section,
        _ => return unknown(),
    };
    Ok(())
}

/// Channel 1 is the pack, 2 is progress, 3 is the server's last word.
fn band(data: &[u8], pack: &mut dyn FnMut(&[u8]) -> Result<(), crate::Error>) -> Result<(), WireError> {
    match data.split_first() {
        Some((1, bytes)) => Ok(pack(bytes)?),
        Some((2, _)) => Ok(()),
        Some((3, said)) => Err(WireError::Said(presentable(said))),
        _ => Err(malformed("bytes of the pack on no channel")),
    }
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
