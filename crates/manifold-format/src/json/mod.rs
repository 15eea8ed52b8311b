//! JSON and JSON Lines.

mod analysis;
mod array_writer;
mod extract;
mod key;
mod lines_writer;
mod object_row;
mod options;
mod problem;
mod reader;
mod rows;
mod scalar;
mod schema;
mod source;
mod tagged;
mod value;

pub use array_writer::JsonWriter;
pub use extract::{JsonExtract, JsonExtracted, JsonPlace};
pub use lines_writer::JsonLinesWriter;
pub use options::JsonOptions;
pub use problem::JsonProblem;
pub use reader::JsonReader;
pub(crate) use value::first_value;
