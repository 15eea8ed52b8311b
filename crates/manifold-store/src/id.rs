//! Identifiers: text newtypes, so that a job's id never goes where a project's belongs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that cannot be an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not an identifier: 1 to 200 characters without control characters or spaces at either end"
)]
pub struct IdError {
    text: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// New ones are UUID v7 in simple form (32 hex digits), which sort by time; ids that came from
        /// older systems are kept as they are.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A new id, unique across machines.
            #[must_use]
            #[expect(clippy::new_without_default, reason = "a default that differs each time would surprise")]
            pub fn new() -> Self {
                Self(uuid::Uuid::now_v7().simple().to_string())
            }

            /// The id as it is stored.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let length = text.chars().count();
                if length == 0 || length > 200 || text.trim() != text || text.chars().any(char::is_control) {
                    return Err(IdError { text: text.chars().take(80).collect() });
                }
                Ok(Self(text.to_owned()))
            }
        }

        impl From<$name> for sea_orm::Value {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl From<&$name> for sea_orm::Value {
            fn from(id: &$name) -> Self {
                id.0.as_str().into()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl From<&$name> for String {
            fn from(id: &$name) -> Self {
                id.0.clone()
            }
        }
    };
}

id!(
    /// A project: one row of the hub's `projects` and one spoke file.
    ProjectId
);
id!(
    /// A data source within a project.
    SourceId
);
id!(
    /// A snapshot: one version of a data source.
    SnapshotId
);
id!(
    /// A job in the hub.
    JobId
);
id!(
    /// A schedule: a job that is written down again and again.
    ScheduleId
);
id!(
    /// One attempt of a job.
    ExecutionId
);
id!(
    /// A process that writes to the hub; new at every start, never a name.
    WorkerId
);
id!(
    /// A worker that waits for jobs.
    CrewId
);
id!(
    /// A backup.
    BackupId
);
id!(
    /// A saga: a recorded change of a project's life (create, delete, restore, ...).
    OperationId
);
id!(
    /// One line of the import history.
    ImportId
);
id!(
    /// A relationship between two data sources.
    RelationshipId
);
id!(
    /// A consolidated model.
    ModelId
);

impl ProjectId {
    /// The file stem (or schema name) that holds this project: the id itself when it is made of
    /// `a-z`, `0-9` and `_` and has at most 55 bytes, else `x_` and 32 hex digits of its BLAKE3, so that
    /// no id of an older system can name a path or break a quoted identifier.
    #[must_use]
    pub fn namespace(&self) -> String {
        let plain = self.0.len() <= 55
            && self
                .0
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if plain {
            return self.0.clone();
        }
        let hash = blake3::hash(self.0.as_bytes()).to_hex();
        format!("x_{}", &hash[..32])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_ids_sort_by_time_and_are_their_own_namespace() {
        let first = ProjectId::new();
        std::thread::sleep(std::time::Duration::from_millis(2));
        let second = ProjectId::new();
        assert!(first < second);
        assert_eq!(first.as_str().len(), 32);
        assert_eq!(first.namespace(), first.as_str());
    }

    #[test]
    fn foreign_ids_never_become_paths() {
        for text in [
            "../../etc/passwd",
            "Aktie",
            "a\"b",
            "ä",
            "x".repeat(60).as_str(),
        ] {
            let namespace = text.parse::<ProjectId>().unwrap().namespace();
            assert!(
                namespace.starts_with("x_") && namespace.len() == 34,
                "{namespace}"
            );
        }
    }

    #[test]
    fn refuses_what_cannot_be_an_id() {
        for text in ["", " a", "a\n", &"x".repeat(201)] {
            assert!(text.parse::<ProjectId>().is_err(), "{text:?}");
        }
    }
}
