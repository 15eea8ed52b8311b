//! The name of a source's view.

/// The view name for a source called `name`: the name itself, changed only where SQL or the row
/// log needs the name for something else, and with a number behind it while `taken` says that a
/// table or view has the name already. `taken` must ignore case, as SQLite does.
///
/// `@` is reserved for snapshots (`"orders@3"`), `sqlite_` for SQLite, and `d1`, `d2`, ... with
/// their indexes for row tables.
pub fn view_name(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut base: String = name.replace('\0', "").replace('@', "_");
    if base.trim().is_empty() {
        base = "source".to_owned();
    }
    if base.to_ascii_lowercase().starts_with("sqlite_") || is_row_table(&base) {
        base = format!("source_{base}");
    }
    if !taken(&base) {
        return base;
    }
    let mut suffix = 2_u64;
    loop {
        let numbered = format!("{base}_{suffix}");
        if !taken(&numbered) {
            return numbered;
        }
        suffix += 1;
    }
}

/// Whether a row table or one of its indexes may come to have this name.
fn is_row_table(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let table = name
        .strip_suffix("_to")
        .or_else(|| name.strip_suffix("_pos"))
        .unwrap_or(&name);
    table.strip_prefix('d').is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}
