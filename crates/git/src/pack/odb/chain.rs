//! Follows chains of deltas: down to what is whole, or was needed a moment ago, and up again.

use super::file::PackFile;
use crate::{
    Error, Kind, Object, ObjectFormat,
    pack::{
        corrupt,
        delta::Delta,
        entry::{Body, Header},
        inflate::{Inflater, TRUSTED},
    },
};
use quick_cache::{Weighter, sync::Cache};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of bases that are kept for the next objects on them. Git keeps 96 MiB; a proxy has many repositories open.
const CACHE: u64 = 8 << 20;

/// Decompressors that are kept, 170 KiB each.
const IDLE: usize = 4;

pub(super) struct Chains {
    format: ObjectFormat,
    bases: Cache<(u64, u64), Base, Bytes>,
    idle: Mutex<Vec<Inflater>>,
}

/// An object that others are based on.
#[derive(Clone)]
struct Base {
    kind: Kind,
    data: Arc<Vec<u8>>,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<(u64, u64), Base> for Bytes {
    fn weight(&self, _: &(u64, u64), base: &Base) -> u64 {
        base.data.len() as u64 + 128
    }
}

impl Chains {
    pub(super) fn new(format: ObjectFormat) -> Self {
        Self { format, bases: Cache::with_weighter(1024, CACHE, Bytes), idle: Mutex::default() }
    }

    /// The object that begins at `offset`.
    pub(super) fn object(&self, pack: &PackFile, offset: u64, limit: u64) -> Result<Object, Error> {
        let mut inflater = self.lock().pop().unwrap_or_else(Inflater::new);
        let object = self.resolve(&mut inflater, pack, offset, limit);
        let mut idle = self.lock();
        if idle.len() < IDLE {
            idle.push(inflater);
        }
        object
    }

    /// Kind and size, from headers only.
    pub(super) fn header(&self, pack: &PackFile, offset: u64) -> Result<(Kind, u64), Error> {
        let mut inflater = self.lock().pop().unwrap_or_else(Inflater::new);
        let header = Header::read(self.format, &pack.file, offset)?;
        let mut size = header.size;
        if !matches!(header.body, Body::Whole(_)) {
            size = Delta::open(&mut inflater.beginning(&pack.file, offset + header.len as u64, header.size))?.result;
        }
        self.lock().push(inflater);
        let (mut at, mut header, mut steps) = (offset, header, 0);
        loop {
            match header.body {
                Body::Whole(kind) => return Ok((kind, size)),
                _ => at = self.base_of(pack, at, &header, &mut steps)?,
            }
            header = Header::read(self.format, &pack.file, at)?;
        }
    }

    fn resolve(&self, inflater: &mut Inflater, pack: &PackFile, offset: u64, limit: u64) -> Result<Object, Error> {
        let (mut chain, mut at, mut steps) = (Vec::new(), offset, 0);
        let Base { kind, mut data } = loop {
            if let Some(base) = self.bases.get(&(pack.number, at)).filter(|_| at != offset) {
                break base;
            }
            let header = Header::read(self.format, &pack.file, at)?;
            let content = at + header.len as u64;
            if at == offset {
                let size = match header.body {
                    Body::Whole(_) => header.size,
                    _ => Delta::open(&mut inflater.beginning(&pack.file, content, header.size))?.result,
                };
                within(size, limit)?;
            }
            if let Body::Whole(kind) = header.body {
                let data = inflater.stream(&pack.file, content, header.size).whole()?;
                break self.keep(pack, at, kind, data, chain.is_empty());
            }
            chain.push((at, content, header.size));
            at = self.base_of(pack, at, &header, &mut steps)?;
        };
        while let Some((at, content, size)) = chain.pop() {
            let mut stream = inflater.stream(&pack.file, content, size);
            let delta = Delta::open(&mut stream)?;
            let mut made = Vec::with_capacity(delta.result.min(TRUSTED) as usize);
            delta.apply(&*data, |piece| {
                made.extend_from_slice(piece);
                Ok(())
            })?;
            data = self.keep(pack, at, kind, made, chain.is_empty()).data;
        }
        Ok(Object { kind, data: Arc::unwrap_or_clone(data) })
    }

    /// Keeps an object for others, unless it is the one that was asked for.
    fn keep(&self, pack: &PackFile, at: u64, kind: Kind, data: Vec<u8>, last: bool) -> Base {
        let base = Base { kind, data: Arc::new(data) };
        if !last && base.data.len() as u64 <= CACHE / 8 {
            self.bases.insert((pack.number, at), base.clone());
        }
        base
    }

    /// Where the base of a delta begins. In as many steps as the pack has objects, a chain has ended or goes in circles.
    fn base_of(&self, pack: &PackFile, at: u64, header: &Header, steps: &mut u32) -> Result<u64, Error> {
        *steps += 1;
        let base = match header.body {
            Body::OffsetDelta(distance) => at.checked_sub(distance).filter(|&base| base >= 12 && base < at),
            Body::RefDelta(id) => pack.index.find(&id)?,
            Body::Whole(_) => Some(at),
        };
        match base.filter(|_| *steps <= pack.index.count()) {
            Some(base) => Ok(base),
            None => corrupt("a delta's base is not in the pack"),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Inflater>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn within(size: u64, limit: u64) -> Result<(), Error> {
    match size > limit {
        true => Err(Error::TooLarge(format!("an object has {size} bytes, more than {limit}"))),
        false => Ok(()),
    }
}
