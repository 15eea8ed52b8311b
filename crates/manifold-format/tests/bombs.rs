//! Small inputs that unpack to far too much.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use flate2::{Compression as Level, write::GzEncoder};
use manifold_format::{
    EXPANSION_FREE, MOST_EXPANSION, UnpackError, ZipError, ZipReader, open_input, zip_members,
};
use std::io::{Cursor, Read, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Writes 300 MiB of equal rows.
fn rows(mut out: impl Write) {
    let rows = b"1,hello,2024-01-01\n".repeat(10_000);
    for _ in 0..(300 << 20) / rows.len() {
        out.write_all(&rows).unwrap();
    }
}

fn gzip() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::default());
    rows(&mut encoder);
    encoder.finish().unwrap()
}

fn zstd() -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    rows(&mut encoder);
    encoder.finish().unwrap()
}

fn zip(name: &str, write: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>)) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    writer.start_file(name, options).unwrap();
    write(&mut writer);
    writer.finish().unwrap().into_inner()
}

/// Reads to the error; returns how much came out.
fn exhaust(mut input: impl Read) -> (u64, std::io::Error) {
    let mut buffer = vec![0; 1 << 20];
    let mut unpacked = 0;
    loop {
        match input.read(&mut buffer) {
            Ok(0) => panic!("all {unpacked} bytes came out"),
            Ok(read) => unpacked += read as u64,
            Err(error) => return (unpacked, error),
        }
    }
}

fn is_bomb(input: impl Read, compression: &str) {
    let (unpacked, error) = exhaust(input);
    let error: &UnpackError = error.get_ref().unwrap().downcast_ref().unwrap();
    assert!(
        matches!(error, UnpackError::Bomb { compression: found, .. } if *found == compression),
        "{error}"
    );
    assert!(unpacked <= EXPANSION_FREE + (1 << 20), "{unpacked}");
    assert!(
        error
            .to_string()
            .contains("unpack the file first if it is meant")
    );
}

#[test]
fn bombs_end_at_the_limit() {
    let packed = gzip();
    assert!(packed.len() as u64 * MOST_EXPANSION < EXPANSION_FREE);
    is_bomb(open_input(&packed[..]).unwrap(), "gzip");
    is_bomb(open_input(&zstd()[..]).unwrap(), "zstd");
    let archive = zip("rows.csv", |writer| rows(writer));
    let members = zip_members(Cursor::new(&archive)).unwrap();
    is_bomb(
        ZipReader::open(Cursor::new(&archive), &members[0]).unwrap(),
        "zip",
    );
}

/// Counts what is read of it.
struct Counted<R>(R, Arc<AtomicU64>);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.0.read(out)?;
        self.1
            .fetch_add(read as u64, std::sync::atomic::Ordering::Relaxed);
        Ok(read)
    }
}

impl<R: std::io::Seek> std::io::Seek for Counted<R> {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn what_is_packed_twice_counts_from_the_outside() {
    // Random bytes around the rows: the inner one is no bomb by itself.
    let mut inner = GzEncoder::new(Vec::new(), Level::fast());
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    });
    let noise: Vec<u8> = noise.take(3 << 20).collect();
    inner.write_all(&noise).unwrap();
    rows(&mut inner);
    let inner = inner.finish().unwrap();
    let mut whole = 0;
    let mut plain = open_input(&inner[..]).unwrap();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match plain.read(&mut buffer).unwrap() {
            0 => break,
            read => whole += read as u64,
        }
    }
    assert!(whole > EXPANSION_FREE);
    // Around it an archive in which it takes hardly any room.
    let archive = zip("a.csv.gz", |writer| writer.write_all(&inner).unwrap());
    let members = zip_members(Cursor::new(&archive)).unwrap();
    let read = Arc::new(AtomicU64::new(0));
    let counted = Counted(Cursor::new(&archive), read.clone());
    let member = ZipReader::open(counted, &members[0]).unwrap();
    let limited = open_input(member)
        .unwrap()
        .out_of(Arc::new(AtomicU64::new(1 << 10)));
    is_bomb(limited, "gzip");
    // What is no bomb from the outside passes.
    let counted = Counted(Cursor::new(&archive), read.clone());
    let mut all = open_input(ZipReader::open(counted, &members[0]).unwrap())
        .unwrap()
        .out_of(read);
    assert_eq!(
        std::io::copy(&mut all, &mut std::io::sink()).unwrap(),
        whole
    );
}

#[test]
fn an_archive_whose_files_overlap_is_refused() {
    let mut archive = zip("a.csv", |writer| writer.write_all(b"a,b\n1,2\n").unwrap());
    // The directory's entry twice: two files of the same bytes.
    let at = archive
        .windows(4)
        .rposition(|w| w == b"PK\x01\x02")
        .unwrap();
    let end = archive
        .windows(4)
        .rposition(|w| w == b"PK\x05\x06")
        .unwrap();
    let mut entry = archive[at..end].to_vec();
    let name = entry.windows(5).position(|w| w == b"a.csv").unwrap();
    entry[name] = b'b';
    let size = entry.len() as u32;
    archive.splice(end..end, entry);
    let end = end + size as usize;
    archive[end + 8..end + 12].copy_from_slice(&[2, 0, 2, 0]);
    archive[end + 12..end + 16].copy_from_slice(&(2 * size).to_le_bytes());
    let error = zip_members(Cursor::new(&archive)).unwrap_err();
    assert!(
        matches!(&error, ZipError::Damaged { reason } if reason.contains("overlap")),
        "{error}"
    );
}
