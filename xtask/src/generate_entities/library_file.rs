//! The `lib.rs` of an entity crate.

use std::fmt::Write;

use super::{BANNER, ENUMS};
use crate::schema::Schema;

/// Crate documentation, the modules of all tables, and what was written by hand.
pub(super) fn write(schema: Schema, modules: &[String]) -> String {
    let (title, routing) = (schema.title(), schema.entity_trait());
    let mut file = format!(
        r#"{BANNER}
//!
//! The SeaORM entities of {title}.
//!
//! Each module is a table and has its name; [`{ENUMS}`] holds the types of columns whose text is one of a fixed list.
//! [`{routing}`] marks every entity here, so that the compiler knows where it is stored.
#![allow(missing_docs, reason = "the migrations and their checks say what a column is")]

mod routing;
pub mod {ENUMS};
"#
    );
    // Writing to a string cannot fail.
    for module in modules {
        let _ = writeln!(file, "pub mod {module};");
    }
    for (module, _) in schema.written_modules() {
        let _ = writeln!(file, "mod {module};");
    }
    file.push('\n');
    for (module, items) in schema.written_modules() {
        let _ = writeln!(file, "pub use {module}::{items};");
    }
    file
}
