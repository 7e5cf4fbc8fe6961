//! What a server offers, as far as we use it.

use super::{WireError, line::Message, malformed, text::excerpt};
use crate::ObjectFormat;

/// Who we are, to servers that ask.
const AGENT: &str = concat!("agent=goproxy/", env!("CARGO_PKG_VERSION"));

/// What a server offers.
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
    older: Option<Older>,
}

/// What matters in older versions only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Older {
    /// Packs come in channels, as in version 2.
    side_band: bool,
    /// What is not advertised can be wanted too.
    any_id: bool,
}

impl Capabilities {
    /// What nearly every server offers, for who asks before it is known.
    pub fn usual() -> Self {
        Self { agent: true, list: true, fetch: true, ..Self::default() }
    }

    /// Whether the server speaks an older version, which lists its refs with its capabilities.
    pub fn is_older(&self) -> bool {
        self.older.is_some()
    }

    /// Whether objects that no ref points at can be wanted.
    pub fn takes_any_id(&self) -> bool {
        self.older.is_none_or(|older| older.any_id)
    }

    /// A line of version 2: a name, with a value behind `=` or none. What is not known is passed over, as the protocol
    /// says.
    pub(super) fn learn(&mut self, line: &[u8]) -> Result<(), WireError> {
        let (name, value) = split(line);
        let offers = |word: &[u8]| value.split(|byte| *byte == b' ').any(|offered| offered == word);
        match name {
            b"agent" => self.agent = true,
            b"ls-refs" => self.list = true,
            b"fetch" => {
                (self.fetch, self.shallow, self.filter) = (true, offers(b"shallow"), offers(b"filter"));
            }
            b"object-format" => self.learn_format(value)?,
            _ => {}
        }
        Ok(())
    }

    /// Version 2 is of use with both of its commands.
    pub(super) fn complete(&self) -> Result<Self, WireError> {
        let complete = self.list && self.fetch;
        complete.then_some(*self).ok_or_else(|| malformed("the server offers neither to list refs nor to fetch"))
    }

    /// What stands behind the first ref of an older version.
    pub(super) fn older(line: &[u8]) -> Result<Self, WireError> {
        let (mut new, mut older) = (Self::default(), Older::default());
        let (mut tips, mut reachable) = (false, false);
        for word in line.split(|byte| matches!(*byte, b' ' | 0 | b'\n')) {
            let (name, value) = split(word);
            match name {
                b"agent" => new.agent = true,
                b"shallow" => new.shallow = true,
                b"filter" => new.filter = true,
                b"side-band-64k" => older.side_band = true,
                b"allow-tip-sha1-in-want" => tips = true,
                b"allow-reachable-sha1-in-want" => reachable = true,
                b"object-format" => new.learn_format(value)?,
                _ => {}
            }
        }
        // Since 2006.
        if !older.side_band {
            return Err(malformed("the server is too old"));
        }
        // A server that takes any id says both; one of them alone does not promise trees and blobs.
        older.any_id = tips && reachable;
        new.older = Some(older);
        Ok(new)
    }

    fn learn_format(&mut self, value: &[u8]) -> Result<(), WireError> {
        let format = [ObjectFormat::Sha1, ObjectFormat::Sha256].into_iter().find(|f| f.name().as_bytes() == value);
        self.format = format.ok_or_else(|| malformed(format!("unknown object format {}", excerpt(value))))?;
        self.names_format = true;
        Ok(())
    }

    /// What a command has to tell of itself: our name where the server has one, and the format likewise.
    pub(super) fn echo(&self, message: &mut Message) {
        self.words().iter().for_each(|word| message.line(word));
    }

    pub(super) fn words(&self) -> Vec<String> {
        let agent = self.agent.then(|| AGENT.to_owned());
        agent.into_iter().chain(self.names_format.then(|| format!("object-format={}", self.format.name()))).collect()
    }
}

fn split(word: &[u8]) -> (&[u8], &[u8]) {
    let at = word.iter().position(|byte| *byte == b'=');
    at.map_or((word, &[]), |at| (&word[..at], &word[at + 1..]))
}
