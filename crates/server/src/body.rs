//! Response bodies: bytes in memory, or a range of a file in chunks of 256 KiB, one at a time.

use std::{
    fs::File,
    io,
    ops::Range,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use goproxy_engine::Blob;
use http_body::{Body, Frame, SizeHint};
use tokio::task::JoinHandle;

use crate::{growing::GrowingBody, pool::Buffer};

/// The body of a response.
#[derive(Debug)]
pub(crate) enum ReplyBody {
    /// In memory.
    Bytes(Bytes),
    /// From a file.
    File(FileBody),
    /// From a file that grows.
    Growing(GrowingBody),
}

impl ReplyBody {
    pub(crate) const fn empty() -> Self {
        Self::Bytes(Bytes::new())
    }

    /// That range of the blob; bytes in memory must have it.
    pub(crate) fn part(blob: &Blob, range: Range<u64>) -> Self {
        let index = |at| usize::try_from(at).unwrap_or(usize::MAX);
        match blob {
            Blob::Bytes(bytes) => Self::Bytes(bytes.slice(index(range.start)..index(range.end))),
            Blob::File(file) => Self::File(FileBody::new(Arc::clone(file), range)),
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Bytes(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::File(file) => file.poll_chunk(cx).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data))),
            Self::Growing(growing) => growing.poll_chunk(cx).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::File(file) => file.left.is_empty(),
            Self::Growing(growing) => growing.is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::File(file) => SizeHint::with_exact(file.left.end - file.left.start),
            Self::Growing(growing) => growing.size_hint(),
        }
    }
}

/// A range of a file, read by position, so that any number of responses share one open file.
///
/// A chunk that is in the page cache is read at once; only a cold one goes to the blocking pool. If the file ends
/// before the range does, somebody cut it: that is an error, which resets the connection, never a short success.
#[derive(Debug)]
pub(crate) struct FileBody {
    file: Arc<File>,
    /// What was not given away yet.
    left: Range<u64>,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl FileBody {
    fn new(file: Arc<File>, range: Range<u64>) -> Self {
        Self { file, left: range, reading: None }
    }

    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let chunk = match &mut self.reading {
            Some(reading) => {
                let done = ready!(Pin::new(reading).poll(cx));
                self.reading = None;
                done.unwrap_or_else(|error| Err(io::Error::other(error)))
            }
            None => match read_warm(&self.file, &self.left) {
                Some(chunk) => Ok(chunk),
                None => {
                    self.reading = Some(self.read_cold());
                    return self.poll_chunk(cx);
                }
            },
        };
        if let Ok(chunk) = &chunk {
            self.left.start += chunk.len() as u64;
        }
        Poll::Ready(Some(chunk))
    }

    fn read_cold(&self) -> JoinHandle<io::Result<Bytes>> {
        let (file, left) = (Arc::clone(&self.file), self.left.clone());
        tokio::task::spawn_blocking(move || read_at(&file, &left))
    }
}

/// A buffer for a chunk of that range, and how much of it is filled.
fn buffer_for(left: &Range<u64>) -> (Buffer, usize) {
    let wanted = left.end - left.start;
    let mut buffer = Buffer::take(wanted);
    let len = buffer.space().len();
    (buffer, usize::try_from(wanted).unwrap_or(len).min(len))
}

/// Reads a chunk, or a part of one, if that needs no waiting for the disk.
#[cfg(target_os = "linux")]
fn read_warm(file: &File, left: &Range<u64>) -> Option<Bytes> {
    use rustix::io::{ReadWriteFlags, preadv2};

    let (mut buffer, len) = buffer_for(left);
    let slice = io::IoSliceMut::new(&mut buffer.space()[..len]);
    // Not in the page cache, not supported by the file system, at the end of a file that was cut: the other path
    // knows what to do.
    match preadv2(file, &mut [slice], left.start, ReadWriteFlags::NOWAIT) {
        Ok(n) if n > 0 => Some(buffer.freeze(n)),
        _ => None,
    }
}

#[cfg(not(target_os = "linux"))]
fn read_warm(_: &File, _: &Range<u64>) -> Option<Bytes> {
    None
}

/// Reads a whole chunk, waiting for the disk.
fn read_at(file: &File, left: &Range<u64>) -> io::Result<Bytes> {
    let (mut buffer, len) = buffer_for(left);
    std::os::unix::fs::FileExt::read_exact_at(file, &mut buffer.space()[..len], left.start)?;
    Ok(buffer.freeze(len))
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, io::Write};

    use super::*;

    const CHUNK: usize = 256 << 10;

    async fn collect(mut body: ReplyBody) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            all.extend_from_slice(&frame?.into_data().unwrap());
        }
        Ok(all)
    }

    fn file_of(len: usize) -> (Vec<u8>, File) {
        let content: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&content).unwrap();
        (content, file)
    }

    #[tokio::test]
    async fn any_range_of_a_file() {
        let (content, file) = file_of(3 * CHUNK + 17);
        let blob = Blob::File(Arc::new(file));
        let len = content.len();
        for range in [0..len, 0..1, 5..5, len - 1..len, CHUNK - 1..CHUNK + 1, 7..2 * CHUNK + 7, CHUNK..2 * CHUNK] {
            let body = ReplyBody::part(&blob, range.start as u64..range.end as u64);
            assert_eq!(body.size_hint().exact(), Some(range.len() as u64));
            assert!(collect(body).await.unwrap() == content[range.clone()], "{range:?}");
        }
    }

    #[tokio::test]
    async fn a_cold_chunk_is_the_same() {
        let (content, file) = file_of(CHUNK + 17);
        let left = 3..(CHUNK + 17) as u64;
        let chunk = read_at(&file, &left).unwrap();
        assert!(chunk == content[3..3 + CHUNK]);
    }

    #[tokio::test]
    async fn a_cut_file_is_an_error() {
        let (_, file) = file_of(CHUNK + 10);
        let blob = Blob::File(Arc::new(file));
        let error = collect(ReplyBody::part(&blob, 0..(CHUNK + 11) as u64)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn a_range_of_bytes() {
        let blob = Blob::Bytes(Bytes::from_static(b"0123456789"));
        assert_eq!(collect(ReplyBody::part(&blob, 2..5)).await.unwrap(), b"234");
        assert_eq!(collect(ReplyBody::part(&blob, 0..10)).await.unwrap(), b"0123456789");
    }
}
