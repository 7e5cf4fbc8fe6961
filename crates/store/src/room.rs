//! Room on the disk: what is fetched stops before the disk is full, so that what runs besides us, and our own records, can
//! still be written.

use std::sync::atomic::Ordering;

use goproxy_engine::{Error, ErrorKind, Result};

use crate::{FsStore, Inner};

/// Until somebody says otherwise: as much as the largest zip, but no more than a twentieth of a small disk.
pub(crate) const DEFAULT: u64 = u64::MAX;

const LARGEST_ZIP: u64 = 500 << 20;

impl FsStore {
    /// Leaves so many bytes of the disk alone. Without it, 500 MiB or a twentieth of the disk, whichever is less.
    pub fn set_reserve(&self, bytes: u64) {
        self.0.reserve.store(bytes, Ordering::Relaxed);
    }
}

impl Inner {
    /// One system call.
    pub(crate) fn room(&self) -> Result<()> {
        // A disk that does not say how full it is has to show it itself.
        let Ok(fs) = rustix::fs::statvfs(&self.layout.own) else { return Ok(()) };
        let (free, total) = (fs.f_bavail.saturating_mul(fs.f_frsize), fs.f_blocks.saturating_mul(fs.f_frsize));
        let reserve = match self.reserve.load(Ordering::Relaxed) {
            DEFAULT => LARGEST_ZIP.min(total / 20),
            bytes => bytes,
        };
        if free >= reserve || total == 0 {
            return Ok(());
        }
        let detail =
            format!("{free} bytes are free below {}, less than -minFreeDisk ({reserve})", self.layout.own.display());
        Err(Error::new(ErrorKind::Busy, "the disk of the proxy's cache is nearly full; what it has is still served")
            .with_detail(detail)
            .with_retry_after(Some(std::time::Duration::from_secs(60))))
    }
}
