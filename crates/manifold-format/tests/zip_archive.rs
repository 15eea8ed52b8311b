//! Files in zip archives.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use manifold_format::{UnpackError, ZipError, ZipReader, zip_members};
use proptest::prelude::*;
use std::io::{Cursor, Read as _, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn archive(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    writer.add_directory("folder", options).unwrap();
    for (name, bytes) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn read(archive: &[u8], index: usize) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let members = zip_members(Cursor::new(archive))?;
    let member = members.get(index).ok_or("there is none")?;
    let mut bytes = Vec::new();
    ZipReader::open(Cursor::new(archive), member)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn told<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a UnpackError {
    let error: &std::io::Error = error.downcast_ref().unwrap();
    error.get_ref().unwrap().downcast_ref().unwrap()
}

#[test]
fn members_are_read_and_checked() {
    let text = "a,b\n1,2\n".repeat(1_000);
    let files = [
        ("folder/a.csv", text.as_bytes()),
        ("__MACOSX/._a.csv", b"x"),
        ("b.csv", b"b\n"),
    ];
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let whole = archive(&files, method);
        let members = zip_members(Cursor::new(&whole)).unwrap();
        let names: Vec<_> = members.iter().map(|m| (m.name.as_str(), m.size)).collect();
        assert_eq!(names, [("folder/a.csv", 8_000), ("b.csv", 2)]);
        assert_eq!(read(&whole, 0).unwrap(), text.as_bytes());
        assert_eq!(read(&whole, 1).unwrap(), b"b\n");

        // A byte of the data is another.
        let mut damaged = whole.clone();
        let at = whole
            .windows(2)
            .rposition(|pair| pair == b"b\n" || pair == b"KR");
        if method == CompressionMethod::Stored {
            damaged[at.unwrap()] = b'c';
            let error = read(&damaged, 1).unwrap_err();
            assert!(
                matches!(told(&*error), UnpackError::Damaged { .. }),
                "{error}"
            );
        }
        let cut = zip_members(Cursor::new(&whole[..whole.len() / 2]));
        assert!(matches!(cut, Err(ZipError::Damaged { .. })));
    }
    assert!(matches!(
        zip_members(Cursor::new(b"PK\x03\x04 and nothing")),
        Err(ZipError::Damaged { .. })
    ));
}

#[test]
fn a_bomb_is_refused() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    writer.start_file("bomb.csv", options).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..300 {
        writer.write_all(&zeros).unwrap();
    }
    let bomb = writer.finish().unwrap().into_inner();
    let error = read(&bomb, 0).unwrap_err();
    assert!(matches!(told(&*error), UnpackError::Bomb { .. }), "{error}");
}

proptest! {
    #[test]
    fn any_damage_is_found_or_harmless(
        at in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<proptest::sample::Index>(),
    ) {
        let text = b"id,name\n1,Ann\n2,Bo\n".repeat(5);
        let mut whole = archive(&[("a.csv", &text)], CompressionMethod::Deflated);
        let at = at.index(whole.len());
        whole[at] = byte;
        if let Ok(bytes) = read(&whole, 0) {
            prop_assert!(bytes == text || bytes.is_empty(), "{:?}", bytes);
        }
        whole.truncate(cut.index(whole.len()));
        drop(read(&whole, 0));
    }
}
