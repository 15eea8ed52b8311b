//! The file that says of each entity which database stores it.

use std::fmt::Write;

use super::BANNER;
use crate::schema::Schema;

/// One implementation of the routing trait for each module.
pub(super) fn write(schema: Schema, modules: &[String]) -> String {
    let routing = schema.entity_trait();
    let mut file = format!("{BANNER}\n\nuse crate::{routing};\n\n");
    for module in modules {
        // Writing to a string cannot fail.
        let _ = writeln!(file, "impl {routing} for crate::{module}::Entity {{}}");
    }
    file
}
