//! Counts and hashes the bytes that are written, and stops them.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// What was written so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Meter(Arc<Mutex<Written>>);

#[derive(Debug, Default)]
struct Written {
    bytes: u64,
    hasher: blake3::Hasher,
}

/// An output that counts and hashes what goes through it, until it is stopped.
pub(super) struct Metered<W> {
    out: W,
    meter: Meter,
    stop: CancellationToken,
    follow: Box<dyn Fn(u64) + Send>,
}

impl<W: Write> Metered<W> {
    /// An output into `out` that fails once `stop` is cancelled; `follow` hears how many bytes there are.
    pub(super) fn new(
        out: W,
        stop: CancellationToken,
        follow: impl Fn(u64) + Send + 'static,
    ) -> (Self, Meter) {
        let meter = Meter::default();
        let metered = Self {
            out,
            meter: meter.clone(),
            stop,
            follow: Box::new(follow),
        };
        (metered, meter)
    }
}

impl Meter {
    /// The bytes that were written.
    pub(super) fn bytes(&self) -> u64 {
        self.lock().bytes
    }

    /// The identity of the bytes, as snapshots record it.
    pub(super) fn hash(&self) -> String {
        identity(&self.lock().hasher)
    }

    /// No code panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The identity of bytes, as snapshots record it.
pub(super) fn identity(hasher: &blake3::Hasher) -> String {
    format!("blake3:{}", hasher.finalize().to_hex())
}

impl<W: Write> Write for Metered<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.stop.is_cancelled() {
            return Err(io::Error::other("stopped"));
        }
        let taken = self.out.write(bytes)?;
        let mut written = self.meter.lock();
        written.bytes += taken as u64;
        written.hasher.update(&bytes[..taken]);
        (self.follow)(written.bytes);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
