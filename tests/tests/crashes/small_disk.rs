//! A small disk: a tmpfs of a user namespace. Where the system refuses one a test says that it was skipped.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// Where the disk is, for the process within the namespace.
const DISK: &str = "MANIFOLD_TEST_DISK";

const MOUNT: &str = r#"mount -t tmpfs -o size=64m tmpfs "$0" && exec "$@""#;

/// Runs `test`, which calls this, once more where a disk of 64 MiB is, and there `work` with its path.
pub fn on_small_disk(test: &str, work: impl FnOnce(&Path)) {
    if let Ok(disk) = std::env::var(DISK) {
        return work(Path::new(&disk));
    }
    let disk = tempfile::tempdir().unwrap();
    let within = |program: &str, arguments: &[&str]| {
        let mut unshare = Command::new("unshare");
        unshare.args(["--map-root-user", "--mount", "sh", "-c", MOUNT]);
        unshare.arg(disk.path()).arg(program).args(arguments);
        unshare.env(DISK, disk.path()).output()
    };
    if !within("true", &[]).is_ok_and(|tried| tried.status.success()) {
        // Not a line of the test's own output, which is shown only when it fails.
        let mut stderr = std::io::stderr();
        writeln!(stderr, "SKIPPED: {test}: no tmpfs here").unwrap();
        return;
    }
    let this = std::env::current_exe().unwrap();
    let output = within(this.to_str().unwrap(), &["--exact", test, "--nocapture"]).unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{failed}");
    assert!(said.contains("1 passed"), "{said}{failed}");
}

/// A file that takes what space there is.
pub struct Filler<'d> {
    disk: &'d Path,
}

impl<'d> Filler<'d> {
    pub fn on(disk: &'d Path) -> Self {
        Self { disk }
    }

    /// Leaves so much space, in KiB.
    pub fn leave(&self, space: u64) {
        let path = self.disk.join("filler");
        let mut file = File::create(&path).unwrap();
        for size in [1 << 20, 1 << 12] {
            let block = vec![0; size];
            while file.write_all(&block).is_ok() {}
        }
        let length = file.metadata().unwrap().len();
        file.set_len(length.saturating_sub(space << 10)).unwrap();
    }
}

impl Drop for Filler<'_> {
    fn drop(&mut self) {
        std::fs::remove_file(self.disk.join("filler")).unwrap();
    }
}
