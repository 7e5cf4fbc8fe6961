//! Resolves the deltas of a pack: makes each object once, from its base, and computes its id.
//!
//! Walks down from bases to the deltas on them with a stack of its own. The largest family is left for last and needs
//! its ancestors no more, so that the stack stays short however deep deltas go. Where the objects on it are too large
//! together, the oldest are forgotten, and made again when it is their turn.

mod content;
mod families;

use super::{
    PackLimits,
    table::{Table, UNKNOWN, WHOLE},
};
use crate::{
    Error, Kind, Objects, Oid,
    hash::{self, Hasher},
    pack::{
        corrupt,
        delta::Delta,
        entry::{Body, Header},
        inflate::Inflater,
    },
};
use content::Content;
use families::Families;
use std::{fs::File, path::Path, rc::Rc};

/// Bytes of objects on the stack, without the one at hand.
const HELD: usize = 32 << 20;

/// Larger objects that nothing is based on are hashed without being in memory.
const STREAMED: u64 = 1 << 20;

pub(super) struct Resolver<'a> {
    table: &'a mut Table,
    file: &'a File,
    /// For large objects.
    directory: &'a Path,
    bases: &'a dyn Objects,
    limits: PackLimits,
    families: Families,
    inflater: Option<Inflater>,
    stack: Vec<Frame>,
    /// Frames below hold no data.
    forgotten: usize,
    held: usize,
    /// Bases from elsewhere, whose numbers go on from the pack's.
    external: Vec<Oid>,
    resolved: u32,
    /// Bytes of the pack, and bytes that have been made of them.
    bytes: u64,
    spent: u64,
}

/// An object with deltas on it.
struct Frame {
    entry: u32,
    kind: Kind,
    data: Option<Rc<Content>>,
    members: families::Members,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(
        table: &'a mut Table,
        file: &'a File,
        directory: &'a Path,
        bases: &'a dyn Objects,
        limits: PackLimits,
    ) -> Result<Self, Error> {
        let bytes = file.metadata()?.len();
        let (families, inflater) = (Families::new(table), None);
        let (stack, external) = (Vec::new(), Vec::new());
        Ok(Self {
            table,
            file,
            directory,
            bases,
            limits,
            families,
            inflater,
            stack,
            forgotten: 0,
            held: 0,
            external,
            resolved: 0,
            bytes,
            spent: 0,
        })
    }

    /// Gives the bases that were not in the pack when they were needed.
    pub(super) fn run(mut self) -> Result<Vec<Oid>, Error> {
        let mut wholes = 0;
        for entry in 0..self.table.count() {
            if self.table.parents[entry as usize] == WHOLE {
                wholes += 1;
                self.descend_from(entry)?;
            }
        }
        // What is left are deltas on objects from elsewhere, and whatever hangs on them.
        let mut at = 0;
        while let Some(&(base, entry)) = self.table.refs.get(at) {
            at += 1;
            if self.table.parents[entry as usize] == UNKNOWN {
                self.descend_from_elsewhere(&base)?;
            }
        }
        let missing = self.table.refs.iter().find(|(_, entry)| self.table.parents[*entry as usize] == UNKNOWN);
        match missing {
            Some((base, _)) => Err(Error::Missing(*base)),
            None if wholes + self.resolved == self.table.count() => Ok(self.external),
            None => corrupt("the pack has deltas that lead nowhere"),
        }
    }

    fn descend_from(&mut self, entry: u32) -> Result<(), Error> {
        let members = self.families.of(self.table, entry);
        if members.is_empty() {
            return Ok(());
        }
        let (kind, data) = self.whole(entry)?;
        self.push(Frame { entry, kind, data: Some(Rc::new(data)), members });
        self.descend()
    }

    fn descend_from_elsewhere(&mut self, base: &Oid) -> Result<(), Error> {
        let Some(object) = self.bases.read(base, self.limits.object)? else { return Ok(()) };
        if hash::object_id(self.table.format, object.kind, &object.data)? != *base {
            return corrupt(format!("object {base} has another content than its id says"));
        }
        self.spend(object.data.len() as u64)?;
        let entry = self.table.count().checked_add(self.external.len() as u32).filter(|&entry| entry < UNKNOWN);
        let Some(entry) = entry else { return corrupt("the pack has too many bases elsewhere") };
        self.external.push(*base);
        let members = self.families.on_id(self.table, base.as_bytes());
        self.push(Frame { entry, kind: object.kind, data: Some(Rc::new(Content::Memory(object.data))), members });
        self.descend()
    }

    fn descend(&mut self) -> Result<(), Error> {
        while let Some(frame) = self.stack.last_mut() {
            let Some(child) = self.families.next(self.table, &mut frame.members) else {
                self.pop();
                continue;
            };
            let (kind, parent, last) = (frame.kind, frame.entry, frame.members.is_empty());
            let known = &mut self.table.parents[child as usize];
            if *known == UNKNOWN {
                *known = parent;
            } else if *known != parent {
                // A delta on an object that was taken from elsewhere before it was found in the pack.
                continue;
            }
            let base = match &frame.data {
                Some(data) => Rc::clone(data),
                None => self.again(parent)?,
            };
            let data = self.child(child, kind, &base)?;
            self.resolved += 1;
            if last {
                self.pop();
            } else {
                self.hold(base);
            }
            let members = self.families.of(self.table, child);
            if !members.is_empty() {
                self.push(Frame { entry: child, kind, data: data.map(Rc::new), members });
            }
        }
        Ok(())
    }

