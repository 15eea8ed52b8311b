//! What columns hold is what one finds by counting every cell.
#![allow(clippy::unwrap_used, missing_docs)]

mod counted;
mod drift;
mod few;
mod many;
