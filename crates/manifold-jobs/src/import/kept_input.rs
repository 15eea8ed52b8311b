//! The bytes of an input, to be kept beside its rows.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Result, Seek as _, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use manifold_format::{OpenInput, ReadError};
use manifold_store::rows::{OriginalParts, RecordsError};

/// The bytes of a part before it is packed.
pub(crate) const PART: usize = 1 << 20;

/// How well parts are packed that are made when they are wanted.
const LEVEL: i32 = 3;

/// How well they are packed that are made while an input is read, of which most are not wanted.
const QUICK_LEVEL: i32 = 1;

/// The bytes of an input that can be had again.
pub(crate) struct KeptInput {
    bytes: Bytes,
    /// The folder of temporary files.
    folder: Option<std::path::PathBuf>,
}

enum Bytes {
    /// They are read once more.
    Again(OpenInput),
    /// They were packed while they were read.
    Packed(Arc<Mutex<Packing>>),
}

impl KeptInput {
    /// The bytes that `open` gives.
    pub(crate) fn again(open: OpenInput, folder: Option<&Path>) -> Self {
        Self {
            bytes: Bytes::Again(open),
            folder: folder.map(Path::to_owned),
        }
    }

    /// An input that can be read once only, and its bytes.
    pub(crate) fn packing<R: Read>(input: R, folder: Option<&Path>) -> Result<(Packed<R>, Self)> {
        let packing = Arc::new(Mutex::new(Packing::new(folder, QUICK_LEVEL)?));
        let packed = Packed {
            input,
            packing: packing.clone(),
        };
        let kept = Self {
            bytes: Bytes::Packed(packing),
            folder: None,
        };
        Ok((packed, kept))
    }

    /// The bytes in parts. `hash` is that of what was read. Blocks.
    ///
    /// # Errors
    /// [`ReadError::Changed`] when they are not what was read; others of reading.
    pub(crate) fn parts(
        self,
        hash: blake3::Hash,
    ) -> std::result::Result<OriginalParts, RecordsError> {
        let open = match self.bytes {
            Bytes::Packed(packing) => {
                let mut packing = packing.lock().unwrap_or_else(PoisonError::into_inner);
                return Ok(packing.parts()?);
            }
            Bytes::Again(open) => open,
        };
        let mut packing = Packing::new(self.folder.as_deref(), LEVEL)?;
        let (mut input, mut hasher) = (open()?, blake3::Hasher::new());
        let mut buffer = vec![0; PART];
        loop {
            let read = match input.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            hasher.update(&buffer[..read]);
            packing.add(&buffer[..read])?;
        }
        if hasher.finalize() != hash {
            return Err(ReadError::Changed.into());
        }
        Ok(packing.parts()?)
    }
}

/// An input whose bytes are packed while they are read.
pub(crate) struct Packed<R> {
    input: R,
    packing: Arc<Mutex<Packing>>,
}

impl<R: Read> Read for Packed<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let read = self.input.read(out)?;
        let mut packing = self.packing.lock().unwrap_or_else(PoisonError::into_inner);
        packing.add(&out[..read])?;
        Ok(read)
    }
}

/// Packs bytes into a temporary file, which is gone when nobody has it open.
struct Packing {
    out: Option<BufWriter<File>>,
    plain: Vec<u8>,
    packed: zstd::bulk::Compressor<'static>,
    sizes: Vec<usize>,
}

impl Packing {
    fn new(folder: Option<&Path>, level: i32) -> Result<Self> {
        let file = match folder {
            Some(folder) => tempfile::tempfile_in(folder)?,
            None => tempfile::tempfile()?,
        };
        Ok(Self {
            out: Some(BufWriter::new(file)),
            plain: Vec::new(),
            packed: zstd::bulk::Compressor::new(level)?,
            sizes: Vec::new(),
        })
    }

    fn add(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PART - self.plain.len()));
            self.plain.extend_from_slice(now);
            bytes = later;
            if self.plain.len() == PART {
                self.pack()?;
            }
        }
        Ok(())
    }

    fn pack(&mut self) -> Result<()> {
        let part = self.packed.compress(&self.plain)?;
        self.plain.clear();
        self.sizes.push(part.len());
        match &mut self.out {
            Some(out) => out.write_all(&part),
            None => Ok(()),
        }
    }

    /// The parts, once.
    fn parts(&mut self) -> Result<OriginalParts> {
        if !self.plain.is_empty() {
            self.pack()?;
        }
        let Some(out) = self.out.take() else {
            return Err(std::io::Error::other(
                "the parts of an input are taken twice",
            ));
        };
        let mut file = out
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)?;
        file.rewind()?;
        let mut file = BufReader::new(file);
        let sizes = std::mem::take(&mut self.sizes);
        Ok(Box::new(sizes.into_iter().map(move |size| {
            let mut part = vec![0; size];
            file.read_exact(&mut part)?;
            Ok(part)
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(parts: OriginalParts) -> Vec<Vec<u8>> {
        parts
            .map(|part| zstd::bulk::decompress(&part.unwrap(), PART).unwrap())
            .collect()
    }

    #[test]
    fn bytes_come_back_in_parts_of_a_mebibyte() {
        let bytes: Vec<u8> = (0..PART * 2 + 7).map(|at| (at / 3) as u8).collect();
        let hash = blake3::hash(&bytes);
        let (mut packed, kept) = KeptInput::packing(&bytes[..], None).unwrap();
        std::io::copy(&mut packed, &mut std::io::sink()).unwrap();
        let expected: Vec<_> = bytes.chunks(PART).map(<[u8]>::to_vec).collect();
        assert_eq!(whole(kept.parts(hash).unwrap()), expected);

        let shared = Arc::new(bytes);
        let open: OpenInput = Arc::new(move || Ok(Box::new(std::io::Cursor::new(shared.to_vec()))));
        let again = || KeptInput::again(open.clone(), None);
        assert_eq!(whole(again().parts(hash).unwrap()), expected);
        let error = again().parts(blake3::hash(b"other")).err().unwrap();
        assert!(matches!(error.downcast_ref(), Some(ReadError::Changed)));
        let (packed, kept) = KeptInput::packing(&b""[..], None).unwrap();
        drop(packed);
        assert!(whole(kept.parts(blake3::hash(b"")).unwrap()).is_empty());
    }
}
