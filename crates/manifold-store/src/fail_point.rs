//! Named points at which tests make a step fail or the process die.

/// A point that tests know by its name: there they let the process abort, or the step return an error: the one given,
/// by default [`StoreError::Interrupted`](crate::StoreError::Interrupted).
///
/// The name says what has been done: `create-file-made`. Points are in every build with debug assertions, which is to
/// say in development and in tests, and in no release.
#[macro_export]
macro_rules! fail_point {
    ($name:literal) => {
        $crate::fail_point!($name, $crate::StoreError::Interrupted)
    };
    ($name:literal, $error:expr) => {
        if cfg!(debug_assertions) {
            ::fail::fail_point!($name, |_| Err($error.into()));
        }
    };
}
