//! The variables of the process that runs a job.

/// Looks up variables of the process that runs jobs, for `${env:NAME}` in what they are told to do. Libraries do not read
/// the environment: the program that runs a worker says how.
#[derive(Debug, Clone, Copy)]
pub struct Environment(fn(&str) -> Option<String>);

impl Environment {
    /// Variables as this function finds them.
    #[must_use]
    pub fn new(look_up: fn(&str) -> Option<String>) -> Self {
        Self(look_up)
    }

    /// No variable at all.
    #[must_use]
    pub fn none() -> Self {
        Self(|_| None)
    }

    /// The value of a variable.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::none()
    }
}