    /// Makes an object and notes its id. It is not given if it is large and nothing is based on it as far as is known.
    fn child(&mut self, entry: u32, kind: Kind, base: &Content) -> Result<Option<Content>, Error> {
        let (id, data) = self.delta(entry, |delta, resolver| {
            let mut hasher = Hasher::object(resolver.table.format, kind, delta.result);
            let data = if delta.result > STREAMED && resolver.families.childless(entry) {
                delta.apply(base, |piece| {
                    hasher.update(piece);
                    Ok(())
                })?;
                None
            } else {
                Some(Content::made(delta, base, resolver.directory, |piece| hasher.update(piece))?)
            };
            Ok((hasher.finish()?, data))
        })?;
        self.table.set_id(entry, &id);
        Ok(data)
    }

    /// Opens the delta of an entry for `apply`, within the limits.
    fn delta<T>(
        &mut self,
        entry: u32,
        apply: impl FnOnce(Delta<'_, '_>, &Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let at = self.table.offsets[entry as usize];
        let header = Header::read(self.table.format, self.file, at)?;
        // Taken, so that `apply` may look at everything else.
        let mut inflater = self.inflater.take().unwrap_or_else(Inflater::new);
        let mut stream = inflater.stream(self.file, at + header.len as u64, header.size);
        let delta = Delta::open(&mut stream)?;
        self.limits.check(delta.result)?;
        self.spend(delta.result.saturating_add(header.size))?;
        let made = apply(delta, self);
        self.inflater = Some(inflater);
        made
    }

    fn whole(&mut self, entry: u32) -> Result<(Kind, Content), Error> {
        let at = self.table.offsets[entry as usize];
        let header = Header::read(self.table.format, self.file, at)?;
        self.spend(header.size)?;
        match header.body {
            Body::Whole(kind) => {
                let inflater = self.inflater.get_or_insert_with(Inflater::new);
                let stream = inflater.stream(self.file, at + header.len as u64, header.size);
                Ok((kind, Content::whole(stream, header.size, self.directory)?))
            }
            _ => corrupt("the pack has changed while it was read"),
        }
    }

    /// Makes an object that has been made before: from the next ancestor that is still there.
    fn again(&mut self, entry: u32) -> Result<Rc<Content>, Error> {
        let (mut chain, mut ancestor) = (Vec::new(), entry);
        let mut held = self.stack.iter().rev().filter_map(|frame| Some((frame.entry, frame.data.as_ref()?))).peekable();
        let mut data = loop {
            if let Some((_, data)) = held.next_if(|(entry, _)| *entry == ancestor) {
                break Rc::clone(data);
            }
            match self.table.parents.get(ancestor as usize) {
                Some(&WHOLE) | None => break Rc::new(self.root(ancestor)?),
                Some(&parent) => chain.push(std::mem::replace(&mut ancestor, parent)),
            }
        };
        for entry in chain.into_iter().rev() {
            let made = self.delta(entry, |delta, resolver| Content::made(delta, &data, resolver.directory, |_| {}))?;
            data = Rc::new(made);
        }
        Ok(data)
    }

    fn root(&mut self, entry: u32) -> Result<Content, Error> {
        let Some(base) = entry.checked_sub(self.table.count()) else { return Ok(self.whole(entry)?.1) };
        let base = self.external[base as usize];
        let object = self.bases.read(&base, self.limits.object)?.ok_or(Error::Missing(base))?;
        self.spend(object.data.len() as u64)?;
        Ok(Content::Memory(object.data))
    }

    fn push(&mut self, frame: Frame) {
        self.held += frame.data.as_ref().map_or(0, |data| data.weight());
        self.stack.push(frame);
        let top = self.stack.len() - 1;
        while self.held > HELD && self.forgotten < top {
            self.held -= self.stack[self.forgotten].data.take().map_or(0, |data| data.weight());
            self.forgotten += 1;
        }
    }

    fn pop(&mut self) {
        self.held -= self.stack.pop().and_then(|frame| frame.data).map_or(0, |data| data.weight());
        self.forgotten = self.forgotten.min(self.stack.len());
    }

    /// Keeps what has been made again for the frame on top.
    fn hold(&mut self, data: Rc<Content>) {
        if let Some(frame) = self.stack.last_mut().filter(|frame| frame.data.is_none()) {
            self.held += data.weight();
            frame.data = Some(data);
            self.forgotten = self.forgotten.min(self.stack.len() - 1);
        }
    }

    fn spend(&mut self, bytes: u64) -> Result<(), Error> {
        self.limits.spend(&mut self.spent, bytes, self.bytes)
    }
}
