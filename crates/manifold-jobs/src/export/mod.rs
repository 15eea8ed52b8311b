//! Carrying a snapshot out of the store.

mod original;

pub use original::{OriginalError, original};
