//! Counts and hashes the bytes that are written, and stops them.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::results::Sink;

/// What was written so far.
#[derive(Debug, Clone)]
pub(super) struct Meter(Arc<Mutex<Written>>);

#[derive(Debug, Default)]
struct Written {
    bytes: u64,
    hasher: blake3::Hasher,
}

/// A sink that counts and hashes what goes through it, until it is stopped.
pub(super) struct Metered {
    out: Sink,
    meter: Meter,
    stop: CancellationToken,
}

impl Metered {
    /// A sink into `out` that fails once `stop` is cancelled.
    pub(super) fn new(out: Sink, stop: CancellationToken) -> (Self, Meter) {
        let meter = Meter(Arc::default());
        (
            Self {
                out,
                meter: meter.clone(),
                stop,
            },
            meter,
        )
    }
}

impl Meter {
    /// The bytes that were written.
    pub(super) fn bytes(&self) -> u64 {
        self.lock().bytes
    }

    /// The identity of the bytes, as snapshots record it.
    pub(super) fn hash(&self) -> String {
        format!("blake3:{}", self.lock().hasher.finalize().to_hex())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Metered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.stop.is_cancelled() {
            return Err(io::Error::other("stopped"));
        }
        let taken = self.out.write(bytes)?;
        let mut written = self.meter.lock();
        written.bytes += taken as u64;
        written.hasher.update(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
