//! A database file as a program leaves it that writes the checksums of its pages.

use rusqlite::{Connection, OpenFlags};

/// The file of these bytes after this SQL.
pub(crate) fn changed(bytes: &[u8], sql: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.db");
    #[expect(clippy::disallowed_methods, reason = "a crash of a test loses nothing")]
    std::fs::write(&path, bytes).unwrap();
    let connection =
        Connection::open_with_flags_and_vfs(&path, OpenFlags::default(), manifold_store::vfs())
            .unwrap();
    connection.execute_batch(sql).unwrap();
    connection.close().unwrap();
    std::fs::read(path).unwrap()
}
