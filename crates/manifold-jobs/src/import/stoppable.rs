//! Reading and writing that ends when it is to stop.

use std::io::{Error, Read, Result, Write};

use tokio_util::sync::CancellationToken;

/// A reader or writer that fails when it is to stop.
#[derive(Debug)]
pub(crate) struct Stoppable<T> {
    pub(crate) inner: T,
    pub(crate) cancel: CancellationToken,
}

impl<T> Stoppable<T> {
    fn check(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            Err(Error::other("the job is to stop"))
        } else {
            Ok(())
        }
    }
}

impl<T: Read> Read for Stoppable<T> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        self.check()?;
        self.inner.read(out)
    }
}

impl<T: Write> Write for Stoppable<T> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.check()?;
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        self.inner.flush()
    }
}
