//! JSON and JSON Lines.

mod analysis;
mod key;
mod options;
mod problem;
mod reader;
mod rows;
mod scalar;
mod schema;
mod source;
mod value;

pub use options::JsonOptions;
pub use problem::JsonProblem;
pub use reader::JsonReader;
pub(crate) use value::first_value;
