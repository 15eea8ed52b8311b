//! A second reader of a held state, for another thread.

use std::marker::PhantomData;
use std::ops::Deref;

use super::Frozen;
use crate::StoreError;
use crate::sqlite::StillFile;

/// The state that a [`Frozen`] holds, on a connection of its own.
#[derive(Debug)]
pub struct Twin<'f> {
    frozen: Frozen,
    /// The original keeps the project open.
    original: PhantomData<&'f ()>,
}

impl Frozen {
    /// Opens the same state once more. `None` when a part of it is still in the write-ahead log: then a second reader might see
    /// a later one.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub fn twin(&self) -> Result<Option<Twin<'_>>, StoreError> {
        if StillFile::of(self.connection())?.is_none() {
            return Ok(None);
        }
        // The file has not changed since this state began, and cannot change as long as it is held: a state that is all in the file
        // is the same.
        let frozen = self.again()?;
        let is_same = StillFile::of(frozen.connection())?.is_some();
        Ok(is_same.then_some(Twin {
            frozen,
            original: PhantomData,
        }))
    }
}

impl Deref for Twin<'_> {
    type Target = Frozen;

    fn deref(&self) -> &Frozen {
        &self.frozen
    }
}
