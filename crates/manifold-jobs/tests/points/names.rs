//! The named points in the sources of the store and of the jobs.

use std::collections::BTreeSet;
use std::path::Path;

/// Their names.
pub fn names() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for folder in ["../manifold-store/src", "src"] {
        collect(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
            &mut found,
        );
    }
    found
}

fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let names = text.split("fail_point!(").skip(1).filter_map(|rest| {
            let name = rest.trim_start().strip_prefix('"')?;
            Some(name.split('"').next()?.to_owned())
        });
        found.extend(names);
    }
}
