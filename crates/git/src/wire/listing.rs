//! `ls-refs`: HEAD, branches and tags.

use super::{
    Capabilities, Packet, PacketParser, WireError,
    line::Message,
    malformed,
    text::{excerpt, presentable},
};
use crate::{ObjectFormat, Oid, Ref, Refs};

/// What an answer may be at most. The largest repositories in public have some hundred thousand branches and tags.
#[derive(Clone, Copy, Debug)]
pub struct ListLimits {
    /// Bytes of the answer.
    pub bytes: u64,
    /// Branches and tags.
    pub refs: usize,
}

impl Default for ListLimits {
    fn default() -> Self {
        Self { bytes: 256 << 20, refs: 1 << 20 }
    }
}

/// Asks for HEAD, branches and tags, with what annotated tags lead to. Symbolic names are left out: nobody uses them.
pub fn list_request(capabilities: &Capabilities) -> Vec<u8> {
    let mut message = Message::command("ls-refs", capabilities);
    for line in ["peel", "ref-prefix HEAD", "ref-prefix refs/heads/", "ref-prefix refs/tags/"] {
        message.line(line);
    }
    message.finish()
}

/// Takes the answer to [`list_request`]. Servers need not heed the prefixes, so the answer may hold anything.
#[derive(Debug)]
pub struct ListParser {
    packets: PacketParser,
    collected: Collected,
    received: u64,
}

/// The refs that came so far.
#[derive(Debug)]
pub(super) struct Collected {
    format: ObjectFormat,
    limits: ListLimits,
    refs: Refs,
    done: bool,
}

impl ListParser {
    /// For a repository with ids of that format.
    pub fn new(format: ObjectFormat, limits: ListLimits) -> Self {
        Self { packets: PacketParser::default(), collected: Collected::new(format, limits), received: 0 }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// What is not an answer to this, refuses, or is beyond the limits.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        let Self { packets, collected, received } = self;
        *received = received.saturating_add(bytes.len() as u64);
        if *received > collected.limits.bytes {
            let most = collected.limits.bytes;
            return Err(WireError::TooLarge(format!("the list of branches and tags is longer than {most} bytes")));
        }
        packets.push(bytes, |packet| collected.take(packet))
    }

    /// All of them, sorted. Of a name that comes twice the first counts.
    ///
    /// # Errors
    /// An answer that was cut off.
    pub fn finish(mut self) -> Result<Refs, WireError> {
        if !self.collected.done {
            return Err(malformed("the list of branches and tags was cut off"));
        }
        Ok(self.collected.take_refs())
    }
}

impl Collected {
    pub(super) fn new(format: ObjectFormat, limits: ListLimits) -> Self {
        Self { format, limits, refs: Refs::default(), done: false }
    }

    pub(super) fn take_refs(&mut self) -> Refs {
        let mut refs = std::mem::take(&mut self.refs);
        refs.refs.sort_by(|a, b| a.name.cmp(&b.name));
        refs.refs.dedup_by(|a, b| a.name == b.name);
        refs
    }

    fn take(&mut self, packet: Packet<'_>) -> Result<(), WireError> {
        match packet {
            _ if self.done => Ok(()),
            Packet::Data(data) => self.line(Packet::line(data)),
            Packet::Flush => {
                self.done = true;
                Ok(())
            }
            Packet::Delimiter | Packet::End => Err(malformed("a section where refs belong")),
        }
    }

    /// `<id> <name>[ <attribute>]...`, or `unborn HEAD ...`.
    fn line(&mut self, line: &[u8]) -> Result<(), WireError> {
        if let Some(said) = line.strip_prefix(b"ERR ") {
            return Err(WireError::Said(presentable(said)));
        }
        let mut words = line.split(|byte| *byte == b' ');
        let id = words.next().unwrap_or_default();
        let Some(name) = words.next() else {
            return Err(malformed(format!("not a line of ls-refs: {}", excerpt(line))));
        };
        if id == b"unborn" {
            return Ok(());
        }
        let target = self.id(id)?;
        let peeled = words.find_map(|word| word.strip_prefix(b"peeled:")).map(|id| self.id(id)).transpose()?;
        self.add(name, target, peeled)
    }

    /// A line of an older version: `<id> <name>`, and after a tag what it leads to as `<id> <name>^{}`.
    pub(super) fn older_line(&mut self, line: &[u8]) -> Result<(), WireError> {
        let mut words = line.splitn(2, |byte| *byte == b' ');
        let (id, Some(name)) = (words.next().unwrap_or_default(), words.next()) else {
            return Err(malformed(format!("not a line of refs: {}", excerpt(line))));
        };
        if id == b"shallow" {
            return Ok(());
        }
        let target = self.id(id)?;
        match name.strip_suffix(b"^{}") {
            None => self.add(name, target, None),
            Some(tag) => {
                let last = self.refs.refs.last_mut().filter(|last| last.name.as_bytes() == tag);
                last.into_iter().for_each(|last| last.peeled = Some(target));
                Ok(())
            }
        }
    }

    fn add(&mut self, name: &[u8], target: Oid, peeled: Option<Oid>) -> Result<(), WireError> {
        if name == b"HEAD" {
            self.refs.head.get_or_insert(target);
            return Ok(());
        }
        let Some(name) = usable(name) else { return Ok(()) };
        if self.refs.refs.len() >= self.limits.refs {
            let most = self.limits.refs;
            return Err(WireError::TooLarge(format!("the repository has more than {most} branches and tags")));
        }
        self.refs.refs.push(Ref { name, target, peeled });
        Ok(())
    }

    fn id(&self, hex: &[u8]) -> Result<Oid, WireError> {
        let id = std::str::from_utf8(hex).ok().and_then(Oid::from_hex).filter(|id| id.format() == self.format);
        id.ok_or_else(|| malformed(format!("not an object id of the repository's format: {}", excerpt(hex))))
    }
}

/// The name of a branch or tag, if it is one that git would have made (git-check-ref-format(1)): what is not can only
/// be there to do harm. Bytes that are not UTF-8 become U+FFFD: nobody can ask for such a name, but what it leads to
/// counts.
fn usable(name: &[u8]) -> Option<String> {
    let rest = name.strip_prefix(b"refs/heads/").or_else(|| name.strip_prefix(b"refs/tags/"))?;
    let odd = |byte: &u8| *byte <= b' ' || b"\x7f~^:?*[\\".contains(byte);
    let pairs = |pair: &[u8]| rest.windows(2).any(|two| two == pair);
    let element = |e: &[u8]| !e.is_empty() && !e.starts_with(b".") && !e.ends_with(b".lock");
    let good = !rest.iter().any(odd)
        && !pairs(b"..")
        && !pairs(b"@{")
        && !rest.ends_with(b".")
        && rest.split(|byte| *byte == b'/').all(element);
    good.then(|| String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
#[path = "listing_tests.rs"]
mod tests;
