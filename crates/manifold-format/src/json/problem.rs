//! What is wrong with JSON.

/// What is wrong with JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonProblem {
    /// Something else should stand here.
    #[error("not JSON: {expected} is expected")]
    Unexpected {
        /// What should stand here.
        expected: &'static str,
    },
    /// The value ends too early.
    #[error("the JSON ends in the middle of a value")]
    Truncated,
    /// Something follows the value.
    #[error("something follows the JSON value")]
    Trailing,
    /// Objects and arrays within each other beyond the limit.
    #[error("objects and arrays are nested deeper than {limit}")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// An object has two members of the same name, so one of them would be lost.
    #[error("an object has the same key twice")]
    DuplicateKey,
}
