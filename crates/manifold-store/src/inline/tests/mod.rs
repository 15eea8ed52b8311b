#![allow(clippy::unwrap_used)]

mod encoding;
mod every_type;
mod falling_back;
mod handles;
mod paths;
mod scratch;
mod statements;
